//! Whose turn it is to write into a bucket of backups: one process at a time, as the lock of a directory has it.
//!
//! Pruning removes what no backup names, and a backup that is being made counts on what is there: they must not meet. Each
//! writer puts an object of its own below `writers/`, then lists what is there. Who sees another living writer takes its own
//! away and gives up: of two that begin together at least one sees the other, as a bucket lists what was written before.
//! Whether one lives is told from the times that the bucket has given to both objects; no clocks are compared. One that was
//! not renewed for a quarter of an hour is of a process that has died; whoever comes next removes it, and should its process
//! have slept only, it finds its object gone or another one beside it, and stops.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::TryStreamExt as _;
use object_store::ObjectStoreExt as _;
use tokio::time::Instant;
use uuid::Uuid;

use super::error::BackupError;
use super::place::Place;
use crate::clock::{Clock, micros};

/// Directory of those who write.
const WRITERS: &str = "writers";
/// From this age on an object there is of a process that has died.
const LIVES: Duration = Duration::from_secs(15 * 60);
/// How often a writer says that it lives.
const RENEW_EVERY: Duration = Duration::from_secs(60);
/// So long after its last sign of life a writer may go on: a request that is on its way then ends before others count it dead.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// The right to write into a place.
pub(super) struct Turn<'a> {
    place: &'a Place,
    /// Where it is written down; none for a directory, which is locked as long as the place is open.
    path: Option<String>,
    lives: Duration,
    clock: Clock,
    renewed: Mutex<SignOfLife>,
}

/// When the last sign of life was sent. Two clocks, as the first stands still while a machine sleeps and the second can be set.
#[derive(Clone, Copy)]
struct SignOfLife {
    at: Instant,
    at_us: i64,
}

impl SignOfLife {
    fn now(clock: &Clock) -> Self {
        Self { at: Instant::now(), at_us: clock.now_us() }
    }

    fn is_fresh(self, clock: &Clock) -> bool {
        let passed_us = clock.now_us().saturating_sub(self.at_us);
        self.at.elapsed() < FRESH && (0..micros(FRESH)).contains(&passed_us)
    }
}

impl<'a> Turn<'a> {
    /// Takes the right to write.
    ///
    /// # Errors
    /// `Busy` while another process has it.
    pub(super) async fn take(place: &'a Place) -> Result<Self, BackupError> {
        Self::take_after(place, LIVES).await
    }

    async fn take_after(place: &'a Place, lives: Duration) -> Result<Self, BackupError> {
        let clock = Clock::system();
        let path = place.directory().is_none().then(|| format!("{WRITERS}/{}", Uuid::now_v7()));
        let turn = Self { place, path, lives, renewed: Mutex::new(SignOfLife::now(&clock)), clock };
        if let Some(path) = &turn.path {
            turn.write(path).await?;
            if let Err(error) = turn.must_be_alone(path).await {
                turn.end().await;
                return Err(error);
            }
        }
        Ok(turn)
    }

    /// Does the work, renews the right meanwhile, and gives it back. Work that has lost it is broken off.
    pub(super) async fn spend<T>(
        &self,
        work: impl Future<Output = Result<T, BackupError>>,
    ) -> Result<T, BackupError> {
        let done = tokio::select! {
            done = work => done,
            lost = self.keep() => Err(lost),
        };
        self.end().await;
        done
    }

    /// To be asked before anything that must not happen in another's turn.
    ///
    /// # Errors
    /// The right is lost, or it cannot be told.
    pub(super) async fn must_hold(&self) -> Result<(), BackupError> {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.path {
            Some(path) if !renewed.is_fresh(&self.clock) => self.renew(path).await,
            _ => Ok(()),
        }
    }

