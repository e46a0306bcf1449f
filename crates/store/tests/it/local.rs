//! What only the local directory does: cleaning up after a crash, counting at the start.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bytes::Bytes;
use csvp_store::{Blobs, ObjectKey, ObjectPrefix, RunFile, RunId, StoreError, TenantId, UploadId};

fn key() -> ObjectKey {
    ObjectKey::Original { tenant: TenantId::DEFAULT, upload: UploadId::generate() }
}

fn leave_temp_file(dir: &Path) {
    fs::create_dir_all(dir.join(".tmp")).unwrap();
    fs::write(dir.join(".tmp/0198f3"), "half an upload").unwrap();
}

#[tokio::test]
async fn start_removes_what_a_crash_left_and_counts_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let first = Blobs::open_local(dir.path(), None).await.unwrap();
    let kept = key();
    first.put(kept, Bytes::from_static(b"12345")).await.unwrap();
    drop(first);
    leave_temp_file(dir.path());
    let second = Blobs::open_local(dir.path(), Some(100)).await.unwrap();
    assert_eq!(fs::read_dir(dir.path().join(".tmp")).unwrap().count(), 0);
    assert_eq!((second.used_bytes(), second.max_bytes()), (5, Some(100)));
    assert_eq!(second.list(&ObjectPrefix::All).await.unwrap(), [(kept, 5)]);
}

#[tokio::test]
async fn start_spares_the_temporary_files_of_a_live_process() {
    let dir = tempfile::tempdir().unwrap();
    let first = Blobs::open_local(dir.path(), None).await.unwrap();
    let key = key();
    let mut writer = first.writer(key);
    writer.write(Bytes::from(vec![7; 200_000])).await.unwrap();
    let second = Blobs::open_local(dir.path(), None).await.unwrap();
    writer.finish().await.unwrap();
    assert_eq!(second.size(&key).await.unwrap(), 200_000);
}

#[tokio::test]
async fn keys_lie_where_the_documentation_says() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    let key = key();
    blobs.put(key, Bytes::from_static(b"a\n")).await.unwrap();
    let path = dir.path().join(format!("{}/uploads/{}/original", TenantId::DEFAULT, key.upload()));
    assert_eq!(fs::read(&path).unwrap(), b"a\n");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700), "nobody else may read it");
    blobs.delete(&key).await.unwrap();
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        left.iter().all(|name| name.to_string_lossy().starts_with('.')),
        "empty directories go too: {left:?}"
    );
}

#[tokio::test]
async fn empty_directories_go_with_their_last_run_and_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (tenant, upload, run) = (TenantId::DEFAULT, UploadId::generate(), RunId::generate());
    let empty = |root: &Path| {
        fs::read_dir(root).unwrap().all(|entry| entry.unwrap().file_name().to_string_lossy().starts_with('.'))
    };
    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    let report = ObjectKey::RunFile { tenant, upload, run, file: RunFile::ReportJson };
    blobs.put(report, Bytes::from_static(b"{}")).await.unwrap();
    blobs.delete_prefix(&ObjectPrefix::Run { tenant, upload, run }).await.unwrap();
    assert!(empty(dir.path()));
    drop(blobs);
    fs::create_dir_all(dir.path().join("tenant/uploads/upload/runs/run")).unwrap();
    Blobs::open_local(dir.path(), None).await.unwrap();
    assert!(empty(dir.path()));
}

/// The directories above the last upload go with it, at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn uploads_come_while_the_last_one_goes() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let blobs = blobs.clone();
        tasks.spawn(async move {
            for _ in 0..100 {
                let (tenant, upload, run) = (TenantId::DEFAULT, UploadId::generate(), RunId::generate());
                let report = ObjectKey::RunFile { tenant, upload, run, file: RunFile::ReportJson };
                blobs.put(report, Bytes::from_static(b"{}")).await.unwrap();
                blobs.delete_prefix(&ObjectPrefix::Run { tenant, upload, run }).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap(), []);
}

/// The journal of small objects as a power cut leaves it: the segment is durable, their files are not.
#[tokio::test]
async fn small_objects_come_back_from_the_journal_and_removed_ones_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let (tenant, upload, run) = (TenantId::DEFAULT, UploadId::generate(), RunId::generate());
    let file = |file| ObjectKey::RunFile { tenant, upload, run, file };
    let (torn, gone, anew) = (file(RunFile::PlanJson), file(RunFile::ReportJson), file(RunFile::CleanCsv));
    let removed = ObjectKey::Original { tenant, upload: UploadId::generate() };
    let large = Bytes::from(vec![b'x'; 100_000]);

    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    for key in [torn, gone, anew, removed] {
        blobs.put(key, Bytes::from(format!("content of {key}"))).await.unwrap();
    }
    blobs.put(anew, large.clone()).await.unwrap();
    blobs.delete_prefix(&ObjectPrefix::Upload { tenant, upload: removed.upload() }).await.unwrap();
    drop(blobs);
    assert_eq!(fs::read_dir(dir.path().join(".journal")).unwrap().count(), 1);
    fs::write(dir.path().join(torn.to_string()), "").unwrap();
    fs::remove_file(dir.path().join(gone.to_string())).unwrap();

    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    for key in [torn, gone] {
        assert_eq!(blobs.read_all(&key, 1_000).await.unwrap(), format!("content of {key}"));
    }
    assert_eq!(blobs.read_all(&anew, 200_000).await.unwrap(), large);
    assert!(matches!(blobs.size(&removed).await, Err(StoreError::NotFound(_))));
    assert_eq!(fs::read_dir(dir.path().join(".journal")).unwrap().count(), 0);
}

