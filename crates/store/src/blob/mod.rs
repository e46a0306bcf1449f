//! Objects: immutable bytes under a name made of ids.
//!
//! Over a local directory an object that was published survives `kill -9` and a power cut; over an object store it
//! is as durable as that store says. In both an object is visible as a whole or not at all.

mod disk;
mod failure;
mod journal;
mod key;
mod local;
mod mark;
mod pack;
mod parts;
mod ping;
mod placed;
mod publishing;
mod ranges;
mod reader;
mod remote;
mod s3;
mod usage;
mod writer;

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStore;
use tokio::runtime::Handle;

use self::disk::{Disk, Object};
use self::failure::{io_error, store_error};
use self::remote::Remote;
use self::usage::Usage;
use crate::error::{Entity, StoreError};
use crate::owner::{BindError, Mark};

pub(crate) use ranges::read_whole;

pub use disk::make_dirs;
pub use key::{ObjectKey, ObjectPrefix, RunFile, RunFileError};
pub use local::DurableLocal;
pub use publishing::Publishing;
pub use reader::{BlobReader, BlobStream};
pub use remote::UnfinishedWrite;
pub use s3::{S3Credentials, S3Encryption, S3Failure, S3Keys, S3OpenError, S3Options};
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
    Remote(Remote),
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
            // Nothing may grow, so nobody has to count what is there.
            Ok(Self { backend: Backend::Disk(Arc::new(disk)), usage: Usage::new(0, Some(0)) })
        })
        .await
    }

    /// Uses a bucket, after trying in it what the service will do. How many bytes are in use is for [`Blobs::recounted`]
    /// to say: a bucket may be too large to be listed while somebody waits.
    ///
    /// # Errors
    /// What is wrong with the bucket or its options, for a person.
    pub async fn open_s3(options: &S3Options, max_store_bytes: Option<u64>) -> Result<Self, S3OpenError> {
        let remote = Remote::bucket(options).await?;
        Ok(Self { backend: Backend::Remote(remote), usage: Usage::new(0, max_store_bytes) })
    }

    /// Uses a bucket to read only, with the rights to list and to read; nothing is written there, and no writer of it
    /// finds room.
    ///
    /// # Errors
    /// What is wrong with the bucket or its options, for a person.
    pub async fn open_s3_to_read(options: &S3Options) -> Result<Self, S3OpenError> {
        let remote = Remote::bucket_to_read(options).await?;
        Ok(Self { backend: Backend::Remote(remote), usage: Usage::new(0, Some(0)) })
    }

    /// What the mark beside the objects says; none when there is none. An object store that is no bucket has none.
    pub(crate) async fn read_mark(&self) -> Result<Option<Mark>, BindError> {
        match &self.backend {
            Backend::Remote(Remote { bucket: Some(bucket), .. }) => Ok(bucket.read_mark().await?),
            Backend::Remote(_) => Ok(None),
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                on_disk(move || Ok(disk.read_mark())).await?
            }
        }
    }

    /// Writes the mark; as the first one it takes the place of none that another process has written meanwhile.
    pub(crate) async fn write_mark(&self, mark: Mark, is_first: bool) -> Result<(), BindError> {
        match &self.backend {
            Backend::Remote(Remote { bucket: Some(bucket), .. }) => {
                Ok(bucket.write_mark(mark, is_first).await?)
            }
            Backend::Remote(_) => Ok(()),
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                Ok(on_disk(move || disk.write_mark(&mark)).await?)
            }
        }
    }

    /// Where the objects are, for people.
    pub(crate) fn place(&self) -> String {
        match &self.backend {
            Backend::Disk(disk) => disk.root().display().to_string(),
            Backend::Remote(_) => self.bucket().unwrap_or_else(|| "the object store".to_owned()),
        }
    }

    /// Uses an object store of any kind; lists it once to count the bytes in use.
    pub async fn over(store: Arc<dyn ObjectStore>, max_store_bytes: Option<u64>) -> Result<Self, StoreError> {
        let remote = Remote { store, bucket: None };
        let used = remote.used_bytes().await.map_err(store_error)?;
        Ok(Self { backend: Backend::Remote(remote), usage: Usage::new(used, max_store_bytes) })
    }

    /// The most memory that one writer of an object store holds, unless the object is larger than 40 GiB; over a
    /// directory it is 128 KiB.
    pub const NETWORK_WRITER_BYTES: u64 = parts::WRITER_BYTES;

    /// Objects are in an object store and not in a directory.
    pub fn is_remote(&self) -> bool {
        matches!(self.backend, Backend::Remote(_))
    }

    /// The bucket and prefix of all objects, `s3://bucket/prefix`; none over a local directory.
    pub fn bucket(&self) -> Option<String> {
        match &self.backend {
            Backend::Remote(Remote { bucket: Some(bucket), .. }) => Some(bucket.name()),
            _ => None,
        }
    }

    /// The address of an object for people and other programs, `s3://bucket/...`; none over a local directory.
    pub fn address(&self, key: &ObjectKey) -> Option<String> {
        self.bucket().map(|bucket| format!("{bucket}/{key}"))
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
            return remote::put_all(self, objects).await;
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
                on_disk(move || blobs.open_object(&key).map(|object| object.size_bytes)).await
            }
            Backend::Remote(remote) => ranges::size(&remote.store, key).await,
        }
    }

    /// Streams an object from byte `start` on, at most `len` bytes. A range that goes beyond the end is cut there;
    /// one that begins beyond it is the error `Range`. A small object in a directory has a sum: with other bytes than were
    /// written it is an error, whatever part of it is asked for.
    pub async fn read(
        &self,
        key: &ObjectKey,
        start: u64,
        len: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        match &self.backend {
            Backend::Disk(_) => {
                let (blobs, key) = (self.clone(), *key);
                let object = on_disk(move || blobs.open_sound(&key)).await?;
                let len = cut(start, len, object.size_bytes)?;
                Ok(reader::file_blob_stream(object.file, object.start + start, len))
            }
            Backend::Remote(remote) => ranges::read(&remote.store, key, start, len).await,
        }
    }

    /// Streams an object as it is, damaged or not; gives also the CRC-32 that it was written with, where the store keeps
    /// one: of small objects in a directory.
    pub(crate) async fn read_as_it_is(
        &self,
        key: &ObjectKey,
    ) -> Result<(BlobStream, Option<u32>), StoreError> {
        if self.is_remote() {
            return self.read(key, 0, None).await.map(|stream| (stream, None));
        }
        let (blobs, key) = (self.clone(), *key);
        let object = on_disk(move || blobs.open_object(&key)).await?;
        Ok((reader::file_blob_stream(object.file, object.start, object.size_bytes), object.crc))
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
                let Object { mut file, start: first, size_bytes, .. } = self.open_sound(key)?;
                let len = cut(start, None, size_bytes)?;
                file.seek(SeekFrom::Start(first + start)).map_err(StoreError::from_io)?;
                Ok(BlobReader::disk(file.take(len)))
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
            Backend::Remote(remote) => remote.delete(key).await?,
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
            Backend::Remote(remote) => remote.delete_prefix(prefix).await?,
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
        match &self.backend {
            Backend::Disk(_) => remote::objects(self.object_store().list(prefix.path().as_ref())),
            Backend::Remote(remote) => remote.stream_objects(prefix),
        }
    }

    /// Small objects that the journal of a local directory holds and that do not stand in their places as they were
    /// written. An object store has no journal.
    pub async fn misplaced(&self) -> Result<Vec<ObjectKey>, StoreError> {
        let Backend::Disk(disk) = &self.backend else { return Ok(Vec::new()) };
        let disk = Arc::clone(disk);
        let places = on_disk(move || disk.misplaced().map_err(StoreError::from_io)).await?;
        Ok(places.iter().filter_map(|place| ObjectKey::parse(place.to_str()?)).collect())
    }

    /// Writes that no writer of this process will finish. Those of other processes are among them, dead or alive:
    /// who calls this must know how long a living one may take. None over a local directory, where the start of
    /// the process removes them.
    pub async fn unfinished_writes(&self) -> Result<Vec<UnfinishedWrite>, StoreError> {
        match &self.backend {
            Backend::Disk(_) => Ok(vec![]),
            Backend::Remote(remote) => remote.unfinished().await,
        }
    }

    /// Removes what an unfinished write has left; none is fine too.
    pub async fn abort_write(&self, write: &UnfinishedWrite) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Disk(_) => Ok(()),
            Backend::Remote(remote) => remote.abort(write).await,
        }
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
            Backend::Remote(remote) => Arc::clone(&remote.store),
        }
    }

    /// Opens an object whose bytes have the sum that they were written with, where the store keeps one.
    fn open_sound(&self, key: &ObjectKey) -> Result<Object, StoreError> {
        let object = self.open_object(key)?;
        object.check().map_err(|error| io_error(error, key))?;
        Ok(object)
    }

    fn open_object(&self, key: &ObjectKey) -> Result<Object, StoreError> {
        let Backend::Disk(disk) = &self.backend else {
            return Err(StoreError::impossible("an object store has no files"));
        };
        let path = disk.file_path(&key.path()).ok_or(StoreError::NotFound(Entity::Object(*key)))?;
        disk.open_object(&path).map_err(|error| io_error(error, key))
    }
}

/// How many bytes a range really has.
fn cut(start: u64, len: Option<u64>, size_bytes: u64) -> Result<u64, StoreError> {
    let rest = size_bytes.checked_sub(start).ok_or(StoreError::Range { start, size_bytes })?;
    Ok(len.map_or(rest, |len| len.min(rest)))
}

/// Runs file work away from the async threads.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Internal(error.into()))?
}
