//! The state of an upload and of its runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of queued, processing, completed, refused, failed, cancelled")]
pub struct StateError;

/// Where an upload, or one run over it, stands. An upload is in the state of its newest run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Waits for a worker.
    Queued,
    /// A worker holds it.
    Processing,
    /// Done; the report and the files are there.
    Completed,
    /// Judged and turned down: no CSV, or against its own policy. The report is there.
    Refused,
    /// We could not finish it; the failure says why.
    Failed,
    /// Stopped because someone asked for it.
    Cancelled,
}

impl UploadState {
    /// All states, in the order of an upload's life.
    pub const ALL: &'static [UploadState] =
        &[Self::Queued, Self::Processing, Self::Completed, Self::Refused, Self::Failed, Self::Cancelled];

    /// The word used in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// True when nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Processing)
    }

    /// True when a report exists, so that the run may become the upload's current one.
    pub fn has_report(self) -> bool {
        matches!(self, Self::Completed | Self::Refused)
    }
}

impl fmt::Display for UploadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for UploadState {
    type Err = StateError;

    fn from_str(word: &str) -> Result<Self, StateError> {
        Self::ALL.iter().copied().find(|state| state.as_str() == word).ok_or(StateError)
    }
}
