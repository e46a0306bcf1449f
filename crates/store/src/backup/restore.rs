//! A backup into an empty store.
//!
//! One transaction is around everything: it keeps a second restore and a starting service away, and its commit, after the
//! last object is durable, is the moment from which there is a store. Whatever goes wrong before leaves the database as it
//! was. Every byte is compared with its sum on the way.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use sha2::{Digest as _, Sha256};
use tokio::time::MissedTickBehavior;

use super::error::BackupError;
use super::load;
use super::manifest::{Manifest, find};
use super::ndjson::{LinesReader, damaged};
use super::objects::{LeftOut, Listed, State};
use super::place::{Place, object_path};
use crate::blob::{Blobs, ObjectKey, ObjectPrefix};
use crate::meta::{Meta, restored};
use crate::model::Sum;
use crate::model::{BackupId, TenantId, UploadId};

/// Objects on their way at the same time.
const PARALLEL: usize = 8;
/// How often the database is asked something while objects are copied, so that nothing on the way closes the connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// A store that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup it comes from.
    pub manifest: Manifest,
    /// Rows.
    pub rows: u64,
    /// Objects, those included that were there from an earlier try.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Uploads that were deleted while the backup was made, and are so now.
    pub deleted_uploads: u64,
}

/// Whether there is such a backup and this program can restore it, before a store is made for it.
///
/// # Errors
/// There is none, its manifest is damaged, or it is of a newer program.
pub async fn must_be_restorable(place: &Place, id: Option<BackupId>) -> Result<(), BackupError> {
    find(place, id).await?.schema_version().map(|_| ())
}

/// Restores a backup, the newest one or the one that is asked for. The store must be empty and nobody may use it.
///
/// # Errors
/// The store is not empty, the backup is damaged or of a newer program. Nothing is restored then.
pub async fn restore(
    place: &Place,
    id: Option<BackupId>,
    meta: &Meta,
    blobs: &Blobs,
) -> Result<Restored, BackupError> {
    let manifest = find(place, id).await?;
    manifest.schema_version()?;
    let transaction = meta.begin_alone().await?;
    let transaction = transaction.ok_or_else(|| BackupError::Busy { what: "the database".to_owned() })?;
    let restoring = Restoring { place, manifest, transaction, meta, blobs, written: Mutex::default() };
    match restoring.run().await {
        Ok((rows, objects)) => {
            meta.at_length(restoring.transaction.commit()).await?;
            Ok(Restored {
                rows,
                objects: objects.count,
                bytes: objects.bytes,
                deleted_uploads: objects.deleted.len() as u64,
                manifest: restoring.manifest,
            })
        }
        Err(error) => {
            restoring.take_back().await;
            // Nothing has happened whether this works or not: the transaction ends with its connection.
            let _ = meta.at_length(restoring.transaction.rollback()).await;
            Err(error)
        }
    }
}

struct Restoring<'a> {
    place: &'a Place,
    manifest: Manifest,
    transaction: DatabaseTransaction,
    meta: &'a Meta,
    blobs: &'a Blobs,
    /// Objects that were not there before.
    written: Mutex<Vec<ObjectKey>>,
}

/// What became of the objects.
#[derive(Default)]
struct Objects {
    count: u64,
    bytes: u64,
    deleted: BTreeSet<(TenantId, UploadId)>,
}

/// What became of one.
enum Became {
    /// It has so many bytes.
    Copied(u64),
    Deleted(TenantId, UploadId),
    Lost,
}

