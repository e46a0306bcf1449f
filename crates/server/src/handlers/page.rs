//! The page for people, and the answers for paths and methods that do not exist.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use csvp_report::ApiErrorCode;

use crate::error::ApiError;
use crate::pages;

pub(crate) async fn get_asset(request: Request) -> Response {
    let path = request.uri().path();
    let Some(asset) = pages::asset(path) else { return unknown(path).into_response() };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return method_not_allowed(request).await.into_response();
    }
    let cached = request.headers().get(header::IF_NONE_MATCH).is_some_and(|tag| tag == asset.etag.as_str());
    let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type.to_owned()),
        (header::ETAG, asset.etag),
        (header::CACHE_CONTROL, keep.to_owned()),
    ];
    if cached {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, Body::from(asset.bytes)).into_response()
}

pub(crate) async fn not_found(request: Request) -> ApiError {
    unknown(request.uri().path())
}

pub(crate) async fn method_not_allowed(request: Request) -> ApiError {
    let detail = format!("`{}` does not exist for `{}`", request.method(), request.uri().path());
    ApiError::new(ApiErrorCode::MethodNotAllowed, detail)
}

fn unknown(path: &str) -> ApiError {
    ApiError::new(
        ApiErrorCode::RouteNotFound,
        format!("there is nothing at `{path}`; `/docs` lists what is there"),
    )
}
