//! Objects: immutable bytes under a name made of ids.
//!
//! Over a local directory an object that was published survives `kill -9` and a power cut; over an object store it
//! is as durable as that store says. In both an object is visible as a whole or not at all.

mod disk;
mod journal;
mod key;
mod local;
mod reader;
mod usage;
mod writer;

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Handle;

use self::disk::Disk;
use self::usage::Usage;
use crate::error::{Entity, StoreError};

pub use disk::make_dirs;
pub use key::{ObjectKey, ObjectPrefix, RunFile, RunFileError};
pub use local::DurableLocal;
pub use reader::{BlobReader, BlobStream};
pub use writer::{BlobWriter, BlockingBlobWriter};

/// All objects of the service. Clones are cheap and share the count of used bytes.
#[derive(Debug, Clone)]
pub struct Blobs {
    backend: Backend,
    usage: Arc<Usage>,
}

/// An object as a list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundObject {
    /// Its name.
    pub key: ObjectKey,
    /// Its size.
    pub size_bytes: u64,
    /// When it was written, in microseconds since 1970-01-01 UTC, by the clock of the store.
    pub modified_us: i64,
}

#[derive(Debug, Clone)]
enum Backend {
    Disk(Arc<Disk>),
    Remote(Arc<dyn ObjectStore>),
}

impl Blobs {
    /// Opens a directory, making it when it is missing. Removes what unfinished writes of a crashed process left
    /// and counts the bytes in use. `max_store_bytes` is the ceiling over all objects.
    pub async fn open_local(root: &Path, max_store_bytes: Option<u64>) -> Result<Self, StoreError> {
        let root = root.to_owned();
        on_disk(move || {
            let disk = Disk::open(&root).map_err(StoreError::from_io)?;
            let used = disk.used_bytes().map_err(StoreError::from_io)?;
            Ok(Self { backend: Backend::Disk(Arc::new(disk)), usage: Usage::new(used, max_store_bytes) })
        })
        .await
    }

    /// Opens a directory to read only, while another process may write there. It must exist. What is still being written
    /// is not touched. When no process has the directory, what a crash left is put right first, as the next start would.
    pub async fn open_local_to_read(root: &Path) -> Result<Self, StoreError> {
        let root = root.to_owned();
        on_disk(move || {
            let disk = Disk::open_to_read(&root).map_err(StoreError::from_io)?;
            let used = disk.used_bytes().map_err(StoreError::from_io)?;
            // Nothing may grow, so a ceiling that forgot a byte makes no difference.
            Ok(Self { backend: Backend::Disk(Arc::new(disk)), usage: Usage::new(used, Some(used)) })
        })
        .await
    }

    /// Uses an object store of any kind; lists it once to count the bytes in use.
    pub async fn over(store: Arc<dyn ObjectStore>, max_store_bytes: Option<u64>) -> Result<Self, StoreError> {
        let mut used = 0;
        let mut objects = store.list(None);
        while let Some(meta) = objects.try_next().await.map_err(store_error)? {
            used += meta.size;
        }
        drop(objects);
        Ok(Self { backend: Backend::Remote(store), usage: Usage::new(used, max_store_bytes) })
    }

    /// Begins an object; it replaces one of the same key when it is finished. Needs a tokio runtime.
    pub fn writer(&self, key: ObjectKey) -> BlobWriter {
        BlobWriter::new(&self.backend, key, self.usage.reservation())
    }

    /// Begins an object that a thread will write. Over an object store the call must come from inside a tokio
    /// runtime, the writes from outside its async threads.
    pub fn blocking_writer(&self, key: ObjectKey) -> Result<BlockingBlobWriter, StoreError> {
        BlockingBlobWriter::new(&self.backend, key, self.usage.reservation())
    }

    /// Writes a small object in one go.
    pub async fn put(&self, key: ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        let mut writer = self.writer(key);
        writer.write(bytes).await?;
        writer.finish().await.map(|_| ())
    }

    /// Writes several small objects; those of one run share the sync of their directory. After an error some may
    /// be there; the caller removes them by their prefix.
    pub async fn put_all(&self, objects: Vec<(ObjectKey, Bytes)>) -> Result<(), StoreError> {
        if let Backend::Remote(_) = self.backend {
            for (key, bytes) in objects {
                self.put(key, bytes).await?;
            }
            return Ok(());
        }
        let blobs = self.clone();
        on_disk(move || {
            let mut writers = Vec::with_capacity(objects.len());
            for (key, bytes) in objects {
                let mut writer = blobs.blocking_writer(key)?;
                std::io::Write::write_all(&mut writer, &bytes).map_err(StoreError::from_io)?;
                writers.push(writer);
            }
            BlockingBlobWriter::finish_all(writers).map(|_| ())
        })
        .await
    }

