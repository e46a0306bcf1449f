//! Brings rows and objects back together after a crash, and takes away what nobody needs any more.
//!
//! Five kinds of objects have no use: those of deleted uploads, those that a policy has ended, those of runs that a newer
//! run has replaced, those of uploads whose row was never written, and those of runs that were given up. The first three
//! are known from the database; the objects of replaced runs go when no reader can want them any more, the others at once.
//! The rest is only suspected at first: an upload may be between "object durable" and "row written" at
//! this very moment. They go when a later look, a grace period after the first, finds them still without use; the
//! period is measured by a clock that cannot jump. So it is with parts of objects that were never finished, which object
//! stores keep where no list of objects shows them: their writer may live in another process, so they wait longer.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::TryStreamExt as _;
use tokio::time::Instant;

use crate::blob::{Blobs, ObjectKey, ObjectPrefix, UnfinishedWrite};
use crate::error::StoreError;
use crate::meta::Meta;
use crate::model::{Removal, ReplacedRun, RunId, TenantId, UploadId};

/// Deleted uploads or replaced runs dealt with in one call.
const GROUPS_PER_CALL: u64 = 1_000;
/// Uploads and runs that the database is asked about together.
const KEYS_PER_LOOK: usize = 2_000;

/// What a repair has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Groups of objects: whole uploads or single runs.
    pub removed: u64,
    /// Their size.
    pub removed_bytes: u64,
    /// Size of all objects that are left, when all were listed.
    pub left_bytes: Option<u64>,
    /// Writes that nobody would finish; nobody tells their size.
    pub aborted: u64,
}

/// Remembers what looked unused, between one look and the next.
#[derive(Debug)]
pub struct Repair {
    grace: Duration,
    longest_write: Duration,
    suspects: HashMap<ObjectPrefix, Instant>,
    unfinished: HashMap<UnfinishedWrite, Instant>,
}

impl Repair {
    /// Unused objects go when they have been so for `grace`: longer than any caller takes between storing an
    /// object and writing its row, waiting for the database included. A quarter of an hour is a good value.
    pub fn new(grace: Duration) -> Self {
        Self { grace, longest_write: grace, suspects: HashMap::new(), unfinished: HashMap::new() }
    }

    /// How long the writer of one object may take in another process. Those of this process are known.
    #[must_use]
    pub fn with_longest_write(mut self, longest_write: Duration) -> Self {
        self.longest_write = longest_write;
        self
    }

    /// Removes the objects of deleted uploads that a crash or a full hand has left. Cheap; call it once a minute.
    pub async fn finish_deletes(meta: &Meta, blobs: &Blobs) -> Result<Repaired, StoreError> {
        let mut repaired = Repaired::default();
        for deleted in meta.list_unfinished_deletes(GROUPS_PER_CALL).await? {
            repaired.removed_bytes += blobs.delete_prefix(&deleted.objects).await?;
            repaired.removed += 1;
            meta.finish_delete(&deleted).await?;
        }
        Ok(repaired)
    }

    /// Removes the objects that a policy has ended of uploads that stay. Cheap; call it once a minute.
    pub async fn finish_removals(meta: &Meta, blobs: &Blobs) -> Result<Repaired, StoreError> {
        let mut repaired = Repaired::default();
        for removal in meta.list_removals(GROUPS_PER_CALL).await? {
            let Removal { tenant, upload, run, .. } = removal;
            repaired.removed_bytes += match run {
                Some(run) => blobs.delete_prefix(&ObjectPrefix::Run { tenant, upload, run }).await?,
                None => remove_original(blobs, ObjectKey::Original { tenant, upload }).await?,
            };
            repaired.removed += 1;
            meta.finish_removal(&removal).await?;
        }
        Ok(repaired)
    }

    /// Removes the objects and rows of runs that were replaced at least `kept_for` ago. A reader that has opened a file
    /// keeps it; one that has only just looked up where it is needs the time. Cheap; call it once a minute.
    pub async fn remove_replaced(
        meta: &Meta,
        blobs: &Blobs,
        kept_for: Duration,
    ) -> Result<Repaired, StoreError> {
        let mut repaired = Repaired::default();
        for replaced in meta.list_replaced_runs(kept_for, GROUPS_PER_CALL).await? {
            let ReplacedRun { tenant, upload, run } = replaced;
            repaired.removed_bytes += blobs.delete_prefix(&ObjectPrefix::Run { tenant, upload, run }).await?;
            repaired.removed += 1;
            meta.forget_run(&replaced).await?;
        }
        Ok(repaired)
    }

