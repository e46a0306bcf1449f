//! What goes into a backup comes out of it, over every pair of stores.

use csvp_store::backup::{self, BackupError, Place};
use csvp_store::contract::LEASE;
use csvp_store::{Origin, UploadState};
use csvp_testkit::servers::Postgres;
use object_store::memory::InMemory;
use std::sync::Arc;

use super::{Facts, Store, TENANT, to_write};

/// What a restore changes, and nothing else: running jobs wait again, and the audit log has one event more.
fn restored(mut before: Facts, backup: &str) -> Facts {
    for record in &mut before.uploads {
        if record.upload.state == UploadState::Processing {
            record.upload.state = UploadState::Queued;
            record.latest.state = UploadState::Queued;
            record.latest.started_at = None;
        }
    }
    let last = before.events.last().unwrap();
    let mut event = last.clone();
    event.seq = last.seq + 1;
    event.actor = "restore".to_owned();
    event.action = "store.restore".to_owned();
    event.subject = backup.to_owned();
    event.result = "restored".to_owned();
    event.request_id = None;
    before.events.push(event);
    before
}

async fn check(from: &Store, into: &Store, place: &Place) {
    from.fill().await;
    let before = from.facts().await;
    let made = backup::create(&from.meta, &from.blobs, place).await.unwrap();
    assert_eq!((made.manifest.objects.deleted, made.manifest.objects.lost, made.rounds), (0, 0, 1));
    let verified = backup::verify(place, None).await.unwrap();
    assert_eq!(verified.faults, []);
    assert_eq!(verified.manifest, made.manifest);

    let restored_now = into.restore(place).await.unwrap();
    assert_eq!(restored_now.rows, verified.rows);
    assert_eq!(restored_now.objects, made.manifest.objects.list.lines);
    let mut after = into.facts().await;
    let mut expected = restored(before, &made.manifest.id.to_string());
    let at = after.events.last_mut().unwrap();
    expected.events.last_mut().unwrap().at = at.at;
    assert_eq!(after, expected);
    goes_on(into).await;
}

/// A restored store is a living one.
async fn goes_on(store: &Store) {
    let jobs =
        [store.meta.claim_job("w", LEASE).await.unwrap(), store.meta.claim_job("w", LEASE).await.unwrap()];
    assert!(jobs.iter().all(Option::is_some), "the job that ran and the one that waited can be claimed");
    let known = store.facts().await.uploads[0].upload.clone();
    // A retry of what was done before the backup is still known as one.
    let mut again = csvp_store::contract::queued("retry");
    again.key = Some(csvp_store::contract::key(&format!("key of {}", known.id), "a request"));
    let taken = store.meta.create_upload(again).await.unwrap();
    assert!(
        matches!(&taken, csvp_store::Taken::Repeated(record) if record.upload.id == known.id),
        "{taken:?}"
    );
    // New events are counted on behind the old ones.
    let seq = store.facts().await.events.last().unwrap().seq;
    store.finished("new.csv", b"a\n").await;
    assert_eq!(store.facts().await.events.last().unwrap().seq, seq + 1);
    // Deletions that were under way are finished.
    let unfinished = store.meta.list_unfinished_deletes(0, 10).await.unwrap();
    assert_eq!(unfinished.len(), 1);
    store.meta.finish_delete(&unfinished[0]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_and_directory_come_back() {
    let dir = tempfile::tempdir().unwrap();
    check(&Store::local().await, &Store::local().await, &to_write(dir.path()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_other_pairs_of_stores_come_back() {
    let server = Postgres::start();
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(&dir.path().join("a")).await;
    check(&Store::remote(&server).await, &Store::remote(&server).await, &place).await;
    let place = to_write(&dir.path().join("b")).await;
    check(&Store::local().await, &Store::remote(&server).await, &place).await;
    let place = to_write(&dir.path().join("c")).await;
    check(&Store::remote(&server).await, &Store::local().await, &place).await;
    // There and back again gives what was there first.
    let bucket = Arc::new(InMemory::new());
    let place = Place::bucket_to_write(bucket, "some/where", "s3://bucket/some/where").await.unwrap();
    check(&Store::local().await, &Store::remote(&server).await, &place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restores_into_a_store_with_data_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    store.fill().await;
    backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    let before = store.facts().await;
    let refused = store.restore(&place).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused:?}");
    assert!(refused.to_string().starts_with("store is not empty: it holds 8 uploads and "), "{refused}");
    assert_eq!(store.facts().await, before);

    // Rows are lost, objects are not: the service would remove what the backup does not know.
    let lost = Store::local().await;
    let key = csvp_store::ObjectKey::Original { tenant: TENANT, upload: csvp_store::UploadId::generate() };
    lost.blobs.put(key, bytes::Bytes::from_static(b"newer than the backup")).await.unwrap();
    let refused = lost.restore(&place).await.unwrap_err();
    assert!(refused.to_string().contains("1 objects that the backup does not know"), "{refused}");
    lost.blobs.size(&key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_restores_into_one_database_do_not_mix() {
    let server = Postgres::start();
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let from = Store::local().await;
    from.fill().await;
    backup::create(&from.meta, &from.blobs, &place).await.unwrap();
    let into = Store::remote(&server).await;
    let (one, two) = tokio::join!(into.restore(&place), into.restore(&place));
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    won.unwrap();
    let lost = lost.unwrap_err();
    assert!(matches!(lost, BackupError::Busy { .. } | BackupError::NotEmpty { .. }), "{lost:?}");
    let verified = into.facts().await;
    assert_eq!(verified.objects, from.facts().await.objects);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_that_an_earlier_try_left_are_used() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let from = Store::local().await;
    from.fill().await;
    backup::create(&from.meta, &from.blobs, &place).await.unwrap();
    let into = Store::local().await;
    // One is whole, another is not: a process that died leaves the first kind, a disk that failed the second.
    let mut objects = from.facts().await.objects.into_keys();
    let (whole, broken) = (objects.next().unwrap(), objects.next().unwrap());
    into.blobs.put(whole, from.blobs.read_all(&whole, u64::MAX).await.unwrap()).await.unwrap();
    into.blobs.put(broken, bytes::Bytes::from_static(b"??")).await.unwrap();
    into.restore(&place).await.unwrap();
    assert_eq!(into.facts().await.objects, from.facts().await.objects);
}

/// An upload that was deleted before the backup stays deleted, with nothing of it in the backup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_deleted_is_not_in_the_backup() {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let store = Store::local().await;
    let secret = store.finished("secret name.csv", b"secret bytes").await;
    store.meta.delete_upload(TENANT, secret, &Origin::anonymous("r")).await.unwrap();
    backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    for file in super::files_in(dir.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("secret"), "{} holds what was deleted", file.display());
    }
}
