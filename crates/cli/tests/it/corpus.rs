//! The corpus through the program: `csvp check --json`, `csvp parse --json` and `csvp count --json` say what each case
//! says.

use csvp_report::{Report, Verdict};
use csvp_testkit::{Case, corpus::cases};
use serde::Deserialize;

use crate::sandbox::csvp;

/// What `csvp parse --json` prints.
#[derive(Deserialize)]
struct Parsed {
    encoding: String,
    header: Option<Vec<String>>,
    rows: Vec<Vec<String>>,
}

#[test]
fn every_case_reads_as_it_says() {
    let mut failures = Vec::new();
    for case in cases() {
        if let Some(options) = case.options() {
            failures.extend(check(&case, &options).err());
            failures.extend(parse(&case, &options).err());
            failures.extend(count(&case, &options).err());
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn check(case: &Case, options: &[std::ffi::OsString]) -> Result<(), String> {
    let file = [case.input().into(), "--json".into()];
    let ran = csvp().run([&["check".into()], &file[..], options].concat());
    let fault =
        |what: &str| format!("case {}: csvp check {what}\n{}{}", case.name(), ran.stdout(), ran.stderr());
    let report: Report = serde_json::from_slice(&ran.stdout).map_err(|error| fault(&error.to_string()))?;
    let code = if report.verdict == Verdict::Clean { 0 } else { 1 };
    if ran.code != Some(code) {
        return Err(fault(&format!("exits with {:?}, expected {code}", ran.code)));
    }
    case.check_report(&report)
}

fn parse(case: &Case, options: &[std::ffi::OsString]) -> Result<(), String> {
    let file = [case.input().into(), "--json".into()];
    let ran = csvp().run([&["parse".into()], &file[..], options].concat());
    let fault =
        |what: &str| format!("case {}: csvp parse {what}\n{}{}", case.name(), ran.stdout(), ran.stderr());
    // What is no table has no records to print.
    let no_table = ["not-csv", "limit-columns"];
    if case.expect().problem.iter().any(|problem| no_table.contains(&problem.code.as_str())) {
        let is_refused = ran.code == Some(2) && ran.stdout.is_empty() && ran.stderr().starts_with("error: ");
        return if is_refused { Ok(()) } else { Err(fault("does not refuse it")) };
    }
    if ran.code != Some(0) {
        return Err(fault(&format!("exits with {:?}, expected 0", ran.code)));
    }
    let parsed: Parsed = serde_json::from_slice(&ran.stdout).map_err(|error| fault(&error.to_string()))?;
    if parsed.encoding != case.expect().encoding {
        return Err(fault(&format!("says the encoding is {}", parsed.encoding)));
    }
    case.check_records(parsed.header.as_deref(), &parsed.rows)
}

fn count(case: &Case, options: &[std::ffi::OsString]) -> Result<(), String> {
    let file = [case.input().into(), "--json".into()];
    let ran = csvp().run([&["count".into()], &file[..], options].concat());
    let expected = &case.expect().counts;
    let fault = |what: &str| {
        Err(format!("case {}: csvp count {what}\n{}{}", case.name(), ran.stdout(), ran.stderr()))
    };
    // What is no table, or damaged, is refused.
    if ran.code == Some(2) {
        return if ran.stderr().starts_with("error: ") { Ok(()) } else { fault("fails without a word") };
    }
    let Ok(counted) = serde_json::from_slice::<serde_json::Value>(&ran.stdout) else {
        return fault("prints no JSON");
    };
    let skipped = ["blank", "comment", "preamble", "footer"].map(|kind| counted["skipped"][kind].as_u64());
    let found = (counted["data_records"].as_u64(), skipped);
    let skipped = [expected.blank, expected.comment, expected.preamble, expected.footer].map(Some);
    if found != (Some(expected.accepted + expected.rejected), skipped) {
        return fault("counts otherwise");
    }
    Ok(())
}
