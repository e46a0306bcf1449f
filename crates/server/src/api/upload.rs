//! An upload as clients see it.

use csvp_report::Verdict;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SettingsRequest, Timestamp};

/// A file that was sent, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UploadView {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// The name it was sent with; for display only.
    pub name: String,
    /// Bytes as they were sent.
    pub size_bytes: u64,
    /// SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
    /// Where it stands.
    pub state: UploadState,
    /// When it had arrived.
    pub created_at: Timestamp,
    /// When its current run ended.
    pub finished_at: Option<Timestamp>,
    /// The current run.
    pub run: RunView,
    /// How far it is.
    pub progress: ProgressView,
    /// The findings in short, once there are any.
    pub summary: Option<SummaryView>,
    /// Why it failed or was refused.
    pub error: Option<UploadFailure>,
    /// What can be downloaded now.
    pub files: Vec<FileView>,
    /// The matters for which it must stay; while there is one it cannot be deleted.
    pub holds: Vec<HoldView>,
    /// When parts of it are due to go by the policy of retention; none without a policy.
    pub keep_until: Option<KeepUntilView>,
    /// Where to go from here.
    pub links: LinksView,
}

/// Why an upload must stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HoldView {
    /// The matter.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
}

/// When parts of an upload are due to go. They go within the hours after, unless the upload is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeepUntilView {
    /// The bytes as they were sent; none when they stay.
    pub original: Option<Timestamp>,
    /// Everything that was made of them; none when it stays.
    pub results: Option<Timestamp>,
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Waits for a worker.
    Queued,
    /// Is being read.
    Processing,
    /// Read; report and files are there.
    Completed,
    /// Read and refused as a whole, by its policy or budget; the report says why.
    Refused,
    /// The server could not process it; the original is kept.
    Failed,
    /// Stopped on request; the original is kept.
    Cancelled,
}

impl UploadState {
    /// The name on the wire.
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

    /// Whether nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Processing)
    }
}

impl std::fmt::Display for UploadState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One processing of an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunView {
    /// Its id.
    pub id: Uuid,
    /// From 1; each reprocessing adds one.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How long it took.
    pub processing_ms: Option<u64>,
    /// With which settings it runs.
    pub settings: SettingsRequest,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProgressStage {
    /// Waits for a worker.
    Queued,
    /// Reads and checks every record.
    Checking,
    /// Writes the clean files.
    Converting,
    /// Is over.
    Done,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProgressView {
    /// What it is doing.
    pub stage: ProgressStage,
    /// Bytes read in this stage.
    pub bytes_done: u64,
    /// Bytes to read in this stage.
    pub bytes_total: u64,
    /// Records found so far.
    pub records: u64,
}

/// The findings in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SummaryView {
    /// The overall finding.
    pub verdict: Verdict,
    /// Encoding.
    pub encoding: String,
    /// Delimiter.
    pub delimiter: String,
    /// Records read: `accepted + rejected + skipped`.
    pub records: u64,
    /// Records in the clean files.
    pub accepted: u64,
    /// Records in the rejects file.
    pub rejected: u64,
    /// Records that are no data.
    pub skipped: u64,
    /// Number of columns.
    pub columns: u64,
    /// All problems.
    pub problems: u64,
    /// Those that are errors.
    pub errors: u64,
    /// Those that are warnings.
    pub warnings: u64,
}

/// Why an upload failed or was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UploadFailure {
    /// A stable code.
    pub code: String,
    /// What happened, in words.
    pub detail: String,
}

/// A file that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileView {
    /// Its name in the address.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its media type.
    pub media_type: String,
    /// Where it is.
    pub href: String,
}

/// Addresses that belong to an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinksView {
    /// The upload itself.
    #[serde(rename = "self")]
    pub this: String,
    /// The whole report.
    pub report: String,
    /// Records at any place.
    pub records: String,
    /// All problems.
    pub problems: String,
    /// Live progress.
    pub events: String,
}

impl LinksView {
    /// The addresses of this upload.
    pub fn of(id: Uuid) -> Self {
        let this = format!("/api/v1/uploads/{id}");
        Self {
            report: format!("{this}/report"),
            records: format!("{this}/records"),
            problems: format!("{this}/problems"),
            events: format!("{this}/events"),
            this,
        }
    }
}

/// One page of the list of uploads, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UploadPage {
    /// The uploads.
    pub items: Vec<UploadView>,
    /// Where the next page begins; none on the last one.
    pub next_cursor: Option<String>,
}
