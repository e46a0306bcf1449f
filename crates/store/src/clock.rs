//! The only place that asks for the time, so that tests can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// Tells the time in microseconds since 1970-01-01 UTC. Clones share the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { off_by_us: i64 },
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self::system_off_by(0)
    }

    /// The clock of a machine that is wrong by so many microseconds, for tests.
    pub fn system_off_by(off_by_us: i64) -> Self {
        Self(Source::System { off_by_us })
    }

    /// A clock that stands at `now_us` until it is moved with [`Clock::advance`].
    pub fn manual(now_us: i64) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now_us))))
    }

    /// Microseconds since 1970-01-01 UTC. Times before that are given as 0.
    pub fn now_us(&self) -> i64 {
        match &self.0 {
            Source::System { off_by_us } => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
                .saturating_add(*off_by_us),
            Source::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Sets a manual clock, also back; the system clock takes no orders.
    pub fn set(&self, now_us: i64) {
        if let Source::Manual(now) = &self.0 {
            now.store(now_us, Ordering::SeqCst);
        }
    }

    /// Whether it is moved by hand.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// Moves a manual clock forward; the system clock takes no orders and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(micros(by), Ordering::SeqCst);
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// A duration in whole microseconds, as the database keeps it.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
