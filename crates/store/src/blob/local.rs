//! The local directory behind the common interface of object stores, as durable as the writers of this crate.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    Attributes, CopyMode, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, UploadPart,
};
use tokio::sync::Mutex;

use super::disk::{Disk, Found, Object, Staged};
use super::reader::file_stream;

const STORE: &str = "DurableLocal";
/// Entries read ahead of whoever consumes a list.
const LIST_AHEAD: usize = 1_000;

/// An [`ObjectStore`] over a local directory that syncs files and directories before it says that they are there.
/// Writing replaces what has the same name; writing only when the name is free is not supported.
#[derive(Debug, Clone)]
pub struct DurableLocal(Arc<Disk>);

impl DurableLocal {
    pub(super) fn new(disk: Arc<Disk>) -> Self {
        Self(disk)
    }

    fn file_path(&self, location: &Path) -> Result<std::path::PathBuf> {
        let not_ours =
            || generic(io::Error::new(io::ErrorKind::InvalidInput, "names may not begin with a dot"));
        self.0.file_path(location).ok_or_else(not_ours)
    }

    async fn publish(&self, staged: Staged, location: &Path) -> Result<PutResult> {
        let target = self.file_path(location)?;
        let disk = Arc::clone(&self.0);
        blocking(location, move || disk.publish(vec![(staged, target)])).await?;
        Ok(PutResult { e_tag: None, version: None })
    }
}

impl std::fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(STORE)
    }
}

#[async_trait::async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if options.mode != PutMode::Overwrite {
            return Err(unsupported("conditional put", location));
        }
        let disk = Arc::clone(&self.0);
        let staged = blocking(location, move || {
            let mut staged = disk.stage()?;
            payload.iter().try_for_each(|bytes| staged.write_all(bytes))?;
            Ok(staged)
        });
        self.publish(staged.await?, location).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.file_path(location)?;
        let disk = Arc::clone(&self.0);
        let staged = blocking(location, move || disk.stage()).await?;
        let parts = Arc::new(Mutex::new(Some(staged)));
        Ok(Box::new(Parts { store: self.clone(), location: location.clone(), parts, before: None }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let path = self.file_path(location)?;
        let disk = Arc::clone(&self.0);
        let object = blocking(location, move || disk.open_object(&path)).await?;
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: object.modified.into(),
            size: object.size_bytes,
            e_tag: None,
            version: None,
        };
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(range) => range.as_range(meta.size).map_err(|error| generic(io::Error::other(error)))?,
            None => 0..meta.size,
        };
        let Range { start, end } = range;
        let bytes = if options.head { 0 } else { end - start };
        let stream = file_stream(object.file, object.start + start, bytes).map_err(generic).boxed();
        let payload = GetResultPayload::Stream(stream);
        Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .and_then(move |location| {
                let store = store.clone();
                async move {
                    let path = store.file_path(&location)?;
                    let disk = Arc::clone(&store.0);
                    blocking(&location, move || disk.remove(&path)).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let dir = match self.file_path(prefix.unwrap_or(&Path::default())) {
            Ok(dir) => dir,
            Err(error) => return stream::once(async { Err(error) }).boxed(),
        };
        let (sender, receiver) = tokio::sync::mpsc::channel(LIST_AHEAD);
        let disk = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            let walked = disk.walk(&dir, &mut |found| match object_meta(found) {
                Some(meta) => sender.blocking_send(Ok(meta)).is_ok(),
                None => true,
            });
            if let Err(error) = walked {
                let _ = sender.blocking_send(Err(generic(error)));
            }
        });
        stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|meta| (meta, receiver)) })
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let above = prefix.cloned().unwrap_or_default();
        let depth = above.parts().count();
        let mut objects = Vec::new();
        let mut prefixes = std::collections::BTreeSet::new();
        let mut all = self.list(prefix);
        while let Some(meta) = all.try_next().await? {
            let parts: Vec<_> = meta.location.parts().collect();
            if parts.len() > depth + 1 {
                prefixes.insert(Path::from_iter(parts.into_iter().take(depth + 1)));
            } else {
                objects.push(meta);
            }
        }
        Ok(ListResult { common_prefixes: prefixes.into_iter().collect(), objects })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if options.mode != CopyMode::Overwrite {
            return Err(unsupported("conditional copy", to));
        }
        let (source, disk) = (self.file_path(from)?, Arc::clone(&self.0));
        let staged = blocking(from, move || {
            let Object { mut file, start, size_bytes, .. } = disk.open_object(&source)?;
            file.seek(SeekFrom::Start(start))?;
            let mut staged = disk.stage()?;
            io::copy(&mut file.take(size_bytes), staged.file_mut())?;
            Ok(staged)
        });
        self.publish(staged.await?, to).await.map(|_| ())
    }
}

/// Parts of a multipart upload, written one after the other in the order in which they were handed in.
#[derive(Debug)]
struct Parts {
    store: DurableLocal,
    location: Path,
    parts: Arc<Mutex<Option<Staged>>>,
    /// Resolves when the part before has been written.
    before: Option<tokio::sync::oneshot::Receiver<()>>,
}

#[async_trait::async_trait]
impl MultipartUpload for Parts {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (parts, location) = (Arc::clone(&self.parts), self.location.clone());
        let (written, after) = tokio::sync::oneshot::channel();
        let before = self.before.replace(after);
        async move {
            if let Some(before) = before
                && before.await.is_err()
            {
                return Err(generic(io::Error::other("the part before was not written")));
            }
            let mut slot = parts.lock().await;
            let gone = || generic(io::Error::other("the upload has ended"));
            let mut staged = slot.take().ok_or_else(gone)?;
            let write = move || {
                data.iter().try_for_each(|bytes| staged.write_all(bytes))?;
                Ok(staged)
            };
            *slot = Some(blocking(&location, write).await?);
            let _ = written.send(());
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let staged = self.parts.lock().await.take();
        let staged = staged.ok_or_else(|| generic(io::Error::other("the upload has ended")))?;
        self.store.publish(staged, &self.location).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.lock().await.take();
        Ok(())
    }
}

fn object_meta(found: Found) -> Option<ObjectMeta> {
    Some(ObjectMeta {
        location: Path::parse(&found.path).ok()?,
        last_modified: found.modified.into(),
        size: found.size_bytes,
        e_tag: None,
        version: None,
    })
}

async fn blocking<T: Send + 'static>(
    location: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| generic(io::Error::other(error)))?;
    done.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path: location.to_string(), source: error.into() },
        _ => generic(error),
    })
}

fn generic(error: io::Error) -> Error {
    Error::Generic { store: STORE, source: error.into() }
}

fn unsupported(what: &'static str, location: &Path) -> Error {
    Error::NotSupported { source: format!("{what} of `{location}`").into() }
}
