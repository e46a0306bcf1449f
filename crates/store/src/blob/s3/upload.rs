//! Multipart uploads whose ids we know, so that those of this process are never taken for orphans.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStoreExt as _, PutPayload, PutResult, Result, UploadPart};

use super::bucket::{Bucket, STORE};

/// Ids of the multipart uploads that this process is writing.
#[derive(Debug, Clone, Default)]
pub(super) struct Alive(Arc<Mutex<HashSet<String>>>);

impl Alive {
    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }
}

/// One multipart upload. Dropped without an end, it stays in the bucket until [`super::unfinished`] finds it.
#[derive(Debug)]
pub(super) struct Upload {
    bucket: Bucket,
    location: Path,
    id: String,
    begun: usize,
    sent_bytes: u64,
    done: Arc<Mutex<Vec<Option<PartId>>>>,
}

impl Upload {
    pub(super) async fn begin(bucket: &Bucket, location: &Path) -> Result<Self> {
        let id = bucket.in_time(bucket.0.store.create_multipart(location)).await?;
        bucket.0.alive.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        let (bucket, location) = (bucket.clone(), location.clone());
        Ok(Self { bucket, location, id, begun: 0, sent_bytes: 0, done: Arc::default() })
    }

    /// The parts in their order; an error when one has not arrived.
    fn parts(&self) -> Result<Vec<PartId>> {
        let done = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        let parts: Option<Vec<PartId>> = done.into_iter().collect();
        parts.filter(|parts| parts.len() == self.begun).ok_or_else(|| Error::Generic {
            store: STORE,
            source: "a multipart upload was completed before all its parts had arrived".into(),
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.bucket.0.alive.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let idx = self.begun;
        self.begun += 1;
        self.sent_bytes += data.content_length() as u64;
        let (bucket, location, id, done) =
            (self.bucket.clone(), self.location.clone(), self.id.clone(), Arc::clone(&self.done));
        Box::pin(async move {
            let part = bucket.in_time(bucket.0.store.put_part(&location, &id, idx, data)).await?;
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            if done.len() <= idx {
                done.resize(idx + 1, None);
            }
            done[idx] = Some(part);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts = self.parts()?;
        let store = &self.bucket.0.store;
        let completed = self.bucket.in_time(store.complete_multipart(&self.location, &self.id, parts)).await;
        match completed {
            // The answer to a first try was lost: the upload is gone because it has become the object.
            Err(Error::NotFound { path, source }) => match self.bucket.head(&self.location).await {
                Ok(meta) if meta.size == self.sent_bytes => {
                    Ok(PutResult { e_tag: meta.e_tag, version: meta.version })
                }
                _ => Err(Error::NotFound { path, source }),
            },
            other => other,
        }
    }

    async fn abort(&mut self) -> Result<()> {
        match self.bucket.in_time(self.bucket.0.store.abort_multipart(&self.location, &self.id)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }
}
