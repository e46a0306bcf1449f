//! The OpenAPI document, its readable page, and one page per code.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use csvp_report::ApiErrorCode;
use serde_json::Value;

use crate::error::ApiError;
use crate::{openapi, pages};

/// The OpenAPI document
#[utoipa::path(get, path = "/api/openapi.json", tag = "service", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn get_openapi() -> Json<Value> {
    Json(openapi::document())
}

pub(crate) async fn get_docs() -> Html<String> {
    Html(pages::api_page(&openapi::document()))
}

pub(crate) async fn get_style() -> Response {
    let mut response = pages::STYLE.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

pub(crate) async fn get_problem(Path(code): Path<String>) -> Result<Html<String>, ApiError> {
    pages::problem_page(&code).map(Html).ok_or_else(|| unknown_page(&code))
}

pub(crate) async fn get_failure(Path(code): Path<String>) -> Result<Html<String>, ApiError> {
    pages::failure_page(&code).map(Html).ok_or_else(|| unknown_page(&code))
}

fn unknown_page(code: &str) -> ApiError {
    ApiError::new(ApiErrorCode::RouteNotFound, format!("there is no code `{code}`"))
}
