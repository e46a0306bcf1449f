//! Claims jobs and runs them under a lease.

mod cpu;
mod jobs;

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::app::App;
use crate::telemetry::Metric;

pub(crate) use cpu::{CpuPool, WorkPanicked};

/// How often the queue is asked when nothing announces a job: for those that wait for their time or a lease to end.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Wait after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Runs until the process is to end and every job was finished or handed back.
pub(crate) async fn run(app: App) {
    if app.config.processing.jobs == 0 {
        // Others run the jobs.
        return;
    }
    let worker = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7());
    let mut running = JoinSet::new();
    while !app.draining.is_cancelled() {
        while running.try_join_next().is_some() {}
        let full = running.len() >= app.config.processing.jobs;
        let begun = Instant::now();
        let claimed =
            if full { Ok(None) } else { app.meta.claim_job(&worker, app.config.processing.lease.0).await };
        if !full {
            app.presence.note(begun, &claimed);
        }
        if claimed.is_ok() {
            app.hear_queue();
        }
        let wait = match claimed {
            Ok(Some(claimed)) => {
                running.spawn(jobs::process::run(app.clone(), claimed));
                app.metrics.set(Metric::JobsRunning, &[], running.len() as f64);
                continue;
            }
            Ok(None) => ASK_EVERY,
            Err(error) => {
                tracing::warn!(
                    error = %csvp_store::Chain(&error),
                    "no job could be claimed; trying again"
                );
                AFTER_FAILURE
            }
        };
        app.metrics.set(Metric::JobsRunning, &[], running.len() as f64);
        tokio::select! {
            () = app.draining.cancelled() => {}
            () = app.meta.job_added().notified(), if !full => {}
            Some(_) = running.join_next() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    while running.join_next().await.is_some() {}
}