    /// The size of an object, or `NotFound`.
    pub async fn size(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        match &self.backend {
            Backend::Disk(_) => {
                let (blobs, key) = (self.clone(), *key);
                on_disk(move || blobs.open_file(&key).map(|(_, size_bytes)| size_bytes)).await
            }
            Backend::Remote(store) => {
                store.head(&key.path()).await.map(|meta| meta.size).map_err(|error| object_error(error, key))
            }
        }
    }

    /// Streams an object from byte `start` on, at most `len` bytes. A range that goes beyond the end is cut there;
    /// one that begins beyond it is the error `Range`.
    pub async fn read(
        &self,
        key: &ObjectKey,
        start: u64,
        len: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        match &self.backend {
            Backend::Disk(_) => {
                let (blobs, key) = (self.clone(), *key);
                let (file, size_bytes) = on_disk(move || blobs.open_file(&key)).await?;
                let len = cut(start, len, size_bytes)?;
                Ok(reader::file_blob_stream(file, start, len))
            }
            Backend::Remote(store) => {
                let len = cut(start, len, self.size(key).await?)?;
                if len == 0 {
                    return Ok(Box::pin(futures::stream::empty()));
                }
                let range = Some(GetRange::Bounded(start..start + len));
                let options = GetOptions { range, ..GetOptions::default() };
                let result =
                    store.get_opts(&key.path(), options).await.map_err(|error| object_error(error, key))?;
                let key = *key;
                Ok(Box::pin(result.into_stream().map_err(move |error| object_error(error, &key))))
            }
        }
    }

    /// Reads a whole object of at most `at_most` bytes; a larger one is an internal error.
    pub async fn read_all(&self, key: &ObjectKey, at_most: u64) -> Result<Bytes, StoreError> {
        let mut stream = self.read(key, 0, None).await?;
        let mut all: Vec<u8> = Vec::new();
        while let Some(bytes) = stream.try_next().await? {
            all.extend_from_slice(&bytes);
            if all.len() as u64 > at_most {
                return Err(StoreError::impossible(format!("{key} is larger than {at_most} bytes")));
            }
        }
        Ok(all.into())
    }

    /// Reads an object from byte `start` on, for a thread that may block. Over an object store the call must come
    /// from a thread that is inside a tokio runtime but not one of its async threads (`spawn_blocking`).
    pub fn blocking_reader(&self, key: &ObjectKey, start: u64) -> Result<BlobReader, StoreError> {
        match &self.backend {
            Backend::Disk(_) => {
                let (mut file, size_bytes) = self.open_file(key)?;
                cut(start, None, size_bytes)?;
                file.seek(SeekFrom::Start(start)).map_err(StoreError::from_io)?;
                Ok(BlobReader::disk(file))
            }
            Backend::Remote(_) => {
                let runtime = Handle::try_current().map_err(|error| StoreError::Internal(error.into()))?;
                let stream = runtime.block_on(self.read(key, start, None))?;
                Ok(BlobReader::remote(stream, runtime))
            }
        }
    }

