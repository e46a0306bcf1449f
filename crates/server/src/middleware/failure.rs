//! Writes failures: problem details on the full face, the documented envelope on the simple one.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use csvp_report::ApiErrorCode;
use serde_json::json;

use super::context::value;
use crate::api::{ProblemDetails, SimpleError};
use crate::error::ApiError;

/// Says what failed, once: `error` when it is our fault, `debug` when it is the client's.
pub(super) fn log(error: &ApiError, request_id: &str, method: &Method, route: &str) {
    let cause = error.chain().unwrap_or_default();
    match error.status() {
        StatusCode::INTERNAL_SERVER_ERROR => {
            tracing::error!(request_id, %method, route, code = %error.code, cause, "request failed inside");
        }
        status if status.is_server_error() => {
            tracing::warn!(request_id, %method, route, code = %error.code, cause, "{}", error.detail);
        }
        _ => tracing::debug!(request_id, %method, route, code = %error.code, cause, "{}", error.detail),
    }
}

/// The answer for the face that was asked; headers that the failing part set (`Allow`) stay.
pub(super) fn render(error: &ApiError, request_id: &str, path: &str, from: Response) -> Response {
    let (mut parts, _) = from.into_parts();
    let simple = is_simple(path);
    parts.status = if simple { simple_status(error) } else { error.status() };
    let (media_type, body) = if simple {
        ("application/json", serde_json::to_vec(&envelope(error, request_id)))
    } else {
        ("application/problem+json", serde_json::to_vec(&ProblemDetails::new(error, request_id)))
    };
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Some(seconds) = error.extras.retry_after_secs {
        parts.headers.insert(header::RETRY_AFTER, value(&seconds.to_string()));
    }
    Response::from_parts(parts, Body::from(body.unwrap_or_default()))
}

/// Whether the path belongs to the simple face.
fn is_simple(path: &str) -> bool {
    matches!(path, "/api/upload" | "/api/health" | "/api/status")
}

/// The simple face knows 400, 404, 405, 413, 422, 500 and 503 only.
fn simple_status(error: &ApiError) -> StatusCode {
    match error.code {
        ApiErrorCode::MediaTypeUnsupported | ApiErrorCode::RequestTimeout => StatusCode::BAD_REQUEST,
        ApiErrorCode::StorageFull => StatusCode::SERVICE_UNAVAILABLE,
        _ => error.status(),
    }
}

fn envelope(error: &ApiError, request_id: &str) -> SimpleError {
    let mut details = json!({ "code": error.code.as_str(), "requestId": request_id });
    if let Some(limit) = error.extras.limit_bytes {
        details["limitBytes"] = limit.into();
    }
    if let Some(id) = error.extras.upload_id {
        details["uploadId"] = id.to_string().into();
        details["report"] = format!("/api/v1/uploads/{id}/report").into();
    }
    SimpleError {
        success: false,
        error: error.code.title().to_owned(),
        message: error.detail.clone(),
        details: Some(details),
    }
}
