//! Log lines of the service: what they say, and when nobody can take them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use csvp_testkit::servers::{Postgres, Relay};
use csvp_testkit::stand::{Service, wait_until};
use serde_json::Value;

use crate::http::request;
use crate::sandbox::Sandbox;

/// The program with its log in this file.
pub(crate) fn logging_to(sandbox: &Sandbox, file: &str) -> PathBuf {
    let program = sandbox.path("logging");
    let script = format!("#!/bin/sh\nexec '{}' \"$@\" 2>'{file}'\n", env!("CARGO_BIN_EXE_csvp"));
    fs::write(&program, script).expect("there is room");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    program
}

/// A line as JSON has one field for an error: all causes are in it.
#[test]
fn a_database_that_is_away_is_logged_with_its_cause() {
    let sandbox = Sandbox::new(&[]);
    let server = Postgres::start();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port()));
    let relay = Relay::to([address]);
    let url = server.new_database().replace(&address.to_string(), &relay.address().to_string());
    let log = sandbox.path("log");
    let program = logging_to(&sandbox, log.to_str().expect("a plain path"));
    let settings = [
        ("CSVP_DATABASE__URL", url.as_str()),
        ("CSVP_DATABASE__ACQUIRE_TIMEOUT", "1s"),
        ("CSVP_LOG__FORMAT", "json"),
        ("LOG_LEVEL", "warn"),
    ];
    let mut service = Service::start(&program, &sandbox.path("data"), &settings);
    relay.set_refusing(true);
    let mut told = None;
    wait_until(Duration::from_secs(30), || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        told = lines.find(|line| line["message"] == "no job could be claimed; trying again");
        told.is_some()
    });
    let told = told.expect("expected a line about the queue");
    let error = told["error"].as_str().expect("a text");
    let cause = error.strip_prefix("store is unavailable: ").unwrap_or_default();
    assert!(!cause.is_empty(), "{told}");
    service.kill();
}

/// A full disk under the log file, or a log collector that has died, must not take the service with it.
#[test]
fn a_service_answers_when_its_log_cannot_be_written() {
    let sandbox = Sandbox::new(&[]);
    let program = logging_to(&sandbox, "/dev/full");
    let mut service = Service::start(&program, &sandbox.path("data"), &[("LOG_LEVEL", "trace")]);
    for _ in 0..2 {
        let stored = request(service.address(), "POST /api/v1/uploads?name=a.csv", b"a,b\n1,2\n");
        assert!(matches!(stored, Some((201 | 202, _))), "{stored:?}");
        let listed = request(service.address(), "GET /api/v1/uploads", b"");
        assert!(matches!(listed, Some((200, _))), "{listed:?}");
    }
    service.kill();
}
