//! Objects in an object store, in memory or behind a network.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::ready;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::failure::{object_error, store_error};
use super::s3::{Bucket, S3OpenError, S3Options, Unfinished};
use super::{Blobs, FoundObject, ObjectKey, ObjectPrefix, ranges};
use crate::error::StoreError;

/// Small objects written at the same time.
const PUTS_AT_ONCE: usize = 16;

/// An object store, and what of it the common interface does not show.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) bucket: Option<Bucket>,
}

/// Bytes of an object that nobody will finish: its writer is gone, or is in another process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnfinishedWrite {
    upload: Unfinished,
    key: ObjectKey,
}

impl fmt::Display for UnfinishedWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.key, self.upload.id)
    }
}

impl Remote {
    /// Uses a bucket, after everything was tried that the service will do with it.
    pub(super) async fn bucket(options: &S3Options) -> Result<Self, S3OpenError> {
        let bucket = Bucket::new(options.clone())?;
        bucket.probe().await?;
        Ok(Self::over(bucket))
    }

    /// Uses a bucket to read only; nothing is written, not even to try it.
    pub(super) async fn bucket_to_read(options: &S3Options) -> Result<Self, S3OpenError> {
        let bucket = Bucket::new(options.clone())?;
        bucket.probe_to_read().await?;
        Ok(Self::over(bucket))
    }

    fn over(bucket: Bucket) -> Self {
        let store: Arc<dyn ObjectStore> = if bucket.prefix().as_ref().is_empty() {
            Arc::new(bucket.clone())
        } else {
            Arc::new(PrefixStore::new(bucket.clone(), bucket.prefix().clone()))
        };
        Self { store, bucket: Some(bucket) }
    }

    /// Bytes of all objects, from a list of them.
    pub(super) async fn used_bytes(&self) -> object_store::Result<u64> {
        let all = self.store.list(None);
        let ours = all.try_filter(|meta| ready(ObjectKey::parse(meta.location.as_ref()).is_some()));
        ours.try_fold(0, |used, meta| ready(Ok(used + meta.size))).await
    }

    pub(super) async fn delete(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        let size_bytes = ranges::size(&self.store, key).await?;
        self.store.delete(&key.path()).await.map_err(|error| object_error(error, key))?;
        Ok(size_bytes)
    }

    pub(super) async fn delete_prefix(&self, prefix: &ObjectPrefix) -> Result<u64, StoreError> {
        let path =
            prefix.path().ok_or_else(|| StoreError::impossible("the whole store is not removed at once"))?;
        let found: Vec<_> = self.store.list(Some(&path)).try_collect().await.map_err(store_error)?;
        let freed = found.iter().map(|meta| meta.size).sum();
        let locations = stream::iter(found.into_iter().map(|meta| Ok(meta.location))).boxed();
        let mut removed = self.store.delete_stream(locations);
        let mut first = None;
        while let Some(one) = removed.next().await {
            match one {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                // One that must stay does not keep the others; what is there is listed anew the next time.
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(freed), |error| Err(store_error(error)))
    }

    pub(super) fn stream_objects(
        &self,
        prefix: &ObjectPrefix,
    ) -> BoxStream<'static, Result<FoundObject, StoreError>> {
        objects(self.store.list(prefix.path().as_ref()))
    }

    /// Writes of other processes, dead or alive, that are not finished.
    pub(super) async fn unfinished(&self) -> Result<Vec<UnfinishedWrite>, StoreError> {
        let Some(bucket) = &self.bucket else { return Ok(vec![]) };
        let uploads = bucket.unfinished().await.map_err(store_error)?;
        let ours = uploads.into_iter().filter_map(|upload| {
            let key = ObjectKey::parse(&upload.below(bucket.prefix())?)?;
            Some(UnfinishedWrite { upload, key })
        });
        Ok(ours.collect())
    }

    pub(super) async fn abort(&self, write: &UnfinishedWrite) -> Result<(), StoreError> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        bucket.abort(&write.upload).await.map_err(store_error)
    }
}

/// Names that are keys; others are left out.
pub(super) fn objects(
    found: BoxStream<'static, object_store::Result<object_store::ObjectMeta>>,
) -> BoxStream<'static, Result<FoundObject, StoreError>> {
    let objects = found.try_filter_map(|meta| async move {
        Ok(ObjectKey::parse(meta.location.as_ref()).map(|key| FoundObject {
            key,
            size_bytes: meta.size,
            modified_us: meta.last_modified.timestamp_micros(),
        }))
    });
    objects.map_err(store_error).boxed()
}

/// Writes small objects side by side; ends when all have ended, with the first error.
pub(super) async fn put_all(blobs: &Blobs, objects: Vec<(ObjectKey, Bytes)>) -> Result<(), StoreError> {
    let puts = stream::iter(objects.into_iter().map(|(key, bytes)| blobs.put(key, bytes)));
    let done: Vec<Result<(), StoreError>> = puts.buffer_unordered(PUTS_AT_ONCE).collect().await;
    done.into_iter().collect()
}
