//! Public test files beside the repository: chunks change nothing, counts are reconciled, and types keep their promise.

use std::path::Path;

use csvp_engine::Settings;
use csvp_testkit::read;

/// Larger files are read whole only, by the tests of the program.
const MOST_BYTES: usize = 32 << 10;

fn check(file: &Path) -> Vec<String> {
    let bytes = std::fs::read(file).expect("the file can be read");
    if bytes.len() > MOST_BYTES {
        return Vec::new();
    }
    let Ok(whole) = read(&bytes, Settings::default(), 0) else { return Vec::new() };
    let mut faults = Vec::new();
    let parts = read(&bytes, Settings::default(), 7).expect("chunks do not change the outcome");
    if parts != whole {
        faults.push("chunks of 7 bytes read otherwise".to_owned());
    }
    let counts = &whole.report.counts;
    if counts.accepted + counts.rejected + counts.skipped.total() != counts.records
        || whole.records.len() as u64 != counts.data_records()
    {
        faults.push(format!("{counts:?} for {} records", whole.records.len()));
    }
    let problems = &whole.report.problems;
    let total: u64 = problems.by_code.iter().map(|entry| entry.count).sum();
    if total != problems.total {
        faults.push("problems by code do not add up".to_owned());
    }
    let lines = (bytes.split(|&b| b == b'\n').count() as u64).max(counts.lines);
    let beyond = |line: u64, byte: u64| byte > whole.report.file.decoded_bytes || line > lines;
    if problems.first.iter().any(|problem| beyond(problem.position.line, problem.position.byte)) {
        faults.push("a problem lies behind the end of the file".to_owned());
    }
    faults
}

csvp_testkit::dev_data_tests!(check);
