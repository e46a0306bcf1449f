//! Objects out of the store, each once: what the place has under the same sum is not copied again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::{TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::error::BackupError;
use super::manifest::{Objects, TableFile, dir};
use super::ndjson::{LinesFile, LinesWriter};
use super::objects::{Known, LeftOut, Listed, Named, NamedObjects, State};
use super::place::{Place, object_path};
use crate::blob::{Blobs, ObjectKey};
use crate::error::StoreError;
use crate::meta::Meta;
use crate::model::BackupId;
use crate::model::Sum;

/// Objects on their way at the same time: their waits for the disk go side by side.
const PARALLEL: usize = 8;
/// Up to this size an object is read once and kept; its name, which is its sum, is known only at its end. Larger ones
/// whose sum nobody knows yet are read twice.
const KEPT_BYTES: u64 = 4 << 20;

/// Most lost objects that are named; all are counted.
const MAX_NAMED: usize = 1_000;

/// What one round over all objects has done.
pub(super) struct Copied {
    pub(super) objects: Objects,
    /// Objects that are gone because their run was replaced.
    pub(super) replaced: u64,
    /// Keys of those that the store has lost.
    pub(super) lost: Vec<String>,
    /// Objects and bytes that were not there before.
    pub(super) new_objects: u64,
    pub(super) new_bytes: u64,
}

/// Copies what rows name. Lives as long as one backup is made.
pub(super) struct Copier<'a> {
    meta: &'a Meta,
    blobs: &'a Blobs,
    place: &'a Place,
    id: BackupId,
    /// What the place has.
    present: Mutex<HashMap<Sum, u64>>,
    new_objects: AtomicU64,
    new_bytes: AtomicU64,
}

impl<'a> Copier<'a> {
    pub(super) async fn new(
        meta: &'a Meta,
        blobs: &'a Blobs,
        place: &'a Place,
        id: BackupId,
    ) -> Result<Self, BackupError> {
        let present = Mutex::new(place.objects().await?);
        let (new_objects, new_bytes) = Default::default();
        Ok(Self { meta, blobs, place, id, present, new_objects, new_bytes })
    }

    /// Goes through all objects that these rows name and lists them. Sums that `earlier` has are taken from there:
    /// objects never change.
    pub(super) async fn round(
        &self,
        number: u32,
        tables: &[TableFile],
        earlier: Option<&LinesFile>,
    ) -> Result<Copied, BackupError> {
        let named = NamedObjects::open(self.place, tables).await?;
        let known = Known::open(self.place, earlier).await?;
        let named = stream::try_unfold((named, known), |(mut named, mut known)| async {
            let Some(next) = named.next().await? else { return Ok(None) };
            let sum = known.find(&next).await?;
            Ok::<_, BackupError>(Some(((next, sum), (named, known))))
        });
        let mut list = LinesWriter::new(self.place, format!("{}/objects-{number}.ndjson", dir(self.id)));
        let (mut bytes, mut deleted, mut lost, mut replaced, mut names) = (0, 0, 0, 0, Vec::new());
        let copied = named.map_ok(|(next, sum)| self.copy(next, sum)).try_buffered(PARALLEL);
        let mut copied = std::pin::pin!(copied);
        while let Some(listed) = copied.try_next().await? {
            match listed.state {
                State::Sha256(_) => bytes += listed.size_bytes,
                State::LeftOut(LeftOut::Deleted) => deleted += 1,
                State::LeftOut(LeftOut::Replaced) => replaced += 1,
                State::LeftOut(LeftOut::Missing | LeftOut::Damaged) => {
                    lost += 1;
                    if names.len() < MAX_NAMED {
                        names.push(listed.key.clone());
                    }
                }
            }
            list.write(&listed).await?;
        }
        let list = list.finish().await?;
        Ok(Copied {
            objects: Objects { list, bytes, deleted, lost },
            replaced,
            lost: names,
            new_objects: self.new_objects.load(Ordering::Relaxed),
            new_bytes: self.new_bytes.load(Ordering::Relaxed),
        })
    }

    async fn copy(&self, named: Named, known: Option<Sum>) -> Result<Listed, BackupError> {
        let size_bytes = named.size_bytes;
        let state = match self.bytes(&named, named.sha256.or(known)).await {
            Ok(sum) => State::Sha256(sum),
            Err(Failed::Altered) => State::LeftOut(LeftOut::Damaged),
            Err(Failed::Source(StoreError::NotFound(_))) => State::LeftOut(self.why_gone(&named.key).await?),
            Err(Failed::Source(error)) if error.is_damage() => State::LeftOut(LeftOut::Damaged),
            Err(Failed::Source(error)) => return Err(error.into()),
            Err(Failed::Place(error)) => return Err(error),
        };
        Ok(Listed { key: named.key.to_string(), size_bytes, state })
    }

