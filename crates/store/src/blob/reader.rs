//! Readers: a stream for async code, a `Read` for threads that may block.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::runtime::Handle;

use crate::error::StoreError;

/// Bytes of an object in order. Errors end it.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

/// Bytes read from a local file at once.
const DISK_READ: usize = 128 * 1024;

/// Streams `len` bytes of a file from `start`; the file stays readable even if it is removed meanwhile.
pub(super) fn file_stream(file: File, start: u64, len: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let file = Arc::new(file);
    stream::try_unfold((start, len), move |(at, left)| {
        let file = Arc::clone(&file);
        async move {
            if left == 0 {
                return Ok(None);
            }
            let want = usize::try_from(left).unwrap_or(usize::MAX).min(DISK_READ);
            let read = move || {
                let mut bytes = vec![0; want];
                file.read_exact_at(&mut bytes, at).map(|()| Bytes::from(bytes))
            };
            let bytes = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
            Ok(Some((bytes, (at + want as u64, left - want as u64))))
        }
    })
}

/// Boxes a stream of a local file.
pub(super) fn file_blob_stream(file: File, start: u64, len: u64) -> BlobStream {
    Box::pin(file_stream(file, start, len).map_err(StoreError::from_io))
}

/// Reads one object from a thread that may block.
pub struct BlobReader(Source);

enum Source {
    Disk(io::Take<File>),
    Remote { stream: BlobStream, runtime: Handle, chunk: Bytes },
}

impl BlobReader {
    pub(super) fn disk(file: io::Take<File>) -> Self {
        Self(Source::Disk(file))
    }

    pub(super) fn remote(stream: BlobStream, runtime: Handle) -> Self {
        Self(Source::Remote { stream, runtime, chunk: Bytes::new() })
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Source::Disk(file) => file.read(buffer),
            Source::Remote { stream, runtime, chunk } => {
                while chunk.is_empty() {
                    match runtime.block_on(stream.next()) {
                        Some(next) => *chunk = next.map_err(StoreError::into_io)?,
                        None => return Ok(0),
                    }
                }
                let n = buffer.len().min(chunk.len());
                chunk.copy_to_slice(&mut buffer[..n]);
                Ok(n)
            }
        }
    }
}

impl std::fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            Source::Disk(_) => "BlobReader(disk)",
            Source::Remote { .. } => "BlobReader(remote)",
        })
    }
}
