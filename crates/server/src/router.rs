//! The whole route table on one screen.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::app::App;
use crate::handlers::{docs, events, files, health, limits, page, query, simple, uploads};
use crate::middleware::context;

/// The page, both faces of the API and the probes.
pub(crate) fn main_routes(app: App) -> Router {
    let bodies = Router::new()
        .route("/api/upload", post(simple::upload_file))
        .route("/api/v1/uploads", post(uploads::create_upload).get(uploads::list_uploads))
        // Uploads count their own bytes; every other body keeps axum's limit of 2 MB.
        .layer(DefaultBodyLimit::disable());
    Router::new()
        .merge(bodies)
        .route("/api/health", get(simple::get_health))
        .route("/api/status", get(simple::get_status))
        .route("/api/v1/limits", get(limits::get_limits))
        .route("/api/v1/uploads/{id}", get(uploads::get_upload).delete(uploads::delete_upload))
        .route("/api/v1/uploads/{id}/report", get(files::get_report))
        .route("/api/v1/uploads/{id}/records", get(query::list_records))
        .route("/api/v1/uploads/{id}/problems", get(query::list_problems))
        .route("/api/v1/uploads/{id}/files/{name}", get(files::get_file))
        .route("/api/v1/uploads/{id}/reprocess", post(uploads::reprocess_upload))
        .route("/api/v1/uploads/{id}/cancel", post(uploads::cancel_upload))
        .route("/api/v1/uploads/{id}/events", get(events::watch_upload))
        .route("/api/openapi.json", get(docs::get_openapi))
        .route("/docs", get(docs::get_docs))
        .route("/docs/style.css", get(docs::get_style))
        .route("/docs/problems/{code}", get(docs::get_problem))
        .route("/problems/{code}", get(docs::get_failure))
        .merge(probes())
        .fallback(page::get_asset)
        .method_not_allowed_fallback(page::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), context))
        .with_state(app)
}

/// The operations port.
pub(crate) fn operations_routes(app: App) -> Router {
    probes()
        .fallback(page::not_found)
        .method_not_allowed_fallback(page::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), context))
        .with_state(app)
}

/// Alive, ready, healthy, and the metrics. The main port serves them too: it is on loopback only.
fn probes() -> Router<App> {
    Router::new()
        .route("/live", get(health::get_live))
        .route("/ready", get(health::get_ready))
        .route("/health", get(health::get_health))
        .route("/metrics", get(health::get_metrics))
}
