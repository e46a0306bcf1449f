//! Writers: bytes go in, an object appears when `finish` returns, and only then. Dropping a writer leaves nothing.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::disk::{Disk, Staged};
use super::usage::Reservation;
use super::{Backend, object_error, on_disk};
use crate::blob::ObjectKey;
use crate::error::StoreError;

/// Bytes gathered before they go to the disk, while the bytes before them are still being written: a writer holds
/// at most twice this, so a thousand slow uploads stay small.
const DISK_BUFFER: usize = 64 * 1024;
/// Bytes of one part of a multipart upload; the smallest that object stores take is 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Writes one object from async code.
///
/// Promises: nothing is visible before [`BlobWriter::finish`] returns `Ok`, and after that the whole object is
/// there and durable. A writer that is dropped, or whose write failed, leaves no bytes. Memory: 128 KiB over a
/// local directory, 16 MiB over an object store.
#[derive(Debug)]
pub struct BlobWriter {
    key: ObjectKey,
    reserved: Reservation,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    sink: Sink,
    /// A write has failed or was dropped before it ended, so bytes may be missing.
    broken: bool,
}

#[derive(Debug)]
enum Sink {
    Disk { disk: Arc<Disk>, target: PathBuf, written: Option<JoinHandle<io::Result<Staged>>> },
    Remote(Remote),
}

impl BlobWriter {
    pub(super) fn new(backend: &Backend, key: ObjectKey, reserved: Reservation) -> Self {
        let sink = match backend {
            Backend::Disk(disk) => {
                let target = disk.file_path(&key.path()).expect("keys have no part that begins with a dot");
                Sink::Disk { disk: Arc::clone(disk), target, written: None }
            }
            Backend::Remote(store) => {
                Sink::Remote(Remote { store: Arc::clone(store), path: key.path(), upload: None, sent: None })
            }
        };
        Self { key, reserved, waiting: Vec::new(), waiting_bytes: 0, sink, broken: false }
    }

    /// The object being written.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Bytes taken so far.
    pub fn written_bytes(&self) -> u64 {
        self.reserved.bytes()
    }

    /// Takes the next bytes. `Full` at the ceiling or when the disk has no room; the writer is then of no further
    /// use. Waits while the disk is slower than the sender.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.broken {
            return Err(broken());
        }
        self.broken = true;
        self.reserved.grow(bytes.len() as u64)?;
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        let enough = match self.sink {
            Sink::Disk { .. } => DISK_BUFFER,
            Sink::Remote(_) => PART_BYTES,
        };
        if self.waiting_bytes >= enough {
            self.send_waiting().await?;
        }
        self.broken = false;
        Ok(())
    }

    async fn send_waiting(&mut self) -> Result<(), StoreError> {
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        match &mut self.sink {
            Sink::Disk { disk, written, .. } => {
                let staged = match written.take() {
                    Some(task) => Some(joined(task, &self.reserved).await?),
                    None => None,
                };
                let disk = Arc::clone(disk);
                *written = Some(tokio::task::spawn_blocking(move || write_all(&disk, staged, &waiting)));
                Ok(())
            }
            Sink::Remote(remote) => remote.send(waiting, &self.key).await,
        }
    }

    /// Makes the object visible and durable; gives its size. Once called it goes on even if the caller stops
    /// waiting: the object is then there without anyone knowing, which `repair` puts right.
    pub async fn finish(self) -> Result<u64, StoreError> {
        let Self { key, reserved, waiting, sink, broken: is_broken, .. } = self;
        if is_broken {
            return Err(broken());
        }
        let size_bytes = reserved.bytes();
        match sink {
            Sink::Disk { disk, target, written } => {
                let staged = match written {
                    Some(task) => Some(joined(task, &reserved).await?),
                    None => None,
                };
                on_disk(move || {
                    let published = match staged {
                        Some(mut staged) => {
                            staged.write_chunks(&waiting).and_then(|()| disk.publish(vec![(staged, target)]))
                        }
                        None => disk.publish_small(&[(waiting, target)]),
                    };
                    let replaced = published.map_err(|error| reserved.explain(StoreError::from_io(error)))?;
                    reserved.keep(replaced.iter().sum());
                    Ok(())
                })
                .await?;
            }
            Sink::Remote(remote) => {
                // In a task of its own, so that a caller who goes away does not leave half a completion.
                let finish = tokio::spawn(async move {
                    let replaced = remote.finish(waiting, &key).await?;
                    reserved.keep(replaced);
                    Ok(())
                });
                finish.await.map_err(|error| StoreError::Internal(error.into()))??;
            }
        }
        Ok(size_bytes)
    }
}

