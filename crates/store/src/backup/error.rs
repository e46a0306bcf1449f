//! Why a backup cannot be made, read or restored, by what a person can do about it.

use super::place::MARKER;
use crate::blob::S3OpenError;
use crate::error::{BoxError, StoreError};
use crate::model::BackupId;

/// Why a backup cannot be made, read or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bucket of the backups cannot be used.
    #[error(transparent)]
    Bucket(#[from] S3OpenError),
    /// The place of the backups cannot be read or written.
    #[error("`{place}` cannot be used as a place for backups")]
    Place {
        /// The directory or bucket.
        place: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The place of the backups has no more room.
    #[error("`{place}` has no room for the backup")]
    Full {
        /// The directory or bucket.
        place: String,
    },
    /// There are other things in it.
    #[error("expected an empty place or one with backups, found other files in `{place}`")]
    Foreign {
        /// The directory or bucket.
        place: String,
    },
    /// No backup was ever written there.
    #[error("there are no backups in `{place}`")]
    NoBackups {
        /// The directory or bucket.
        place: String,
    },
    /// There are backups, but not this one.
    #[error("there is no backup `{id}` in `{place}`")]
    NotFound {
        /// The backup that was asked for.
        id: BackupId,
        /// The directory or bucket.
        place: String,
    },
    /// Another process writes backups there, or restores into the same store.
    #[error("another process is working on {what}")]
    Busy {
        /// What it works on.
        what: String,
    },
    /// A file of the backup is not what was written.
    #[error("backup is damaged: `{file}` {what}")]
    Damaged {
        /// The file, from the place of the backups on.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// The backup was made by a program that knows more.
    #[error("backup was made by a newer version of the program: {what}")]
    Newer {
        /// What this program does not know.
        what: String,
    },
    /// The database that is to be backed up has an older schema than the program.
    #[error("database is not up to date: {} is missing", .pending.join(", "))]
    NotMigrated {
        /// Migrations that have not run.
        pending: Vec<String>,
    },
    /// A restore goes into an empty store only.
    #[error("store is not empty: it holds {what}")]
    NotEmpty {
        /// What was found.
        what: String,
    },
    /// Objects went away before they could be copied, each time they were listed anew.
    #[error("the store changed faster than it could be copied: {objects} objects were replaced meanwhile")]
    Unsettled {
        /// How many in the last round.
        objects: u64,
    },
}

impl BackupError {
    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Store(error) => return error.hints(),
            Self::Bucket(error) => return error.hints(),
            Self::Place { .. } => {
                "check that this user may read it, and write there to make or remove backups"
            }
            Self::Full { .. } => "make room, or remove old backups with `csvp backup prune TARGET --keep N`",
            Self::Foreign { .. } => "choose a place of its own, for example `csvp backup /backups/csvp`",
            Self::NoBackups { .. } => "check the path; `csvp backup TARGET` makes a backup",
            Self::NotFound { .. } => "`csvp backup list TARGET` shows those that are there",
            Self::Busy { .. } => {
                "wait until it has ended, then try again; in a bucket, one that was killed counts as ended after a quarter of \
                 an hour"
            }
            Self::Damaged { file, .. } if file == MARKER => {
                "it says nothing but that this is a place of backups: when `backups` and `objects` beside it are yours, \
                 `echo '{\"format\":1}' > csvp-backups.json` there makes it whole"
            }
            Self::Damaged { file, .. } if file.ends_with("manifest.json") => {
                "nothing can be restored from this backup any more; make a new one while the store lives; an older one may be \
                 whole: `csvp backup list TARGET`, then `csvp restore TARGET --backup ID`"
            }
            Self::Damaged { .. } => {
                "`csvp backup verify TARGET` names everything that is damaged; with `--repair` it removes what is wrong, and \
                 the next backup copies it again; an older backup may be whole: `csvp backup list TARGET`, then \
                 `csvp restore TARGET --backup ID`"
            }
            Self::Newer { .. } => "restore it with the version that made it, or a newer one",
            Self::NotMigrated { .. } => "run `csvp migrate`, or start the service of this version once",
            Self::NotEmpty { .. } => {
                "restore into another store, for example with `--data NEW_DIRECTORY`, or move the data away first; \
                 nothing was changed"
            }
            Self::Unsettled { .. } => "make `store.keep_replaced` longer than a backup of what is new takes",
        };
        vec![hint.to_owned()]
    }
}
