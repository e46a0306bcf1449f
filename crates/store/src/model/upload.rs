//! Uploads: what someone sent, and what became of it.

use serde_json::Value;

use super::{Hold, Job, NewJob, Origin, Run, RunId, RunResult, TenantId, UploadId, UploadState};
use crate::blob::ObjectPrefix;

/// One uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id; part of its object keys.
    pub id: UploadId,
    /// Who owns it.
    pub tenant: TenantId,
    /// The file name the sender gave, for display only.
    pub name: String,
    /// Size of the original.
    pub size_bytes: u64,
    /// SHA-256 of the original, 64 hexadecimal digits in lower case.
    pub sha256: String,
    /// The media type the sender gave.
    pub media_type: Option<String>,
    /// The state of its newest run.
    pub state: UploadState,
    /// When it was received, in microseconds.
    pub created_at: i64,
    /// When its newest run ended, in microseconds.
    pub finished_at: Option<i64>,
    /// The run whose report and files are served: the last one that ended with a report.
    pub current_run: Option<RunId>,
    /// The newest run, whatever became of it.
    pub latest_run: RunId,
    /// When a policy ended the original, in microseconds; the results may have stayed.
    pub original_removed_at: Option<i64>,
    /// When a policy ended the results, in microseconds; the original may have stayed.
    pub results_removed_at: Option<i64>,
    /// When a check found that the original is not what was sent any more, in microseconds.
    pub lost_at: Option<i64>,
}

impl Upload {
    /// Whether the bytes that were sent are there, as far as is known.
    pub fn has_original(&self) -> bool {
        self.original_removed_at.is_none() && self.lost_at.is_none()
    }
}

/// An upload with the runs a reader needs.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadRecord {
    /// The upload.
    pub upload: Upload,
    /// Its newest run; `upload.state` is the state of this one.
    pub latest: Run,
    /// The run whose report and files are served, while it is not the newest one (reprocessing goes on, or it
    /// ended without a report).
    pub previous: Option<Run>,
    /// The matters that hold it, the first one first.
    pub holds: Vec<Hold>,
}

impl UploadRecord {
    /// The run whose report and files are served.
    pub fn current(&self) -> Option<&Run> {
        match self.upload.current_run {
            Some(id) if id == self.latest.id => Some(&self.latest),
            Some(_) => self.previous.as_ref(),
            None => None,
        }
    }
}

/// An upload whose original is already durable.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUpload {
    /// The id its object was stored under.
    pub id: UploadId,
    /// A time of the database, in microseconds, before which none of its objects could be seen; see `Meta::time_mark`.
    pub stored_after: i64,
    /// Who owns it.
    pub tenant: TenantId,
    /// The file name the sender gave.
    pub name: String,
    /// Size of the original.
    pub size_bytes: u64,
    /// SHA-256 of the original, hexadecimal in lower case.
    pub sha256: String,
    /// The media type the sender gave.
    pub media_type: Option<String>,
    /// The key under which the sender may safely retry.
    pub key: Option<IdempotencyKey>,
    /// Id of the first run; its files, when there are any, are stored under it.
    pub run: RunId,
    /// Settings of the first run.
    pub settings: Value,
    /// Done already, or to be done by a job.
    pub first: FirstRun,
    /// Who sent it.
    pub origin: Origin,
}

/// What the first run of a new upload is.
#[derive(Debug, Clone, PartialEq)]
pub enum FirstRun {
    /// A job is queued in the same transaction.
    Queued(NewJob),
    /// It was run inside the request: the files are durable, the rows say so at once.
    Finished {
        /// When the work began, in microseconds.
        started_at: i64,
        /// How it ended.
        result: RunResult,
    },
}

/// A word by which a sender makes a request safe to retry, and what the request was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The sender's word.
    pub key: String,
    /// Equal for equal requests; opaque to the store.
    pub fingerprint: String,
}

/// What became of a request that may be a retry.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// It was done.
    New(UploadRecord),
    /// The tenant has sent the same request under this key before: this is the upload of that time as it is now,
    /// nothing was changed, and the caller removes an object that it has just stored.
    Repeated(UploadRecord),
}

impl Taken {
    /// The upload, changed or not.
    pub fn into_record(self) -> UploadRecord {
        match self {
            Self::New(record) | Self::Repeated(record) => record,
        }
    }
}

/// A further run over an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Id of the run.
    pub id: RunId,
    /// Its settings.
    pub settings: Value,
    /// The job that will do it.
    pub job: NewJob,
    /// The key under which the sender may safely retry.
    pub key: Option<IdempotencyKey>,
    /// Who asked for it.
    pub origin: Origin,
}

/// A deleted upload: nobody sees it any more, its objects are still to be removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Deleted {
    /// The upload.
    pub upload: UploadId,
    /// Its owner.
    pub tenant: TenantId,
    /// All its objects. Remove them, then call `Meta::finish_delete`; `repair` does it after a crash.
    pub objects: ObjectPrefix,
    /// The job that was stopped. A worker that still holds it learns of it when it renews.
    pub stopped_job: Option<Job>,
}

/// Numbers over all uploads a tenant ever sent, deleted ones included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// All uploads.
    pub total: u64,
    /// Waiting.
    pub queued: u64,
    /// In work.
    pub processing: u64,
    /// Ended well.
    pub completed: u64,
    /// Turned down with a report.
    pub refused: u64,
    /// Not finished by our fault.
    pub failed: u64,
    /// Stopped on request.
    pub cancelled: u64,
    /// Mean time of the newest runs that ended, in milliseconds; `None` when there are none.
    pub average_processing_ms: Option<f64>,
    /// The last time an upload came in or ended, in microseconds.
    pub last_activity: Option<i64>,
}
