//! Writers: bytes go in, an object appears when `finish` returns, and only then. Dropping a writer leaves nothing.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::disk::{Disk, Staged};
use super::parts::Sender;
use super::publishing::{OnDisk, Publishing, Unfinished};
use super::usage::Reservation;
use super::{Backend, on_disk};
use crate::blob::ObjectKey;
use crate::error::StoreError;

/// Bytes gathered before they go to the disk, while the bytes before them are still being written: a writer holds
/// at most twice this, so a thousand slow uploads stay small.
const DISK_BUFFER: usize = 64 * 1024;

/// Writes one object from async code.
///
/// Promises: nothing is visible before [`BlobWriter::finish`] returns `Ok`, and after that the whole object is
/// there and durable. A writer that is dropped, or whose write failed, leaves no bytes. Memory: 128 KiB over
/// a directory, [`super::Blobs::NETWORK_WRITER_BYTES`] over an object store.
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
    Remote(Sender),
}

impl BlobWriter {
    pub(super) fn new(backend: &Backend, key: ObjectKey, reserved: Reservation) -> Self {
        let sink = match backend {
            Backend::Disk(disk) => {
                let target = disk.file_path(&key.path()).expect("keys have no part that begins with a dot");
                Sink::Disk { disk: Arc::clone(disk), target, written: None }
            }
            Backend::Remote(remote) => Sink::Remote(Sender::new(Arc::clone(&remote.store), key.path())),
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
        self.take(bytes).await
    }

    /// Takes bytes for which there is room already.
    pub(super) async fn take(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.broken = true;
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        self.send_enough().await?;
        self.broken = false;
        Ok(())
    }

    async fn send_enough(&mut self) -> Result<(), StoreError> {
        match &mut self.sink {
            Sink::Disk { .. } if self.waiting_bytes < DISK_BUFFER => Ok(()),
            Sink::Disk { disk, written, .. } => {
                self.waiting_bytes = 0;
                let waiting = std::mem::take(&mut self.waiting);
                let staged = match written.take() {
                    Some(task) => Some(joined(task, &self.reserved).await?),
                    None => None,
                };
                let disk = Arc::clone(disk);
                *written = Some(tokio::task::spawn_blocking(move || disk.write_on(staged, &waiting)));
                Ok(())
            }
            Sink::Remote(sender) => {
                while self.waiting_bytes >= sender.part_bytes() {
                    let part = take_first(&mut self.waiting, sender.part_bytes());
                    self.waiting_bytes -= sender.part_bytes();
                    sender.send(part, &self.key).await?;
                }
                Ok(())
            }
        }
    }

    /// Makes the object visible and durable; gives its size. When the caller stops waiting, the object may be there all the
    /// same, as a whole, without anyone knowing, which `repair` puts right.
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
                let begun = on_disk(move || {
                    let objects = vec![Unfinished { disk, staged, target, reserved, bytes: waiting }];
                    OnDisk::begin(objects)
                });
                begun.await?.finish().await?;
            }
            Sink::Remote(sender) => {
                // In a task of its own, so that a caller who goes away does not leave half a completion.
                let finish = tokio::spawn(async move {
                    let replaced = sender.finish(waiting, &key).await?;
                    reserved.keep(replaced);
                    Ok(())
                });
                finish.await.map_err(|error| StoreError::Internal(error.into()))??;
            }
        }
        Ok(size_bytes)
    }
}

/// Takes exactly so many bytes, which must be there: some object stores want all parts of an object equally long.
fn take_first(waiting: &mut Vec<Bytes>, mut bytes: usize) -> Vec<Bytes> {
    let whole = waiting.iter().take_while(|piece| {
        let fits = piece.len() <= bytes;
        bytes -= if fits { piece.len() } else { 0 };
        fits
    });
    let whole = whole.count();
    let mut first: Vec<Bytes> = waiting.drain(..whole).collect();
    if let Some(next) = waiting.first_mut().filter(|_| bytes > 0) {
        first.push(next.split_to(bytes));
    }
    first
}

/// An object with a hole must never appear.
fn broken() -> StoreError {
    StoreError::impossible("a write of this object failed or was broken off, it cannot be finished")
}

async fn joined(task: JoinHandle<io::Result<Staged>>, reserved: &Reservation) -> Result<Staged, StoreError> {
    let written = task.await.map_err(|error| StoreError::Internal(error.into()))?;
    written.map_err(|error| reserved.explain(StoreError::from_io(error)))
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
    Remote { writer: BlobWriter, runtime: Handle, waiting: Vec<u8> },
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
                let writer = BlobWriter::new(backend, key, reserved);
                Blocking::Remote { writer, runtime, waiting: Vec::new() }
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
        let sizes = writers.iter().map(Self::written_bytes).collect();
        Self::begin_finish(writers)?.wait()?;
        Ok(sizes)
    }

    /// Begins to finish several objects: what needs no wait for the disk is done.
    pub fn begin_finish(writers: Vec<Self>) -> Result<Publishing, StoreError> {
        if writers.iter().any(|writer| writer.broken) {
            return Err(broken());
        }
        let mut on_disk = Vec::with_capacity(writers.len());
        let (mut remote, mut on) = (Vec::new(), None);
        for writer in writers {
            match writer.sink {
                Blocking::Disk { disk, staged, target, reserved, waiting } => {
                    let bytes = vec![Bytes::from(waiting)];
                    on_disk.push(Unfinished { disk, staged, target, reserved, bytes });
                }
                Blocking::Remote { writer, runtime, waiting } => {
                    remote.push((writer, waiting));
                    on = Some(runtime);
                }
            }
        }
        match on {
            Some(runtime) => Ok(Publishing::over_network(remote, runtime)),
            None => Publishing::on_disk(on_disk),
        }
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
            Blocking::Remote { writer, runtime, waiting } => {
                writer.reserved.grow(bytes.len() as u64)?;
                if waiting.len() + bytes.len() <= DISK_BUFFER {
                    waiting.extend_from_slice(bytes);
                    return Ok(());
                }
                let mut gathered = std::mem::take(waiting);
                if bytes.len() < DISK_BUFFER {
                    waiting.extend_from_slice(bytes);
                } else {
                    gathered.extend_from_slice(bytes);
                }
                runtime.block_on(writer.take(gathered.into()))
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_exactly_its_length() {
        let all: Vec<u8> = (0..100).collect();
        for (cut, wanted) in [(1, 7), (7, 7), (30, 7), (100, 7), (8, 50), (50, 50)] {
            let mut waiting: Vec<Bytes> = all.chunks(cut).map(Bytes::copy_from_slice).collect();
            let mut found = Vec::new();
            while waiting.iter().map(Bytes::len).sum::<usize>() >= wanted {
                let part = take_first(&mut waiting, wanted).concat();
                assert_eq!(part.len(), wanted, "{cut} {wanted}");
                found.extend(part);
            }
            found.extend(waiting.concat());
            assert_eq!(found, all);
        }
    }
}
