//! Public test files beside the repository: chunks change nothing, counts are reconciled, and types keep their promise.

use csvp_engine::Settings;
use csvp_testkit::{dev_data, files_under, read};

/// Larger files are read whole only, by the tests of the program.
const MOST_BYTES: usize = 32 << 10;

/// Reads each small file of a set.
fn check(set: &str) {
    let folder = dev_data(set);
    let mut faults = Vec::new();
    for file in files_under(&folder) {
        let bytes = std::fs::read(&file).expect("the file can be read");
        if bytes.len() > MOST_BYTES {
            continue;
        }
        let Ok(whole) = read(&bytes, Settings::default(), 0) else { continue };
        let parts = read(&bytes, Settings::default(), 7).expect("chunks do not change the outcome");
        if parts != whole {
            faults.push(format!("{}: chunks of 7 bytes read otherwise", file.display()));
        }
        let counts = &whole.report.counts;
        if counts.accepted + counts.rejected + counts.skipped.total() != counts.records
            || whole.records.len() as u64 != counts.data_records()
        {
            faults.push(format!("{}: {counts:?} for {} records", file.display(), whole.records.len()));
        }
        let total: u64 = whole.report.problems.by_code.iter().map(|entry| entry.count).sum();
        if total != whole.report.problems.total {
            faults.push(format!("{}: problems by code do not add up", file.display()));
        }
        let lines = bytes.split(|&b| b == b'\n').count() as u64;
        let beyond =
            |line: u64, byte: u64| byte > whole.report.file.decoded_bytes || line > lines.max(counts.lines);
        if whole
            .report
            .problems
            .first
            .iter()
            .any(|problem| beyond(problem.position.line, problem.position.byte))
        {
            faults.push(format!("{}: a problem lies behind the end of the file", file.display()));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

macro_rules! sets {
    ($($name:ident $set:literal)*) => {$(#[test] fn $name() { check($set); })*};
}

sets! {
    commons_csv "commons-csv"
    csv_spectrum "csv-spectrum"
    csv_test_data "csv-test-data"
    csvlint "csvlint"
    dialect "dialect"
    lineclass "lineclass"
    messytables_horror "messytables-horror"
    papaparse "papaparse"
    pollock "pollock"
    suragh "suragh"
    taharat "taharat"
}
