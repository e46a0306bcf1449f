//! The policy of retention while the service runs: what it says is shown with each upload, and what is due is ended.
//!
//! A clock that jumps forward must not end anything early. So the policy is judged by a time that grows only as fast as
//! this process sees time pass, by a clock that cannot jump, and never beyond the wall clock. It begins
//! with what the database knows: the moment at which a person set the first policy, or said that the clock is right. Time in
//! which no service runs is not seen, so what is due goes later by that, never earlier. When a person has said it of a clock
//! that was ahead, the known time lies ahead of the right one: it stands still, and the clock judges until it is reached
//! or taken back.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use csvp_store::{PolicyRecord, RetentionPolicy, StoreError};

use crate::app::App;
use crate::operate::retention::run_due;
use crate::telemetry::Metric;

/// A known time that is ahead of the clock by more than this is worth a word: clocks of machines differ by less.
const AHEAD_US: i64 = 60_000_000;

/// What this process knows of the policy and of the time.
#[derive(Debug, Default)]
pub(crate) struct Retention(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    policy: Option<RetentionPolicy>,
    watch: Option<Watch>,
}

/// Since when this process has watched time pass, and from which time on.
#[derive(Debug, Clone, Copy)]
struct Watch {
    set_at: i64,
    from: i64,
    since: Instant,
    /// What was known when it was last read: when it is less now, a person has taken it back.
    read: i64,
}

impl Watch {
    fn begin(record: &PolicyRecord, now: Instant) -> Self {
        Self { set_at: record.set_at, from: record.known_time, since: now, read: record.known_time }
    }