    /// Lists all objects and removes those that have been without use for the grace period. Reads every name in
    /// the store; call it once an hour.
    pub async fn remove_unused(&mut self, meta: &Meta, blobs: &Blobs) -> Result<Repaired, StoreError> {
        let (unused, listed_bytes) = unused(meta, blobs).await?;
        let now = Instant::now();
        self.suspects.retain(|prefix, _| unused.contains(prefix));
        let mut repaired = Repaired::default();
        for prefix in unused {
            let since = *self.suspects.entry(prefix).or_insert(now);
            if now.duration_since(since) >= self.grace {
                repaired.removed_bytes += blobs.delete_prefix(&prefix).await?;
                repaired.removed += 1;
                self.suspects.remove(&prefix);
            }
        }
        repaired.left_bytes = Some(listed_bytes.saturating_sub(repaired.removed_bytes));
        repaired.aborted = self.abort_unfinished(blobs, now).await?;
        Ok(repaired)
    }

    /// Aborts writes that were unfinished longer than any writer lives.
    async fn abort_unfinished(&mut self, blobs: &Blobs, now: Instant) -> Result<u64, StoreError> {
        let found: HashSet<UnfinishedWrite> = blobs.unfinished_writes().await?.into_iter().collect();
        self.unfinished.retain(|write, _| found.contains(write));
        let mut aborted = 0;
        for write in found {
            let since = *self.unfinished.entry(write.clone()).or_insert(now);
            if now.duration_since(since) >= self.longest_write {
                tracing::debug!(%write, "a write that nobody would finish is removed");
                blobs.abort_write(&write).await?;
                self.unfinished.remove(&write);
                aborted += 1;
            }
        }
        Ok(aborted)
    }
}

/// Gives the bytes that were there.
async fn remove_original(blobs: &Blobs, key: ObjectKey) -> Result<u64, StoreError> {
    match blobs.size(&key).await {
        Ok(size_bytes) => blobs.delete(&key).await.map(|()| size_bytes),
        Err(StoreError::NotFound(_)) => Ok(0),
        Err(error) => Err(error),
    }
}

/// All uploads and runs that have objects but no use, and the size of all objects. Memory grows with the former, not with
/// the store.
async fn unused(meta: &Meta, blobs: &Blobs) -> Result<(HashSet<ObjectPrefix>, u64), StoreError> {
    let mut unused = HashSet::new();
    let mut listed_bytes = 0_u64;
    let mut looked_at = Looked::default();
    let mut keys = blobs.stream_keys(&ObjectPrefix::All);
    while let Some((key, size_bytes)) = keys.try_next().await? {
        listed_bytes = listed_bytes.saturating_add(size_bytes);
        looked_at.add(&key);
        if looked_at.uploads.len() + looked_at.runs.len() >= KEYS_PER_LOOK {
            unused.extend(std::mem::take(&mut looked_at).unused(meta).await?);
        }
    }
    unused.extend(looked_at.unused(meta).await?);
    Ok((unused, listed_bytes))
}

/// Some uploads and runs that have objects.
#[derive(Default)]
pub(crate) struct Looked {
    uploads: HashMap<UploadId, TenantId>,
    runs: HashMap<RunId, (TenantId, UploadId)>,
}

impl Looked {
    pub(crate) fn add(&mut self, key: &ObjectKey) {
        match *key {
            ObjectKey::Original { tenant, upload } => {
                self.uploads.insert(upload, tenant);
            }
            ObjectKey::RunFile { tenant, upload, run, .. } => {
                self.uploads.insert(upload, tenant);
                self.runs.insert(run, (tenant, upload));
            }
        }
    }

    /// Those of them that the database does not know; the runs of an unknown upload go with it.
    pub(crate) async fn unused(self, meta: &Meta) -> Result<Vec<ObjectPrefix>, StoreError> {
        let ids: Vec<UploadId> = self.uploads.keys().copied().collect();
        let known = meta.existing_uploads(&ids).await?;
        let ids: Vec<RunId> = self.runs.keys().copied().collect();
        let live = meta.live_runs(&ids).await?;
        let uploads = self.uploads.into_iter().filter(|(upload, _)| !known.contains(upload));
        let uploads = uploads.map(|(upload, tenant)| ObjectPrefix::Upload { tenant, upload });
        let runs =
            self.runs.into_iter().filter(|(run, (_, upload))| known.contains(upload) && !live.contains(run));
        let runs = runs.map(|(run, (tenant, upload))| ObjectPrefix::Run { tenant, upload, run });
        Ok(uploads.chain(runs).collect())
    }
}
