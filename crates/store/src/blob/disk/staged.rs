//! Files that nobody can see yet.

use std::fs::{self, File};
use std::io::{self, IoSlice, Write as _};
use std::num::NonZeroU64;
use std::path::PathBuf;

use bytes::Bytes;
use rustix::fs::{Advice, fadvise};

/// After so many bytes the disk begins to write them: the sync at the end has little left to wait for.
const WRITE_OUT_EVERY: u64 = 8 << 20;

/// A file that nobody can see. It is removed on drop unless it was published.
#[derive(Debug)]
pub(in crate::blob) struct Staged {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) published: bool,
    written: u64,
    /// The part of it that the disk has been told to write.
    on_its_way: u64,
}

impl Staged {
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self { file, path, published: false, written: 0, on_its_way: 0 }
    }

    pub(in crate::blob) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.write_out(bytes.len() as u64);
        Ok(())
    }

    /// Appends several pieces.
    pub(in crate::blob) fn write_chunks(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        write_chunks(&mut self.file, chunks)?;
        self.write_out(chunks.iter().map(|chunk| chunk.len() as u64).sum());
        Ok(())
    }

    /// Linux begins to write dirty pages that are said not to be needed, and keeps them until they are written; of what
    /// becomes of them only the sync at the end tells. Where it does neither, nothing is lost but time.
    fn write_out(&mut self, more: u64) {
        self.written += more;
        let waiting = self.written - self.on_its_way;
        if waiting >= WRITE_OUT_EVERY {
            let _ = fadvise(&self.file, self.on_its_way, NonZeroU64::new(waiting), Advice::DontNeed);
            self.on_its_way = self.written;
        }
    }

    /// For copying into it.
    pub(in crate::blob) fn file_mut(&mut self) -> &mut File {
        &mut self.file
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(
                error = %crate::Chain(&error),
                "a temporary file stays until the next start"
            );
        }
    }
}

/// Writes several pieces with one call, or few, and without copying them together.
pub(super) fn write_chunks(file: &mut File, chunks: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
    let mut left = &mut slices[..];
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match file.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut left, n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
