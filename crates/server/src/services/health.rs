//! How the service is.

use std::time::{Duration, Instant};

use csvp_store::StoreError;
use serde_json::{Value, json};

use crate::api::Timestamp;
use crate::app::{App, Role};
use crate::telemetry::Metric;

use super::storage;

/// Longest wait for the sign of life of a part.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long the queue may be silent before a worker counts as not claiming.
const LONGEST_SILENCE: Duration = Duration::from_secs(15);

/// Whether this process should be given work: it is not about to end, its database and its objects answer, and a worker
/// hears from its queue.
pub(crate) async fn ready(app: &App) -> (bool, Value) {
    if app.draining.is_cancelled() {
        return (false, json!({ "status": "draining" }));
    }
    let parts = Parts::ask(app).await;
    match parts.away() {
        None if app.role == Role::Worker && app.queue_silent_for() > LONGEST_SILENCE => {
            let reason = "no job could be claimed for a while";
            (false, json!({ "status": "unavailable", "reason": reason }))
        }
        None => (true, json!({ "status": "ready" })),
        Some(reason) => (false, json!({ "status": "unavailable", "reason": reason })),
    }
}

/// Whether files can be read and written; always, when they are in the data directory.
pub(crate) async fn objects_answer(app: &App) -> bool {
    answers("object store", app.blobs.ping()).await
}

/// Which parts answer.
struct Parts {
    database: bool,
    objects: bool,
}

impl Parts {
    async fn ask(app: &App) -> Self {
        let begun = Instant::now();
        let ping = async {
            let answer = app.meta.ping().await;
            app.presence.note(begun, &answer);
            answer
        };
        let ping_objects = async {
            let answer = app.blobs.ping().await;
            app.presence.note_objects(begun, &answer);
            answer
        };
        let (database, objects) =
            tokio::join!(answers("database", ping), answers("object store", ping_objects));
        Self { database, objects }
    }

    fn away(&self) -> Option<&'static str> {
        match (self.database, self.objects) {
            (true, true) => None,
            (false, true) => Some("database does not answer"),
            (true, false) => Some("object store does not answer"),
            (false, false) => Some("database and object store do not answer"),
        }
    }
}

/// Whoever asks does so every few seconds and does not wait long.
async fn answers(part: &str, ping: impl Future<Output = Result<(), StoreError>>) -> bool {
    match tokio::time::timeout(ANSWER_WITHIN, ping).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = %csvp_store::Chain(&error), "{part} does not answer");
            false
        }
        Err(_) => {
            tracing::warn!(seconds = ANSWER_WITHIN.as_secs(), "{part} does not answer in time");
            false
        }
    }
}

/// Every part and how it is.
pub(crate) async fn check(app: &App) -> (bool, Value) {
    let parts = Parts::ask(app).await;
    let ready = parts.away().is_none() && !app.draining.is_cancelled();
    let (used, limit) = (storage::used_bytes(app), app.config.store.max_disk.0);
    let room = used < limit;
    let state = |ok: bool| if ok { "ok" } else { "failing" };
    let facts = json!({
        "status": state(ready && room),
        "version": env!("CARGO_PKG_VERSION"),
        "time": Timestamp::now(),
        "uptime_secs": app.started.elapsed().as_secs(),
        "parts": {
            "database": { "status": state(parts.database) },
            "storage": { "status": state(room && parts.objects), "used_bytes": used, "limit_bytes": limit },
        },
    });
    (ready && room, facts)
}

/// Sets the gauges that are looked up, not counted.
pub(crate) async fn refresh_gauges(app: &App) {
    app.metrics.set(Metric::StoreBytes, &[], storage::used_bytes(app) as f64);
    app.metrics.set(Metric::StoreLimitBytes, &[], app.config.store.max_disk.0 as f64);
}
