//! The nouns of the store as plain values. Rows of the database are another type and stay inside `meta`.
//!
//! Times are microseconds since 1970-01-01 UTC, sizes are bytes.

mod audit;
mod ids;
mod job;
mod page;
mod retention;
mod run;
mod state;
mod sum;
mod upload;

pub use audit::{AuditEvent, Origin};
pub use ids::{BackupId, IdError, JobId, RunId, TenantId, UploadId};
pub use job::{ClaimedJob, Job, JobFate, JobKind, JobState, Lease, NewJob, Progress, Renewed, Stage};
pub use page::{ListUploads, Page};
pub(crate) use retention::DAY_US;
pub use retention::{Due, Ended, Ending, Hold, PolicyRecord, Removal, RetentionPolicy};
pub use run::{Failure, ReplacedRun, Run, RunResult, StoredFile};
pub use state::{StateError, UploadState};
pub use sum::{Sum, SumError};
pub use upload::{Deleted, FirstRun, IdempotencyKey, NewRun, NewUpload, Stats, Taken, Upload, UploadRecord};
