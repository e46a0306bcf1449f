//! What a check of the store promises: it finds each fault and nothing else, and what it repairs stays repaired.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sea_orm::Value;
use uuid::Uuid;

use super::{LEASE, MetaSetup, claim, create, finished, queued, result};
use crate::blob::{Blobs, ObjectKey, ObjectPrefix, RunFile};
use crate::fsck::{FaultKind, FsckOptions, FsckReport, fsck};
use crate::model::{NewUpload, Origin, RunId, Sum, TenantId, UploadId, UploadRecord, UploadState};

const TENANT: TenantId = TenantId::DEFAULT;
const CONTENT: &[u8] = b"a,b\n1,2\n";

/// A store under test.
struct Store {
    setup: MetaSetup,
    blobs: Blobs,
}

impl Store {
    async fn new(setup: MetaSetup) -> Self {
        let blobs = Blobs::over(Arc::new(object_store::memory::InMemory::new()), None).await.unwrap();
        Self { setup, blobs }
    }

    async fn put(&self, key: ObjectKey, bytes: impl Into<Bytes>) {
        self.blobs.put(key, bytes.into()).await.unwrap();
    }

    /// An upload with its original, and with the files of its run.
    async fn add(&self, new: NewUpload) -> UploadRecord {
        let sha256 = Sum::of(CONTENT).to_string();
        let new = NewUpload { size_bytes: CONTENT.len() as u64, sha256, ..new };
        self.put(original(new.id), CONTENT).await;
        let record = create(&self.setup, new).await;
        self.publish(record.upload.id, record.latest.id, record.latest.state).await;
        record
    }

    async fn publish(&self, upload: UploadId, run: RunId, state: UploadState) {
        if state.has_report() {
            for stored in result(state).files {
                let size = usize::try_from(stored.size_bytes).unwrap();
                self.put(file(upload, run, stored.file), vec![7; size]).await;
            }
        }
    }

    async fn completed(&self) -> UploadRecord {
        self.add(finished("a.csv", 0, UploadState::Completed)).await
    }

    async fn check_with(&self, deep: bool, repair: bool, grace: Duration) -> FsckReport {
        self.fsck(FsckOptions { deep, repair, grace, ..options() }).await
    }

    async fn fsck(&self, options: FsckOptions) -> FsckReport {
        fsck(&self.setup.meta, &self.blobs, &options).await.unwrap()
    }

    /// Finds exactly these, repairs them, and finds nothing any more.
    async fn finds(&self, expected: &[FaultKind]) {
        let kinds = |report: &FsckReport| {
            let mut kinds: Vec<FaultKind> = report.findings.iter().map(|finding| finding.kind).collect();
            kinds.sort();
            kinds
        };
        let found = self.check_with(true, false, Duration::ZERO).await;
        assert_eq!(kinds(&found), expected, "{:#?}", found.findings);
        assert_eq!((found.found, found.repaired), (expected.len() as u64, 0));
        let repaired = self.check_with(true, true, Duration::ZERO).await;
        assert_eq!(kinds(&repaired), expected, "a check that repairs finds the same");
        assert_eq!(repaired.found, repaired.repaired + repaired.lost, "{:#?}", repaired.findings);
        let again = self.check_with(true, false, Duration::ZERO).await;
        assert_eq!(kinds(&again), [], "{:#?}", again.findings);
    }

    async fn plant(&self, sql: &str, values: Vec<Value>) {
        self.setup.meta.plant(sql, values).await.unwrap();
    }

    async fn get(&self, id: UploadId) -> UploadRecord {
        self.setup.meta.get_upload(TENANT, id).await.unwrap()
    }
}

fn options() -> FsckOptions {
    let origin = Origin { actor: "operator".to_owned(), request_id: None };
    FsckOptions { deep: false, repair: false, accept_loss: 0, grace: Duration::ZERO, origin }
}

fn original(upload: UploadId) -> ObjectKey {
    ObjectKey::Original { tenant: TENANT, upload }
}

fn run_objects(upload: UploadId, run: RunId) -> ObjectPrefix {
    ObjectPrefix::Run { tenant: TENANT, upload, run }
}

fn file(upload: UploadId, run: RunId, file: RunFile) -> ObjectKey {
    ObjectKey::RunFile { tenant: TENANT, upload, run, file }
}

