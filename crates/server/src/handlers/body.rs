//! Takes the body of an upload from the connection and feeds it to the intake, piece by piece.
//!
//! The intake runs in a task of its own: a client that goes away cannot stop it between "stored" and "recorded". It
//! learns of that from the feed, which then ends without its end mark.

use std::time::Instant;

use axum::body::BodyDataStream;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use csvp_report::ApiErrorCode;
use csvp_store::{Origin, UploadRecord};
use futures::StreamExt as _;

use super::around::{Around, check_parts};
use super::digest::Digests;
use super::key::held_key;
use crate::api::{SettingsRequest, UploadParameters};
use crate::app::App;
use crate::error::ApiError;
use crate::middleware::RequestId;
use crate::services::intake::{self, Arrival, Feed};
use crate::services::{Pace, display_name, disposition_name, settings};

/// What a multipart body may have beside the file: other fields and the lines between them.
const MULTIPART_SLACK: u64 = 1 << 20;

/// What a face expects of an upload.
pub(crate) struct Incoming {
    /// Fields that may hold the file, the first one is the one to name in errors.
    pub(crate) fields: &'static [&'static str],
    /// Whether a body without multipart is the file itself.
    pub(crate) raw: bool,
    /// `full` or `simple`, for the metrics.
    pub(crate) face: &'static str,
    /// The query string.
    pub(crate) parameters: UploadParameters,
}

/// Receives one upload, from the gate to the row in the database.
pub(crate) async fn receive(
    app: &App,
    request: Request,
    incoming: Incoming,
) -> Result<UploadRecord, ApiError> {
    let face = incoming.face;
    let begun = Instant::now();
    let taken = receive_body(app, request, incoming).await;
    app.presence.note_upload(begun, &taken);
    intake::tell(app, &taken, face);
    taken
}