    fn seen(&self, now: Instant) -> i64 {
        let passed = now.saturating_duration_since(self.since).as_micros();
        self.from.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

impl Known {
    /// The time that has come for sure.
    fn time(&mut self, record: &PolicyRecord, clock: i64, now: Instant) -> i64 {
        let watch = match self.watch {
            // A policy may have begun with a new time; and a person, or another replica, may know more.
            Some(watch)
                if watch.set_at == record.set_at
                    && watch.read <= record.known_time
                    && record.known_time <= watch.seen(now) =>
            {
                Watch { read: record.known_time, ..watch }
            }
            _ => Watch::begin(record, now),
        };
        self.watch = Some(watch);
        // Never less than what was known before; when the clock is behind that, nothing is due by the clock.
        watch.seen(now).min(clock).max(record.known_time)
    }
}

impl Retention {
    /// The policy that is shown with uploads.
    pub(crate) fn policy(&self) -> Option<RetentionPolicy> {
        self.known().policy
    }

    /// Reads the policy anew, and moves the known time on. When the database is away, what was read before stays.
    pub(crate) async fn read(&self, app: &App) {
        if let Err(error) = self.look(app).await {
            tracing::warn!(
                error = %csvp_store::Chain(&error),
                "the policy of retention could not be read"
            );
        }
    }

    /// Ends what is due. The objects go with the next look for what is gone, within a minute.
    pub(crate) async fn end_what_is_due(&self, app: &App) {
        let end = async {
            let Some(record) = self.look(app).await? else { return Ok(()) };
            let ahead = record.known_time.saturating_sub(app.meta.now().await?);
            if ahead > AHEAD_US {
                tracing::warn!(
                    seconds = ahead / 1_000_000,
                    "the time known to retention is ahead of the clock: nothing ends before the clock has come there too, and \
                     uploads are dated by the known time; look at the clock, then say `csvp retention run --trust-clock`"
                );
            }
            let done = run_due(&app.meta, app.tenant(), &record).await?;
            if done.ended > 0 {
                tracing::info!(
                    uploads = done.ended,
                    bytes = done.bytes,
                    "data whose time was over has ended"
                );
            }
            if done.failed > 0 {
                tracing::warn!(
                    uploads = done.failed,
                    failures = done.failures.join("; "),
                    "data whose time was over could not be ended; trying again in an hour"
                );
            }
            if done.policy_changed {
                tracing::info!(
                    "the policy of retention was changed while it was carried out; what is due by the new one ends in an hour"
                );
            }
            app.metrics.add(Metric::RetentionUploads, &[], done.ended);
            app.metrics.add(Metric::RetentionBytes, &[], done.bytes);
            app.metrics.set(Metric::RetentionHeld, &[], done.held as f64);
            if done.failed == 0 {
                app.metrics.set(Metric::RetentionLastRun, &[], app.meta.clock().now_us() as f64 / 1e6);
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = end.await {
            tracing::warn!(
                error = %csvp_store::Chain(&error),
                "retention could not be carried out; trying again in an hour"
            );
        }
    }

    async fn look(&self, app: &App) -> Result<Option<PolicyRecord>, StoreError> {
        let record = app.meta.retention(app.tenant()).await?;
        if record.is_none() {
            self.known().policy = None;
            return Ok(None);
        }
        let clock = app.meta.now().await?;
        let time = {
            let mut known = self.known();
            known.policy = record.map(|record| record.policy);
            record.map(|record| known.time(&record, clock, Instant::now()))
        };
        let (Some(record), Some(known_time)) = (record, time) else { return Ok(None) };
        if known_time > record.known_time {
            app.meta.advance_known_time(app.tenant(), known_time).await?;
        }
        app.metrics.set(Metric::RetentionClockLag, &[], (clock - known_time) as f64 / 1e6);
        Ok(Some(PolicyRecord { known_time, ..record }))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // Whole after any panic: each field is set at once.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR_US: i64 = 3_600_000_000;
    const START: i64 = 1_800_000_000_000_000;

    fn record(set_at: i64, known_time: i64) -> PolicyRecord {
        PolicyRecord { policy: RetentionPolicy::default(), set_at, known_time }
    }

    #[test]
    fn time_is_known_only_as_far_as_it_was_seen_to_pass() {
        let begin = Instant::now();
        let after = |hours: u64| begin + Duration::from_secs(hours * 3_600);
        let mut known = Known::default();
        let mut check = |record: PolicyRecord, clock: i64, hours: u64, expected: i64| {
            assert_eq!(
                known.time(&record, START + clock * HOUR_US, after(hours)),
                START + expected * HOUR_US
            );
        };
        let first = record(START, START);
        check(first, 0, 0, 0);
        check(first, 1, 1, 1);
        // The clock jumps ten years forward: only the two hours that were seen count.
        check(first, 87_600, 2, 2);
        // It goes back to before the policy was set: nothing is taken back.
        check(record(START, START + 2 * HOUR_US), -5, 3, 2);
        // It is right again.
        check(record(START, START + 2 * HOUR_US), 4, 4, 4);
        // A person says that the clock is right, which it is a month later.
        check(record(START, START + 720 * HOUR_US), 720, 5, 720);
        check(record(START, START + 720 * HOUR_US), 721, 6, 721);
        // The policy is set anew after the clock was put right.
        check(record(START + 7 * HOUR_US, START + 7 * HOUR_US), 7, 7, 7);
        let again = |known: i64| record(START + 7 * HOUR_US, START + known * HOUR_US);
        check(again(7), 100, 8, 8);
        // A person says that this clock is right; the next day it is put right, and the person takes it back.
        check(again(100), 100, 9, 100);
        check(again(100), 10, 10, 100);
        check(again(11), 11, 11, 11);
        // It jumps once more: only what is seen counts.
        check(again(11), 90, 12, 12);
    }

    #[test]
    fn time_without_a_service_is_not_seen() {
        let mut known = Known::default();
        let month = 720 * HOUR_US;
        let time = known.time(&record(START, START), START + month, Instant::now());
        assert!(time < START + HOUR_US, "a start a month later cannot tell a month from a jump");
    }
}
