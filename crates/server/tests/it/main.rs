//! The service from outside: real requests over real sockets, a real database, real files.

#![expect(clippy::unwrap_used, reason = "what fails below a test should stop the test")]

mod app;

mod concurrency;
mod corpus;
mod digest;
mod docs;
mod errors;
mod files;
mod hostile;
mod jobs;
mod leftovers;
mod looks;
mod lost;
mod operate;
mod operations;
mod outage;
mod owner;
mod results;
mod retention;
mod s3;
mod simple;
mod uploads;

/// A test file that is not named above would never run.
#[test]
fn every_file_is_a_module() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name} is not in main.rs");
    }
}
