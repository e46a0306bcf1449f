//! How the service is.

use serde_json::{Value, json};

use crate::api::Timestamp;
use crate::app::App;
use crate::telemetry::Metric;

use super::storage;

/// Whether requests are taken.
pub(crate) async fn ready(app: &App) -> (bool, Value) {
    if app.stopping.is_cancelled() {
        return (false, json!({ "status": "stopping" }));
    }
    match app.meta.ping().await {
        Ok(()) => (true, json!({ "status": "ready" })),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "database does not answer");
            (false, json!({ "status": "unavailable", "reason": "database does not answer" }))
        }
    }
}

/// Every part and how it is.
pub(crate) async fn check(app: &App) -> (bool, Value) {
    let (ready, _) = ready(app).await;
    let (used, limit) = (storage::used_bytes(app), app.config.store.max_disk.0);
    let room = used < limit;
    let state = |ok: bool| if ok { "ok" } else { "failing" };
    let facts = json!({
        "status": state(ready && room),
        "version": env!("CARGO_PKG_VERSION"),
        "time": Timestamp::now(),
        "uptime_secs": app.started.elapsed().as_secs(),
        "parts": {
            "database": { "status": state(ready) },
            "storage": { "status": state(room), "used_bytes": used, "limit_bytes": limit },
        },
    });
    (ready && room, facts)
}

/// Sets the gauges that are looked up, not counted.
pub(crate) async fn refresh_gauges(app: &App) {
    app.metrics.set(Metric::StoreBytes, &[], storage::used_bytes(app) as f64);
    app.metrics.set(Metric::StoreLimitBytes, &[], app.config.store.max_disk.0 as f64);
}
