//! What the simple face says about an upload and about the service.

use std::time::Duration;

use csvp_report::ApiErrorCode;
use csvp_store::{ObjectKey, RunFile, UploadRecord, UploadState};

use crate::api::{
    SimpleData, SimpleHealth, SimpleProblems, SimpleRow, SimpleStats, SimpleStatus, SimpleUpload,
    SummaryView, Timestamp,
};
use crate::app::App;
use crate::error::ApiError;

use super::watch::{Change, Watcher};
use super::{derived_name, query};

/// How often the database is asked once the watcher has ended.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Rows that the answer shows, the header among them.
const SHOWN_ROWS: usize = 10;

/// Waits until an upload is processed, and tells of it.
///
/// # Errors
/// `upload-refused` when its policy or budget refuses it, `internal` when it could not be processed.
pub(crate) async fn uploaded(app: &App, record: UploadRecord) -> Result<SimpleUpload, ApiError> {
    let record = finished(app, record).await?;
    let id = record.upload.id.as_uuid();
    let failure = record.latest.error.as_ref().map(|error| error.detail.clone()).unwrap_or_default();
    match record.upload.state {
        UploadState::Completed => {}
        UploadState::Refused => {
            let mut error = ApiError::new(ApiErrorCode::UploadRefused, failure);
            error.extras.upload_id = Some(id);
            return Err(error);
        }
        _ => return Err(ApiError::internal(format!("processing of upload {id} ended early: {failure}"))),
    }
    let summary = record.current().and_then(|run| run.summary.clone());
    let summary: SummaryView =
        serde_json::from_value(summary.unwrap_or_default()).map_err(ApiError::internal)?;
    Ok(SimpleUpload {
        success: true,
        message: "File uploaded and processed successfully".to_owned(),
        data: SimpleData {
            filename: derived_name(&id.to_string(), "csv"),
            original_name: record.upload.name.clone(),
            size: record.upload.size_bytes,
            uploaded_at: Timestamp(record.upload.created_at),
            processed_rows: summary.accepted + summary.rejected,
            s3_location: location(app, &record),
            row_data: rows(app, &record).await?,
            upload_id: id,
            report: format!("/api/v1/uploads/{id}/report"),
            problems: SimpleProblems {
                total: summary.problems,
                errors: summary.errors,
                warnings: summary.warnings,
                rejected_rows: summary.rejected,
            },
        },
    })
}

/// Where the original is: its address in the bucket, or its path on this server.
fn location(app: &App, record: &UploadRecord) -> String {
    let (tenant, upload) = (record.upload.tenant, record.upload.id);
    let address = app.blobs.address(&ObjectKey::Original { tenant, upload });
    address.unwrap_or_else(|| format!("/api/v1/uploads/{}/files/original", upload.as_uuid()))
}

async fn finished(app: &App, record: UploadRecord) -> Result<UploadRecord, ApiError> {
    if record.upload.state.is_final() {
        return Ok(record);
    }
    let mut watcher = Watcher::new(app.clone(), record.upload.id.as_uuid());
    loop {
        match watcher.next().await? {
            Some(Change::Done(record)) => return Ok(*record),
            Some(Change::Progress(..)) => {}
            // Another process may run the job; the answer still has the time of the shutdown.
            None if app.config.is_shared() => {
                tokio::time::sleep(LOOK_EVERY).await;
                let record = super::uploads::get(app, record.upload.id.as_uuid()).await?;
                if record.upload.state.is_final() {
                    return Ok(record);
                }
            }
            None => {
                return Err(ApiError::busy(
                    30,
                    "the server is stopping; the upload is kept and will be processed",
                ));
            }
        }
    }
}

/// The header's cells as they stand, then the first records.
async fn rows(app: &App, record: &UploadRecord) -> Result<Vec<SimpleRow>, ApiError> {
    debug_assert!(super::files::find(record, RunFile::PlanJson).is_some(), "a completed run has its plan");
    let rows = query::first_rows(app, record, SHOWN_ROWS).await?;
    Ok(rows.into_iter().zip(1..).map(|(data, row_number)| SimpleRow { row_number, data }).collect())
}

/// Whether the service works.
pub(crate) async fn health(app: &App) -> Result<SimpleHealth, ApiError> {
    let (ready, _) = super::health::ready(app).await;
    if !ready {
        return Err(ApiError::busy(5, "the service cannot take work at this moment"));
    }
    Ok(SimpleHealth {
        status: "healthy".to_owned(),
        timestamp: Timestamp::now(),
        uptime: app.started.elapsed().as_secs_f64(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        environment: app.config.server.environment.clone(),
    })
}

/// Counts over all uploads.
pub(crate) async fn status(app: &App) -> Result<SimpleStatus, ApiError> {
    let stats = app.meta.stats(app.tenant()).await?;
    let (healthy, _) = super::health::check(app).await;
    let s3_status = match app.blobs.bucket() {
        None => "not configured",
        Some(_) if super::health::objects_answer(app).await => "connected",
        Some(_) => "unavailable",
    };
    Ok(SimpleStatus {
        status: if healthy { "operational" } else { "degraded" }.to_owned(),
        stats: SimpleStats {
            total_uploads: stats.total,
            successful_uploads: stats.completed,
            failed_uploads: stats.refused + stats.failed,
            average_processing_time: stats.average_processing_ms.unwrap_or(0.0),
        },
        s3_status: s3_status.to_owned(),
        last_activity: stats.last_activity.map(Timestamp),
    })
}
