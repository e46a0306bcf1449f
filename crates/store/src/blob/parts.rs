//! The way of one object to an object store: parts while it is large, a single put while it is small.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::failure::object_error;
use crate::blob::ObjectKey;
use crate::error::StoreError;

/// Bytes of one part; object stores take none below 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of one part of an object that would else have too many.
const LARGE_PART_BYTES: usize = 16 * 1024 * 1024;
/// Parts of the first size. With the second size an object may have 120 GiB.
const SMALL_PARTS: usize = 5_000;
/// The most parts that an object may have.
const MAX_PARTS: usize = 10_000;
/// Parts on their way while the next one is gathered.
const IN_FLIGHT: usize = 2;

/// The most memory that the writer of one object holds, unless the object is larger than 40 GiB.
pub(super) const WRITER_BYTES: u64 = ((IN_FLIGHT + 1) * PART_BYTES) as u64;

#[derive(Debug)]
pub(super) struct Sender {
    store: Arc<dyn ObjectStore>,
    path: Path,
    upload: Option<Box<dyn MultipartUpload>>,
    /// Parts that were begun.
    begun: usize,
    sent: VecDeque<JoinHandle<object_store::Result<()>>>,
}

impl Sender {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path) -> Self {
        Self { store, path, upload: None, begun: 0, sent: VecDeque::new() }
    }

    /// How many bytes the next part shall have.
    pub(super) fn part_bytes(&self) -> usize {
        if self.begun < SMALL_PARTS { PART_BYTES } else { LARGE_PART_BYTES }
    }

    /// Sends a part; waits while too many are on their way.
    pub(super) async fn send(&mut self, part: Vec<Bytes>, key: &ObjectKey) -> Result<(), StoreError> {
        if self.begun == MAX_PARTS {
            return Err(StoreError::impossible(format!("{key} has more than {MAX_PARTS} parts")));
        }
        while self.sent.len() >= IN_FLIGHT {
            self.first_arrived(key).await?;
        }
        if self.upload.is_none() {
            let upload = self.store.put_multipart(&self.path).await;
            self.upload = Some(upload.map_err(|error| object_error(error, key))?);
        }
        if let Some(upload) = &mut self.upload {
            self.begun += 1;
            self.sent.push_back(tokio::spawn(upload.put_part(PutPayload::from_iter(part))));
        }
        Ok(())
    }

    /// Waits for the part that was sent first.
    async fn first_arrived(&mut self, key: &ObjectKey) -> Result<(), StoreError> {
        let Some(first) = self.sent.front_mut() else { return Ok(()) };
        let arrived = first.await;
        self.sent.pop_front();
        let arrived = arrived.map_err(|error| StoreError::Internal(error.into()))?;
        arrived.map_err(|error| object_error(error, key))
    }

    /// Makes the object visible; gives the size of the one that was replaced.
    pub(super) async fn finish(mut self, rest: Vec<Bytes>, key: &ObjectKey) -> Result<u64, StoreError> {
        let replaced = match self.store.head(&self.path).await {
            Ok(meta) => meta.size,
            Err(object_store::Error::NotFound { .. }) => 0,
            Err(error) => return Err(object_error(error, key)),
        };
        if self.upload.is_none() {
            let put = self.store.put(&self.path, PutPayload::from_iter(rest)).await;
            put.map_err(|error| object_error(error, key))?;
            return Ok(replaced);
        }
        if rest.iter().any(|bytes| !bytes.is_empty()) {
            self.send(rest, key).await?;
        }
        while !self.sent.is_empty() {
            self.first_arrived(key).await?;
        }
        if let Some(upload) = &mut self.upload {
            upload.complete().await.map_err(|error| object_error(error, key))?;
        }
        self.upload = None;
        Ok(replaced)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let Some(mut upload) = self.upload.take() else { return };
        let sent = std::mem::take(&mut self.sent);
        // Without a runtime the look for unfinished uploads removes it later.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            // A part that arrives after the end would stay: first all come to an end, then what came is removed.
            for part in sent {
                part.abort();
                let _ = part.await;
            }
            if let Err(error) = upload.abort().await {
                tracing::warn!(
                    error = %crate::Chain(&error),
                    "an unfinished upload stays in the store until the next look for such"
                );
            }
        });
    }
}
