//! How slowly a body may come.

use std::time::Duration;

use csvp_report::ApiErrorCode;
use tokio::time::Instant;

use crate::config::{Bytes, Seconds, UploadSection};
use crate::error::ApiError;

/// Time before the least rate is asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Watches one body. Only the time spent waiting for the client counts towards the rate, never our own.
#[derive(Debug)]
pub(crate) struct Pace {
    deadline: Instant,
    timeout: Duration,
    min_rate: u64,
    received: u64,
    waited: Duration,
}

impl Pace {
    pub(crate) fn new(config: &UploadSection) -> Self {
        let timeout = config.timeout.0;
        Self {
            deadline: Instant::now() + timeout,
            timeout,
            min_rate: config.min_rate.0,
            received: 0,
            waited: Duration::ZERO,
        }
    }

    /// Waits for the next piece of the body.
    ///
    /// # Errors
    /// `request-timeout` when it does not come in time, or the body comes too slowly.
    pub(crate) async fn next<T>(&mut self, piece: impl Future<Output = T>) -> Result<T, ApiError> {
        let began = Instant::now();
        let patience = self.patience();
        let until = self.deadline.min(began + patience);
        let piece = tokio::time::timeout_at(until, piece).await.map_err(|_| self.too_slow(until));
        self.waited += began.elapsed();
        piece
    }

    /// Counts what came.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.received += bytes as u64;
    }

    /// How long the next piece may take: what was received has bought the time already waited.
    fn patience(&self) -> Duration {
        if self.min_rate == 0 {
            return self.timeout;
        }
        let bought = GRACE + Duration::from_secs_f64(self.received as f64 / self.min_rate as f64);
        bought.saturating_sub(self.waited)
    }

    fn too_slow(&self, until: Instant) -> ApiError {
        let detail = if until == self.deadline {
            format!("the body did not arrive within {}", Seconds(self.timeout))
        } else {
            format!("the body came slower than {} per second", Bytes(self.min_rate))
        };
        let mut error = ApiError::new(ApiErrorCode::RequestTimeout, detail);
        error.extras.received_bytes = Some(self.received);
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn pace(timeout: u64) -> Pace {
        let mut config = Config::default().upload;
        (config.timeout, config.min_rate) = (Seconds::new(timeout), Bytes(1024));
        Pace::new(&config)
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_buy_time() {
        let mut pace = pace(3600);
        pace.next(tokio::time::sleep(Duration::from_secs(9))).await.unwrap();
        pace.count(1024 * 20);
        pace.next(tokio::time::sleep(Duration::from_secs(20))).await.unwrap();
        let error = pace.next(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(error.detail, "the body came slower than 1 KiB per second");
    }

    #[tokio::test(start_paused = true)]
    async fn our_own_time_is_not_the_clients() {
        let mut pace = pace(3600);
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            pace.next(std::future::ready(())).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_whole_body_has_a_deadline() {
        let mut pace = pace(5);
        let error = pace.next(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(error.detail, "the body did not arrive within 5s");
    }
}
