//! A stored original, read to its end: what is made of it counts only when it is still what was acknowledged.

use std::io::Read as _;

use csvp_store::{BlobReader, Blobs, Entity, ObjectKey, StoreError, Sum, Upload};
use sha2::{Digest as _, Sha256};

use super::{SLICE, Stop};

/// Bytes read at once.
pub(super) const READ: usize = 256 << 10;

/// What an original was when it was acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) size_bytes: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

impl Sent {
    /// As the row of the upload has it.
    pub(crate) fn of(upload: &Upload) -> Self {
        Self { size_bytes: upload.size_bytes, sha256: upload.sha256.clone() }
    }
}

/// An original that is being read.
pub(super) struct Stored {
    reader: BlobReader,
    key: ObjectKey,
    sent: Sent,
    hash: Sha256,
    read_bytes: u64,
}

impl Stored {
    /// Opens it at its begin.
    ///
    /// # Errors
    /// [`Stop::Lost`] when it is not there.
    pub(super) fn open(blobs: &Blobs, key: ObjectKey, sent: &Sent) -> Result<Self, Stop> {
        let reader = blobs.blocking_reader(&key, 0).map_err(|error| or_lost(error.into(), &key, sent))?;
        Ok(Self { reader, key, sent: sent.clone(), hash: Sha256::new(), read_bytes: 0 })
    }

    /// Reads one slice and hands it on; true at the end, when all that was handed on is known to be what was sent.
    ///
    /// # Errors
    /// [`Stop::Lost`] when it is something else: nothing that was made of it may be shown.
    pub(super) fn read_slice(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<bool, Stop> {
        let (hash, read_bytes) = (&mut self.hash, &mut self.read_bytes);
        let read = read_slice(&mut self.reader, |bytes| {
            hash.update(bytes);
            *read_bytes += bytes.len() as u64;
            take(bytes)
        });
        let is_end = read.map_err(|stop| or_lost(stop, &self.key, &self.sent))?;
        if is_end {
            self.compare()?;
        }
        Ok(is_end)
    }

    /// Bytes read so far.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    fn compare(&mut self) -> Result<(), Stop> {
        let Sent { size_bytes, sha256 } = &self.sent;
        if self.read_bytes != *size_bytes {
            return Err(Stop::Lost(format!("expected {size_bytes} bytes, found {}", self.read_bytes)));
        }
        let found = Sum::finish(std::mem::take(&mut self.hash)).to_string();
        if found != *sha256 {
            return Err(Stop::Lost(format!("expected SHA-256 {sha256}, found {found}")));
        }
        Ok(())
    }
}

/// An original that is not there is lost too.
fn or_lost(stop: Stop, original: &ObjectKey, sent: &Sent) -> Stop {
    match stop {
        Stop::Store(StoreError::NotFound(Entity::Object(key))) if key == *original => {
            Stop::Lost(format!("expected {} bytes, found no object", sent.size_bytes))
        }
        stop => stop,
    }
}

/// Reads one slice and hands it on; true at the end of the object.
fn read_slice(
    reader: &mut BlobReader,
    mut take: impl FnMut(&[u8]) -> Result<(), Stop>,
) -> Result<bool, Stop> {
    let mut buffer = vec![0; READ];
    let mut taken = 0;
    while taken < SLICE {
        let n = reader.read(&mut buffer).map_err(StoreError::from_io)?;
        if n == 0 {
            return Ok(true);
        }
        take(&buffer[..n])?;
        taken += n;
    }
    Ok(false)
}
