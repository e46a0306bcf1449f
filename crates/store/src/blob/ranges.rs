//! Reads an object of an object store range by range.
//!
//! One long answer would have to stay open as long as its reader is slow, and a request has an end. Each range is a
//! request of its own and is read to its end at once; the next one is fetched while the reader works on this one.
//! Memory of a reader: two ranges.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use tokio::task::JoinHandle;

use super::failure::object_error;
use super::{ObjectKey, cut};
use crate::blob::reader::BlobStream;
use crate::blob::s3::{failure_in, has_no_answer};
use crate::error::StoreError;

/// Bytes of one request.
pub(super) const RANGE: u64 = 2 * 1024 * 1024;

/// Which object, and which version of it.
#[derive(Debug, Clone)]
struct Source {
    store: Arc<dyn ObjectStore>,
    path: Path,
    key: ObjectKey,
    e_tag: Option<String>,
}

/// A range on its way; given up with its reader.
struct Ahead(JoinHandle<Result<Bytes, StoreError>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct State {
    source: Source,
    ready: Option<Bytes>,
    ahead: Option<Ahead>,
    /// Where the range after those begins, and where all ends.
    next: u64,
    end: u64,
}

/// Streams at most `len` bytes from byte `start` on.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    key: &ObjectKey,
    start: u64,
    len: Option<u64>,
) -> Result<BlobStream, StoreError> {
    let mut source = Source { store: Arc::clone(store), path: key.path(), key: *key, e_tag: None };
    let wanted_end = len.map_or(u64::MAX, |len| start.saturating_add(len));
    if wanted_end == start {
        let size_bytes = size(store, key).await?;
        cut(start, len, size_bytes)?;
        return Ok(Box::pin(stream::empty()));
    }
    let first = start..wanted_end.min(start.saturating_add(RANGE));
    let options = GetOptions { range: Some(GetRange::Bounded(first.clone())), ..GetOptions::default() };
    let result = match store.get_opts(&source.path, options).await {
        Ok(result) => result,
        Err(error @ object_store::Error::NotFound { .. }) => return Err(object_error(error, key)),
        Err(error) if has_no_answer(&error) || failure_in(&error).is_some_and(|it| !it.is_range()) => {
            return Err(object_error(error, key));
        }
        // No store gives a range that begins at the end or beyond; which of both it is, the size tells.
        Err(error) => {
            return match cut(start, len, size(store, key).await?)? {
                0 => Ok(Box::pin(stream::empty())),
                _ => Err(object_error(error, key)),
            };
        }
    };
    let end = wanted_end.min(result.meta.size);
    source.e_tag = result.meta.e_tag.clone();
    let ready = result.bytes().await.map_err(|error| object_error(error, key))?;
    let state = State { source, ready: Some(ready), ahead: None, next: first.end.min(end), end };
    Ok(Box::pin(stream::try_unfold(state, next)))
}

async fn next(mut state: State) -> Result<Option<(Bytes, State)>, StoreError> {
    let ready = match (state.ready.take(), &mut state.ahead) {
        (Some(ready), _) => ready,
        (None, Some(ahead)) => {
            let fetched = (&mut ahead.0).await.map_err(|error| StoreError::Internal(error.into()))?;
            state.ahead = None;
            fetched?
        }
        (None, None) => return Ok(None),
    };
    if state.next < state.end {
        let range = state.next..state.end.min(state.next + RANGE);
        state.next = range.end;
        state.ahead = Some(Ahead(tokio::spawn(fetch(state.source.clone(), range))));
    }
    Ok(Some((ready, state)))
}

async fn fetch(source: Source, range: std::ops::Range<u64>) -> Result<Bytes, StoreError> {
    let Source { store, path, key, e_tag } = source;
    let expected = range.end - range.start;
    let options =
        GetOptions { range: Some(GetRange::Bounded(range)), if_match: e_tag, ..GetOptions::default() };
    let bytes = async { store.get_opts(&path, options).await?.bytes().await };
    let bytes = bytes.await.map_err(|error| object_error(error, &key))?;
    if bytes.len() as u64 != expected {
        let found = bytes.len();
        return Err(StoreError::impossible(format!(
            "expected {expected} bytes of {key}, the store gave {found}"
        )));
    }
    Ok(bytes)
}

/// The size of an object, or `NotFound`.
pub(super) async fn size(store: &Arc<dyn ObjectStore>, key: &ObjectKey) -> Result<u64, StoreError> {
    store.head(&key.path()).await.map(|meta| meta.size).map_err(|error| object_error(error, key))
}
