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
use std::ops::ControlFlow;
use std::time::Duration;

use futures::TryStreamExt as _;
use tokio::time::Instant;

use crate::blob::{Blobs, ObjectKey, ObjectPrefix, UnfinishedWrite};
use crate::error::StoreError;
use crate::meta::{Inspected, Meta};
use crate::model::{Deleted, Removal, ReplacedRun, RunId, TenantId, UploadId};

/// Deleted uploads or replaced runs dealt with in one call.
const GROUPS_PER_CALL: u64 = 1_000;
/// Uploads and runs that the database is asked about together.
const KEYS_PER_LOOK: usize = 2_000;

/// Uploads that an error names, of all that it is about.
const NAMED: usize = 10;

/// What a repair has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Groups of objects: whole uploads or single runs.
    pub removed: u64,
    /// Their size.
    pub removed_bytes: u64,
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
    left_bytes: Option<u64>,
}

impl Repair {
    /// Unused objects go when they have been so for `grace`: longer than any caller takes between storing an
    /// object and writing its row, for which there are [`crate::MAX_UNRECORDED`]. A quarter of an hour is a good value.
    pub fn new(grace: Duration) -> Self {
        let (suspects, unfinished) = Default::default();
        Self { grace, longest_write: grace, suspects, unfinished, left_bytes: None }
    }

    /// How long the writer of one object may take in another process. Those of this process are known.
    #[must_use]
    pub fn with_longest_write(mut self, longest_write: Duration) -> Self {
        self.longest_write = longest_write;
        self
    }

    /// Size of all objects that the last look has left, also when it could not remove all that it would; `None` when it
    /// could not list them.
    pub fn left_bytes(&self) -> Option<u64> {
        self.left_bytes
    }

    /// Removes the objects of deleted uploads that a crash or a full hand has left. Cheap; call it once a minute.
    ///
    /// # Errors
    /// The first of those that could not be removed; the others are.
    pub async fn finish_deletes(meta: &Meta, blobs: &Blobs) -> Result<Repaired, StoreError> {
        let list = |skip| meta.list_unfinished_deletes(skip, GROUPS_PER_CALL);
        let remove = |deleted: Deleted| async move {
            let bytes = blobs.delete_prefix(&deleted.objects).await?;
            meta.finish_delete(&deleted).await.map(|()| bytes)
        };
        Tried::all(list, |deleted| deleted.upload, remove).await
    }

    /// Removes the objects that a policy has ended of uploads that stay. Cheap; call it once a minute.
    ///
    /// Nothing is taken out of small objects that are damaged as a whole; when nothing of their upload is kept any more, they
    /// go together.
    ///
    /// # Errors
    /// As [`Repair::finish_deletes`].
    pub async fn finish_removals(meta: &Meta, blobs: &Blobs) -> Result<Repaired, StoreError> {
        let list = |skip| meta.list_removals(skip, GROUPS_PER_CALL);
        let remove = |removal: Removal| async move {
            let Removal { tenant, upload, run, .. } = removal;
            let removed = match run {
                Some(run) => blobs.delete_prefix(&ObjectPrefix::Run { tenant, upload, run }).await,
                None => remove_original(blobs, ObjectKey::Original { tenant, upload }).await,
            };
            let bytes = match removed {
                Err(error) if error.is_damage() && is_over(meta, upload).await? => {
                    blobs.delete_prefix(&ObjectPrefix::Upload { tenant, upload }).await?
                }
                removed => removed?,
            };
            meta.finish_removal(&removal).await.map(|()| bytes)
        };
        Tried::all(list, |removal| removal.upload, remove).await
    }

    /// Removes the objects and rows of runs that were replaced at least `kept_for` ago. A reader that has opened a file
    /// keeps it; one that has only just looked up where it is needs the time. Cheap; call it once a minute.
    ///
    /// # Errors
    /// As [`Repair::finish_deletes`].
    pub async fn remove_replaced(
        meta: &Meta,
        blobs: &Blobs,
        kept_for: Duration,
    ) -> Result<Repaired, StoreError> {
        let list = |skip| meta.list_replaced_runs(kept_for, skip, GROUPS_PER_CALL);
        let remove = |replaced: ReplacedRun| async move {
            let ReplacedRun { tenant, upload, run } = replaced;
            let bytes = blobs.delete_prefix(&ObjectPrefix::Run { tenant, upload, run }).await?;
            meta.forget_run(&replaced).await.map(|()| bytes)
        };
        Tried::all(list, |replaced| replaced.upload, remove).await
    }

