//! Alive, ready, healthy, and the metrics. Alive asks nothing; ready asks the store.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::app::App;
use crate::services::health;

/// The process runs
#[utoipa::path(get, path = "/live", tag = "operations", responses(
    (status = 200, description = "always, while the process runs", body = Object)))]
pub(crate) async fn get_live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The process can take work
#[utoipa::path(get, path = "/ready", tag = "operations", responses(
    (status = 200, description = "requests are taken", body = Object),
    (status = 503, description = "database or objects do not answer, or the process is about to end", body = Object)))]
pub(crate) async fn get_ready(State(app): State<App>) -> Response {
    verdict(health::ready(&app).await)
}

/// Every part and how it is
#[utoipa::path(get, path = "/health", tag = "operations", responses(
    (status = 200, description = "all parts work", body = Object),
    (status = 503, description = "a part does not", body = Object)))]
pub(crate) async fn get_health(State(app): State<App>) -> Response {
    verdict(health::check(&app).await)
}

/// All metrics in the Prometheus text format
#[utoipa::path(get, path = "/metrics", tag = "operations", responses(
    (status = 200, description = "metrics", body = String, content_type = "text/plain")))]
pub(crate) async fn get_metrics(State(app): State<App>) -> Response {
    health::refresh_gauges(&app).await;
    let mut response = app.metrics.render().into_response();
    let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

fn verdict((ok, facts): (bool, Value)) -> Response {
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(facts)).into_response()
}
