//! Public test files beside the repository: none may crash the program or take it five seconds.

use std::time::{Duration, Instant};

use csvp_testkit::{dev_data, files_under};

use crate::sandbox::csvp;

const MOST_TIME: Duration = Duration::from_secs(5);

/// Reads each file of a set; passes when the set is not on this machine.
fn check(set: &str) {
    let folder = dev_data(set);
    let mut faults = Vec::new();
    for file in files_under(&folder) {
        let start = Instant::now();
        let ran = csvp().run(["parse".as_ref(), file.as_os_str(), "--json".as_ref()]);
        let time = start.elapsed();
        let is_json = || serde_json::from_slice::<serde_json::Value>(&ran.stdout).is_ok();
        if time > MOST_TIME {
            faults.push(format!("{} took {} ms", file.display(), time.as_millis()));
        }
        // A spreadsheet is refused in one sentence; everything else is read.
        let refused = ran.code == Some(2) && ran.stderr().starts_with("error: ");
        if !refused && (ran.code != Some(0) || !is_json()) {
            faults.push(format!("{} ended with {:?}: {}", file.display(), ran.code, ran.stderr()));
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
