//! The objects behind an upload's files.

use csvp_report::ApiErrorCode;
use csvp_store::{ObjectKey, RunFile, UploadRecord};
use uuid::Uuid;

use crate::api::{Timestamp, UploadState};
use crate::app::App;
use crate::error::ApiError;

use super::views::{ORIGINAL_MEDIA_TYPE, is_public};
use super::{derived_name, uploads};

/// An object, and how it is offered.
pub(crate) struct StoredObject {
    pub(crate) key: ObjectKey,
    pub(crate) size_bytes: u64,
    pub(crate) media_type: &'static str,
    /// Quoted; objects never change, so their key is tag enough.
    pub(crate) etag: String,
    pub(crate) download_name: String,
    /// SHA-256 in hexadecimal, where it is known without reading the object.
    pub(crate) sha256: Option<String>,
}

/// The bytes as they were sent.
pub(crate) async fn original(app: &App, id: Uuid) -> Result<StoredObject, ApiError> {
    let record = uploads::get(app, id).await?;
    must_have_original(&record)?;
    let upload = record.upload;
    Ok(StoredObject {
        key: ObjectKey::Original { tenant: upload.tenant, upload: upload.id },
        size_bytes: upload.size_bytes,
        media_type: ORIGINAL_MEDIA_TYPE,
        etag: format!("\"{}\"", upload.sha256),
        sha256: Some(upload.sha256),
        download_name: upload.name,
    })
}

/// A file of the current run.
pub(crate) async fn of_run(app: &App, id: Uuid, file: RunFile) -> Result<StoredObject, ApiError> {
    let record = uploads::get(app, id).await?;
    if !is_public(file) {
        return Err(unknown(id, file.as_str()));
    }
    find(&record, file).ok_or_else(|| not_there(&record, file))
}

/// The report of the current run.
///
/// # Errors
/// `upload-state-conflict` while there is none.
pub(crate) async fn report(app: &App, id: Uuid) -> Result<StoredObject, ApiError> {
    let record = uploads::get(app, id).await?;
    find(&record, RunFile::ReportJson).ok_or_else(|| no_report(&record))
}

/// A file of the current run, also one that is for the server only.
pub(crate) fn find(record: &UploadRecord, file: RunFile) -> Option<StoredObject> {
    let (upload, run) = (&record.upload, record.current()?);
    let stored = run.file(file)?;
    Some(StoredObject {
        key: ObjectKey::RunFile { tenant: upload.tenant, upload: upload.id, run: run.id, file },
        size_bytes: stored.size_bytes,
        media_type: file.media_type(),
        etag: format!("\"{}-{file}\"", run.id),
        download_name: derived_name(&upload.name, file.as_str()),
        sha256: None,
    })
}

/// Nothing was found out yet, or nothing could be.
pub(crate) fn no_report(record: &UploadRecord) -> ApiError {
    let state = UploadState::from(record.upload.state);
    let detail = match record.upload.results_removed_at {
        Some(at) => format!("upload is {state}, its results went on {}: there is no report", Timestamp(at)),
        None => format!("upload is {state}: there is no report"),
    };
    ApiError::conflict(record.upload.id.as_uuid(), state, detail)
}

/// Says so when the bytes that were sent are not there any more.
pub(crate) fn must_have_original(record: &UploadRecord) -> Result<(), ApiError> {
    let upload = &record.upload;
    let why = match (upload.original_removed_at, upload.lost_at) {
        (Some(at), _) => format!("its time was over on {}", Timestamp(at)),
        (None, Some(at)) => format!("a check on {} found that it is lost", Timestamp(at)),
        (None, None) => return Ok(()),
    };
    let mut error = ApiError::new(ApiErrorCode::FileNotFound, format!("there is no original: {why}"));
    error.extras.upload_id = Some(upload.id.as_uuid());
    error.extras.state = Some(upload.state.into());
    Err(error)
}

/// Why an object is not there that was looked for with an older state of the upload; none when it should be.
pub(crate) fn why_ended(record: &UploadRecord, key: ObjectKey) -> Option<ApiError> {
    match key {
        ObjectKey::Original { .. } => must_have_original(record).err(),
        ObjectKey::RunFile { file, .. } => find(record, file).is_none().then(|| not_there(record, file)),
    }
}

/// There is no file of this name.
pub(crate) fn unknown(id: Uuid, name: &str) -> ApiError {
    let mut error = ApiError::new(
        ApiErrorCode::FileNotFound,
        format!("there is no file `{name}`; the upload's `files` lists those it has"),
    );
    error.extras.upload_id = Some(id);
    error
}

fn not_there(record: &UploadRecord, file: RunFile) -> ApiError {
    let state = UploadState::from(record.upload.state);
    let why = match (record.current().is_some(), file) {
        (true, RunFile::RejectsCsv) => "no record was rejected".to_owned(),
        (true, RunFile::ProblemsCsv) => "no problem was found".to_owned(),
        _ => match record.upload.results_removed_at {
            Some(at) => format!("the time of the results was over on {}", Timestamp(at)),
            None => format!("upload is {state}"),
        },
    };
    let mut error = ApiError::new(ApiErrorCode::FileNotFound, format!("there is no `{file}`: {why}"));
    error.extras.upload_id = Some(record.upload.id.as_uuid());
    error.extras.state = Some(state);
    error
}
