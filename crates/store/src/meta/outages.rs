//! Times in which the database was away: no lease could be renewed then, so one that has ended meanwhile says nothing
//! about its worker.
//!
//! A process knows only what it has seen itself. After an outage it leaves leases alone that have ended since then, for the
//! time of one lease: whoever is alive renews its own by then. Those that had ended before go on as ever.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::StoreError;

/// What this process has seen.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    answered: Option<Instant>,
    /// Since when it is away; none while it answers.
    away_since: Option<Instant>,
    /// The last outage that is over: when it began, when it ended.
    last: Option<(Instant, Instant)>,
}

impl Outages {
    /// Takes in how a call has ended that was begun at this time.
    pub(super) fn note<T>(&self, begun: Instant, answer: &Result<T, StoreError>) {
        let is_away = matches!(answer, Err(StoreError::Unavailable(_)));
        self.seen(|seen| seen.note(begun, Instant::now(), is_away));
    }

    /// How long ago a lease must have ended before it counts as ended.
    pub(super) fn spared(&self, lease_for: Duration) -> Duration {
        self.seen(|seen| seen.spared(Instant::now(), lease_for))
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seen {
    fn note(&mut self, begun: Instant, now: Instant, is_away: bool) {
        if is_away {
            // It may have gone at any moment since it answered last.
            self.away_since = self.away_since.or(self.answered).or(Some(begun));
            return;
        }
        self.last = self.away_since.take().map(|since| (since, now)).or(self.last);
        self.answered = Some(now);
    }

    fn spared(&self, now: Instant, lease_for: Duration) -> Duration {
        match (self.away_since, self.last) {
            (Some(since), _) => now.saturating_duration_since(since),
            (None, Some((since, ended))) if now.saturating_duration_since(ended) < lease_for => {
                now.saturating_duration_since(since)
            }
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_are_spared_that_ended_in_an_outage_and_for_the_time_of_one_after_it() {
        let begin = Instant::now();
        let at = |secs: u64| begin + Duration::from_secs(secs);
        let mut seen = Seen::default();
        let spared = |seen: &Seen, secs: u64| seen.spared(at(secs), Duration::from_secs(15)).as_secs();
        assert_eq!(spared(&seen, 0), 0);
        seen.note(at(1), at(2), false);
        assert_eq!(spared(&seen, 50), 0);
        seen.note(at(50), at(50), false);
        seen.note(at(51), at(56), true);
        seen.note(at(61), at(66), true);
        assert_eq!(spared(&seen, 66), 16, "since it answered last");
        seen.note(at(70), at(70), false);
        assert_eq!((spared(&seen, 70), spared(&seen, 84)), (20, 34));
        assert_eq!(spared(&seen, 85), 0);
        // One that is away from the first call on.
        let mut seen = Seen::default();
        seen.note(at(1), at(6), true);
        assert_eq!(spared(&seen, 6), 5);
    }
}
