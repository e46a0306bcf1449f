//! Databases that earlier versions made must open, migrate and keep every row. `tests/upgrade/` holds one dump for
//! each version of the schema; a dump is never edited once its version is released.

use std::path::Path;

use csvp_store::{Clock, ListUploads, Meta, MetaOptions, RunFile, TenantId, UploadState};
use sea_orm::{ConnectionTrait, Database, Statement};

async fn load(dump: &str, file: &Path) {
    let dump =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade").join(dump))
            .unwrap();
    let db = Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap();
    db.execute_unprepared(&dump).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn version_1_migrates_and_keeps_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("meta.db");
    load("v1.sql", &file).await;
    let later = Clock::manual(1_900_000_000_000_000);
    let meta = Meta::open(&MetaOptions::sqlite_file(&file), later).await.unwrap();
    meta.migrate().await.unwrap();
    assert_eq!(meta.pending_migrations().await.unwrap(), Vec::<String>::new());

    let page = meta.list_uploads(TenantId::DEFAULT, &ListUploads::default()).await.unwrap();
    let found: Vec<_> = page.items.iter().map(|it| (it.upload.name.as_str(), it.upload.state)).collect();
    let expected = [
        ("waiting.csv", UploadState::Queued),
        ("refused.csv", UploadState::Refused),
        ("größe \"1\".csv", UploadState::Completed),
    ];
    assert_eq!(found, expected);
    let completed = &page.items[2];
    let run = completed.current().unwrap();
    assert_eq!(run.file(RunFile::CleanCsv).unwrap().size_bytes, 900);
    assert_eq!(run.summary.as_ref().unwrap()["records"], 10);
    assert_eq!(run.processing_ms(), Some(250));
    assert_eq!(meta.stats(TenantId::DEFAULT).await.unwrap().total, 4);
    assert_eq!(meta.list_unfinished_deletes(0, 10).await.unwrap().len(), 1);
    assert_eq!(meta.list_audit_events(TenantId::DEFAULT, 0, 100).await.unwrap().len(), 5);

    let job = meta.claim_job("w", std::time::Duration::from_secs(30)).await.unwrap().unwrap();
    assert_eq!(job.job.upload, page.items[0].upload.id);
}

async fn schema(file: &Path) -> Vec<String> {
    let db = Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    // The dump writes `IF NOT EXISTS` into the tables it makes.
    rows.iter().map(|row| row.try_get::<String>("", "sql").unwrap().replace("IF NOT EXISTS ", "")).collect()
}

#[tokio::test]
async fn old_and_new_databases_end_with_the_same_schema() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old.db"), dir.path().join("new.db"));
    load("v1.sql", &old).await;
    for file in [&old, &new] {
        let meta = Meta::open(&MetaOptions::sqlite_file(file), Clock::system()).await.unwrap();
        meta.migrate().await.unwrap();
        meta.close().await.unwrap();
    }
    assert_eq!(schema(&old).await, schema(&new).await);
}
