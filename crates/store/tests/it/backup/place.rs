//! Directories that are not ours, and the rights on those that are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use csvp_store::backup::{self, BackupError, Place};

use super::{Store, files_in, to_write};

#[tokio::test]
async fn other_peoples_directories_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("holiday.jpg"), "x").unwrap();
    let refused = Place::directory_to_write(dir.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::Foreign { .. }), "{refused:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was made there");
    let refused = Place::directory_to_read(dir.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoBackups { .. }), "{refused:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was made there");
    let missing = Place::directory_to_read(&dir.path().join("missing")).await.unwrap_err();
    assert!(matches!(missing, BackupError::NoBackups { .. }), "{missing:?}");
}

#[tokio::test]
async fn one_process_writes_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = to_write(dir.path()).await;
    let refused = Place::directory_to_write(dir.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::Busy { .. }), "{refused:?}");
    Place::directory_to_read(dir.path()).await.unwrap();
    drop(first);
    to_write(dir.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_are_for_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("made");
    let store = Store::local().await;
    store.fill().await;
    backup::create(&store.meta, &store.blobs, &to_write(&target).await).await.unwrap();
    for file in files_in(&target) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        let dir = file.parent().unwrap();
        assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700, "{}", dir.display());
    }
}

/// A backup on a medium that cannot be written is read all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local().await;
    store.fill().await;
    backup::create(&store.meta, &store.blobs, &to_write(dir.path()).await).await.unwrap();
    // Only what a copying program would take along.
    let copy = tempfile::tempdir().unwrap();
    for file in files_in(dir.path()) {
        let target = copy.path().join(file.strip_prefix(dir.path()).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, &target).unwrap();
    }
    let before = fs::read_dir(copy.path()).unwrap().count();
    let place = Place::directory_to_read(copy.path()).await.unwrap();
    assert_eq!(backup::verify(&place, None).await.unwrap().faults, []);
    let into = Store::local().await;
    into.restore(&place).await.unwrap();
    assert_eq!(into.facts().await.objects, store.facts().await.objects);
    assert_eq!(fs::read_dir(copy.path()).unwrap().count(), before);
}
