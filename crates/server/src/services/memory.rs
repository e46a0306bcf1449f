//! One budget of memory for the whole process, handed out in shares before work begins.
//!
//! Every turn at the gate has a small share by itself, enough for a small upload. What is left of the budget goes to
//! passes over large files, first come, first served. A share is as large as such a pass was measured to be, and nobody
//! holds one while waiting for another, so the queue always moves.

use std::sync::Arc;
use std::time::Duration;

use csvp_engine::Settings;
use csvp_store::Blobs;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{Bytes, Config};
use crate::error::ApiError;

/// What a small upload needs, body and both passes; the part of every turn at the gate.
pub(crate) const SMALL_SHARE: u64 = 512 << 10;
/// What a first pass needs: a block with its index, slices that wait, what is on the way to the disk.
const FIRST_SHARE: u64 = 12 << 20;
/// What a second pass over a large file needs: mostly a row group of Parquet.
const SECOND_SHARE: u64 = 112 << 20;
/// What a second pass needs however small the file is.
const LEAST_SECOND_SHARE: u64 = 12 << 20;
/// What a first pass needs for each column: shapes, names, what is said about it.
const FIRST_COLUMN_SHARE: u64 = 4 << 10;
/// What a second pass needs for each column: a writer of Parquet with its first pages, statistics.
const SECOND_COLUMN_SHARE: u64 = 16 << 10;
/// Columns that the shares above already hold.
const USUAL_COLUMNS: u64 = 256;
/// What a writer holds of an object on its way to an object store.
const NETWORK_WRITER: u64 = Blobs::NETWORK_WRITER_BYTES;
/// Files of a run that can be as large as the original.
const LARGE_FILES: u64 = 6;
/// The unit of the budget.
const UNIT: u64 = 64 << 10;
/// When a client should come back that was sent away.
const RETRY_AFTER_SECS: u64 = 5;

/// The budget for large files.
#[derive(Debug)]
pub(crate) struct Memory {
    free: Arc<Semaphore>,
    units: u32,
    wait_timeout: Duration,
}

