//! Backups of other versions of the program.

use std::fs;
use std::path::Path;

use csvp_store::Sum;
use csvp_store::backup::{self, BackupError, Place};

use super::{Store, TENANT, to_write};

/// Changes the manifest as another version would have written it.
fn edit(dir: &Path, change: impl Fn(&mut serde_json::Value)) {
    let backup = fs::read_dir(dir.join("backups")).unwrap().next().unwrap().unwrap().path();
    let file = backup.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut manifest);
    let json = serde_json::to_vec(&manifest).unwrap();
    fs::write(backup.join("manifest.sha256"), format!("{}  manifest.json\n", Sum::of(&json))).unwrap();
    fs::write(file, json).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_backups_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::local().await;
    store.fill().await;
    backup::create(&store.meta, &store.blobs, &to_write(dir.path()).await).await.unwrap();
    let into = Store::local().await;
    let place = Place::directory_to_read(dir.path()).await.unwrap();
    for (change, said) in [
        ("schema", "it has the migration `m9999_not_yet`"),
        ("format", "its format is 2, this program knows up to 1"),
    ] {
        edit(dir.path(), |manifest| match change {
            "schema" => manifest["schema"].as_array_mut().unwrap().push("m9999_not_yet".into()),
            _ => manifest["format"] = 2.into(),
        });
        let refused = into.restore(&place).await.unwrap_err();
        assert!(matches!(refused, BackupError::Newer { .. }), "{refused:?}");
        assert!(refused.to_string().ends_with(said), "{refused}");
    }
}

/// `tests/upgrade/backup-v2` was written by the program whose newest migration was the second one. It is never changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_version_2_is_restored_and_migrated() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/backup-v2");
    let place = Place::directory_to_read(&dir).await.unwrap();
    let into = Store::local().await;
    let restored = into.restore(&place).await.unwrap();
    assert_eq!(restored.manifest.schema, ["m0001_first", "m0002_keys_and_replaced"]);
    assert_eq!(into.meta.pending_migrations().await.unwrap(), Vec::<String>::new());
    let facts = into.facts().await;
    let names: Vec<&str> = facts.uploads.iter().map(|record| record.upload.name.as_str()).collect();
    assert_eq!(names, ["orders.csv", "größe.csv"]);
    for record in &facts.uploads {
        let key = csvp_store::ObjectKey::Original { tenant: TENANT, upload: record.upload.id };
        assert_eq!(facts.objects[&key].to_string(), record.upload.sha256);
    }
    assert_eq!(facts.events.last().unwrap().action, "store.restore");
}
