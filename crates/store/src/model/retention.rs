//! How data ends: holds, the policy of a tenant, and what a policy says is due.

use super::{RunId, TenantId, UploadId};

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Why an upload may not go, whatever a policy or a user says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The upload.
    pub upload: UploadId,
    /// The matter, for example `case-17`. One upload may be held for several.
    pub name: String,
    /// Why, in words.
    pub reason: String,
    /// Who wanted it.
    pub held_by: String,
    /// Since when, in microseconds.
    pub created_at: i64,
}

/// How long data is kept, counted from the upload. What is not given is kept until someone deletes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Days for the bytes as they were sent.
    pub keep_original_days: Option<u32>,
    /// Days for everything that was made of them.
    pub keep_results_days: Option<u32>,
}

impl RetentionPolicy {
    /// When the original of an upload of this time is due, in microseconds.
    pub fn original_due(&self, created_at: i64) -> Option<i64> {
        due(created_at, self.keep_original_days)
    }

    /// When the results of an upload of this time are due, in microseconds.
    pub fn results_due(&self, created_at: i64) -> Option<i64> {
        due(created_at, self.keep_results_days)
    }
}

fn due(created_at: i64, days: Option<u32>) -> Option<i64> {
    days.map(|days| created_at.saturating_add(i64::from(days).saturating_mul(DAY_US)))
}

/// A policy as it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRecord {
    /// What it says.
    pub policy: RetentionPolicy,
    /// When it was set, in microseconds.
    pub set_at: i64,
    /// The time that is known to have come, in microseconds. It grows no faster than time passes and follows no jump of the
    /// clock; but it is ahead when a person has said that a clock is right which was ahead, until that is taken back.
    pub known_time: i64,
}

impl PolicyRecord {
    /// The time that the policy is judged by when the clock says `clock`: one that has come by both.
    pub fn time(&self, clock: i64) -> i64 {
        self.known_time.min(clock)
    }
}

/// What of an upload goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The bytes as they were sent.
    Original,
    /// Everything that was made of them.
    Results,
    /// All of it; as if it were deleted.
    Upload,
}

impl Ending {
    /// The word in plans and audit events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Results => "results",
            Self::Upload => "upload",
        }
    }
}

/// Something that a policy says may go now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The upload.
    pub upload: UploadId,
    /// Its file name.
    pub name: String,
    /// When it came, in microseconds.
    pub created_at: i64,
    /// Since when it is due, in microseconds.
    pub since: i64,
    /// What of it goes.
    pub ending: Ending,
    /// Bytes that are freed, as the rows have it.
    pub bytes: u64,
    /// The matters that hold it; then it stays.
    pub holds: Vec<String>,
    /// Whether a run waits or is in work; then only a whole upload goes.
    pub is_busy: bool,
}

/// What became of something that was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The rows say that it is gone; the objects go next.
    Done,
    /// A matter holds it.
    Held(String),
    /// A run is going on; next time.
    Busy,
    /// It went before.
    Gone,
    /// Its time has not come by the clock, which was put back since it was judged.
    NotYet,
    /// The policy was cleared, or set anew, since it was judged: nothing else is due by it either.
    PolicyChanged,
}

/// Objects of an upload that stays, which are still to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Names it in the database.
    pub id: uuid::Uuid,
    /// The owner.
    pub tenant: TenantId,
    /// The upload.
    pub upload: UploadId,
    /// The run whose files go; without one it is the original.
    pub run: Option<RunId>,
}