    /// Lists all objects and removes those that have been without use for the grace period. Reads every name in
    /// the store; call it once an hour.
    ///
    /// # Errors
    /// The objects cannot be listed; or the first of those that could not be removed; the others are.
    pub async fn remove_unused(&mut self, meta: &Meta, blobs: &Blobs) -> Result<Repaired, StoreError> {
        self.left_bytes = None;
        let (unused, listed_bytes) = unused(meta, blobs).await?;
        let now = Instant::now();
        self.suspects.retain(|prefix, _| unused.contains(prefix));
        let mut tried = Tried::default();
        for prefix in unused {
            let since = *self.suspects.entry(prefix).or_insert(now);
            if now.duration_since(since) < self.grace {
                continue;
            }
            let removed = blobs.delete_prefix(&prefix).await;
            if removed.is_ok() {
                self.suspects.remove(&prefix);
            }
            if tried.add(upload_of(&prefix), removed).is_break() {
                break;
            }
        }
        self.left_bytes = Some(listed_bytes.saturating_sub(tried.repaired.removed_bytes));
        let aborted = self.abort_unfinished(blobs, now).await;
        Ok(Repaired { aborted: aborted?, ..tried.end()? })
    }

    /// Aborts writes that were unfinished longer than any writer lives. One that cannot be aborted does not keep the others.
    async fn abort_unfinished(&mut self, blobs: &Blobs, now: Instant) -> Result<u64, StoreError> {
        let found: HashSet<UnfinishedWrite> = blobs.unfinished_writes().await?.into_iter().collect();
        self.unfinished.retain(|write, _| found.contains(write));
        let mut tried = Tried::default();
        for write in found {
            let since = *self.unfinished.entry(write.clone()).or_insert(now);
            if now.duration_since(since) < self.longest_write {
                continue;
            }
            tracing::debug!(%write, "a write that nobody would finish is removed");
            let aborted = blobs.abort_write(&write).await;
            if aborted.is_ok() {
                self.unfinished.remove(&write);
            }
            if tried.add(None, aborted.map(|()| 0)).is_break() {
                break;
            }
        }
        tried.end().map(|aborted| aborted.removed)
    }
}

/// Removals one after the other: one that fails does not keep the others.
#[derive(Default)]
struct Tried {
    repaired: Repaired,
    failed: u64,
    first: Option<StoreError>,
    /// The uploads of those that failed, the first few.
    stuck: Vec<UploadId>,
}

impl Tried {
    /// Lists and removes, group by group, what comes behind those that fail: they stay at the head of the list, and a
    /// thousand of them must not hide the rest.
    async fn all<T, L, R>(
        list: impl Fn(u64) -> L,
        upload: impl Fn(&T) -> UploadId,
        remove: impl Fn(T) -> R,
    ) -> Result<Repaired, StoreError>
    where
        L: Future<Output = Result<Vec<T>, StoreError>>,
        R: Future<Output = Result<u64, StoreError>>,
    {
        let mut tried = Self::default();
        loop {
            let group = list(tried.failed).await?;
            let is_last = (group.len() as u64) < GROUPS_PER_CALL;
            for one in group {
                if tried.add(Some(upload(&one)), remove(one).await).is_break() {
                    return tried.end();
                }
            }
            if is_last || tried.repaired.removed >= GROUPS_PER_CALL {
                return tried.end();
            }
        }
    }

