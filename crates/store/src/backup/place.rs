//! Where backups lie: a directory, or a part of a bucket. Both are used through the same interface.
//!
//! ```text
//! csvp-backups.json                   says that this place is ours
//! objects/ab/abcd...                  bytes of objects, named by their SHA-256: copied once, whatever backups name them
//! backups/{id}/rows/{table}.ndjson    rows
//! backups/{id}/objects-{n}.ndjson     which objects belong to the backup
//! backups/{id}/manifest.sha256
//! backups/{id}/manifest.json          written last: a backup without it does not count
//! writers/{id}                        who writes at the moment; in a bucket only, which has no lock
//! ```

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::ready;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::error::BackupError;
use super::manifest::FORMAT;
use crate::blob::{Blobs, S3Options, make_dirs, read_whole};
use crate::error::StoreError;
use crate::model::Sum;

/// Says that a place is ours.
pub(super) const MARKER: &str = "csvp-backups.json";
/// What it says.
#[derive(serde::Deserialize)]
struct Marker {
    format: u32,
}
const MARKER_TEXT: &[u8] = b"{\"format\":1}\n";
/// Held by the one process that writes into a directory of backups.
const LOCK_FILE: &str = ".writing";
/// Directory of the bytes of objects.
const OBJECTS: &str = "objects";
/// Directory of the backups.
pub(super) const BACKUPS: &str = "backups";
/// Bytes of one part of a large file; the smallest that object stores take is 5 MiB.
const PART_BYTES: usize = 8 << 20;
/// Parts on their way at the same time, for each file.
const PARTS: usize = 2;

/// A directory or bucket of backups. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    name: String,
    dir: Option<PathBuf>,
    /// The operating system lets go of it with the process, also after `kill -9`.
    _lock: Option<Arc<File>>,
}

