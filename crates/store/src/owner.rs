//! Objects belong to one database: what it does not know is removed. A mark in the place of the objects names it, so that
//! another or a new database never takes them for leftovers, and objects that are not there are never taken for lost. It also
//! names the last turn that the database has begun with them, which an older copy of the database does not know.

use std::path::PathBuf;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use crate::blob::{Blobs, ObjectPrefix, S3OpenError};
use crate::clock::micros;
use crate::error::StoreError;
use crate::meta::Meta;
use crate::model::UploadId;

/// How long a turn lasts at least: a copy of the database that is younger is not told from it.
const TURN: Duration = Duration::from_secs(30 * 60);
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
    /// They were used with a state of this database that it does not know: it is an older copy, and would take what came since
    /// for leftovers; or a copy of it is in use with them.
    #[error(
        "objects in `{place}` are in use with a later state of this database than the one that was opened"
    )]
    Older {
        /// The directory, or bucket and prefix.
        place: String,
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
            Self::Older { .. } => {
                "put the newest database back, and stop whoever uses a copy of it; or restore a backup into another store. To go \
                 on with this one and lose what came since, stop all others and remove the mark beside the objects \
                 (`objects/.store`, in a bucket `csvp-store.json`). No object was touched"
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

/// What stands beside the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The database that they belong to.
    pub(crate) database: Uuid,
    /// The last turn; none when an earlier version has written the mark.
    pub(crate) turn: Option<Uuid>,
}

/// Makes the objects this database's, or finds that they are, and begins a turn; to be called before one is removed.
///
/// # Errors
/// They belong to another database or a later state of this one, or nothing says that they belong to it.
pub async fn bind(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    let is_marked = blobs.read_mark().await?.is_some();
    if !is_marked {
        may_belong(meta, blobs).await?;
    }
    let database = meta.identity().await?;
    if !is_marked {
        blobs.write_mark(Mark { database, turn: None }, true).await?;
    }
    // Another process may have been first.
    check_mark(meta, blobs).await?;
    begin_turn(meta, blobs).await
}

/// The same for somebody who only reads: nothing is written.
///
/// # Errors
/// As [`bind`].
pub async fn check(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    match blobs.read_mark().await? {
        Some(_) => check_mark(meta, blobs).await,
        None => may_belong(meta, blobs).await,
    }
}

/// For a process that has bound the objects: whether they are still this database's alone, before it removes what the database
/// does not know. Begins a turn when the last one is old, so that a copy of the database is older than the mark soon.
///
/// # Errors
/// `Older` when a copy of the database is in use with the objects. Nothing that this one does not know may be removed any more;
/// the other process is told the same when it asks.
pub async fn renew(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    let checked = check_mark(meta, blobs).await;
    let is_told = matches!(checked, Err(BindError::Older { .. }));
    let last = meta.last_turn_at().await?.unwrap_or(i64::MIN);
    if is_told || checked.is_ok() && meta.now().await?.saturating_sub(last) > micros(TURN) {
        begin_turn(meta, blobs).await?;
    }
    checked
}

async fn check_mark(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    let Some(mark) = blobs.read_mark().await? else { return Ok(()) };
    let place = || blobs.place();
    match meta.known_identity().await? {
        Some(database) if database == mark.database => {}
        database => {
            let database =
                database.map_or_else(|| "without an id".to_owned(), |database| database.to_string());
            return Err(BindError::OtherDatabase { place: place(), owner: mark.database, database });
        }
    }
    match mark.turn {
        Some(turn) if !meta.knows_turn(turn).await? => Err(BindError::Older { place: place() }),
        _ => Ok(()),
    }
}

/// First the database, then the mark: a crash in between leaves a turn that nobody asks for.
async fn begin_turn(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    let Some(mark) = blobs.read_mark().await? else { return Ok(()) };
    let turn = meta.begin_turn().await?;
    blobs.write_mark(Mark { turn: Some(turn), ..mark }, false).await
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
