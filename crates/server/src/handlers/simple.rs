//! The simple face.

use axum::Json;
use axum::extract::{Request, State};

use super::{Incoming, receive};
use crate::api::{SimpleError, SimpleHealth, SimpleStatus, SimpleUpload, UploadParameters};
use crate::app::App;
use crate::error::ApiError;
use crate::services::simple;

/// Send a file, the simple way
///
/// `multipart/form-data` with the file in the field `csvFile`. The answer comes when the file is processed.
#[utoipa::path(post, path = "/api/upload", tag = "simple",
    request_body(content = String, content_type = "multipart/form-data", description = "the field `csvFile`"), responses(
    (status = 200, description = "processed", body = SimpleUpload),
    (status = 400, description = "no file, or no CSV", body = SimpleError),
    (status = 413, description = "too large", body = SimpleError),
    (status = 422, description = "refused by its schema or policy", body = SimpleError),
    (status = 500, description = "failed", body = SimpleError),
    (status = 503, description = "busy", body = SimpleError)))]
pub(crate) async fn upload_file(
    State(app): State<App>,
    request: Request,
) -> Result<Json<SimpleUpload>, ApiError> {
    let incoming = Incoming {
        fields: &["csvFile"],
        raw: false,
        face: "simple",
        parameters: UploadParameters::default(),
    };
    let record = receive(&app, request, incoming).await?;
    Ok(Json(simple::uploaded(&app, record).await?))
}

/// Health
#[utoipa::path(get, path = "/api/health", tag = "simple", responses(
    (status = 200, description = "healthy", body = SimpleHealth),
    (status = 503, description = "not healthy", body = SimpleError)))]
pub(crate) async fn get_health(State(app): State<App>) -> Result<Json<SimpleHealth>, ApiError> {
    Ok(Json(simple::health(&app).await?))
}

/// Counts over all uploads
#[utoipa::path(get, path = "/api/status", tag = "simple", responses(
    (status = 200, description = "counts", body = SimpleStatus),
    (status = 503, description = "the store does not answer", body = SimpleError)))]
pub(crate) async fn get_status(State(app): State<App>) -> Result<Json<SimpleStatus>, ApiError> {
    Ok(Json(simple::status(&app).await?))
}
