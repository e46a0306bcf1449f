//! Stored rows as wire types.

use csvp_store::{Progress, Run, RunFile, Stage, UploadRecord, UploadState as Stored};

use crate::api::{
    FileView, HoldView, KeepUntilView, LinksView, ProgressStage, ProgressView, RunView, SettingsRequest,
    SummaryView, Timestamp, UploadFailure, UploadState, UploadView,
};
use crate::app::App;

use super::processing::spool_file;

/// The media type of originals: whatever was sent goes back as bytes and nothing else.
pub(crate) const ORIGINAL_MEDIA_TYPE: &str = "application/octet-stream";

/// Whether users may fetch this file.
pub(crate) fn is_public(file: RunFile) -> bool {
    file != RunFile::PlanJson && Some(file) != spool_file()
}

/// An upload as clients see it, with the live progress if this process runs it.
pub(crate) fn upload_view(app: &App, record: &UploadRecord) -> UploadView {
    let (upload, latest) = (&record.upload, &record.latest);
    let progress = if upload.state.is_final() { None } else { app.live.progress(upload.id) };
    let summary = record.current().and_then(|run| run.summary.clone());
    UploadView {
        id: upload.id.as_uuid(),
        name: upload.name.clone(),
        size_bytes: upload.size_bytes,
        sha256: upload.sha256.clone(),
        state: upload.state.into(),
        created_at: Timestamp(upload.created_at),
        finished_at: upload.finished_at.map(Timestamp),
        run: run_view(latest),
        progress: progress.as_ref().unwrap_or(&latest.progress).into(),
        // A summary is written by this server; one of an older shape is left out rather than refused.
        summary: summary.and_then(|summary| serde_json::from_value::<SummaryView>(summary).ok()),
        error: latest
            .error
            .as_ref()
            .map(|error| UploadFailure { code: error.code.clone(), detail: error.detail.clone() }),
        files: files(record),
        holds: record
            .holds
            .iter()
            .map(|hold| HoldView { name: hold.name.clone(), since: Timestamp(hold.created_at) })
            .collect(),
        keep_until: app.retention.policy().map(|policy| KeepUntilView {
            original: policy.original_due(upload.created_at).map(Timestamp),
            results: policy.results_due(upload.created_at).map(Timestamp),
        }),
        links: LinksView::of(upload.id.as_uuid()),
    }
}

fn run_view(run: &Run) -> RunView {
    RunView {
        id: run.id.as_uuid(),
        number: run.number,
        started_at: Timestamp(run.started_at.unwrap_or_else(|| run.id.made_at_us())),
        finished_at: run.finished_at.map(Timestamp),
        processing_ms: run.processing_ms(),
        settings: serde_json::from_value::<SettingsRequest>(run.settings.clone()).unwrap_or_default(),
    }
}

fn files(record: &UploadRecord) -> Vec<FileView> {
    let this = LinksView::of(record.upload.id.as_uuid()).this;
    let view = |name: &str, size_bytes: u64, media_type: &str| FileView {
        name: name.to_owned(),
        size_bytes,
        media_type: media_type.to_owned(),
        href: format!("{this}/files/{name}"),
    };
    let mut files = Vec::new();
    if record.upload.has_original() {
        files.push(view("original", record.upload.size_bytes, ORIGINAL_MEDIA_TYPE));
    }
    let published = record.current().map(|run| run.files.as_slice()).unwrap_or_default();
    files.extend(
        published
            .iter()
            .filter(|stored| is_public(stored.file))
            .map(|stored| view(stored.file.as_str(), stored.size_bytes, stored.file.media_type())),
    );
    files
}

impl From<Stored> for UploadState {
    fn from(state: Stored) -> Self {
        match state {
            Stored::Queued => Self::Queued,
            Stored::Processing => Self::Processing,
            Stored::Completed => Self::Completed,
            Stored::Refused => Self::Refused,
            Stored::Failed => Self::Failed,
            Stored::Cancelled => Self::Cancelled,
        }
    }
}

impl From<UploadState> for Stored {
    fn from(state: UploadState) -> Self {
        match state {
            UploadState::Queued => Self::Queued,
            UploadState::Processing => Self::Processing,
            UploadState::Completed => Self::Completed,
            UploadState::Refused => Self::Refused,
            UploadState::Failed => Self::Failed,
            UploadState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<&Progress> for ProgressView {
    fn from(progress: &Progress) -> Self {
        let stage = match progress.stage {
            Stage::Queued => ProgressStage::Queued,
            Stage::Checking => ProgressStage::Checking,
            Stage::Converting => ProgressStage::Converting,
            Stage::Done => ProgressStage::Done,
        };
        Self {
            stage,
            bytes_done: progress.bytes_done,
            bytes_total: progress.bytes_total,
            records: progress.records,
        }
    }
}
