//! Reads an object of an object store range by range.
//!
//! One long answer would have to stay open as long as its reader is slow, and a request has an end. Each range is a
//! request of its own and is read to its end at once; the next one is fetched while the reader works on this one.
//! Memory of a reader: two ranges.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
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
    e_tag: Option<String>,
}

/// A range on its way; given up with its reader.
struct Ahead(JoinHandle<Result<Bytes, Error>>);

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

/// What the first request has given.
enum Begun {
    Reading(State),
    /// There is nothing behind the first byte that is wanted: the object has so many bytes.
    Behind(u64),
}

/// Streams at most `len` bytes from byte `start` on.
pub(super) async fn read(
    store: &Arc<dyn ObjectStore>,
    key: &ObjectKey,
    start: u64,
    len: Option<u64>,
) -> Result<BlobStream, StoreError> {
    let wanted_end = len.map_or(u64::MAX, |len| start.saturating_add(len));
    let begun = match wanted_end == start {
        true => Begun::Behind(size(store, key).await?),
        false => {
            begin(store, key.path(), start..wanted_end).await.map_err(|error| object_error(error, key))?
        }
    };
    match begun {
        Begun::Reading(state) => {
            let key = *key;
            Ok(stream::try_unfold(state, next).map_err(move |error| object_error(error, &key)).boxed())
        }
        Begun::Behind(size_bytes) => {
            cut(start, len, size_bytes)?;
            Ok(stream::empty().boxed())
        }
    }
}

/// Streams an object of any name to its end.
///
/// # Errors
/// As the store says it: there is none, or it cannot be read.
pub(crate) async fn read_whole(
    store: &Arc<dyn ObjectStore>,
    path: Path,
) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
    Ok(match begin(store, path, 0..u64::MAX).await? {
        Begun::Reading(state) => stream::try_unfold(state, next).boxed(),
        Begun::Behind(_) => stream::empty().boxed(),
    })
}

/// Fetches the first range of those that are wanted.
async fn begin(store: &Arc<dyn ObjectStore>, path: Path, wanted: Range<u64>) -> Result<Begun, Error> {
    let first = wanted.start..wanted.end.min(wanted.start.saturating_add(RANGE));
    let options = GetOptions { range: Some(GetRange::Bounded(first.clone())), ..GetOptions::default() };
    let result = match store.get_opts(&path, options).await {
        Ok(result) => result,
        Err(error @ Error::NotFound { .. }) => return Err(error),
        Err(error) if has_no_answer(&error) || failure_in(&error).is_some_and(|it| !it.is_range()) => {
            return Err(error);
        }
        // No store gives a range that begins at the end or beyond; whether it is that, the size tells.
        Err(error) => {
            let size_bytes = store.head(&path).await?.size;
            return if size_bytes <= wanted.start { Ok(Begun::Behind(size_bytes)) } else { Err(error) };
        }
    };
    let end = wanted.end.min(result.meta.size);
    let source = Source { store: Arc::clone(store), path, e_tag: result.meta.e_tag.clone() };
    let ready = result.bytes().await?;
    Ok(Begun::Reading(State { source, ready: Some(ready), ahead: None, next: first.end.min(end), end }))
}

async fn next(mut state: State) -> Result<Option<(Bytes, State)>, Error> {
    let ready = match (state.ready.take(), &mut state.ahead) {
        (Some(ready), _) => ready,
        (None, Some(ahead)) => {
            let fetched = (&mut ahead.0).await?;
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

async fn fetch(source: Source, range: Range<u64>) -> Result<Bytes, Error> {
    let Source { store, path, e_tag } = source;
    let expected = range.end - range.start;
    let options =
        GetOptions { range: Some(GetRange::Bounded(range)), if_match: e_tag, ..GetOptions::default() };
    let bytes = store.get_opts(&path, options).await?.bytes().await?;
    if bytes.len() as u64 != expected {
        let what = format!("expected {expected} bytes of {path}, the store gave {}", bytes.len());
        return Err(Error::NotSupported { source: what.into() });
    }
    Ok(bytes)
}

/// The size of an object, or `NotFound`.
pub(super) async fn size(store: &Arc<dyn ObjectStore>, key: &ObjectKey) -> Result<u64, StoreError> {
    store.head(&key.path()).await.map(|meta| meta.size).map_err(|error| object_error(error, key))
}
