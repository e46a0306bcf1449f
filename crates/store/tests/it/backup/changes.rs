//! Later backups, and a store that changes while it is copied.

use csvp_store::backup::{self, BackupError};
use csvp_store::repair::Repair;
use csvp_store::{
    Blobs, Ended, Ending, NewRun, ObjectKey, Origin, RetentionPolicy, RunFile, RunId, StoredFile,
    UploadState, contract,
};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use std::sync::Arc;

use super::{LEASE, Store, TENANT, files_in, to_write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_backup_copies_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    store.fill().await;
    let first = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    assert!(first.new_objects > 5 && first.new_bytes > super::LARGE as u64);
    let second = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    assert_eq!((second.new_objects, second.new_bytes), (0, 0));
    assert_eq!(second.manifest.objects.list.sha256, first.manifest.objects.list.sha256);
    store.finished("new.csv", b"new\n1\n").await;
    let third = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    // The original and its clean copy have the same bytes, the report has its own.
    assert_eq!(third.new_objects, 2);
    assert_eq!(backup::list(&place).await.unwrap().len(), 3);
    for entry in backup::list(&place).await.unwrap() {
        assert_eq!(backup::verify(&place, Some(entry.id)).await.unwrap().faults, []);
    }
}

/// Objects that are known are not read: the store could not be backed up every hour otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_backup_does_not_read_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    store.fill().await;
    backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    // Without their bytes the objects cannot be read any more.
    let elsewhere: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let empty = Blobs::over(elsewhere, None).await.unwrap();
    let made = backup::create(&store.meta, &empty, &place).await.unwrap();
    assert_eq!((made.manifest.objects.lost, made.new_objects), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_and_altered_objects_are_said_and_the_rest_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    let lost = store.finished("lost.csv", b"a\n1\n").await;
    let altered = store.finished("altered.csv", b"a\n2\n").await;
    let whole = store.finished("whole.csv", b"a\n3\n").await;
    let original = |upload| ObjectKey::Original { tenant: TENANT, upload };
    store.blobs.delete(&original(lost)).await.unwrap();
    store.blobs.put(original(altered), bytes::Bytes::from_static(b"a\n!\n")).await.unwrap();
    let made = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    assert_eq!((made.manifest.objects.lost, made.manifest.objects.deleted), (2, 0));
    assert_eq!(made.lost, [original(lost).to_string(), original(altered).to_string()]);
    let into = Store::local().await;
    into.restore(&place).await.unwrap();
    assert_eq!(into.facts().await.uploads.len(), 3);
    assert_eq!(&into.blobs.read_all(&original(whole), 100).await.unwrap()[..], b"a\n3\n");
    assert!(into.blobs.size(&original(altered)).await.is_err(), "altered bytes are not restored");
}

/// Results have ended, a new run has made others, and one of these is lost: that is no change of the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_file_of_a_run_after_ended_results_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    let upload = store.finished("a.csv", b"a\n1\n").await;
    let origin = Origin::worker();
    let policy = RetentionPolicy { keep_original_days: None, keep_results_days: Some(0) };
    store.meta.set_retention(TENANT, policy, &origin).await.unwrap();
    let judged = store.meta.retention(TENANT).await.unwrap().unwrap();
    let ended = store.meta.end_by_policy(TENANT, &judged, upload, Ending::Results, &origin).await.unwrap();
    assert_eq!(ended, Ended::Done);
    Repair::finish_removals(&store.meta, &store.blobs).await.unwrap();
    let new = NewRun {
        id: RunId::generate(),
        settings: serde_json::json!({}),
        job: csvp_store::NewJob::default(),
        key: None,
        origin: Origin::anonymous("again"),
    };
    let run = new.id;
    store.meta.start_run(TENANT, upload, new).await.unwrap();
    let job = store.meta.claim_job("w", LEASE).await.unwrap().unwrap();
    let mut result = contract::result(UploadState::Completed);
    result.files = vec![StoredFile { file: RunFile::ReportJson, size_bytes: 100 }];
    store.meta.finish_job(&job.lease, result, &origin).await.unwrap();
    let made = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    let lost = ObjectKey::RunFile { tenant: TENANT, upload, run, file: RunFile::ReportJson };
    assert_eq!(made.lost, [lost.to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_keeps_what_the_kept_ones_need() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    let gone = store.finished("gone.csv", b"only in the first\n").await;
    store.finished("stays.csv", b"in all of them\n").await;
    let first = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    store.delete(gone).await;
    backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    let third = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    // A backup that was broken off.
    let unfinished = dir.path().join(format!("backups/{}/rows", csvp_store::BackupId::generate()));
    std::fs::create_dir_all(&unfinished).unwrap();
    std::fs::write(unfinished.join("uploads.ndjson"), "{}").unwrap();

    let pruned = backup::prune(&place, 2).await.unwrap();
    assert_eq!(pruned.backups.len(), 2, "the oldest and the unfinished one");
    assert_eq!(pruned.backups[0], first.manifest.id);
    assert_eq!(
        pruned.contents, 2,
        "the original, which its clean copy equals, and the report of the deleted upload"
    );
    for entry in backup::list(&place).await.unwrap() {
        assert_eq!(backup::verify(&place, Some(entry.id)).await.unwrap().faults, []);
    }
    assert!(!files_in(dir.path()).iter().any(|file| std::fs::read(file).unwrap() == b"only in the first\n"));
    let pruned = backup::prune(&place, 1).await.unwrap();
    assert_eq!((pruned.kept.as_slice(), pruned.contents), (&[third.manifest.id][..], 0));
    // The last one is never removed.
    assert_eq!(backup::prune(&place, 0).await.unwrap().kept.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_stops_where_a_kept_backup_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    store.finished("a.csv", b"a\n").await;
    backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    let kept = backup::create(&store.meta, &store.blobs, &place).await.unwrap().manifest;
    let before = files_in(dir.path());
    let rows = kept.tables.iter().find(|table| table.name == "uploads").unwrap();
    for file in [&kept.objects.list.file, &rows.rows.file] {
        let path = dir.path().join(file);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, "{}\n").unwrap();
        let refused = backup::prune(&place, 1).await.unwrap_err();
        assert!(matches!(&refused, BackupError::Damaged { file: found, .. } if found == file), "{refused:?}");
        assert_eq!(files_in(dir.path()), before);
        std::fs::write(&path, whole).unwrap();
    }
    assert_eq!(backup::prune(&place, 1).await.unwrap().kept, [kept.id]);
}