    /// Sees to it that the place has the bytes of an object.
    async fn bytes(&self, named: &Named, sum: Option<Sum>) -> Result<Sum, Failed> {
        if let Some(sum) = sum.filter(|sum| self.has(sum, named.size_bytes)) {
            return Ok(sum);
        }
        if named.size_bytes <= KEPT_BYTES {
            return self.small(named, sum).await;
        }
        let sum = match sum {
            Some(sum) => sum,
            None => self.hash(named).await?,
        };
        if !self.has(&sum, named.size_bytes) {
            self.large(named, sum).await?;
            self.is_there(sum, named.size_bytes);
        }
        Ok(sum)
    }

    async fn small(&self, named: &Named, expected: Option<Sum>) -> Result<Sum, Failed> {
        let mut bytes = Vec::with_capacity(usize::try_from(named.size_bytes).unwrap_or_default());
        let mut stream = self.blobs.read(&named.key, 0, None).await?;
        while let Some(more) = stream.try_next().await? {
            bytes.extend_from_slice(&more);
            if bytes.len() as u64 > named.size_bytes {
                return Err(Failed::Altered);
            }
        }
        let sum = Sum::of(&bytes);
        if bytes.len() as u64 != named.size_bytes || expected.is_some_and(|expected| expected != sum) {
            return Err(Failed::Altered);
        }
        if !self.has(&sum, named.size_bytes) {
            self.place.put(&object_path(&sum), bytes.into()).await?;
            self.is_there(sum, named.size_bytes);
        }
        Ok(sum)
    }

    async fn hash(&self, named: &Named) -> Result<Sum, Failed> {
        let (mut hash, mut size_bytes) = (Sha256::new(), 0);
        let mut stream = self.blobs.read(&named.key, 0, None).await?;
        while let Some(bytes) = stream.try_next().await? {
            hash.update(&bytes);
            size_bytes += bytes.len() as u64;
        }
        if size_bytes == named.size_bytes { Ok(Sum::finish(hash)) } else { Err(Failed::Altered) }
    }

    async fn large(&self, named: &Named, sum: Sum) -> Result<(), Failed> {
        let mut stream = self.blobs.read(&named.key, 0, None).await?;
        let mut writer = self.place.writer(&object_path(&sum));
        let mut size_bytes = 0;
        let copied = async {
            while let Some(bytes) = stream.try_next().await? {
                size_bytes += bytes.len() as u64;
                writer.write(bytes).await?;
            }
            if size_bytes == named.size_bytes && writer.sum() == sum { Ok(()) } else { Err(Failed::Altered) }
        };
        match copied.await {
            Ok(()) => writer.finish().await.map(|_| ()).map_err(Failed::Place),
            Err(error) => {
                writer.abort().await;
                Err(error)
            }
        }
    }

    fn has(&self, sum: &Sum, size_bytes: u64) -> bool {
        self.present().get(sum) == Some(&size_bytes)
    }

    fn is_there(&self, sum: Sum, size_bytes: u64) {
        if self.present().insert(sum, size_bytes).is_none() {
            self.new_objects.fetch_add(1, Ordering::Relaxed);
            self.new_bytes.fetch_add(size_bytes, Ordering::Relaxed);
        }
    }

    fn present(&self) -> std::sync::MutexGuard<'_, HashMap<Sum, u64>> {
        // A map that one insertion is missing from costs a copy, nothing else.
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of the living store say that an object may go before it goes.
    async fn why_gone(&self, key: &ObjectKey) -> Result<LeftOut, BackupError> {
        let (ObjectKey::Original { tenant, upload } | ObjectKey::RunFile { tenant, upload, .. }) = *key;
        let record = match self.meta.get_upload(tenant, upload).await {
            Err(StoreError::NotFound(_)) => return Ok(LeftOut::Deleted),
            record => record?.upload,
        };
        let has_ended = match key {
            ObjectKey::Original { .. } => !record.has_original(),
            ObjectKey::RunFile { run, .. } => {
                !self.meta.live_runs(&[*run]).await?.contains(run) || !self.is_named(*key).await?
            }
        };
        Ok(if has_ended { LeftOut::Replaced } else { LeftOut::Missing })
    }

    /// Whether the row of a run still names this file of it.
    async fn is_named(&self, key: ObjectKey) -> Result<bool, BackupError> {
        let ObjectKey::RunFile { tenant, upload, run, file } = key else { return Ok(false) };
        let runs = match self.meta.list_runs(tenant, upload).await {
            Err(StoreError::NotFound(_)) => return Ok(false),
            runs => runs?,
        };
        Ok(runs.iter().any(|known| known.id == run && known.file(file).is_some()))
    }
}

/// Why an object was not copied.
enum Failed {
    /// It is not what its rows say.
    Altered,
    Source(StoreError),
    Place(BackupError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Source(error)
    }
}

impl From<BackupError> for Failed {
    fn from(error: BackupError) -> Self {
        Self::Place(error)
    }
}
