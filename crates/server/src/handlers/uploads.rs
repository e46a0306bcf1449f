//! Uploads: send, list, look, delete, process again, cancel.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, extract::Query};
use csvp_store::Origin;
use serde::Deserialize;
use uuid::Uuid;

use super::query::page_limit;
use super::{Incoming, RequestKey, receive};
use crate::api::{
    ApiJson, ApiPath, ApiQuery, Cursor, ProblemDetails, SettingsRequest, UploadPage, UploadParameters,
    UploadState, UploadView,
};
use crate::app::App;
use crate::error::ApiError;
use crate::middleware::RequestId;
use crate::services::{upload_view, uploads};

/// Uploads on one page when nothing else is asked for.
const DEFAULT_PAGE: u64 = 50;

/// Send a file
///
/// The body is the file itself, of any media type, compressed or not; or `multipart/form-data` with the file in the
/// field `file` (or `csvFile`), and optionally a field `settings` with JSON before it. It is checked while it arrives.
/// Small files are processed before the answer (201), larger ones by a job (202); `Prefer: respond-async` asks for a job.
/// With `Idempotency-Key`, sending the same again gives the first upload as it is now: 201 once it is processed.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "uploads", params(UploadParameters, KeyHeader, DigestHeader),
    request_body(content = String, content_type = "application/octet-stream", description = "the file"),
    responses(
        (status = 201, description = "stored and processed", body = UploadView, headers(("Location" = String))),
        (status = 202, description = "stored; a job will process it", body = UploadView, headers(("Location" = String))),
        (status = 400, description = "no file, no CSV, the body broke off, or is not the one of its `Content-Digest`", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 408, description = "too slow", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "a request with the same idempotency key is still under way", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "the idempotency key was sent with another file, name or settings, or to another address", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "busy", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 507, description = "no room left", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn create_upload(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let parameters = Query::<UploadParameters>::try_from_uri(request.uri())
        .map_err(|rejection| ApiError::invalid("query", rejection.body_text().to_lowercase()))?;
    let incoming =
        Incoming { fields: &["file", "csvFile"], raw: true, face: "full", parameters: parameters.0 };
    let record = receive(&app, request, incoming).await?;
    let view = upload_view(&app, &record);
    let status = if view.state.is_final() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    Ok((status, location(&view), Json(view)).into_response())
}

/// The header that makes a request safe to send again.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is here for the API document only")]
struct KeyHeader {
    /// A word of your own, different for each request, at most 255 characters. When the answer got lost, send the same
    /// request again with the same key: it is not done twice. It stays used when the upload is deleted.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: Option<String>,
}

/// The header that makes sure that what was sent is what came.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is here for the API document only")]
struct DigestHeader {
    /// Digest of the whole body (RFC 9530): `sha-256=:BASE64:`, `sha-512=:BASE64:`, or both. It is compared before
    /// anything is kept.
    #[param(rename = "Content-Digest")]
    digest: Option<String>,
}

/// What the list of uploads can be asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Most uploads on the page, from 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only uploads in this state.
    #[param(inline)]
    state: Option<UploadState>,
}

/// List uploads, newest first
///
/// A page may hold fewer than `limit` and still have a `next_cursor`: when uploads were deleted meanwhile, or have settings of
/// megabytes.
#[utoipa::path(get, path = "/api/v1/uploads", tag = "uploads", params(ListParameters), responses(
    (status = 200, description = "a page of uploads", body = UploadPage),
    (status = 400, description = "not understood", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list_uploads(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<ListParameters>,
) -> Result<Json<UploadPage>, ApiError> {
    let before = match &query.cursor {
        Some(text) => {
            let cursor = text.parse::<Cursor>().and_then(|cursor| cursor.part::<Uuid>(0));
            Some(cursor.map_err(|error| ApiError::invalid("cursor", error.to_string()))?)
        }
        None => None,
    };
    let limit = page_limit(query.limit, DEFAULT_PAGE, crate::api::UPLOADS_PAGE)?;
    Ok(Json(uploads::list(&app, limit, before, query.state).await?))
}

/// Look at an upload
#[utoipa::path(get, path = "/api/v1/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path, description = "id of the upload")), responses(
    (status = 200, description = "the upload", body = UploadView),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_upload(
    State(app): State<App>,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Json<UploadView>, ApiError> {
    let record = uploads::get(&app, id).await?;
    Ok(Json(upload_view(&app, &record)))
}

/// Delete an upload
///
/// The original and all results go, unless a legal hold is set on the upload. A run that is going on is stopped and publishes nothing.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path, description = "id of the upload")), responses(
    (status = 204, description = "gone"),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, description = "a legal hold is set on it; `hold` names the matter", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn delete_upload(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<StatusCode, ApiError> {
    uploads::delete(&app, id, &Origin::anonymous(request_id.0)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Process an upload again
///
/// With other settings: encoding, dialect, types, schema, policy. What the last run published stays readable until the
/// new one is done.
#[utoipa::path(post, path = "/api/v1/uploads/{id}/reprocess", tag = "uploads", params(("id" = Uuid, Path, description = "id of the upload"), KeyHeader),
    request_body = SettingsRequest, responses(
    (status = 202, description = "a job will process it", body = UploadView, headers(("Location" = String))),
    (status = 400, description = "the settings are not understood, or do not fit the file; `parameter` names the one at fault", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, description = "a run is going on, or a request with the same idempotency key", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 415, description = "the body is no `application/json`", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 422, description = "the idempotency key was sent with another request", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn reprocess_upload(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    ApiPath(id): ApiPath<Uuid>,
    RequestKey(key): RequestKey,
    ApiJson(settings): ApiJson<SettingsRequest>,
) -> Result<Response, ApiError> {
    let view = uploads::reprocess(&app, id, &settings, key.as_ref(), Origin::anonymous(request_id.0)).await?;
    Ok((StatusCode::ACCEPTED, location(&view), Json(view)).into_response())
}

/// Stop the run of an upload
///
/// A run that waits is cancelled at once. One that is going on stays `processing` until its next step and is `cancelled`
/// then, unless it has come to its end before. What earlier runs published and the original stay.
#[utoipa::path(post, path = "/api/v1/uploads/{id}/cancel", tag = "uploads", params(("id" = Uuid, Path, description = "id of the upload"), KeyHeader), responses(
    (status = 202, description = "it will stop", body = UploadView),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, description = "nothing is going on: the run has ended, `state` says how; or a request with the same idempotency key still is", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 422, description = "the idempotency key was sent with another request", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn cancel_upload(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    ApiPath(id): ApiPath<Uuid>,
    RequestKey(key): RequestKey,
) -> Result<Response, ApiError> {
    let view = uploads::cancel(&app, id, key.as_ref(), &Origin::anonymous(request_id.0)).await?;
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

fn location(view: &UploadView) -> [(HeaderName, String); 1] {
    [(header::LOCATION, view.links.this.clone())]
}
