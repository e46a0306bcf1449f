//! Why an operating command could not do what was asked.

use csvp_store::StoreError;
use csvp_store::backup::BackupError;

use crate::serve::{ServeError, damaged_hint};

/// What to do about bytes that should be gone and cannot be removed.
pub(crate) const NOT_REMOVED_HINT: &str = "put the damaged file back from a copy of the disk, or `csvp erase` the upload: \
    then all of it goes; docs/operations/data-life-cycle.md has more";

/// Why an operating command could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] ServeError),
    /// The database or the objects failed in the middle.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A backup cannot be made, read or restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A file outside of the store could not be written or read.
    #[error("`{path}` cannot be used")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What was asked for is not done, for a reason that the text gives.
    #[error("{message}")]
    Refused {
        /// What was expected and what was found.
        message: String,
        /// What a person can do about it.
        hints: Vec<String>,
    },
}

impl OperateError {
    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.hints(),
            Self::Backup(error) => error.hints(),
            Self::Refused { hints, .. } => hints.clone(),
            Self::Store(StoreError::Damaged(_)) => vec![damaged_hint()],
            Self::Store(StoreError::NotRemoved { .. }) => vec![NOT_REMOVED_HINT.to_owned()],
            Self::Store(error) => error.hints(),
            Self::File { .. } => vec![],
        }
    }

    pub(crate) fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hints: vec![hint.into()] }
    }
}
