//! Log lines of the service when nobody can take them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use csvp_testkit::stand::Service;

use crate::http::request;
use crate::sandbox::Sandbox;

/// A full disk under the log file, or a log collector that has died, must not take the service with it.
#[test]
fn a_service_answers_when_its_log_cannot_be_written() {
    let sandbox = Sandbox::new(&[]);
    let program = sandbox.path("serve-without-log");
    let script = format!("#!/bin/sh\nexec '{}' \"$@\" 2>/dev/full\n", env!("CARGO_BIN_EXE_csvp"));
    fs::write(&program, script).expect("there is room");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut service = Service::start(&program, &sandbox.path("data"), &[("LOG_LEVEL", "trace")]);
    for _ in 0..2 {
        let stored = request(service.address(), "POST /api/v1/uploads?name=a.csv", b"a,b\n1,2\n");
        assert!(matches!(stored, Some((201 | 202, _))), "{stored:?}");
        let listed = request(service.address(), "GET /api/v1/uploads", b"");
        assert!(matches!(listed, Some((200, _))), "{listed:?}");
    }
    service.kill();
}
