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
    /// Somebody has taken the mark away while the objects were in use.
    #[error("the mark of the objects in `{place}` is not there any more")]
    Unmarked {
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
                "put the newest state of the database back, or restore a backup into another store. When this is the newest, and \
                 nobody uses a copy of it any more, remove the mark beside the objects (`objects/.store`, in a bucket \
                 `csvp-store.json`) and start again: objects that this database does not know are removed then. No object was \
                 touched"
            }
            Self::Unmarked { .. } => "start every process of the service again; the first one writes it anew",
            Self::Missing { .. } => {
                "mount the disk or name the bucket that holds them, or restore a backup into a new store. No object was \
                 touched"
            }
            Self::Mark { .. } => {
                "put the file back as it was; docs/operations/data-life-cycle.md says what it holds"
            }
            Self::Bucket(error) => return error.hints(),
            Self::Store(error) => return error.hints(),
        };
        vec![hint.to_owned()]
    }
}

/// What stands beside the objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The database that they belong to.
    pub(crate) database: Uuid,
    /// The last turn; none when an earlier version has written the mark, several when there is a dispute.
    pub(crate) turns: Vec<Uuid>,
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
        blobs.write_mark(Mark { database, turns: vec![] }, true).await?;
    }
    // Another process may have been first.
    let Some(mark) = checked(meta, blobs).await? else { return Ok(()) };
    match begin_turn(meta, blobs, mark.database, vec![]).await {
        // A full disk keeps no service from starting; the turn before stands.
        Err(BindError::Store(error @ (StoreError::Full { .. } | StoreError::FullInDoubt(_)))) => {
            tracing::warn!(error = %crate::Chain(&error), "no turn could be begun");
            Ok(())
        }
        begun => begun,
    }
}

/// The same for somebody who only reads: nothing is written.
///
/// # Errors
/// As [`bind`].
pub async fn check(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    match checked(meta, blobs).await? {
        Some(_) => Ok(()),
        None => may_belong(meta, blobs).await,
    }
}

/// For a process that has bound the objects, once a minute and before it removes what the database does not know: whether they
/// are still this database's alone. Begins a turn when the last one is old, so that a copy of the database is soon older
/// than the mark.
///
/// # Errors
/// `Unmarked` when somebody has taken the mark away, `Older` when a copy of the database is in use with the objects. Nothing that this one does not know may be removed any more.
/// The mark says so until a person takes it away: whoever asks from now on is told, over either database.
pub async fn renew(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    let checked = checked(meta, blobs).await;
    match &checked {
        Ok(Some(mark)) => {
            let (last, now) = (meta.last_turn_at().await?, meta.now().await?);
            // Also when the last one is in the future: the clock was wrong.
            if last.is_none_or(|last| now.abs_diff(last) > micros(TURN).unsigned_abs()) {
                begin_turn(meta, blobs, mark.database, vec![]).await?;
            }
        }
        Ok(None) => return Err(BindError::Unmarked { place: blobs.place() }),
        Err(BindError::Older { .. }) => {
            if let Err(error) = dispute(meta, blobs).await {
                tracing::warn!(error = %crate::Chain(&error), "the other database could not be told");
            }
        }
        Err(_) => {}
    }
    checked.map(|_| ())
}

/// The mark, if there is one and everything in it is known.
async fn checked(meta: &Meta, blobs: &Blobs) -> Result<Option<Mark>, BindError> {
    let Some(mark) = blobs.read_mark().await? else { return Ok(None) };
    match meta.known_identity().await? {
        Some(database) if database == mark.database => {}
        database => {
            let database =
                database.map_or_else(|| "without an id".to_owned(), |database| database.to_string());
            return Err(BindError::OtherDatabase { place: blobs.place(), owner: mark.database, database });
        }
    }
    for &turn in &mark.turns {
        if !meta.knows_turn(turn).await? {
            return Err(BindError::Older { place: blobs.place() });
        }
    }
    Ok(Some(mark))
}

/// First the database, then the mark: a crash in between leaves a turn that nobody asks for.
async fn begin_turn(
    meta: &Meta,
    blobs: &Blobs,
    database: Uuid,
    mut beside: Vec<Uuid>,
) -> Result<(), BindError> {
    beside.push(meta.begin_turn().await?);
    blobs.write_mark(Mark { database, turns: beside }, false).await
}

/// Adds a turn of this database to those of another one, unless one stands there.
async fn dispute(meta: &Meta, blobs: &Blobs) -> Result<(), BindError> {
    let Some(mark) = blobs.read_mark().await? else { return Ok(()) };
    for &turn in &mark.turns {
        if meta.knows_turn(turn).await? {
            return Ok(());
        }
    }
    begin_turn(meta, blobs, mark.database, mark.turns).await
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
