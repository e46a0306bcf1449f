//! How much a run may write: its files are counted while they grow, whatever the file that they come from.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csvp_store::StoreError;

use crate::config::{Bytes, Config};
use crate::services::storage;

/// Bytes that a run may always write.
const FREE_GROWTH: u64 = 64 << 20;
/// Bytes between two looks at the disk.
const LOOK_EVERY: u64 = 16 << 20;

/// The files of a run have become larger than its file allows.
#[derive(Debug, thiserror::Error)]
#[error(
    "the results would take more than {limit}, `processing.max_growth` times the file; \
     look at its problems with `csvp check`, split it, or have the limit raised"
)]
pub(super) struct TooLarge {
    limit: Bytes,
}

/// What all files of one run share.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    written: AtomicU64,
    limit: u64,
    data_dir: PathBuf,
    min_free_disk: u64,
}

impl Room {
    /// The room of a run over a file of so many bytes of text.
    pub(super) fn new(config: &Config, decoded_bytes: u64) -> Self {
        let growth = u64::from(config.processing.max_growth);
        Self(Arc::new(Inner {
            written: AtomicU64::new(0),
            limit: decoded_bytes.saturating_mul(growth).saturating_add(FREE_GROWTH),
            data_dir: config.store.data_dir(),
            min_free_disk: config.store.min_free_disk.0,
        }))
    }

    /// Takes room for more bytes.
    ///
    /// # Errors
    /// [`TooLarge`], or [`StoreError::Full`] when the disk comes near its end, both inside the error of a writer.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let before = self.0.written.fetch_add(bytes, Ordering::Relaxed);
        let after = before.saturating_add(bytes);
        if after > self.0.limit {
            return Err(io::Error::other(TooLarge { limit: Bytes(self.0.limit) }));
        }
        let is_due = before / LOOK_EVERY != after / LOOK_EVERY;
        if is_due && storage::is_nearly_full_at(&self.0.data_dir, self.0.min_free_disk) {
            return Err(StoreError::Full { used_bytes: after, max_bytes: None }.into_io());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::processing::Stop;
    use csvp_engine::EngineError;

    fn config(growth: u32) -> Config {
        let mut config = Config::default();
        config.processing.max_growth = growth;
        config.store.data_dir = std::env::temp_dir().display().to_string();
        config
    }

    #[test]
    fn results_grow_with_their_file_and_no_further() {
        let room = Room::new(&config(2), 1_000);
        room.clone().take(FREE_GROWTH).unwrap();
        room.take(2_000).unwrap();
        let over = EngineError::Output(room.take(1).unwrap_err());
        let Stop::TooLarge(detail) = over.into() else { panic!("expected a refusal") };
        assert!(detail.contains("processing.max_growth"), "{detail}");
    }

    #[test]
    fn the_disk_is_looked_at_while_a_run_writes() {
        let mut config = config(2);
        config.store.min_free_disk = Bytes(u64::MAX);
        let room = Room::new(&config, 0);
        room.take(LOOK_EVERY - 1).unwrap();
        let full = EngineError::Output(room.take(1).unwrap_err());
        assert!(matches!(full.into(), Stop::Store(StoreError::Full { max_bytes: None, .. })));
    }
}