/// Whatever its uploads have gone through.
pub async fn fsck_finds_nothing_in_a_sound_store(setup: MetaSetup) {
    let store = Store::new(setup).await;
    store.completed().await;
    store.add(finished("refused.csv", 0, UploadState::Refused)).await;
    store.add(finished("failed.csv", 0, UploadState::Failed)).await;
    let done = store.completed().await.upload.id;
    let deleted = store.completed().await.upload.id;
    let gone = store.setup.meta.delete_upload(TENANT, deleted, &Origin::worker()).await.unwrap();
    store.blobs.delete_prefix(&gone.objects).await.unwrap();
    store.setup.meta.finish_delete(&gone).await.unwrap();
    store.setup.meta.start_run(TENANT, done, super::uploads::rerun()).await.unwrap();
    let job = claim(&store.setup, "w").await;
    store.add(queued("waits.csv")).await;
    let report = store.check_with(true, false, Duration::ZERO).await;
    assert_eq!(report.findings, []);
    assert_eq!((report.uploads, report.objects), (5, 11));
    store.publish(done, job.job.run, UploadState::Completed).await;
    let end = result(UploadState::Completed);
    store.setup.meta.finish_job(&job.lease, end, &Origin::worker()).await.unwrap();
    // The replaced run is still there, for readers that have begun.
    let report = store.check_with(true, false, Duration::ZERO).await;
    assert_eq!(report.findings, []);
}

/// It is said to be lost; what was made of it stays.
pub async fn fsck_marks_lost_originals(setup: MetaSetup) {
    let store = Store::new(setup).await;
    let missing = store.completed().await;
    store.blobs.delete(&original(missing.upload.id)).await.unwrap();
    store.finds(&[FaultKind::OriginalMissing]).await;
    let record = store.get(missing.upload.id).await;
    assert_eq!(record.upload.state, UploadState::Failed);
    assert!(record.upload.lost_at.is_some() && !record.upload.has_original());
    assert_eq!(record.latest.error.as_ref().unwrap().code, "original-lost");
    assert_eq!(record.current().unwrap().files.len(), 2, "its files are served");
    let actions = super::actions(&store.setup, missing.upload.id).await;
    assert_eq!(actions, ["upload.create completed", "upload.repair original-lost"]);

    let cut = store.completed().await.upload.id;
    store.put(original(cut), &CONTENT[..3]).await;
    store.finds(&[FaultKind::OriginalSize]).await;

    let flipped = store.completed().await.upload.id;
    store.put(original(flipped), &b"a,b\n1,3\n"[..]).await;
    assert_eq!(store.check_with(false, false, Duration::ZERO).await.found, 0, "sizes are right");
    store.finds(&[FaultKind::OriginalHash]).await;

    let waiting = store.add(queued("waits.csv")).await.upload.id;
    store.blobs.delete(&original(waiting)).await.unwrap();
    store.finds(&[FaultKind::OriginalMissing]).await;
    assert_eq!(store.get(waiting).await.upload.state, UploadState::Failed);
    assert!(store.setup.meta.claim_job("w", LEASE).await.unwrap().is_none(), "nobody tries it");
}

/// A disk that is not mounted looks like one that has lost everything: a person must say that it has.
pub async fn fsck_marks_many_as_lost_only_when_told(setup: MetaSetup) {
    let store = Store::new(setup).await;
    let mut uploads = Vec::new();
    for _ in 0..11 {
        uploads.push(store.completed().await.upload.id);
    }
    // Of this one only files can be lost: its original has ended by a policy.
    let only_results = store.completed().await;
    let (id, run) = (only_results.upload.id, only_results.latest.id);
    let ended = "UPDATE uploads SET original_removed_at = 1 WHERE id = $1";
    store.plant(ended, vec![id.as_uuid().into()]).await;
    for &upload in &uploads {
        store.blobs.delete(&original(upload)).await.unwrap();
    }
    store.blobs.delete(&original(id)).await.unwrap();
    store.blobs.delete(&file(id, run, RunFile::CleanCsv)).await.unwrap();
    let orphan = original(UploadId::generate());
    store.put(orphan, CONTENT).await;

    let told = |accept_loss| FsckOptions { repair: true, accept_loss, ..options() };
    for accept_loss in [0, 11] {
        let refused = store.fsck(told(accept_loss)).await;
        assert_eq!((refused.too_much_loss, refused.lost, refused.repaired), (Some(12), 0, 0));
    }
    for &upload in &uploads {
        assert!(store.get(upload).await.upload.lost_at.is_none());
    }
    assert_eq!(store.get(id).await.current().unwrap().files.len(), 2);
    assert!(store.blobs.size(&orphan).await.is_ok(), "nothing is removed either");
    let found = store.check_with(false, false, Duration::ZERO).await;
    assert_eq!((found.found, found.too_much_loss), (13, None), "a look is not refused");

    let done = store.fsck(told(12)).await;
    assert_eq!((done.too_much_loss, done.lost, done.repaired), (None, 12, 1), "{:#?}", done.findings);
    assert!(store.get(uploads[0]).await.upload.lost_at.is_some());
    assert_eq!(store.check_with(false, false, Duration::ZERO).await.found, 0);
}

