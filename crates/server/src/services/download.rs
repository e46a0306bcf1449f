//! An original on its way to a client, compared with the SHA-256 that was acknowledged: its last piece goes out only when
//! all bytes are the right ones. A small one is a single piece, so its answer is an error; a larger one breaks off.

use bytes::Bytes;
use csvp_store::{BlobStream, StoreError, Sum};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::files::StoredObject;
use crate::app::App;

struct Checked {
    stream: BlobStream,
    hash: Sha256,
    expected: String,
    /// What was read last, and is not sent yet.
    held: Option<Bytes>,
}

/// Opens a part of an object, or the whole.
///
/// # Errors
/// It cannot be read, or it is a whole original of one piece with other bytes than were acknowledged.
pub(crate) async fn open(
    app: &App,
    object: &StoredObject,
    start: u64,
    len: u64,
) -> Result<BlobStream, StoreError> {
    let stream = app.blobs.read(&object.key, start, Some(len)).await?;
    match &object.sha256 {
        Some(sha256) if (start, len) == (0, object.size_bytes) => checked(stream, sha256.clone()).await,
        _ => Ok(stream),
    }
}

async fn checked(stream: BlobStream, expected: String) -> Result<BlobStream, StoreError> {
    let mut checked = Checked { stream, hash: Sha256::new(), expected, held: None };
    let first = checked.next().await?;
    let rest = stream::try_unfold(checked, |mut checked| async move {
        let next = checked.next().await;
        if let Err(error) = &next {
            tracing::error!(error = %csvp_store::Chain(error), "a download of an original has broken off");
        }
        Ok(next?.map(|bytes| (bytes, checked)))
    });
    Ok(stream::iter(first.map(Ok)).chain(rest).boxed())
}

impl Checked {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        while let Some(bytes) = self.stream.try_next().await? {
            self.hash.update(&bytes);
            if let Some(held) = self.held.replace(bytes) {
                return Ok(Some(held));
            }
        }
        let Some(held) = self.held.take() else { return Ok(None) };
        let found = Sum::finish(std::mem::take(&mut self.hash)).to_string();
        if found == self.expected {
            return Ok(Some(held));
        }
        let what = format!(
            "expected an original with SHA-256 {}, found {found}; run `csvp fsck --deep`",
            self.expected
        );
        Err(StoreError::Internal(what.into()))
    }
}