    /// Removes one object, or says `NotFound`.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let freed = match &self.backend {
            Backend::Disk(disk) => {
                let (disk, key) = (Arc::clone(disk), *key);
                on_disk(move || {
                    let file =
                        disk.file_path(&key.path()).ok_or(StoreError::NotFound(Entity::Object(key)))?;
                    disk.remove(&file).map_err(|error| io_error(error, &key))
                })
                .await?
            }
            Backend::Remote(store) => {
                let size_bytes = self.size(key).await?;
                store.delete(&key.path()).await.map_err(|error| object_error(error, key))?;
                size_bytes
            }
        };
        self.usage.release(freed);
        Ok(())
    }

    /// Removes all objects of a prefix and gives their bytes; none is fine too.
    pub async fn delete_prefix(&self, prefix: &ObjectPrefix) -> Result<u64, StoreError> {
        let freed = match &self.backend {
            Backend::Disk(disk) => {
                let (disk, path) = (Arc::clone(disk), prefix.path());
                on_disk(move || {
                    let dir = path.as_ref().and_then(|path| disk.file_path(path));
                    let dir =
                        dir.ok_or_else(|| StoreError::impossible("the whole store is not removed at once"))?;
                    disk.remove_all(&dir).map_err(StoreError::from_io)
                })
                .await?
            }
            Backend::Remote(store) => delete_remote(store, prefix).await?,
        };
        self.usage.release(freed);
        Ok(freed)
    }

    /// All objects of a prefix with their sizes, in no order, for prefixes that are known to be small.
    pub async fn list(&self, prefix: &ObjectPrefix) -> Result<Vec<(ObjectKey, u64)>, StoreError> {
        self.stream_keys(prefix).try_collect().await
    }

    /// All objects of a prefix with their sizes, in no order, one after the other: holds a thousand in memory,
    /// however many there are. Names that are no keys are left out.
    pub fn stream_keys(
        &self,
        prefix: &ObjectPrefix,
    ) -> BoxStream<'static, Result<(ObjectKey, u64), StoreError>> {
        self.stream_objects(prefix).map_ok(|object| (object.key, object.size_bytes)).boxed()
    }

    /// The same, with the time at which each was written.
    pub fn stream_objects(
        &self,
        prefix: &ObjectPrefix,
    ) -> BoxStream<'static, Result<FoundObject, StoreError>> {
        let found = self.object_store().list(prefix.path().as_ref());
        let objects = found.try_filter_map(|meta| async move {
            Ok(ObjectKey::parse(meta.location.as_ref()).map(|key| FoundObject {
                key,
                size_bytes: meta.size,
                modified_us: meta.last_modified.timestamp_micros(),
            }))
        });
        objects.map_err(store_error).boxed()
    }

    /// Small objects that the journal of a local directory holds and that do not stand in their places as they were
    /// written. An object store has no journal.
    pub async fn misplaced(&self) -> Result<Vec<ObjectKey>, StoreError> {
        let Backend::Disk(disk) = &self.backend else { return Ok(Vec::new()) };
        let disk = Arc::clone(disk);
        let places = on_disk(move || disk.misplaced().map_err(StoreError::from_io)).await?;
        Ok(places.iter().filter_map(|place| ObjectKey::parse(place.to_str()?)).collect())
    }

    /// Bytes in the store, those of unfinished writers included.
    pub fn used_bytes(&self) -> u64 {
        self.usage.used_bytes()
    }

    /// The ceiling, when there is one.
    pub fn max_bytes(&self) -> Option<u64> {
        self.usage.max_bytes()
    }

    /// The objects behind the common interface of object stores, for engines that read them by themselves. What
    /// is written this way is not counted until the next start.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        match &self.backend {
            Backend::Disk(disk) => Arc::new(DurableLocal::new(Arc::clone(disk))),
            Backend::Remote(store) => Arc::clone(store),
        }
    }

    fn open_file(&self, key: &ObjectKey) -> Result<(File, u64), StoreError> {
        let Backend::Disk(disk) = &self.backend else {
            return Err(StoreError::impossible("an object store has no files"));
        };
        let path = disk.file_path(&key.path()).ok_or(StoreError::NotFound(Entity::Object(*key)))?;
        let file = File::open(path).map_err(|error| io_error(error, key))?;
        let size_bytes = file.metadata().map_err(StoreError::from_io)?.len();
        Ok((file, size_bytes))
    }
}

/// How many bytes a range really has.
fn cut(start: u64, len: Option<u64>, size_bytes: u64) -> Result<u64, StoreError> {
    let rest = size_bytes.checked_sub(start).ok_or(StoreError::Range { start, size_bytes })?;
    Ok(len.map_or(rest, |len| len.min(rest)))
}

async fn delete_remote(store: &Arc<dyn ObjectStore>, prefix: &ObjectPrefix) -> Result<u64, StoreError> {
    let path =
        prefix.path().ok_or_else(|| StoreError::impossible("the whole store is not removed at once"))?;
    let found: Vec<_> = store.list(Some(&path)).try_collect().await.map_err(store_error)?;
    let freed = found.iter().map(|meta| meta.size).sum();
    let locations = futures::stream::iter(found.into_iter().map(|meta| Ok(meta.location))).boxed();
    let mut removed = store.delete_stream(locations);
    while let Some(one) = removed.next().await {
        match one {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(store_error(error)),
        }
    }
    Ok(freed)
}

/// Runs file work away from the async threads.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Internal(error.into()))?
}

fn io_error(error: std::io::Error, key: &ObjectKey) -> StoreError {
    if error.kind() == std::io::ErrorKind::NotFound {
        StoreError::NotFound(Entity::Object(*key))
    } else {
        StoreError::from_io(error)
    }
}

fn object_error(error: object_store::Error, key: &ObjectKey) -> StoreError {
    match error {
        object_store::Error::NotFound { .. } => StoreError::NotFound(Entity::Object(*key)),
        other => store_error(other),
    }
}

/// Sorts errors of object stores: what may pass by itself is `Unavailable`, wrong set-up is internal.
fn store_error(error: object_store::Error) -> StoreError {
    match error {
        object_store::Error::Generic { source, .. } => match source.downcast::<std::io::Error>() {
            Ok(io) => StoreError::from_io(*io),
            Err(source) => StoreError::Unavailable(source),
        },
        other => StoreError::Internal(other.into()),
    }
}