/// An object with a hole must never appear.
fn broken() -> StoreError {
    StoreError::impossible("a write of this object failed or was broken off, it cannot be finished")
}

async fn joined(task: JoinHandle<io::Result<Staged>>, reserved: &Reservation) -> Result<Staged, StoreError> {
    let written = task.await.map_err(|error| StoreError::Internal(error.into()))?;
    written.map_err(|error| reserved.explain(StoreError::from_io(error)))
}

/// Appends to the staged file, which is made when there is none.
fn write_all(disk: &Arc<Disk>, staged: Option<Staged>, chunks: &[Bytes]) -> io::Result<Staged> {
    let mut staged = match staged {
        Some(staged) => staged,
        None => disk.stage()?,
    };
    staged.write_chunks(chunks)?;
    Ok(staged)
}

/// The way to an object store: parts while it is large, a single put while it is small.
#[derive(Debug)]
struct Remote {
    store: Arc<dyn ObjectStore>,
    path: Path,
    upload: Option<Box<dyn MultipartUpload>>,
    sent: Option<JoinHandle<object_store::Result<()>>>,
}

impl Remote {
    async fn send(&mut self, part: Vec<Bytes>, key: &ObjectKey) -> Result<(), StoreError> {
        self.part_arrived(key).await?;
        if self.upload.is_none() {
            let upload = self.store.put_multipart(&self.path).await;
            self.upload = Some(upload.map_err(|error| object_error(error, key))?);
        }
        if let Some(upload) = &mut self.upload {
            self.sent = Some(tokio::spawn(upload.put_part(PutPayload::from_iter(part))));
        }
        Ok(())
    }

    async fn part_arrived(&mut self, key: &ObjectKey) -> Result<(), StoreError> {
        let Some(sent) = self.sent.take() else { return Ok(()) };
        let arrived = sent.await.map_err(|error| StoreError::Internal(error.into()))?;
        arrived.map_err(|error| object_error(error, key))
    }

    /// Gives the size of the object that was replaced.
    async fn finish(mut self, rest: Vec<Bytes>, key: &ObjectKey) -> Result<u64, StoreError> {
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
        if !rest.is_empty() {
            self.send(rest, key).await?;
        }
        self.part_arrived(key).await?;
        if let Some(upload) = &mut self.upload {
            upload.complete().await.map_err(|error| object_error(error, key))?;
        }
        self.upload = None;
        Ok(replaced)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let Some(mut upload) = self.upload.take() else { return };
        // Without a runtime the store's own rule for unfinished uploads has to remove it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "an unfinished upload stays in the store"
                    );
                }
            });
        }
    }
}

/// Writes one object from a thread that may block, with the same promises as [`BlobWriter`].
#[derive(Debug)]
pub struct BlockingBlobWriter {
    sink: Blocking,
    broken: bool,
}

#[derive(Debug)]
enum Blocking {
    Disk { disk: Arc<Disk>, staged: Option<Staged>, target: PathBuf, reserved: Reservation, waiting: Vec<u8> },
    Remote { writer: BlobWriter, runtime: Handle },
}

impl BlockingBlobWriter {
    pub(super) fn new(backend: &Backend, key: ObjectKey, reserved: Reservation) -> Result<Self, StoreError> {
        let sink = match backend {
            Backend::Disk(disk) => {
                let target = disk.file_path(&key.path()).expect("keys have no part that begins with a dot");
                Blocking::Disk { disk: Arc::clone(disk), staged: None, target, reserved, waiting: Vec::new() }
            }
            Backend::Remote(_) => {
                let runtime = Handle::try_current().map_err(|error| StoreError::Internal(error.into()))?;
                Blocking::Remote { writer: BlobWriter::new(backend, key, reserved), runtime }
            }
        };
        Ok(Self { sink, broken: false })
    }

