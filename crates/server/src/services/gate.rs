//! Lets so many uploads in at a time, so many wait, and sends the rest away early.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::UploadSection;
use crate::error::ApiError;
use crate::telemetry::{Metric, Metrics};

/// When a client should come back that was sent away.
const RETRY_AFTER_SECS: u64 = 5;

/// The gate that uploads pass.
#[derive(Debug)]
pub(crate) struct Gate {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    wait_timeout: Duration,
}

/// The right to receive one upload, until dropped.
#[derive(Debug)]
pub(crate) struct Turn(
    #[expect(dead_code, reason = "held for its Drop, which lets the next one in")] OwnedSemaphorePermit,
);

/// Counts one waiting upload, also when its client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(crate) fn new(config: &UploadSection) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(config.parallel)),
            waiting: AtomicUsize::new(0),
            most_waiting: config.waiting,
            wait_timeout: config.wait_timeout.0,
        }
    }

    /// Waits for a turn. The body is not read meanwhile, so waiting costs a socket and no memory.
    ///
    /// # Errors
    /// `busy` when too many wait already, or the wait takes too long.
    pub(crate) async fn enter(&self, metrics: &Metrics) -> Result<Turn, ApiError> {
        if let Ok(permit) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(Turn(permit));
        }
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most_waiting {
            let detail = format!("{} uploads are waiting already; try again later", self.most_waiting);
            return Err(ApiError::busy(RETRY_AFTER_SECS, detail));
        }
        let _shown = metrics.hold(Metric::UploadsWaiting);
        let turn = tokio::time::timeout(self.wait_timeout, Arc::clone(&self.turns).acquire_owned()).await;
        drop(waiting);
        match turn {
            Ok(permit) => Ok(Turn(permit.expect("the semaphore is never closed"))),
            Err(_) => Err(ApiError::busy(RETRY_AFTER_SECS, "no turn came in time; try again later")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Seconds};

    #[tokio::test(start_paused = true)]
    async fn waits_then_sends_away() {
        let mut config = Config::default().upload;
        (config.parallel, config.waiting, config.wait_timeout) = (1, 1, Seconds::new(5));
        let gate = Arc::new(Gate::new(&config));
        let metrics = Metrics::new();
        let first = gate.enter(&metrics).await.unwrap();

        let waiter = tokio::spawn({
            let (gate, metrics) = (Arc::clone(&gate), metrics.clone());
            async move { gate.enter(&metrics).await }
        });
        tokio::task::yield_now().await;
        let third = gate.enter(&metrics).await.unwrap_err();
        assert_eq!((third.code.as_str(), third.extras.retry_after_secs), ("busy", Some(RETRY_AFTER_SECS)));

        drop(first);
        let second = waiter.await.unwrap().unwrap();
        let late = gate.enter(&metrics).await.unwrap_err();
        assert_eq!(late.code.as_str(), "busy", "its 5 seconds passed on the paused clock");
        drop(second);
        gate.enter(&metrics).await.unwrap();
    }
}
