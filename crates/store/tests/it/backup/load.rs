//! Backups while uploads come and go, judged by a ledger of what was acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use csvp_store::backup::{self, BackupError};
use csvp_store::{Blobs, Clock, Meta, MetaOptions, ObjectKey, UploadId};
use csvp_testkit::servers::Postgres;
use sea_orm::{ConnectionTrait as _, Database, TransactionTrait as _};

use super::{Store, TENANT, to_write};

/// What a client knows of an upload.
#[derive(Clone)]
enum Known {
    /// It was acknowledged.
    Live(Vec<u8>),
    /// Its deletion was begun.
    Going,
    /// Its deletion was acknowledged.
    Gone,
}

type Ledger = Arc<Mutex<HashMap<UploadId, Known>>>;

/// Sends and deletes until it is told to stop.
async fn client(
    store: Arc<Store>,
    number: usize,
    ledger: Ledger,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) {
    let mut mine = Vec::new();
    for i in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let bytes = format!("client,{number}\nupload,{i}\n{}", "x".repeat(i * 97 % 5_000)).into_bytes();
        let upload = store.finished(&format!("{number}-{i}.csv"), &bytes).await;
        ledger.lock().unwrap().insert(upload, Known::Live(bytes));
        mine.push(upload);
        if i % 3 == 2 {
            let gone = mine.remove(mine.len() / 2);
            ledger.lock().unwrap().insert(gone, Known::Going);
            store.delete(gone).await;
            ledger.lock().unwrap().insert(gone, Known::Gone);
        }
        done.fetch_add(1, Ordering::SeqCst);
    }
}

async fn check(store: Store, into: Store) {
    let dir = tempfile::tempdir().unwrap();
    let place = to_write(dir.path()).await;
    let (store, ledger): (_, Ledger) = (Arc::new(store), Ledger::default());
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..4 {
        clients.spawn(client(store.clone(), number, ledger.clone(), stop.clone(), done.clone()));
    }
    let mut last = HashMap::new();
    for round in 1..=3 {
        // Between two backups there is something to be copied.
        while done.load(Ordering::SeqCst) < round * 20 {
            tokio::task::yield_now().await;
        }
        last = ledger.lock().unwrap().clone();
        let made = backup::create(&store.meta, &store.blobs, &place).await.unwrap();
        assert_eq!(made.manifest.objects.lost, 0, "round {round}");
    }
    // What was deleted before the end of the backup may have been so already in its picture.
    let at_the_end = ledger.lock().unwrap().clone();
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    assert_eq!(backup::verify(&place, None).await.unwrap().faults, []);
    into.restore(&place).await.unwrap();
    let facts = into.facts().await;
    let restored: Vec<UploadId> = facts.uploads.iter().map(|record| record.upload.id).collect();
    for (upload, known) in last {
        match (known, &at_the_end[&upload]) {
            (Known::Live(bytes), Known::Live(_)) => {
                let key = ObjectKey::Original { tenant: TENANT, upload };
                let found = into.blobs.read_all(&key, u64::MAX).await.unwrap();
                assert!(found == bytes, "upload {upload} was acknowledged before the backup and is altered");
                assert!(restored.contains(&upload));
            }
            (Known::Gone, _) => assert!(!restored.contains(&upload), "deleted upload {upload} has come back"),
            _ => {}
        }
    }
    // Whatever is shown is whole.
    let everything = ledger.lock().unwrap().clone();
    for record in &facts.uploads {
        let upload = record.upload.id;
        let key = ObjectKey::Original { tenant: TENANT, upload };
        assert_eq!(facts.objects[&key].to_string(), record.upload.sha256, "upload {upload}");
        for stored in &record.latest.files {
            let run = record.latest.id;
            assert!(facts.objects.contains_key(&ObjectKey::RunFile {
                tenant: TENANT,
                upload,
                run,
                file: stored.file
            }));
        }
        assert!(everything.contains_key(&upload));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_under_load_have_all_that_was_acknowledged() {
    check(Store::local().await, Store::local().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_of_a_server_under_load_have_all_that_was_acknowledged() {
    let server = Postgres::start();
    check(Store::remote(&server).await, Store::local().await).await;
}

/// A service that runs all the same: what it is just writing is not replaced by the rows of the backup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_waits_for_who_is_writing() {
    let (server, dir) = (Postgres::start(), tempfile::tempdir().unwrap());
    let (place, from) = (to_write(dir.path()).await, Store::local().await);
    from.finished("a.csv", b"a,b\n1,2\n").await;
    backup::create(&from.meta, &from.blobs, &place).await.unwrap();
    let url = server.new_database();
    let meta = Meta::open(&MetaOptions::postgres(url.clone()), Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    let blobs = Blobs::open_local(&dir.path().join("objects"), None).await.unwrap();

    let service = Database::connect(&url).await.unwrap();
    let writing = service.begin().await.unwrap();
    let row = format!(
        "INSERT INTO audit_events (tenant_id, at, actor, action, subject, result) \
         VALUES ('{TENANT}', 1, 'client', 'upload.create', 'upload', 'queued')"
    );
    writing.execute_unprepared(&row).await.unwrap();
    let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'audit_events'::regclass";
    let ends = async {
        while service.execute_unprepared(waits).await.unwrap().rows_affected() == 0 {
            tokio::task::yield_now().await;
        }
        writing.commit().await.unwrap();
    };
    let ends = tokio::time::timeout(Duration::from_secs(30), ends);
    let (restored, ended) = tokio::join!(backup::restore(&place, None, &meta, &blobs), ends);
    ended.expect("the restore waits");
    assert!(matches!(&restored, Err(BackupError::NotEmpty { .. })), "{restored:?}");
}