    /// Bytes taken so far.
    pub fn written_bytes(&self) -> u64 {
        match &self.sink {
            Blocking::Disk { reserved, .. } => reserved.bytes(),
            Blocking::Remote { writer, .. } => writer.written_bytes(),
        }
    }

    /// Makes the object visible and durable; gives its size.
    pub fn finish(self) -> Result<u64, StoreError> {
        Self::finish_all(vec![self]).map(|sizes| sizes.into_iter().sum())
    }

    /// Finishes several objects and gives their sizes in the same order. They share their waits for the disk. After an
    /// error some may be there; the caller removes them by their prefix.
    pub fn finish_all(writers: Vec<Self>) -> Result<Vec<u64>, StoreError> {
        if writers.iter().any(|writer| writer.broken) {
            return Err(broken());
        }
        let sizes = writers.iter().map(Self::written_bytes).collect();
        let mut on_disk = Vec::with_capacity(writers.len());
        for writer in writers {
            match writer.sink {
                Blocking::Disk { disk, staged, target, reserved, waiting } => {
                    on_disk.push(Waiting { disk, staged, target, reserved, bytes: waiting });
                }
                Blocking::Remote { writer, runtime } => {
                    runtime.block_on(writer.finish())?;
                }
            }
        }
        finish_on_disk(on_disk)?;
        Ok(sizes)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        match &mut self.sink {
            Blocking::Disk { disk, staged, reserved, waiting, .. } => {
                reserved.grow(bytes.len() as u64)?;
                if waiting.len() + bytes.len() <= DISK_BUFFER {
                    waiting.extend_from_slice(bytes);
                    return Ok(());
                }
                let mut write = || -> io::Result<()> {
                    let staged = match staged {
                        Some(staged) => staged,
                        None => staged.insert(disk.stage()?),
                    };
                    staged.write_all(waiting)?;
                    waiting.clear();
                    if bytes.len() >= DISK_BUFFER {
                        return staged.write_all(bytes);
                    }
                    waiting.extend_from_slice(bytes);
                    Ok(())
                };
                write().map_err(|error| reserved.explain(StoreError::from_io(error)))
            }
            Blocking::Remote { writer, runtime } => {
                runtime.block_on(writer.write(Bytes::copy_from_slice(bytes)))
            }
        }
    }
}

/// The end of an object, not yet in its file; without a file, all of it.
struct Waiting {
    disk: Arc<Disk>,
    staged: Option<Staged>,
    target: PathBuf,
    reserved: Reservation,
    bytes: Vec<u8>,
}

/// Publishes what is all small through the journal, and otherwise file by file.
fn finish_on_disk(objects: Vec<Waiting>) -> Result<(), StoreError> {
    let Some(disk) = objects.first().map(|first| Arc::clone(&first.disk)) else { return Ok(()) };
    let all_small = objects.iter().all(|object| object.staged.is_none());
    let (mut reservations, mut small, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for Waiting { staged, target, reserved, bytes, .. } in objects {
        if all_small {
            small.push((vec![Bytes::from(bytes)], target));
        } else {
            let staged = write_all(&disk, staged, &[Bytes::from(bytes)]);
            files.push((staged.map_err(|error| reserved.explain(StoreError::from_io(error)))?, target));
        }
        reservations.push(reserved);
    }
    let published = if all_small { disk.publish_small(&small) } else { disk.publish(files) };
    match (published, reservations.first()) {
        (Ok(replaced), _) => {
            reservations.into_iter().zip(replaced).for_each(|(reserved, replaced)| reserved.keep(replaced));
            Ok(())
        }
        (Err(error), Some(reserved)) => Err(reserved.explain(StoreError::from_io(error))),
        (Err(error), None) => Err(StoreError::from_io(error)),
    }
}

impl io::Write for BlockingBlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.broken {
            return Err(broken().into_io());
        }
        self.broken = true;
        self.take(bytes).map_err(StoreError::into_io)?;
        self.broken = false;
        Ok(bytes.len())
    }

    /// Does nothing: bytes count only once the object is finished.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