async fn receive_body(app: &App, request: Request, incoming: Incoming) -> Result<UploadRecord, ApiError> {
    let headers = request.headers().clone();
    let multipart = media_type(&headers).is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if !multipart && !incoming.raw {
        return Err(file_missing(&incoming, "expected a `multipart/form-data` body"));
    }
    let length = header_text(&headers, header::CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    let slack = if multipart { MULTIPART_SLACK } else { 0 };
    let limit = app.config.upload.max_size.0;
    if let Some(length) = length.filter(|length| *length > limit.saturating_add(slack)) {
        // Said before a byte is read: a client that waits for `100 Continue` sends nothing at all.
        return Err(ApiError::too_large(limit, Some(length)));
    }
    intake::check_room(app).await?;
    let arrival = arrival(app, &headers, &request, &incoming, length.filter(|_| !multipart))?;
    let (digests, request) = Digests::watch(request)?;
    let turn = app.gate.enter(&app.metrics).await?;
    let mut pace = Pace::new(&app.config.upload);
    if multipart {
        let around = Around::default();
        let body = Multipart::from_request(around.watch(request), &())
            .await
            .map_err(|rejection| ApiError::invalid("Content-Type", rejection.body_text().to_lowercase()))?;
        let pacer = Pacer { pace, turn, around: around.clone(), digests };
        let taken = receive_multipart(app, body, arrival, &incoming, pacer).await;
        return if around.is_too_much() { taken.map_err(|_| around.refusal()) } else { taken };
    }
    let mut body = request.into_body().into_data_stream();
    let (feed, taking) = intake::start(app, arrival, turn);
    let fed = feed_raw(&mut body, feed, &mut pace, digests).await;
    settle(fed, taking.outcome().await)
}

struct Pacer {
    pace: Pace,
    turn: crate::services::Turn,
    around: Around,
    digests: Digests,
}

/// What is known before the first byte of the file.
fn arrival(
    app: &App,
    headers: &HeaderMap,
    request: &Request,
    incoming: &Incoming,
    length: Option<u64>,
) -> Result<Arrival, ApiError> {
    let disposition = header_text(headers, header::CONTENT_DISPOSITION).and_then(disposition_name);
    let name = incoming.parameters.name.clone().or(disposition).unwrap_or_default();
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let prefer = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    Ok(Arrival {
        name: display_name(&name),
        media_type: media_type(headers),
        settings: incoming.parameters.settings(),
        key: held_key(app, headers)?,
        path: request.uri().path().to_owned(),
        respond_async: prefer.flat_map(|value| value.split(',')).any(|part| part.trim() == "respond-async"),
        length,
        origin: Origin::anonymous(request_id),
    })
}

async fn feed_raw(
    body: &mut BodyDataStream,
    mut feed: Feed,
    pace: &mut Pace,
    digests: Digests,
) -> Result<(), ApiError> {
    while let Some(piece) = pace.next(body.next()).await? {
        let bytes = piece.map_err(incomplete)?;
        pace.count(bytes.len());
        if feed.send(bytes).await.is_err() {
            // The intake has stopped and knows why.
            return Ok(());
        }
    }
    // Without its end the feed counts as broken off, and nothing is kept.
    digests.check(pace).await?;
    feed.end().await;
    Ok(())
}

async fn receive_multipart(
    app: &App,
    mut body: Multipart,
    mut arrival: Arrival,
    incoming: &Incoming,
    mut pacer: Pacer,
) -> Result<UploadRecord, ApiError> {
    let mut seen = Vec::new();
    loop {
        let field = pacer.pace.next(body.next_field()).await?.map_err(|error| multipart_error(&error))?;
        let Some(mut field) = field else { return Err(no_file(incoming, &seen)) };
        let name = field.name().unwrap_or_default().to_owned();
        if incoming.fields.contains(&name.as_str()) {
            arrival.name =
                display_name(incoming.parameters.name.as_deref().or(field.file_name()).unwrap_or_default());
            arrival.media_type = field.content_type().map(short_media_type);
            let Pacer { mut pace, turn, around, digests } = pacer;
            let (feed, taking) = intake::start(app, arrival, turn);
            let fed = feed_field(field, feed, &mut pace, &around).await;
            let fed = match fed {
                Ok(Some(feed)) => finish_multipart(&mut body, feed, &mut pace, incoming, digests).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            return settle(fed, taking.outcome().await);
        }
        if name == "settings" {
            arrival.settings = read_settings(&mut field, &mut pacer.pace).await?;
        }
        seen.push(name);
        check_parts(seen.len())?;
    }
}

/// Feeds the file's field; gives the feed back while the intake still listens.
async fn feed_field(
    mut field: Field<'_>,
    mut feed: Feed,
    pace: &mut Pace,
    around: &Around,
) -> Result<Option<Feed>, ApiError> {
    while let Some(bytes) = pace.next(field.chunk()).await?.map_err(|error| multipart_error(&error))? {
        around.was_file(bytes.len());
        pace.count(bytes.len());
        if feed.send(bytes).await.is_err() {
            return Ok(None);
        }
    }
    Ok(Some(feed))
}

/// The upload is whole only when the whole body is: what follows the file must be well formed, and no second file.
async fn finish_multipart(
    body: &mut Multipart,
    feed: Feed,
    pace: &mut Pace,
    incoming: &Incoming,
    digests: Digests,
) -> Result<(), ApiError> {
    let mut parts = 1;
    while let Some(field) = pace.next(body.next_field()).await?.map_err(|error| multipart_error(&error))? {
        parts += 1;
        check_parts(parts)?;
        let name = field.name().unwrap_or_default();
        if incoming.fields.contains(&name) {
            return Err(ApiError::invalid(name, "expected one file in a request, found a second one"));
        }
        if name == "settings" {
            return Err(ApiError::invalid(name, "the field `settings` must stand before the file"));
        }
    }
    digests.check(pace).await?;
    feed.end().await;
    Ok(())
}

async fn read_settings(field: &mut Field<'_>, pace: &mut Pace) -> Result<SettingsRequest, ApiError> {
    let mut text = Vec::new();
    while let Some(bytes) = pace.next(field.chunk()).await?.map_err(|error| multipart_error(&error))? {
        text.extend_from_slice(&bytes);
        settings::must_fit(text.len())?;
    }
    serde_json::from_slice(&text)
        .map_err(|error| ApiError::invalid("settings", format!("settings are not understood: {error}")))
}

/// The first one to fail names the reason; when the feed broke off, the intake only knows that it did.
fn settle(
    fed: Result<(), ApiError>,
    taken: Result<Result<UploadRecord, ApiError>, tokio::task::JoinError>,
) -> Result<UploadRecord, ApiError> {
    let taken = taken.unwrap_or_else(|error| Err(ApiError::internal(error)));
    match (fed, taken) {
        (Err(error), Err(_)) => Err(error),
        (_, taken) => taken,
    }
}

fn no_file(incoming: &Incoming, seen: &[String]) -> ApiError {
    if seen.is_empty() {
        return file_missing(incoming, "the body has no field at all");
    }
    let seen: Vec<String> = seen.iter().map(|name| format!("`{name}`")).collect();
    file_missing(incoming, &format!("found {}", seen.join(", ")))
}

fn file_missing(incoming: &Incoming, found: &str) -> ApiError {
    let field = incoming.fields.first().copied().unwrap_or("file");
    let mut error =
        ApiError::new(ApiErrorCode::FileMissing, format!("expected a file in the field `{field}`; {found}"));
    error.extras.parameter = Some(field.to_owned());
    error
}

pub(super) fn incomplete(error: axum::Error) -> ApiError {
    ApiError::new(ApiErrorCode::BodyIncomplete, "the body ended before it was complete; nothing was kept")
        .because(error)
}

/// A broken multipart body, or one whose connection broke.
fn multipart_error(error: &MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::invalid("body", "a part of the body is larger than expected")
        }
        _ => ApiError::new(
            ApiErrorCode::BodyIncomplete,
            format!(
                "the multipart body is broken or incomplete: {}; nothing was kept",
                error.body_text().to_lowercase()
            ),
        ),
    }
}

fn header_text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    header_text(headers, header::CONTENT_TYPE).map(short_media_type)
}

/// As it is kept: whoever sends one may write anything, at any length.
fn short_media_type(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(255).collect::<String>().to_ascii_lowercase()
}
