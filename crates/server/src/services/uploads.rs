//! Looking at uploads, and asking for changes.

use std::time::Duration;

use csvp_store::{
    Entity, ListUploads, NewJob, NewRun, Origin, RunId, StoreError, Taken, UploadId, UploadRecord,
};
use uuid::Uuid;

use crate::api::{SettingsRequest, UploadPage, UploadState, UploadView};
use crate::app::App;
use crate::error::ApiError;

use super::{HeldKey, files, settings, storage, upload_view};

/// Longest that the answer to a deletion waits for the bytes to go: nobody is held up by a bucket that does not answer.
const REMOVAL_WAIT: Duration = Duration::from_secs(5);

/// One upload.
pub(crate) async fn get(app: &App, id: Uuid) -> Result<UploadRecord, ApiError> {
    Ok(app.meta.get_upload(app.tenant(), UploadId::from_uuid(id)).await?)
}

/// A page of uploads, newest first.
pub(crate) async fn list(
    app: &App,
    limit: u64,
    before: Option<Uuid>,
    state: Option<UploadState>,
) -> Result<UploadPage, ApiError> {
    let query = ListUploads {
        limit,
        before: before.map(UploadId::from_uuid),
        state: state.map(csvp_store::UploadState::from),
    };
    let page = app.meta.list_uploads(app.tenant(), &query).await?;
    Ok(UploadPage {
        items: page.items.iter().map(|record| upload_view(app, record)).collect(),
        next_cursor: page.next.map(|id| crate::api::Cursor::new([id.as_uuid()]).to_string()),
    })
}

/// Deletes an upload: nobody sees it when this returns, and its job is stopped. Its bytes are gone too unless the store
/// would not remove them just now, or takes long to; then the look of every minute goes on trying.
pub(crate) async fn delete(app: &App, id: Uuid, origin: &Origin) -> Result<(), ApiError> {
    let deleted = app.meta.delete_upload(app.tenant(), UploadId::from_uuid(id), origin).await?;
    app.live.cancel_deleted(deleted.upload);
    // Goes on when the client has gone: the rows are deleted already, only the bytes remain.
    let removal = app.background.spawn({
        let app = app.clone();
        async move { storage::remove_deleted(&app, &deleted).await }
    });
    match tokio::time::timeout(REMOVAL_WAIT, removal).await {
        Ok(removed) => removed.map_err(ApiError::internal),
        Err(_elapsed) => Ok(()),
    }
}

/// Asks for the run of an upload to be stopped.
pub(crate) async fn cancel(
    app: &App,
    id: Uuid,
    key: Option<&HeldKey>,
    origin: &Origin,
) -> Result<UploadView, ApiError> {
    let upload = UploadId::from_uuid(id);
    let key = key.map(|held| held.of_request(&["POST", "cancel", &id.to_string()]));
    match app.meta.request_cancel(app.tenant(), upload, key.as_ref(), origin).await {
        Ok(Taken::New(record)) => {
            app.live.cancel(upload, record.latest.id);
            Ok(upload_view(app, &record))
        }
        // What is going on now is not the run that was meant.
        Ok(Taken::Repeated(record)) => Ok(upload_view(app, &record)),
        Err(error) => Err(conflict(app, id, error, "there is nothing to cancel").await),
    }
}

/// Queues a further run with other settings. What the current run published stays until the new one is done.
pub(crate) async fn reprocess(
    app: &App,
    id: Uuid,
    wanted: &SettingsRequest,
    key: Option<&HeldKey>,
    origin: Origin,
) -> Result<UploadView, ApiError> {
    let record = get(app, id).await?;
    files::must_have_original(&record)?;
    let settings = serde_json::to_value(wanted).map_err(ApiError::internal)?;
    let text = settings.to_string();
    settings::must_fit(text.len())?;
    settings::check(app, &record.upload, wanted).await?;
    let key = key.map(|held| held.of_request(&["POST", "reprocess", &id.to_string(), &text]));
    let run = NewRun { id: RunId::generate(), settings, job: new_job(app), key, origin };
    match app.meta.start_run(app.tenant(), UploadId::from_uuid(id), run).await {
        Ok(taken) => Ok(upload_view(app, &taken.into_record())),
        Err(error) => {
            if let StoreError::Conflict(_) = error {
                // Its time may have been over since the look above.
                files::must_have_original(&get(app, id).await?)?;
            }
            Err(conflict(app, id, error, "a run is going on; wait for it, or cancel it first").await)
        }
    }
}

/// The job of a run, with the configured number of attempts.
pub(crate) fn new_job(app: &App) -> NewJob {
    NewJob { max_attempts: app.config.processing.attempts.max(1), ..NewJob::default() }
}

async fn conflict(app: &App, id: Uuid, error: StoreError, what: &str) -> ApiError {
    let StoreError::Conflict(Entity::Upload(_)) = error else { return error.into() };
    match get(app, id).await {
        Ok(record) => {
            let state = UploadState::from(record.upload.state);
            ApiError::conflict(id, state, format!("upload is {state}: {what}"))
        }
        Err(error) => error,
    }
}
