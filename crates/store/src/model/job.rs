//! Jobs and the leases that workers hold on them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::state::StateError;
use super::{JobId, RunId, TenantId, UploadId};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// The word used in the database and on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = StateError;

            fn from_str(word: &str) -> Result<Self, StateError> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(StateError) }
            }
        }
    )*};
}

words! {
    /// What a job does.
    JobKind {
        /// Checks an upload and publishes its files.
        ProcessUpload => "process_upload",
    }
    /// Where a job stands.
    JobState {
        /// Waits for its time and a worker.
        Queued => "queued",
        /// A worker holds a lease on it.
        Running => "running",
        /// Ended with a result.
        Done => "done",
        /// Given up after the last attempt.
        Dead => "dead",
        /// Stopped because someone asked for it.
        Cancelled => "cancelled",
    }
    /// What a run is doing at the moment.
    Stage {
        /// Waits for a worker.
        Queued => "queued",
        /// First pass: reads every record.
        Checking => "checking",
        /// Second pass: writes the files.
        Converting => "converting",
        /// Nothing more to do.
        Done => "done",
    }
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Bytes of the original read in this stage.
    pub bytes_done: u64,
    /// Bytes of the original.
    pub bytes_total: u64,
    /// Records seen in this stage.
    pub records: u64,
}

impl Progress {
    /// Nothing done yet of `bytes_total`.
    pub fn queued(bytes_total: u64) -> Self {
        Self { stage: Stage::Queued, bytes_done: 0, bytes_total, records: 0 }
    }
}

/// A job to be queued in the same transaction as the row that needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What it does.
    pub kind: JobKind,
    /// Higher goes first within a tenant; tenants take turns whatever their priorities.
    pub priority: i32,
    /// Tries before it is given up, at least 1.
    pub max_attempts: u32,
}

impl Default for NewJob {
    fn default() -> Self {
        Self { kind: JobKind::ProcessUpload, priority: 0, max_attempts: 3 }
    }
}

/// One unit of background work.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose work it is.
    pub tenant: TenantId,
    /// What it does.
    pub kind: JobKind,
    /// The upload it works on.
    pub upload: UploadId,
    /// The run it fills.
    pub run: RunId,
    /// Where it stands.
    pub state: JobState,
    /// Higher goes first within a tenant.
    pub priority: i32,
    /// Not before this time, in microseconds.
    pub run_at: i64,
    /// Tries so far, the present one included.
    pub attempts: u32,
    /// Tries before it is given up.
    pub max_attempts: u32,
    /// When the present lease ends, in microseconds.
    pub lease_until: Option<i64>,
    /// Grows with each claim; a worker may write only under the newest number.
    pub lease_token: i64,
    /// Who holds the lease.
    pub worker: Option<String>,
    /// Last sign of life of the worker, in microseconds.
    pub heartbeat_at: Option<i64>,
    /// How far it has come.
    pub progress: Progress,
    /// Someone wants it stopped; the worker learns this when it renews.
    pub cancel_requested: bool,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// The timed right to run one job. Every write of the worker is refused once a newer lease exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job it is for.
    pub job: JobId,
    /// The fencing number.
    pub token: i64,
    /// When it ends unless renewed, in microseconds.
    pub until: i64,
}

/// A job together with the right to run it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedJob {
    /// What to do.
    pub job: Job,
    /// The right to do it.
    pub lease: Lease,
}

/// What a worker learns when it renews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The same lease with its new end.
    pub lease: Lease,
    /// Stop at the next good moment and finish as cancelled.
    pub cancel_requested: bool,
}

/// What became of a job whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobFate {
    /// It will be tried again, not before this time in microseconds.
    Retried {
        /// Not before this time, in microseconds.
        run_at: i64,
    },
    /// It is given up; its run and upload are failed.
    Dead,
    /// It was to be cancelled anyway, so it is.
    Cancelled,
}