impl Restoring<'_> {
    async fn run(&self) -> Result<(u64, Objects), BackupError> {
        let own = load::must_be_empty(self.meta, &self.transaction).await?;
        let there = self.objects_there().await?;
        let rows = load::fill(self.meta, &self.transaction, self.place, &self.manifest).await?;
        let objects = self.objects(&there).await?;
        let deleted: Vec<_> = objects.deleted.iter().copied().collect();
        let now = self.meta.time_in(&self.transaction).await?;
        let settle = restored::settle(&self.transaction, self.manifest.id, &deleted, own, now);
        self.meta.at_length(settle).await?;
        Ok((rows, objects))
    }

    async fn list(&self) -> Result<LinesReader, BackupError> {
        LinesReader::open(self.place, &self.manifest.objects.list).await
    }

    /// Objects that an earlier try has left. Any other is of a store that had rows, and the service would remove it.
    async fn objects_there(&self) -> Result<HashSet<ObjectKey>, BackupError> {
        let there = self.blobs.stream_keys(&ObjectPrefix::All).map_ok(|(key, _)| key);
        let there: HashSet<ObjectKey> = there.try_collect().await?;
        let mut unknown = there.clone();
        if !unknown.is_empty() {
            let mut list = self.list().await?;
            while let Some(listed) = list.next::<Listed>().await? {
                unknown.remove(&listed.key(&self.manifest.objects.list)?);
            }
        }
        match unknown.iter().next() {
            None => Ok(there),
            Some(example) => Err(BackupError::NotEmpty {
                what: format!(
                    "{} objects that the backup does not know, for example `{example}`",
                    unknown.len()
                ),
            }),
        }
    }

    async fn objects(&self, there: &HashSet<ObjectKey>) -> Result<Objects, BackupError> {
        let failed = AtomicBool::new(false);
        let listed = stream::try_unfold(self.list().await?, |mut list| async {
            Ok::<_, BackupError>(list.next::<Listed>().await?.map(|listed| (listed, list)))
        });
        // After a failure no object is begun, but those that are on their way end: what is written is known then.
        let listed = listed.take_while(|_| std::future::ready(!failed.load(Ordering::Relaxed)));
        let restored = listed.map(|listed| async { self.listed(&listed?, there).await });
        let mut restored = std::pin::pin!(restored.buffer_unordered(PARALLEL));
        let (mut result, mut objects) = (Ok(()), Objects::default());
        let mut sign_of_life = tokio::time::interval(SIGN_OF_LIFE);
        sign_of_life.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let one = tokio::select! {
                one = restored.next() => one,
                // A single large object takes its time too.
                _ = sign_of_life.tick() => {
                    self.meta.at_length(self.transaction.execute_unprepared("SELECT 1")).await?;
                    continue;
                }
            };
            let Some(one) = one else { return result.map(|()| objects) };
            match one {
                Ok(Became::Copied(bytes)) => {
                    objects.count += 1;
                    objects.bytes += bytes;
                }
                Ok(Became::Deleted(tenant, upload)) => {
                    objects.deleted.insert((tenant, upload));
                }
                Ok(Became::Lost) => {}
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    result = result.and(Err(error));
                }
            }
        }
    }

    async fn listed(&self, listed: &Listed, there: &HashSet<ObjectKey>) -> Result<Became, BackupError> {
        let key = listed.key(&self.manifest.objects.list)?;
        match listed.state {
            State::Sha256(sum) => {
                self.object(key, listed.size_bytes, sum, there.contains(&key)).await?;
                Ok(Became::Copied(listed.size_bytes))
            }
            State::LeftOut(LeftOut::Deleted | LeftOut::Replaced) => {
                let (ObjectKey::Original { tenant, upload } | ObjectKey::RunFile { tenant, upload, .. }) =
                    key;
                Ok(Became::Deleted(tenant, upload))
            }
            // The store had lost it before; its rows are all there is.
            State::LeftOut(LeftOut::Missing | LeftOut::Damaged) => Ok(Became::Lost),
        }
    }

    /// Copies one object, unless an earlier try has left it whole.
    async fn object(
        &self,
        key: ObjectKey,
        size_bytes: u64,
        sum: Sum,
        is_there: bool,
    ) -> Result<(), BackupError> {
        if is_there && self.is_whole(&key, size_bytes, sum).await? {
            return Ok(());
        }
        let path = object_path(&sum);
        let stream = self.place.read(&path).await?;
        let mut stream = stream.ok_or_else(|| damaged(&path, format!("is missing; it is `{key}`")))?;
        let mut writer = self.blobs.writer(key);
        let mut hash = Sha256::new();
        while let Some(bytes) = stream.try_next().await? {
            hash.update(&bytes);
            writer.write(bytes).await?;
        }
        if writer.written_bytes() != size_bytes || Sum::finish(hash) != sum {
            let what = format!("has other bytes than its name says; it is `{key}`");
            return Err(damaged(&path, what));
        }
        if !is_there {
            self.written.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        }
        writer.finish().await?;
        Ok(())
    }

    async fn is_whole(&self, key: &ObjectKey, size_bytes: u64, sum: Sum) -> Result<bool, BackupError> {
        if self.blobs.size(key).await? != size_bytes {
            return Ok(false);
        }
        let mut stream = self.blobs.read(key, 0, None).await?;
        let mut hash = Sha256::new();
        while let Some(bytes) = stream.try_next().await? {
            hash.update(&bytes);
        }
        Ok(Sum::finish(hash) == sum)
    }

    /// Removes the objects that were written, so that another backup can be restored instead.
    async fn take_back(&self) {
        let written = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        for key in written {
            if let Err(error) = self.blobs.delete(&key).await {
                tracing::warn!(error = %crate::Chain(&error), object = %key, "an object of a restore that failed stays");
            }
        }
    }
}
