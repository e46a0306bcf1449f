//! Public test files beside the repository: none may crash the program or take it five seconds.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::sandbox::csvp;

const MOST_TIME: Duration = Duration::from_secs(5);

fn check(file: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let start = Instant::now();
    let ran = csvp().run(["parse".as_ref(), file.as_os_str(), "--json".as_ref()]);
    let time = start.elapsed();
    let is_json = || serde_json::from_slice::<serde_json::Value>(&ran.stdout).is_ok();
    if time > MOST_TIME {
        faults.push(format!("took {} ms", time.as_millis()));
    }
    // A spreadsheet is refused in one sentence; everything else is read.
    let refused = ran.code == Some(2) && ran.stderr().starts_with("error: ");
    if !refused && (ran.code != Some(0) || !is_json()) {
        faults.push(format!("ended with {:?}: {}", ran.code, ran.stderr()));
    }
    faults
}

csvp_testkit::dev_data_tests!(check);