    /// Renews the right for ever; gives how it was lost.
    async fn keep(&self) -> BackupError {
        let Some(path) = &self.path else { return std::future::pending().await };
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match self.renew(path).await {
                Ok(()) => {}
                Err(lost @ BackupError::Busy { .. }) => return lost,
                // It holds for a while yet; who needs it asks again.
                Err(error) => tracing::warn!(
                    error = %crate::Chain(&error),
                    "the right to write backups was not renewed; trying again"
                ),
            }
        }
    }

    async fn renew(&self, path: &str) -> Result<(), BackupError> {
        match self.place.store().head(&self.place.at(path)).await {
            Ok(_) => {}
            Err(object_store::Error::NotFound { .. }) => return Err(self.busy()),
            Err(error) => return Err(self.place.failed(error)),
        }
        self.write(path).await?;
        self.must_be_alone(path).await
    }

    async fn write(&self, path: &str) -> Result<(), BackupError> {
        let sent = SignOfLife::now(&self.clock);
        self.place.put(path, "{}\n".into()).await?;
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = sent;
        Ok(())
    }

    /// Looks for others; removes those that have died.
    async fn must_be_alone(&self, path: &str) -> Result<(), BackupError> {
        let place = self.place;
        let listed = place.store().list(Some(&place.at(WRITERS)));
        let listed: Vec<_> = listed.try_collect().await.map_err(|error| place.failed(error))?;
        let (own, others): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|found| found.location == place.at(path));
        // It was written a moment ago: its time is the bucket's own of now.
        let Some(now) = own.first().map(|own| own.last_modified.timestamp_micros()) else {
            return Err(self.busy());
        };
        let lives = |at_us: i64| now.saturating_sub(at_us) < micros(self.lives);
        if others.iter().any(|other| lives(other.last_modified.timestamp_micros())) {
            return Err(self.busy());
        }
        for other in others {
            match place.store().delete(&other.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(place.failed(error)),
            }
        }
        Ok(())
    }

    fn busy(&self) -> BackupError {
        BackupError::Busy { what: format!("the backups in `{}`", self.place.name()) }
    }

    async fn end(&self) {
        let Some(path) = &self.path else { return };
        if let Err(error) = self.place.delete(path).await {
            let error = crate::Chain(&error);
            tracing::warn!(%error, file = %path, "the right to write backups ends by itself, in a quarter of an hour");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;

    async fn bucket() -> Place {
        Place::bucket_to_write(Arc::new(InMemory::new()), "p", "s3://b/p").await.unwrap()
    }

    fn is_busy<T>(result: &Result<T, BackupError>) -> bool {
        matches!(result, Err(BackupError::Busy { .. }))
    }

    #[tokio::test]
    async fn one_writes_at_a_time() {
        let place = bucket().await;
        let turn = Turn::take(&place).await.unwrap();
        let inside = async {
            assert!(is_busy(&Turn::take(&place).await));
            turn.must_hold().await?;
            turn.renew(turn.path.as_ref().unwrap()).await
        };
        turn.spend(inside).await.unwrap();
        let turn = Turn::take(&place).await.unwrap();
        turn.spend(async { Ok(()) }).await.unwrap();
        assert_eq!(place.list(WRITERS).try_collect::<Vec<_>>().await.unwrap(), []);
    }

    /// Of two that look at the same time at least one must see the other.
    #[tokio::test]
    async fn of_two_at_once_never_both_begin() {
        for _ in 0..50 {
            let place = bucket().await;
            let (one, two) = tokio::join!(Turn::take(&place), Turn::take(&place));
            assert!(is_busy(&one) || is_busy(&two));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_died_is_followed_and_learns_of_it_should_it_wake() {
        let place = bucket().await;
        let asleep = Turn::take(&place).await.unwrap();
        // A life of no time stands for a quarter of an hour that has passed.
        let next = Turn::take_after(&place, Duration::ZERO).await.unwrap();
        let lost = asleep.spend(std::future::pending::<Result<(), _>>()).await;
        assert!(is_busy(&lost), "its work is broken off");
        next.renew(next.path.as_ref().unwrap()).await.unwrap();
        // Its clock has passed the time in which it is sure.
        tokio::time::advance(FRESH).await;
        next.must_hold().await.unwrap();
        next.end().await;
        tokio::time::advance(FRESH).await;
        assert!(is_busy(&next.must_hold().await));
    }

    /// A machine that sleeps does not count the time by its first clock.
    #[tokio::test]
    async fn the_time_of_a_machine_that_slept_counts() {
        let place = bucket().await;
        let clock = Clock::manual(1_000_000_000_000);
        let turn = Turn { clock: clock.clone(), ..Turn::take(&place).await.unwrap() };
        turn.write(turn.path.as_ref().unwrap()).await.unwrap();
        turn.must_hold().await.unwrap();
        place.delete(turn.path.as_ref().unwrap()).await.unwrap();
        turn.must_hold().await.unwrap();
        clock.advance(FRESH);
        assert!(is_busy(&turn.must_hold().await));
    }

    #[tokio::test]
    async fn a_directory_has_a_lock_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::directory_to_write(dir.path()).await.unwrap();
        let turn = Turn::take(&place).await.unwrap();
        turn.spend(turn.must_hold()).await.unwrap();
        assert!(!dir.path().join(WRITERS).exists());
    }
}
