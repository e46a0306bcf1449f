//! Tests of the engine as its users see it.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

mod clean_files;
mod compression;
mod contracts;
mod encodings;
mod headers;
mod hostile;
mod positions;
mod prop_chunks;
mod prop_count;
mod real_files;
mod whole_records;

use csvp_engine::{Check, Output, Plan, Second, Settings};
use csvp_report::Report;

/// Both passes over `bytes`, pushed in chunks of `chunk` bytes.
fn run(settings: Settings, bytes: &[u8], chunk: usize) -> (Report, Plan) {
    let mut check = Check::new(settings).unwrap();
    bytes.chunks(chunk.max(1)).for_each(|chunk| check.push(chunk).unwrap());
    let checked = check.finish().unwrap();
    let report = second(&checked.plan, bytes, chunk, ());
    if !checked.needs_second_pass {
        let mut without_profiles = report.clone();
        without_profiles.columns.iter_mut().for_each(|column| column.profile = None);
        assert_eq!(
            checked.report, without_profiles,
            "when no second pass is needed, the first one says it all"
        );
    }
    (report, checked.plan)
}

fn second<O: Output>(plan: &Plan, bytes: &[u8], chunk: usize, output: O) -> Report {
    let mut second = Second::new(plan, output).unwrap().with_profiles();
    bytes.chunks(chunk.max(1)).for_each(|chunk| second.push(chunk).unwrap());
    second.finish().unwrap().0
}

/// The report of `bytes` with default settings.
fn check(bytes: &[u8]) -> Report {
    run(Settings::default(), bytes, 1 << 16).0
}

/// Every test file of this folder is part of this binary.
#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name} is not in main.rs");
    }
}