/// From the original, while what is there stays readable.
pub async fn fsck_has_missing_files_made_again(setup: MetaSetup) {
    let store = Store::new(setup).await;
    let record = store.completed().await;
    let (id, run) = (record.upload.id, record.latest.id);
    store.blobs.delete(&file(id, run, RunFile::CleanCsv)).await.unwrap();
    store.finds(&[FaultKind::FileMissing]).await;
    assert_eq!(store.check_with(false, false, Duration::ZERO).await.being_repaired, 1);
    let job = claim(&store.setup, "w").await;
    assert_eq!((job.job.upload, store.get(id).await.latest.number), (id, 2));
    assert_eq!(store.get(id).await.latest.settings, record.latest.settings);
    store.publish(id, job.job.run, UploadState::Completed).await;
    let end = result(UploadState::Completed);
    store.setup.meta.finish_job(&job.lease, end, &Origin::worker()).await.unwrap();
    let report = store.check_with(true, false, Duration::ZERO).await;
    assert_eq!((report.found, report.being_repaired), (0, 0));

    let cut = store.completed().await;
    store.put(file(cut.upload.id, cut.latest.id, RunFile::ReportJson), &b"{}"[..]).await;
    store.finds(&[FaultKind::FileSize]).await;

    let both = store.completed().await;
    let (id, run) = (both.upload.id, both.latest.id);
    store.blobs.delete(&original(id)).await.unwrap();
    store.blobs.delete(&file(id, run, RunFile::CleanCsv)).await.unwrap();
    store.finds(&[FaultKind::OriginalMissing, FaultKind::FileMissing]).await;
    let left: Vec<_> = store.get(id).await.current().unwrap().files.iter().map(|it| it.file).collect();
    assert_eq!(left, [RunFile::ReportJson], "what cannot be made again is not promised any more");
}

/// Unless they are so young that an upload may still be on its way.
pub async fn fsck_removes_objects_that_no_row_knows(setup: MetaSetup) {
    let store = Store::new(setup).await;
    let record = store.completed().await;
    let orphan = UploadId::generate();
    store.put(original(orphan), CONTENT).await;
    store.put(file(orphan, RunId::generate(), RunFile::CleanCsv), CONTENT).await;
    store.put(file(record.upload.id, RunId::generate(), RunFile::CleanCsv), CONTENT).await;
    let young = store.check_with(false, true, Duration::from_secs(100 * 365 * 86_400)).await;
    assert_eq!((young.found, young.in_progress), (0, 2));
    store.finds(&[FaultKind::ObjectUnknown; 2]).await;
    assert_eq!(store.check_with(true, false, Duration::ZERO).await.objects, 3);

    let deleted = store.completed().await.upload.id;
    store.setup.meta.delete_upload(TENANT, deleted, &Origin::worker()).await.unwrap();
    store.finds(&[FaultKind::DeleteUnfinished]).await;
    assert_eq!(store.check_with(true, false, Duration::ZERO).await.objects, 3);
}

