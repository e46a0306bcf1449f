//! How many bytes the store holds, and the ceiling that writers run into.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::StoreError;

/// Bytes in the store, those of unfinished writers included. Counted at the start or soon after it, kept in memory then.
#[derive(Debug)]
pub(super) struct Usage {
    used: AtomicU64,
    /// The part of it that is not published yet.
    reserved: AtomicU64,
    max: Option<u64>,
}

impl Usage {
    pub(super) fn new(used: u64, max: Option<u64>) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(used), reserved: AtomicU64::new(0), max })
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn max_bytes(&self) -> Option<u64> {
        self.max
    }

    /// All published objects were counted anew: other processes may have written and removed some.
    pub(super) fn correct(&self, published: u64) {
        self.used.store(published.saturating_add(self.reserved.load(Ordering::Relaxed)), Ordering::Relaxed);
    }

    /// Objects of this size have gone.
    pub(super) fn release(&self, bytes: u64) {
        // Saturating: someone may have removed files behind our back and put larger ones there.
        let _ = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used.saturating_sub(bytes)));
    }

    pub(super) fn reservation(self: &Arc<Self>) -> Reservation {
        Reservation { usage: Arc::clone(self), bytes: 0 }
    }

    /// Adds what the disk knows to an error that says it is full.
    pub(super) fn explain(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Full { max_bytes: None, .. } => {
                StoreError::Full { used_bytes: self.used_bytes(), max_bytes: None }
            }
            other => other,
        }
    }
}

/// Room taken by one writer; given back on drop unless the object was published.
#[derive(Debug)]
pub(super) struct Reservation {
    usage: Arc<Usage>,
    bytes: u64,
}

impl Reservation {
    /// Takes room for more bytes, or says that the store is full.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), StoreError> {
        let max = self.usage.max.unwrap_or(u64::MAX);
        let grown = self.usage.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|&sum| sum <= max)
        });
        match grown {
            Ok(_) => {
                self.bytes += bytes;
                self.usage.reserved.fetch_add(bytes, Ordering::Relaxed);
                Ok(())
            }
            Err(used_bytes) => Err(StoreError::Full { used_bytes, max_bytes: self.usage.max }),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn explain(&self, error: StoreError) -> StoreError {
        self.usage.explain(error)
    }

    /// The object is published and stays; it took the place of one of `replaced` bytes.
    pub(super) fn keep(mut self, replaced: u64) {
        self.usage.reserved.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = 0;
        self.usage.release(replaced);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.usage.reserved.fetch_sub(self.bytes, Ordering::Relaxed);
        self.usage.release(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_unless_kept() {
        let usage = Usage::new(10, Some(100));
        let mut first = usage.reservation();
        first.grow(60).unwrap();
        let mut second = usage.reservation();
        assert!(matches!(second.grow(31), Err(StoreError::Full { used_bytes: 70, max_bytes: Some(100) })));
        second.grow(30).unwrap();
        drop(first);
        assert_eq!(usage.used_bytes(), 40);
        second.keep(10);
        assert_eq!(usage.used_bytes(), 30);
        let mut third = usage.reservation();
        third.grow(5).unwrap();
        usage.correct(50);
        assert_eq!(usage.used_bytes(), 55);
        drop(third);
        assert_eq!(usage.used_bytes(), 50);
    }
}
