//! The tests of the store, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// Backups, and the way back.
mod backup;
/// Objects in a local directory and in memory, under the common suite.
mod blobs;
/// An object store in which something happens at a chosen moment.
mod hooked;
/// What only the local directory does.
mod local;
/// Objects belong to one database.
mod owner;
/// Small objects of an upload in one file.
mod packs;
/// PostgreSQL under the common suite, and what only a server does.
mod postgres;
/// Removal goes on behind what cannot be removed.
mod repair;
/// Objects in a bucket, under the common suite and beyond.
mod s3;
/// SQLite under the common suite, and what only it does.
mod sqlite;
/// Databases of earlier versions migrate.
mod upgrade;

/// Random orders of events against a small model.
mod prop_jobs;
/// Workers that pause, crash and come back, over both databases.
mod sim_workers;

/// Every file beside this one is a module of it.
#[test]
fn no_test_file_is_forgotten() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(dir.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name} is not in main.rs");
    }
}
