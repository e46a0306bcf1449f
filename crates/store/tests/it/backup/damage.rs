//! Any damage is found and named, and nothing is restored from it.

use std::fs;
use std::path::{Path, PathBuf};

use csvp_store::backup::{self, BackupError, Place};
use csvp_store::{ListUploads, ObjectPrefix};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{Store, TENANT, files_in, to_write};

/// A small backup in a directory.
async fn small() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local().await;
    store.finished("one.csv", b"a,b\n1,2\n").await;
    store.queued("two.csv", b"a,b\n3,4\n").await;
    backup::create(&store.meta, &store.blobs, &to_write(dir.path()).await).await.unwrap();
    (dir, store)
}

/// What `verify` says, with the names of the damaged files.
async fn named(dir: &Path) -> Vec<String> {
    let place = match Place::directory_to_read(dir).await {
        Ok(place) => place,
        Err(error) => return vec![error.to_string()],
    };
    match backup::verify(&place, None).await {
        Ok(verified) => verified.faults.into_iter().map(|fault| fault.file).collect(),
        Err(BackupError::Damaged { file, .. }) => vec![file],
        Err(error) => vec![error.to_string()],
    }
}

async fn is_untouched(store: &Store) -> bool {
    store.meta.list_uploads(TENANT, &ListUploads::default()).await.unwrap().items.is_empty()
        && store.blobs.list(&ObjectPrefix::All).await.unwrap().is_empty()
        && store.meta.list_audit_events(TENANT, 0, 10).await.unwrap().is_empty()
}

/// Restores from what is there must fail, and leave the store empty.
async fn must_not_restore(dir: &Path, into: &Store, what: &str) {
    let restored = match Place::directory_to_read(dir).await {
        Ok(place) => into.restore(&place).await,
        Err(error) => Err(error),
    };
    assert!(restored.is_err(), "{what}: restored");
    assert!(is_untouched(into).await, "{what}: something was restored");
}

fn relative(file: &Path, dir: &Path) -> String {
    file.strip_prefix(dir).unwrap().display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_and_cut_files_are_named() {
    let (dir, _store) = small().await;
    let into = Store::local().await;
    for file in files_in(dir.path()) {
        let (name, whole) = (relative(&file, dir.path()), fs::read(&file).unwrap());
        fs::remove_file(&file).unwrap();
        // Without its manifest it is no backup.
        let expected = match name.as_str() {
            "csvp-backups.json" => format!("there are no backups in `{}`", dir.path().display()),
            name if name.ends_with("manifest.json") => {
                format!("there are no backups in `{}`", dir.path().display())
            }
            name => name.to_owned(),
        };
        assert_eq!(named(dir.path()).await, [expected], "without {name}");
        must_not_restore(dir.path(), &into, &format!("without {name}")).await;
        if !whole.is_empty() {
            fs::write(&file, &whole[..whole.len() - 1]).unwrap();
            assert_ne!(named(dir.path()).await, [""; 0], "{name} without its last byte");
            must_not_restore(dir.path(), &into, &format!("{name} without its last byte")).await;
        }
        fs::write(&file, [&whole[..], b"\n"].concat()).unwrap();
        assert_ne!(named(dir.path()).await, [""; 0], "{name} with a byte more");
        must_not_restore(dir.path(), &into, &format!("{name} with a byte more")).await;
        fs::write(&file, whole).unwrap();
    }
    assert_eq!(named(dir.path()).await, [""; 0], "everything is as it was");
}

/// Which file, which byte, which bit.
fn flips() -> impl Strategy<Value = (prop::sample::Index, prop::sample::Index, u8)> {
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8)
}

#[test]
fn every_flipped_bit_is_found_and_nothing_is_restored() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ((dir, _store), into) = runtime.block_on(async { (small().await, Store::local().await) });
    let files: Vec<PathBuf> =
        files_in(dir.path()).into_iter().filter(|file| fs::metadata(file).unwrap().len() > 0).collect();
    proptest!(ProptestConfig::with_cases(200), |((file, byte, bit) in flips())| {
        let file = file.get(&files);
        let whole = fs::read(file).unwrap();
        let mut flipped = whole.clone();
        let at = byte.index(flipped.len());
        flipped[at] ^= 1 << bit;
        fs::write(file, flipped).unwrap();
        let what = format!("{} byte {at} bit {bit}", relative(file, dir.path()));
        runtime.block_on(async {
            assert_ne!(named(dir.path()).await, [""; 0], "{what} was not found");
            must_not_restore(dir.path(), &into, &what).await;
        });
        fs::write(file, whole).unwrap();
    });
    // The store that took none of them takes the whole one.
    runtime.block_on(async {
        let place = Place::directory_to_read(dir.path()).await.unwrap();
        into.restore(&place).await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_damaged_objects_are_named_together() {
    let (dir, _store) = small().await;
    let objects: Vec<PathBuf> = files_in(dir.path())
        .into_iter()
        .filter(|file| relative(file, dir.path()).starts_with("objects/"))
        .collect();
    assert!(objects.len() > 2);
    for file in &objects {
        let mut bytes = fs::read(file).unwrap();
        bytes[0] ^= 1;
        fs::write(file, bytes).unwrap();
    }
    let mut found = named(dir.path()).await;
    found.sort();
    let expected: Vec<String> = objects.iter().map(|file| relative(file, dir.path())).collect();
    assert_eq!(found, expected);
}

/// A content that is damaged in the place is copied again, once it is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_contents_are_removed_and_copied_again() {
    let (dir, store) = small().await;
    let mut objects: Vec<PathBuf> = files_in(dir.path())
        .into_iter()
        .filter(|file| relative(file, dir.path()).starts_with("objects/"))
        .collect();
    let flipped = objects.pop().unwrap();
    let mut bytes = fs::read(&flipped).unwrap();
    bytes[0] ^= 1;
    fs::write(&flipped, bytes).unwrap();
    fs::write(objects.pop().unwrap(), "cut").unwrap();
    fs::remove_file(objects.pop().unwrap()).unwrap();
    let place = to_write(dir.path()).await;
    let repaired = backup::repair(&place, None).await.unwrap();
    assert_eq!((repaired.fault_count, repaired.removed), (3, 2));
    let missing = backup::verify(&place, None).await.unwrap();
    assert_eq!((missing.fault_count, missing.removed), (3, 0));
    let again = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
    assert_eq!(again.new_objects, 3);
    // They are the same contents: the older backup is whole again too.
    for entry in backup::list(&place).await.unwrap() {
        assert_eq!(backup::verify(&place, Some(entry.id)).await.unwrap().faults, []);
    }
}