#[tokio::test]
async fn open_reader_outlives_the_object() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    let key = key();
    blobs.put(key, Bytes::from(vec![1; 300_000])).await.unwrap();
    let mut reader = blobs.blocking_reader(&key, 0).unwrap();
    blobs.delete(&key).await.unwrap();
    assert_eq!(std::io::copy(&mut reader, &mut std::io::sink()).unwrap(), 300_000);
    assert!(matches!(blobs.size(&key).await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn names_outside_the_store_are_refused() {
    use object_store::ObjectStoreExt as _;
    use object_store::path::Path;
    let dir = tempfile::tempdir().unwrap();
    let store = Blobs::open_local(dir.path(), None).await.unwrap().object_store();
    leave_temp_file(dir.path());
    for name in [".tmp/0198f3", ".lock", "a/.hidden"] {
        assert!(store.get(&Path::from(name)).await.is_err(), "{name}");
        assert!(store.put(&Path::from(name), "x".into()).await.is_err(), "{name}");
    }
    assert!(store.list_with_delimiter(None).await.unwrap().objects.is_empty());
}

#[test]
fn full_disk_is_told_apart() {
    let full = StoreError::from_io(std::io::ErrorKind::StorageFull.into());
    assert_eq!(full.to_string(), "store is full: 0 bytes are used, the disk has no room");
    let back = StoreError::from_io(full.into_io());
    assert!(matches!(back, StoreError::Full { max_bytes: None, .. }));
    let other = StoreError::from_io(std::io::ErrorKind::PermissionDenied.into());
    assert!(matches!(other, StoreError::Internal(_)));
}

#[tokio::test]
async fn reading_beside_a_writer_sees_what_is_published_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let writing = Blobs::open_local(dir.path(), None).await.unwrap();
    let (small, unfinished) = (key(), key());
    // Stands in its place and in the journal, not written out yet.
    writing.put(small, Bytes::from_static(b"12345")).await.unwrap();
    let mut writer = writing.writer(unfinished);
    writer.write(Bytes::from(vec![7; 200_000])).await.unwrap();
    let reading = Blobs::open_local_to_read(dir.path()).await.unwrap();
    assert_eq!(reading.list(&ObjectPrefix::All).await.unwrap(), [(small, 5)]);
    assert!(reading.put(key(), Bytes::from_static(b"1")).await.is_err());
    assert!(reading.delete(&small).await.is_err());
    let upload = ObjectPrefix::Upload { tenant: TenantId::DEFAULT, upload: small.upload() };
    assert!(reading.delete_prefix(&upload).await.is_err());
    writer.finish().await.unwrap();
    assert_eq!(reading.size(&unfinished).await.unwrap(), 200_000);
    assert_eq!(reading.size(&small).await.unwrap(), 5);
}

#[tokio::test]
async fn reading_after_a_crash_writes_the_journal_out_first() {
    let dir = tempfile::tempdir().unwrap();
    let writing = Blobs::open_local(dir.path(), None).await.unwrap();
    let small = key();
    writing.put(small, Bytes::from_static(b"12345")).await.unwrap();
    drop(writing);
    // As after a power cut: the journal has it, its place has not.
    fs::remove_file(dir.path().join(small.to_string())).unwrap();
    let reading = Blobs::open_local_to_read(dir.path()).await.unwrap();
    assert_eq!(reading.size(&small).await.unwrap(), 5);
    assert_eq!(fs::read_dir(dir.path().join(".journal")).unwrap().count(), 0);
}

#[tokio::test]
async fn reading_needs_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("objects");
    assert!(Blobs::open_local_to_read(&missing).await.is_err());
    assert!(!missing.exists());
}

#[tokio::test]
async fn start_makes_room_before_it_writes_the_journal_out() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    let small = key();
    blobs.put(small, Bytes::from_static(b"12345")).await.unwrap();
    drop(blobs);
    leave_temp_file(dir.path());
    // The object cannot be written to its place, as on a full disk.
    let tenant = dir.path().join(TenantId::DEFAULT.to_string());
    fs::remove_dir_all(&tenant).unwrap();
    fs::write(&tenant, "").unwrap();
    Blobs::open_local(dir.path(), None).await.unwrap_err();
    assert_eq!(fs::read_dir(dir.path().join(".tmp")).unwrap().count(), 0);
    fs::remove_file(&tenant).unwrap();
    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    assert_eq!(blobs.size(&small).await.unwrap(), 5);
}

/// A reader begins to write the journal out, and a writer starts; the reader does not get to the end.
#[tokio::test]
async fn start_writes_the_journal_out_when_a_reader_has_failed_to() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_local(dir.path(), None).await.unwrap();
    let small = key();
    blobs.put(small, Bytes::from_static(b"12345")).await.unwrap();
    drop(blobs);
    fs::remove_file(dir.path().join(small.to_string())).unwrap();
    let reader = fs::File::open(dir.path().join(".lock")).unwrap();
    reader.lock().unwrap();
    let opening = Blobs::open_local(dir.path(), None);
    tokio::pin!(opening);
    let waits = tokio::time::timeout(std::time::Duration::from_millis(50), &mut opening).await;
    assert!(waits.is_err(), "expected the start to wait for the reader");
    drop(reader);
    assert_eq!(opening.await.unwrap().size(&small).await.unwrap(), 5);
}