impl Place {
    /// A directory to write backups into, made when it is missing. This process has it alone until the value is dropped.
    ///
    /// # Errors
    /// It holds other things, another process writes there, or it cannot be written.
    pub async fn directory_to_write(dir: &FilePath) -> Result<Self, BackupError> {
        let name = dir.display().to_string();
        let failed = |source: std::io::Error| io_failed(&name, source);
        make_dirs(dir).map_err(failed)?;
        if !dir.join(MARKER).exists() && holds_anything(dir).map_err(failed)? {
            return Err(BackupError::Foreign { place: name });
        }
        let lock = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK_FILE));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(BackupError::Busy { what: format!("the backups in `{name}`") });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let blobs = Blobs::open_local(dir, None).await.map_err(|error| store_failed(&name, error))?;
        let place = Self {
            store: blobs.object_store(),
            prefix: Path::default(),
            name,
            dir: Some(dir.to_owned()),
            _lock: Some(Arc::new(lock)),
        };
        place.mark().await?;
        Ok(place)
    }

    /// A directory to read backups from; nothing in it is changed.
    ///
    /// # Errors
    /// It is missing, cannot be read, or holds no backups.
    pub async fn directory_to_read(dir: &FilePath) -> Result<Self, BackupError> {
        let name = dir.display().to_string();
        if let Err(error) = fs::metadata(dir) {
            return Err(match error.kind() {
                std::io::ErrorKind::NotFound => BackupError::NoBackups { place: name },
                _ => io_failed(&name, error),
            });
        }
        let blobs = Blobs::open_local_to_read(dir).await.map_err(|error| store_failed(&name, error))?;
        let place = Self {
            store: blobs.object_store(),
            prefix: Path::default(),
            name,
            dir: Some(dir.to_owned()),
            _lock: None,
        };
        place.must_be_marked().await?;
        Ok(place)
    }

    /// A bucket of S3, or a part of it, to write backups into, after trying in it what a backup will do.
    ///
    /// # Errors
    /// It cannot be used, or holds other things.
    pub async fn s3_to_write(options: &S3Options) -> Result<Self, BackupError> {
        let (store, name) = s3(&Blobs::open_s3(options, None).await?);
        Self::bucket_to_write(store, "", name).await
    }

    /// A bucket of S3, or a part of it, to read backups from; nothing in it is changed, and no right to do so is needed.
    ///
    /// # Errors
    /// It cannot be used, or holds no backups.
    pub async fn s3_to_read(options: &S3Options) -> Result<Self, BackupError> {
        let (store, name) = s3(&Blobs::open_s3_to_read(options).await?);
        Self::bucket_to_read(store, "", name).await
    }

    /// The part of an object store under `prefix` to write backups into; `name` is what people are told.
    ///
    /// # Errors
    /// It holds other things, or does not answer.
    pub async fn bucket_to_write(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        name: impl Into<String>,
    ) -> Result<Self, BackupError> {
        let place = Self { store, prefix: Path::from(prefix), name: name.into(), dir: None, _lock: None };
        if !place.is_marked().await? {
            // A process that died may have left what it tried the bucket with.
            let foreign = place.list("").try_filter(|(path, _)| ready(!path.starts_with("csvp-probe-")));
            if std::pin::pin!(foreign).try_next().await?.is_some() {
                return Err(BackupError::Foreign { place: place.name });
            }
            place.mark().await?;
        }
        Ok(place)
    }

    /// The part of an object store under `prefix` to read backups from.
    ///
    /// # Errors
    /// It holds no backups, or does not answer.
    pub async fn bucket_to_read(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        name: impl Into<String>,
    ) -> Result<Self, BackupError> {
        let place = Self { store, prefix: Path::from(prefix), name: name.into(), dir: None, _lock: None };
        place.must_be_marked().await?;
        Ok(place)
    }

    /// What people call it: the path, or the address of the bucket.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory; none of a bucket.
    pub fn directory(&self) -> Option<&FilePath> {
        self.dir.as_deref()
    }

    pub(super) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    async fn is_marked(&self) -> Result<bool, BackupError> {
        Ok(self.read_small(MARKER).await?.is_some())
    }

    async fn must_be_marked(&self) -> Result<(), BackupError> {
        match self.read_small(MARKER).await? {
            Some(text) if text == MARKER_TEXT => Ok(()),
            Some(text) => Err(match serde_json::from_slice::<Marker>(&text) {
                Ok(Marker { format }) if format > FORMAT => {
                    BackupError::Newer { what: format!("`{MARKER}` has format {format}, expected {FORMAT}") }
                }
                _ => {
                    let what = "says no format, expected `{\"format\":1}`".to_owned();
                    BackupError::Damaged { file: MARKER.to_owned(), what }
                }
            }),
            None => Err(BackupError::NoBackups { place: self.name.clone() }),
        }
    }

    async fn mark(&self) -> Result<(), BackupError> {
        if self.is_marked().await? {
            return self.must_be_marked().await;
        }
        self.put(MARKER, Bytes::from_static(MARKER_TEXT)).await
    }

    pub(super) fn at(&self, path: &str) -> Path {
        Path::from(format!("{}/{path}", self.prefix))
    }

    /// Writes a small file in one go, durable when this returns.
    pub(super) async fn put(&self, path: &str, bytes: Bytes) -> Result<(), BackupError> {
        self.store.put(&self.at(path), bytes.into()).await.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// Begins a file; it is there when the writer is finished.
    pub(super) fn writer(&self, path: &str) -> PlaceWriter {
        let inner = BufWriter::with_capacity(Arc::clone(&self.store), self.at(path), PART_BYTES);
        PlaceWriter {
            place: self.clone(),
            inner: inner.with_max_concurrency(PARTS),
            hash: Sha256::new(),
            size_bytes: 0,
        }
    }

    /// The bytes of a file, in order; none when there is no such file. Its reader may be as slow as it likes: no request is
    /// open meanwhile.
    pub(super) async fn read(
        &self,
        path: &str,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, BackupError>>>, BackupError> {
        match read_whole(&self.store, self.at(path)).await {
            Ok(found) => {
                let place = self.clone();
                Ok(Some(found.map_err(move |error| place.failed(error)).boxed()))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// A file that is known to be small.
    pub(super) async fn read_small(&self, path: &str) -> Result<Option<Bytes>, BackupError> {
        const MOST: usize = 16 << 20;
        let Some(mut stream) = self.read(path).await? else { return Ok(None) };
        let mut all = Vec::new();
        while let Some(bytes) = stream.try_next().await? {
            all.extend_from_slice(&bytes);
            if all.len() > MOST {
                let what = format!("has more than {MOST} bytes");
                return Err(BackupError::Damaged { file: path.to_owned(), what });
            }
        }
        Ok(Some(all.into()))
    }

    /// All files below a directory, in no order: path from the place on, and size.
    pub(super) fn list(&self, dir: &str) -> BoxStream<'static, Result<(String, u64), BackupError>> {
        let (place, skip) = (self.clone(), self.prefix.parts().count());
        self.store
            .list(Some(&self.at(dir)))
            .map(move |found| {
                let meta = found.map_err(|error| place.failed(error))?;
                let parts: Vec<_> = meta.location.parts().skip(skip).collect();
                let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
                Ok((parts.join("/"), meta.size))
            })
            .boxed()
    }

    /// The objects that are there, with their sizes. A hundred bytes of memory for each.
    pub(super) async fn objects(&self) -> Result<HashMap<Sum, u64>, BackupError> {
        let mut objects = HashMap::new();
        let mut found = self.list(OBJECTS);
        while let Some((path, size_bytes)) = found.try_next().await? {
            let sum = path.rsplit('/').next().and_then(|name| name.parse().ok());
            objects.extend(sum.map(|sum: Sum| (sum, size_bytes)));
        }
        Ok(objects)
    }

    /// Removes a file; one that is not there is fine.
    pub(super) async fn delete(&self, path: &str) -> Result<(), BackupError> {
        match self.store.delete(&self.at(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(super) fn failed(&self, error: object_store::Error) -> BackupError {
        match error {
            object_store::Error::Generic { source, .. } => match source.downcast::<std::io::Error>() {
                Ok(io) => io_failed(&self.name, *io),
                Err(source) => BackupError::Place { place: self.name.clone(), source },
            },
            other => BackupError::Place { place: self.name.clone(), source: other.into() },
        }
    }
}

/// The store of a bucket, and what people call it.
fn s3(blobs: &Blobs) -> (Arc<dyn ObjectStore>, String) {
    let name = blobs.bucket().expect("it was opened as a bucket");
    (blobs.object_store(), name)
}

/// The place of an object's bytes.
pub(super) fn object_path(sum: &Sum) -> String {
    let name = sum.to_string();
    format!("{OBJECTS}/{}/{name}", &name[..2])
}

/// What a directory holds beside what a first backup that was broken off has left.
fn holds_anything(dir: &FilePath) -> std::io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if !name.to_string_lossy().starts_with('.') && name != "lost+found" {
            return Ok(true);
        }
    }
    Ok(false)
}

fn io_failed(place: &str, error: std::io::Error) -> BackupError {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            BackupError::Full { place: place.to_owned() }
        }
        _ => BackupError::Place { place: place.to_owned(), source: error.into() },
    }
}

fn store_failed(place: &str, error: StoreError) -> BackupError {
    match error {
        StoreError::Full { .. } => BackupError::Full { place: place.to_owned() },
        StoreError::Internal(source)
        | StoreError::Unavailable(source)
        | StoreError::ObjectsUnavailable(source) => BackupError::Place { place: place.to_owned(), source },
        other => BackupError::Place { place: place.to_owned(), source: other.into() },
    }
}

/// Writes one file, hashing what goes through. Memory: 24 MiB at most.
#[derive(Debug)]
pub(super) struct PlaceWriter {
    place: Place,
    inner: BufWriter,
    hash: Sha256,
    size_bytes: u64,
}

impl PlaceWriter {
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), BackupError> {
        self.hash.update(&bytes);
        self.size_bytes += bytes.len() as u64;
        self.inner.put(bytes).await.map_err(|error| self.place.failed(error))
    }

    /// What was written so far.
    pub(super) fn sum(&self) -> Sum {
        Sum::finish(self.hash.clone())
    }

    /// Makes the file visible and durable; gives its size and sum.
    pub(super) async fn finish(mut self) -> Result<(u64, Sum), BackupError> {
        let sum = self.sum();
        self.inner.shutdown().await.map_err(|error| match error.downcast::<object_store::Error>() {
            Ok(error) => self.place.failed(error),
            Err(error) => io_failed(&self.place.name, error),
        })?;
        Ok((self.size_bytes, sum))
    }

    /// Gives the file up. A process that dies instead leaves parts to the store's own rule for unfinished uploads, and
    /// nothing in a directory.
    pub(super) async fn abort(mut self) {
        if let Err(error) = self.inner.abort().await {
            tracing::warn!(
                error = %crate::Chain(&error),
                "an unfinished upload stays in the bucket"
            );
        }
    }
}
