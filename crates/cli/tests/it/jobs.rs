//! `csvp jobs`: what was given up is seen, and queued again.

use std::path::Path;

use csvp_testkit::Csvp;
use csvp_testkit::stand::Service;

use crate::crash::wait_for;
use crate::http::request_with;

/// Jobs that may take a thousandth of a second are given up; with the usual time they end well.
#[test]
fn a_job_that_was_given_up_is_shown_and_tried_again() {
    let data = tempfile::tempdir().expect("a directory");
    let program = Path::new(env!("CARGO_BIN_EXE_csvp"));
    let mut service = Service::start(program, data.path(), &[("CSVP_PROCESSING__JOB_TIMEOUT", "1ms")]);
    let mut text = String::from("id,name,amount\n");
    (0..100_000_u64).for_each(|n| text.push_str(&format!("{n},name {n},{}\n", n * 7_919 % 1_000)));
    let head = "POST /api/v1/uploads?name=large.csv";
    let (status, body) = request_with(service.address(), head, "Prefer: respond-async\r\n", text.as_bytes())
        .expect("it answers");
    assert_eq!(status, 202);
    let upload: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let id = upload["id"].as_str().expect("an id");
    assert_eq!(wait_for(service.address(), id, &["completed", "failed"]), "failed");

    let dir = data.path().to_str().expect("a plain path");
    let csvp = |args: &[&str]| {
        let ran = Csvp::at(program).run([&["jobs"], args, &["--data", dir]].concat());
        (ran.code, ran.stdout(), ran.stderr())
    };
    // Beside the running service.
    let (code, listed, _) = csvp(&["list", "--state", "dead"]);
    assert_eq!(code, Some(0));
    let job = listed.split(' ').next().expect("a first word").to_owned();
    assert!(listed.contains(id) && listed.contains("processing took longer than 1ms"), "{listed}");
    let (_, json, _) = csvp(&["list", "--json"]);
    let line: serde_json::Value = serde_json::from_str(json.trim()).expect("one line of JSON");
    assert_eq!((line["id"].as_str(), line["state"].as_str()), (Some(job.as_str()), Some("dead")));
    service.kill();

    assert_eq!(csvp(&["retry", &job]), (Some(0), format!("{job}  queued again\n"), String::new()));
    let (code, refused, error) = csvp(&["retry", &job]);
    assert_eq!(code, Some(2));
    assert!(refused.contains("left alone: it was not given up"), "{refused}");
    assert_eq!(error, "error: 1 of 1 jobs were not queued again\n");
    let mut service = Service::start(program, data.path(), &[]);
    assert_eq!(wait_for(service.address(), id, &["completed", "failed"]), "completed");
    service.kill();
    // What was tried again is not a dead letter any more.
    let (code, rest, _) = csvp(&["retry", "--all"]);
    assert_eq!((code, rest.as_str()), (Some(0), "nothing to do: no job was given up\n"));
}

#[test]
fn jobs_of_a_store_that_is_not_there_are_not_made() {
    let data = tempfile::tempdir().expect("a directory");
    let dir = data.path().join("none");
    let ran =
        Csvp::at(env!("CARGO_BIN_EXE_csvp")).run(["jobs", "list", "--data", dir.to_str().expect("plain")]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr().contains("database is not up to date"), "{}", ran.stderr());
    assert!(!dir.exists());
}