/// An upload that points to nothing, or that nobody works on, is brought back.
pub async fn fsck_brings_uploads_back_to_their_runs(setup: MetaSetup) {
    let store = Store::new(setup).await;
    let stuck = store.add(queued("stuck.csv")).await.upload.id;
    store.plant("DELETE FROM jobs WHERE upload_id = $1", vec![stuck.as_uuid().into()]).await;
    store.finds(&[FaultKind::UploadStuck]).await;
    let job = claim(&store.setup, "w").await;
    assert_eq!(job.job.upload, stuck);
    store.publish(stuck, job.job.run, UploadState::Completed).await;
    let end = result(UploadState::Completed);
    store.setup.meta.finish_job(&job.lease, end, &Origin::worker()).await.unwrap();

    let record = store.completed().await;
    let id = record.upload.id;
    let point = |column: &str| format!("UPDATE uploads SET {column} = $1 WHERE id = $2");
    let nowhere = || vec![Uuid::now_v7().into(), id.as_uuid().into()];
    store.plant(&point("current_run"), nowhere()).await;
    store.finds(&[FaultKind::RunMissing]).await;
    assert_eq!(store.get(id).await.upload.current_run, Some(record.latest.id));
    store.plant(&point("latest_run"), nowhere()).await;
    store.finds(&[FaultKind::RunMissing]).await;
    assert_eq!(store.get(id).await.latest.id, record.latest.id);

    // What is found again is not removed as replaced any more.
    store.setup.meta.start_run(TENANT, id, super::uploads::rerun()).await.unwrap();
    let job = claim(&store.setup, "w").await;
    store.publish(id, job.job.run, UploadState::Completed).await;
    let end = result(UploadState::Completed);
    store.setup.meta.finish_job(&job.lease, end, &Origin::worker()).await.unwrap();
    store.plant("DELETE FROM jobs WHERE upload_id = $1", vec![id.as_uuid().into()]).await;
    store.blobs.delete_prefix(&run_objects(id, job.job.run)).await.unwrap();
    store.plant("DELETE FROM runs WHERE id = $1", vec![job.job.run.as_uuid().into()]).await;
    store.finds(&[FaultKind::RunMissing; 2]).await;
    assert_eq!(store.get(id).await.upload.current_run, Some(record.latest.id));
    assert_eq!(store.setup.meta.list_replaced_runs(Duration::ZERO, 0, 10).await.unwrap(), []);

    let bare = store.add(finished("bare.csv", 0, UploadState::Failed)).await.upload.id;
    store.plant("DELETE FROM runs WHERE upload_id = $1", vec![bare.as_uuid().into()]).await;
    store.finds(&[FaultKind::RunMissing]).await;
    assert_eq!(claim(&store.setup, "w").await.job.upload, bare, "it begins anew");
}

/// In favour of what is served.
pub async fn fsck_settles_rows_that_contradict_each_other(setup: MetaSetup) {
    let store = Store::new(setup).await;
    let ended = store.add(queued("ended.csv")).await.upload.id;
    let end = "UPDATE uploads SET state = 'cancelled' WHERE id = $1";
    store.plant(end, vec![ended.as_uuid().into()]).await;
    store.finds(&[FaultKind::JobForNobody]).await;
    assert!(store.setup.meta.claim_job("w", LEASE).await.unwrap().is_none());

    let record = store.completed().await;
    let (id, first) = (record.upload.id, record.latest.id);
    let mark = "UPDATE runs SET replaced_at = 1 WHERE id = $1";
    store.plant(mark, vec![first.as_uuid().into()]).await;
    store.finds(&[FaultKind::RunServedAndReplaced]).await;
    assert_eq!(store.setup.meta.list_replaced_runs(Duration::ZERO, 0, 10).await.unwrap(), []);

    store.setup.meta.start_run(TENANT, id, super::uploads::rerun()).await.unwrap();
    let job = claim(&store.setup, "w").await;
    store.publish(id, job.job.run, UploadState::Completed).await;
    let done = result(UploadState::Completed);
    store.setup.meta.finish_job(&job.lease, done, &Origin::worker()).await.unwrap();
    let unmark = "UPDATE runs SET replaced_at = NULL WHERE id = $1";
    store.plant(unmark, vec![first.as_uuid().into()]).await;
    store.finds(&[FaultKind::RunReplacedAndKept]).await;

    let lost = store.add(queued("lost.csv")).await.upload.id;
    store.plant("DELETE FROM uploads WHERE id = $1", vec![lost.as_uuid().into()]).await;
    store.finds(&[FaultKind::JobOfNothing, FaultKind::RunOfNothing, FaultKind::ObjectUnknown]).await;
}
