//! SQLite under the common suite, and what only a file of one's own can show.

use csvp_store::contract::{self, MetaSetup};
use csvp_store::{Clock, Meta, MetaOptions, StoreError, Taken, TenantId};
use sea_orm::{ConnectionTrait, Database};

/// Any time after the default tenant was made; the suites move it.
const START_US: i64 = 1_800_000_000_000_000;
const MIGRATIONS: [&str; 4] = ["m0001_first", "m0002_keys_and_replaced", "m0003_life_cycle", "m0004_turns"];

async fn open() -> MetaSetup {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START_US);
    let meta =
        Meta::open(&MetaOptions::sqlite_file(dir.path().join("meta.db")), clock.clone()).await.unwrap();
    assert_eq!(meta.migrate().await.unwrap(), MIGRATIONS);
    MetaSetup { meta, clock, keep: Box::new(dir) }
}

csvp_store::meta_contract!(open);

#[tokio::test]
async fn rows_survive_a_restart_and_odd_file_names() {
    let dir = tempfile::tempdir().unwrap();
    let options = MetaOptions::sqlite_file(dir.path().join("what? 100%.db")).with_max_readers(0);
    let meta = Meta::open(&options, Clock::system()).await.unwrap();
    assert_eq!(meta.pending_migrations().await.unwrap(), MIGRATIONS);
    meta.migrate().await.unwrap();
    let new = contract::queued("a.csv");
    let Taken::New(created) = meta.create_upload(new.clone()).await.unwrap() else { panic!("it is new") };
    meta.close().await.unwrap();
    let meta = Meta::open(&options, Clock::system()).await.unwrap();
    assert_eq!(meta.pending_migrations().await.unwrap(), Vec::<String>::new());
    assert_eq!(meta.get_upload(TenantId::DEFAULT, new.id).await.unwrap(), created);
}

/// On some errors SQLite rolls back by itself. A driver that does not notice begins its next transactions inside one
/// that nobody commits, and says `Ok` to what a restart undoes.
#[tokio::test]
async fn rollback_by_the_database_itself_loses_nothing_later() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("meta.db");
    let meta = Meta::open(&MetaOptions::sqlite_file(&file), Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    let db = Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    let trigger = "CREATE TRIGGER rolls_back BEFORE INSERT ON uploads WHEN NEW.name = 'rolls back' \
                   BEGIN SELECT RAISE(ROLLBACK, 'as on a failed write'); END";
    db.execute_unprepared(trigger).await.unwrap();
    db.close().await.unwrap();
    let first = contract::queued("first");
    meta.create_upload(first.clone()).await.unwrap();
    assert!(meta.create_upload(contract::queued("rolls back")).await.is_err());
    // An ordinary error next: its rollback is where the driver would leave a transaction open.
    assert!(matches!(meta.create_upload(first).await, Err(StoreError::Conflict(_))));
    let acknowledged = contract::queued("acknowledged");
    meta.create_upload(acknowledged.clone()).await.unwrap();
    meta.get_upload(TenantId::DEFAULT, acknowledged.id).await.unwrap();
    meta.close().await.unwrap();
    let meta = Meta::open(&MetaOptions::sqlite_file(&file), Clock::system()).await.unwrap();
    meta.get_upload(TenantId::DEFAULT, acknowledged.id).await.unwrap();
}

#[tokio::test]
async fn full_database_keeps_all_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("meta.db");
    let tight = MetaOptions::sqlite_file(&file).with_max_bytes(300_000);
    let meta = Meta::open(&tight, Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for i in 0..200 {
        let mut new = contract::queued("a.csv");
        if i % 2 == 0 {
            new.settings = serde_json::Value::String("x".repeat(20_000));
        }
        match meta.create_upload(new.clone()).await {
            Ok(_) => acknowledged.push(new.id),
            Err(StoreError::Full { .. }) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
        // Other writers fail and succeed on the same connection.
        match meta.claim_job("w", contract::LEASE).await {
            Ok(_) | Err(StoreError::Full { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(refused > 10 && acknowledged.len() > 10, "{refused} refused, {} taken", acknowledged.len());
    for &id in &acknowledged {
        meta.get_upload(TenantId::DEFAULT, id).await.unwrap();
    }
    meta.close().await.unwrap();
    let meta = Meta::open(&MetaOptions::sqlite_file(&file), Clock::system()).await.unwrap();
    for &id in &acknowledged {
        meta.get_upload(TenantId::DEFAULT, id).await.unwrap();
    }
    assert_eq!(meta.stats(TenantId::DEFAULT).await.unwrap().total, acknowledged.len() as u64);
    meta.create_upload(contract::queued("b.csv")).await.unwrap();
}

#[tokio::test]
async fn two_processes_may_migrate_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let options = MetaOptions::sqlite_file(dir.path().join("meta.db"));
    let first = Meta::open(&options, Clock::system()).await.unwrap();
    let second = Meta::open(&options, Clock::system()).await.unwrap();
    let (one, two) = tokio::join!(first.migrate(), second.migrate());
    let ran = [one.unwrap(), two.unwrap()].concat();
    assert_eq!(ran, MIGRATIONS, "each ran once");
}

#[tokio::test]
async fn directory_that_is_not_there_is_said_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let options = MetaOptions::sqlite_file(dir.path().join("no/such/meta.db"));
    let error = Meta::open(&options, Clock::system()).await.unwrap_err();
    assert_eq!(error.to_string(), "store is unavailable");
}
