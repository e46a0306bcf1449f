//! Objects belong to one database: what it does not know is removed. A mark in the place of the objects names it, so that
//! another or a new database never takes them for leftovers, and objects that are not there are never taken for lost.

use std::path::PathBuf;

use futures::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use crate::blob::{Blobs, ObjectPrefix, S3OpenError};
use crate::error::StoreError;
use crate::meta::Meta;
use crate::model::UploadId;

/// Objects whose rows are asked for with one query.
const OBJECTS_PER_LOOK: usize = 1_000;

/// Why objects cannot be used with a database. No object was touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// They belong to another database, which would lose them.
    #[error("objects in `{place}` belong to the csvp database {owner}, this one is {database}")]
    OtherDatabase {
        /// The directory, or bucket and prefix.
        place: String,
        /// The database that they belong to.
        owner: Uuid,
        /// The database that was opened.
        database: String,
    },
    /// Nobody has written down whose they are, and this database knows none of them: it would remove them all.
    #[error("`{place}` holds objects, for example `{example}`, and the database knows none of them")]
    Unknown {
        /// The directory, or bucket and prefix.
        place: String,
        /// One of them.
        example: String,
    },
    /// The database has uploads, and where their bytes should be is nothing, not even the mark.
    #[error("the database has {uploads} uploads, and `{place}` holds no object")]
    Missing {
        /// The directory, or bucket and prefix.
        place: String,
        /// Uploads whose originals should be there.
        uploads: u64,
    },
    /// The mark is not one of ours.
    #[error("expected the id of a csvp database in `{}`, found something else", path.display())]
    Mark {
        /// The file.
        path: PathBuf,
    },
    /// The bucket cannot be used.
    #[error(transparent)]
    Bucket(#[from] S3OpenError),
    /// The database or the objects failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BindError {
    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::OtherDatabase { .. } | Self::Unknown { .. } => {
                "name the database that belongs to them (`database.url`; without it `csvp.sqlite` in the data directory), \
                 or move them away, or use another `store.data_dir` or `s3.prefix`. No object was touched"
            }
            Self::Missing { .. } => {
                "mount the disk or name the bucket that holds them, or restore a backup into a new store. No object was \
                 touched"
            }
            Self::Mark { .. } => {
                "put the file back as it was; docs/operations/data-life-cycle.md says what it holds"
            }
            Self::Bucket(error) => return error.hints(),
            Self::Store(_) => return vec![],
        };
        vec![hint.to_owned()]
    }
}

/// Makes the objects this database's, or finds that they are; to be called before one is removed.
///
/// # Errors
/// They belong to another database, or nothing says that they belong to this one.
pub async fn bind(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    if blobs.owner().await?.is_none() {
        may_belong(meta, blobs).await?;
    }
    blobs.bind(meta.identity().await?).await
}

/// The same for somebody who only reads: nothing is written.
///
/// # Errors
/// As [`bind`].
pub async fn check(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    let Some(owner) = blobs.owner().await? else { return may_belong(meta, blobs).await };
    match meta.known_identity().await? {
        Some(database) if database == owner => Ok(()),
        database => Err(BindError::OtherDatabase {
            place: blobs.place(),
            owner,
            database: database.map_or_else(|| "without an id".to_owned(), |database| database.to_string()),
        }),
    }
}

/// Whether objects without a mark can be this database's: a version that did not write marks has made them, or there are
/// none yet.
async fn may_belong(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    // First the rows: what is uploaded meanwhile has its object before its row.
    let uploads = meta.uploads_with_original().await?;
    let mut looks = blobs.stream_keys(&ObjectPrefix::All).try_chunks(OBJECTS_PER_LOOK);
    let mut example = None;
    while let Some(look) = looks.next().await {
        let look = look.map_err(|error| error.1)?;
        let ids: Vec<UploadId> = look.iter().map(|(key, _)| key.upload()).collect();
        if meta.knows_any(&ids).await? {
            return Ok(());
        }
        example = example.or_else(|| look.first().map(|(key, _)| key.to_string()));
    }
    let place = blobs.place();
    match example {
        Some(example) => Err(BindError::Unknown { place, example }),
        None if uploads > 0 => Err(BindError::Missing { place, uploads }),
        None => Ok(()),
    }
}
