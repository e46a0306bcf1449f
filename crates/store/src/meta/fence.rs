//! A fence for uploads: their objects are stored before their rows, and what no row knows is removed after a grace period. A
//! process that is stopped in between, for an hour, must not acknowledge what has gone meanwhile. So each upload says when
//! its objects can have been seen first, by the time of the database, and its row is refused when that is long ago.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Meta;
use crate::error::StoreError;
use crate::model::NewUpload;

/// Longest time between the first object of an upload and its row. Whoever removes objects without a row must wait longer.
pub const MAX_UNRECORDED: Duration = Duration::from_secs(10 * 60);

/// How long a time of the database stands for the present one. It is older than that, never younger.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// The last time of the database that this process has seen.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Option<(i64, Instant)>>);

impl Seen {
    pub(super) fn note(&self, database: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((database, Instant::now()));
    }

    fn fresh(&self) -> Option<i64> {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.filter(|(_, when)| when.elapsed() < FRESH_FOR).map(|(database, _)| database)
    }
}

impl Meta {
    /// A time of the database, in microseconds, that has come already: the present one, or one up to a minute older. Taken
    /// before the objects of an upload are stored it is [`NewUpload::stored_after`].
    pub async fn time_mark(&self) -> Result<i64, StoreError> {
        if let Some(database) = self.0.seen.fresh() {
            return Ok(database);
        }
        let database = self.now().await?;
        self.0.seen.note(database);
        Ok(database)
    }
}

/// Refuses an upload whose objects may have been removed already.
pub(super) fn check(new: &NewUpload, now: i64) -> Result<(), StoreError> {
    let unrecorded = now.saturating_sub(new.stored_after);
    if unrecorded <= crate::clock::micros(MAX_UNRECORDED) {
        return Ok(());
    }
    let why = format!(
        "upload `{}` was stored {} s ago, and is to be recorded only now; send it again",
        new.id,
        unrecorded / 1_000_000
    );
    Err(StoreError::Unavailable(why.into()))
}
