//! Live progress as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream;
use serde::Serialize;
use uuid::Uuid;

use crate::api::{ApiPath, ProblemDetails, ProgressView, UploadState};
use crate::app::App;
use crate::error::ApiError;
use crate::services::watch::{Change, Watcher};
use crate::services::{upload_view, uploads};

/// How often a silent stream shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Data of a `progress` event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ProgressEvent {
    /// Where the upload stands.
    state: UploadState,
    /// How far it is.
    progress: ProgressView,
}

/// Watch an upload
///
/// Server-sent events: `progress` with `state` and `progress` while a run goes on, then one `done` with the upload, and the
/// stream ends. It also ends when the server stops; connect again.
#[utoipa::path(get, path = "/api/v1/uploads/{id}/events", tag = "uploads", params(("id" = Uuid, Path, description = "id of the upload")), responses(
    (status = 200, description = "events", body = ProgressEvent, content_type = "text/event-stream"),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn watch_upload(
    State(app): State<App>,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    uploads::get(&app, id).await?;
    let watcher = Some(Watcher::new(app.clone(), id));
    let events = stream::unfold((app, watcher), |(app, watcher)| async move {
        let mut watcher = watcher?;
        // A deleted upload ends the stream; there is nothing to tell of it.
        let event = match watcher.next().await.ok()?? {
            Change::Progress(record, progress) => {
                let data = ProgressEvent { state: record.upload.state.into(), progress: (&progress).into() };
                (event("progress", &data)?, Some(watcher))
            }
            Change::Done(record) => (event("done", &upload_view(&app, &record))?, None),
        };
        Some((Ok(event.0), (app, event.1)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