    /// Takes down what became of one; breaks when the next one would only wait as long.
    fn add(&mut self, upload: Option<UploadId>, removed_bytes: Result<u64, StoreError>) -> ControlFlow<()> {
        let error = match removed_bytes {
            Ok(bytes) => {
                self.repaired.removed_bytes += bytes;
                self.repaired.removed += 1;
                return ControlFlow::Continue(());
            }
            Err(error) => error,
        };
        self.failed += 1;
        if error.is_away() {
            self.first = self.first.take().or(Some(error));
            return ControlFlow::Break(());
        }
        if let Some(upload) = upload.filter(|upload| !self.stuck.contains(upload) && self.stuck.len() < NAMED)
        {
            self.stuck.push(upload);
        }
        self.first = self.first.take().or(Some(error));
        ControlFlow::Continue(())
    }

    fn end(self) -> Result<Repaired, StoreError> {
        let Self { repaired, failed, first, stuck: uploads } = self;
        let Some(first) = first else { return Ok(repaired) };
        if first.is_away() || uploads.is_empty() {
            return Err(first);
        }
        let more = if uploads.len() < NAMED { 0 } else { failed.saturating_sub(NAMED as u64) };
        Err(StoreError::NotRemoved { uploads, more, first: Box::new(first) })
    }
}

/// Whether nothing of an upload is kept any more but its row: then what is damaged holds nothing that could be taken for whole.
async fn is_over(meta: &Meta, upload: UploadId) -> Result<bool, StoreError> {
    let Some(Inspected { upload, latest, current, has_job }) = meta.inspect_upload(upload).await? else {
        return Ok(true);
    };
    let has_files = [latest, current].into_iter().flatten().any(|run| !run.files.is_empty());
    Ok(!upload.has_original() && upload.state.is_final() && !has_job && !has_files)
}

fn upload_of(prefix: &ObjectPrefix) -> Option<UploadId> {
    match *prefix {
        ObjectPrefix::All => None,
        ObjectPrefix::Upload { upload, .. } | ObjectPrefix::Run { upload, .. } => Some(upload),
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn stuck() -> StoreError {
        StoreError::impossible("stuck")
    }

    /// Numbers below `stuck` stay at the head of the list, as the oldest rows do.
    async fn remove_all(
        all: u64,
        fails: impl Fn(u64) -> Option<StoreError>,
    ) -> (Result<Repaired, StoreError>, Vec<u64>) {
        let left: RefCell<Vec<u64>> = RefCell::new((0..all).collect());
        let list = |skip: u64| {
            let (skip, most) = (usize::try_from(skip).unwrap(), usize::try_from(GROUPS_PER_CALL).unwrap());
            let group: Vec<u64> = left.borrow().iter().copied().skip(skip).take(most).collect();
            async move { Ok(group) }
        };
        let remove = |one: u64| {
            let removed = fails(one).map_or(Ok(1), Err);
            if removed.is_ok() {
                left.borrow_mut().retain(|it| *it != one);
            }
            async move { removed }
        };
        let done = Tried::all(list, |_| UploadId::generate(), remove).await;
        (done, left.into_inner())
    }

    #[tokio::test]
    async fn stuck_ones_do_not_hide_the_rest() {
        let (done, left) = remove_all(3_500, |one| (one < 1_200).then(stuck)).await;
        let Err(StoreError::NotRemoved { uploads, more, .. }) = done else { panic!("{done:?}") };
        assert_eq!((uploads.len(), more), (10, 1_190));
        assert_eq!(left.len(), 1_700, "1,200 that are stuck, and what the next call removes");
        let (done, left) = remove_all(1_300, |one| (one < 1_200).then(stuck)).await;
        assert!(done.is_err());
        assert_eq!(left.len(), 1_200);
        let (done, left) = remove_all(10, |_| None).await;
        assert_eq!((done.unwrap().removed, left.len()), (10, 0));
    }

    /// Each of a thousand would wait for its time-out.
    #[tokio::test]
    async fn a_store_that_is_away_is_asked_once() {
        let away = |one| (one == 3).then(|| StoreError::ObjectsUnavailable("away".into()));
        let (done, left) = remove_all(10, away).await;
        assert!(matches!(done, Err(StoreError::ObjectsUnavailable(_))), "{done:?}");
        assert_eq!(left, [3, 4, 5, 6, 7, 8, 9]);
    }
}