/// A part of the budget, until dropped.
#[derive(Debug)]
pub(crate) struct Share(#[expect(dead_code, reason = "held for its Drop")] OwnedSemaphorePermit);

/// Least budget with which the largest share can be given.
pub(crate) fn least_budget(parallel: usize, to_network: bool) -> Bytes {
    let second = SECOND_SHARE + if to_network { LARGE_FILES * NETWORK_WRITER } else { 0 };
    Bytes((parallel as u64).saturating_mul(SMALL_SHARE).saturating_add(second))
}

/// What a first pass holds of the original on its way to an object store, whose parts are large; over a directory that
/// is nothing beyond its share.
pub(crate) fn sent_by_first(blobs: &Blobs) -> u64 {
    if blobs.is_remote() { NETWORK_WRITER } else { 0 }
}

/// The same for the files of a second pass over a file of this size.
pub(crate) fn sent_by_second(blobs: &Blobs, file_bytes: u64) -> u64 {
    if blobs.is_remote() { file_bytes.saturating_mul(4).min(LARGE_FILES * NETWORK_WRITER) } else { 0 }
}

/// What a first pass with these settings may need, over about so many columns.
pub(crate) fn first_share(settings: &Settings, columns: usize) -> u64 {
    // Exact checks of keys and unique columns hold values.
    let keys = if settings.schema.is_some() { settings.limits.unique_memory_bytes as u64 } else { 0 };
    FIRST_SHARE + keys + unusual(columns) * FIRST_COLUMN_SHARE
}

/// What a second pass over a file of this size and so many columns may need.
pub(crate) fn second_share(file_bytes: u64, columns: usize) -> u64 {
    LEAST_SECOND_SHARE.saturating_add(file_bytes.saturating_mul(2)).min(SECOND_SHARE)
        + unusual(columns) * SECOND_COLUMN_SHARE
}

/// What a small upload of about so many columns needs beyond the share of its turn; none for most.
pub(crate) fn small_share(columns: usize) -> Option<u64> {
    let columns = unusual(columns);
    (columns > 0).then_some(columns * (FIRST_COLUMN_SHARE + SECOND_COLUMN_SHARE))
}

fn unusual(columns: usize) -> u64 {
    (columns as u64).saturating_sub(USUAL_COLUMNS)
}

/// About how many columns the first bytes of a file show: the most delimiters in one line, whichever they are.
pub(crate) fn columns_in(head: &[u8]) -> usize {
    let lines = head.split(|byte| matches!(byte, b'\n' | b'\r'));
    let in_line = |line: &[u8]| line.iter().filter(|byte| matches!(byte, b',' | b';' | b'\t' | b'|')).count();
    // The engine refuses wider ones before they cost anything.
    lines.map(in_line).max().unwrap_or(0).min(csvp_engine::Limits::default().max_columns)
}

impl Memory {
    pub(crate) fn new(config: &Config) -> Self {
        let turns = (config.upload.parallel as u64).saturating_mul(SMALL_SHARE);
        let units = config.processing.memory.0.saturating_sub(turns) / UNIT;
        let units = u32::try_from(units.min(Semaphore::MAX_PERMITS as u64)).unwrap_or(u32::MAX);
        Self {
            free: Arc::new(Semaphore::new(units as usize)),
            units,
            wait_timeout: config.upload.wait_timeout.0,
        }
    }

    /// Waits for a share of this size, or of all there is when that is less.
    pub(crate) async fn share(&self, bytes: u64) -> Share {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        let permit = Arc::clone(&self.free).acquire_many_owned(units).await;
        Share(permit.expect("the semaphore is never closed"))
    }

    /// The same for a request, which does not wait for ever.
    ///
    /// # Errors
    /// `busy` when the wait takes too long.
    pub(crate) async fn share_in_time(&self, bytes: u64) -> Result<Share, ApiError> {
        let share = tokio::time::timeout(self.wait_timeout, self.share(bytes)).await;
        share.map_err(|_| ApiError::busy(RETRY_AFTER_SECS, "no memory became free in time; try again later"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Seconds;

    #[tokio::test(start_paused = true)]
    async fn shares_wait_for_each_other_and_small_uploads_for_none() {
        let mut config = Config::default();
        config.upload.parallel = 4;
        config.upload.wait_timeout = Seconds::new(5);
        config.processing.memory = least_budget(4, false);
        let memory = Memory::new(&config);
        let first = memory.share_in_time(FIRST_SHARE).await.unwrap();
        let late = memory.share_in_time(SECOND_SHARE).await.unwrap_err();
        assert_eq!((late.code.as_str(), late.extras.retry_after_secs), ("busy", Some(RETRY_AFTER_SECS)));
        drop(first);
        let all = memory.share_in_time(u64::MAX).await.unwrap();
        memory.share_in_time(1).await.unwrap_err();
        drop(all);
        memory.share_in_time(SECOND_SHARE).await.unwrap();
    }

    #[test]
    fn shares_grow_with_the_file() {
        assert_eq!(second_share(0, 12), LEAST_SECOND_SHARE);
        assert_eq!(second_share(4 << 20, 12), LEAST_SECOND_SHARE + (8 << 20));
        assert_eq!(second_share(u64::MAX, 12), SECOND_SHARE);
        assert!(second_share(0, 16_000) > 200 << 20, "16,000 writers of Parquet");
        let schema = Settings { schema: Some(Default::default()), ..Settings::default() };
        assert!(first_share(&schema, 1) > first_share(&Settings::default(), 1));
        assert_eq!((small_share(12), small_share(USUAL_COLUMNS as usize + 1)), (None, Some(20 << 10)));
    }

    #[test]
    fn the_first_bytes_show_how_wide_a_table_is() {
        assert_eq!(columns_in(b"title; 2024\na,b,c,d\n1,2,3,4\n"), 3);
        assert_eq!(columns_in(b""), 0);
        assert_eq!(columns_in(&b",".repeat(1 << 20)), 16_384);
    }
}
