//! Runs: one pass of the engine over an upload with one set of settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Progress, RunId, TenantId, UploadId, UploadState};
use crate::blob::RunFile;

/// One pass of the engine over the stored original.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id; part of the keys of its files.
    pub id: RunId,
    /// The upload it reads.
    pub upload: UploadId,
    /// Who owns it.
    pub tenant: TenantId,
    /// 1 for the first run of an upload, then 2, 3, ...
    pub number: u32,
    /// What was asked for; opaque to the store.
    pub settings: Value,
    /// Where it stands.
    pub state: UploadState,
    /// When work on it began, in microseconds; of the last attempt when there were several.
    pub started_at: Option<i64>,
    /// When it reached a final state, in microseconds.
    pub finished_at: Option<i64>,
    /// What it found, in short; opaque to the store.
    pub summary: Option<Value>,
    /// Why it failed or was refused.
    pub error: Option<Failure>,
    /// The files it published.
    pub files: Vec<StoredFile>,
    /// The last progress that was reported.
    pub progress: Progress,
}

impl Run {
    /// How long the work took, in milliseconds; `None` until it has ended.
    pub fn processing_ms(&self) -> Option<u64> {
        let micros = self.finished_at?.checked_sub(self.started_at?)?;
        Some(u64::try_from(micros).unwrap_or(0) / 1_000)
    }

    /// The published file of this name.
    pub fn file(&self, file: RunFile) -> Option<&StoredFile> {
        self.files.iter().find(|stored| stored.file == file)
    }
}

/// A run that a newer one has replaced: nobody is shown it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplacedRun {
    /// Whose it is.
    pub tenant: TenantId,
    /// The upload it has read.
    pub upload: UploadId,
    /// The run.
    pub run: RunId,
}

/// Why a run did not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable kebab-case code; opaque to the store.
    pub code: String,
    /// One sentence for the user.
    pub detail: String,
}

impl Failure {
    /// What is recorded when the workers of a job died or hung so often that it is given up.
    pub(crate) fn workers_lost(attempts: u32) -> Self {
        Self {
            code: "internal".to_owned(),
            detail: format!("processing stopped {attempts} times without a result"),
        }
    }
}

/// A file of a run that is complete and durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Which file.
    pub file: RunFile,
    /// Its size.
    pub size_bytes: u64,
}

/// How a run ended; its files are already durable when this is handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// A final state.
    pub state: UploadState,
    /// What was found, in short.
    pub summary: Option<Value>,
    /// Why it did not complete.
    pub error: Option<Failure>,
    /// The published files.
    pub files: Vec<StoredFile>,
    /// The last word on progress.
    pub progress: Progress,
}
