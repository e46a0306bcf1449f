//! An object store in memory where something happens, or fails, before an object is removed, and that ends answers which
//! could be open as long as their reader is slow.

use std::fmt;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// Most bytes of one answer.
const MOST_BYTES: u64 = 2 << 20;

/// Is told what is to be removed; an error keeps it.
pub(crate) type Hook = Arc<dyn Fn(Path) -> BoxFuture<'static, Result<()>> + Send + Sync>;

pub(crate) struct Hooked {
    pub(crate) inner: Arc<InMemory>,
    pub(crate) before_delete: Hook,
}

impl fmt::Display for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects in memory")
    }
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooked").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ObjectStore for Hooked {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let is_short =
            matches!(&options.range, Some(GetRange::Bounded(range)) if range.end - range.start <= MOST_BYTES);
        if !options.head && !is_short {
            let source = format!("expected a request of {MOST_BYTES} bytes at most for {location}");
            return Err(Error::NotSupported { source: source.into() });
        }
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, hook) = (Arc::clone(&self.inner), Arc::clone(&self.before_delete));
        let removed = locations.then(move |location| {
            let (inner, hook) = (Arc::clone(&inner), Arc::clone(&hook));
            async move {
                let path = location?;
                hook(path.clone()).await?;
                let one = futures::stream::iter([Ok(path.clone())]).boxed();
                inner.delete_stream(one).next().await.unwrap_or(Ok(path))
            }
        });
        removed.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
