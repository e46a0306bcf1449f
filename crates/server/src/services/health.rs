//! How the service is.

use std::time::Duration;

use csvp_store::StoreError;
use serde_json::{Value, json};

use crate::api::Timestamp;
use crate::app::{App, Role};
use crate::telemetry::Metric;

use super::storage;

/// How long a part may take to show that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);
/// How long the queue may be silent before a worker counts as not claiming.
const LONGEST_SILENCE: Duration = Duration::from_secs(15);

/// Whether this process should be given work: it is not about to end, its database and its objects answer, and a worker
/// hears from its queue.
pub(crate) async fn ready(app: &App) -> (bool, Value) {
    if app.draining.is_cancelled() {
        return (false, json!({ "status": "draining" }));
    }
    let (database, objects) =
        tokio::join!(lives(app.meta.ping(), "database"), lives(app.blobs.ping(), "object store"));
    let unavailable = |reason: &str| (false, json!({ "status": "unavailable", "reason": reason }));
    if !database {
        unavailable("database does not answer")
    } else if !objects {
        unavailable("object store does not answer")
    } else if app.role == Role::Worker && app.queue_silent_for() > LONGEST_SILENCE {
        unavailable("no job could be claimed for a while")
    } else {
        (true, json!({ "status": "ready" }))
    }
}

/// Whether a part answers in time; when it does not, the log says why.
async fn lives(ping: impl Future<Output = Result<(), StoreError>>, part: &str) -> bool {
    match tokio::time::timeout(SIGN_OF_LIFE, ping).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, part, "a part does not answer");
            false
        }
        Err(_) => {
            tracing::warn!(part, "a part does not answer in time");
            false
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
