//! The tracer sees what a program does, and its faults happen where they should.

use std::path::{Path, PathBuf};
use std::process::Command;

use csvp_testkit::faults::{Call, Fault, Op, Traced, errno};

/// Writes a file under another name, syncs it and gives it its own.
const SCRIPT: &str = "cd \"$0\" && echo first > new && sync new && mv new kept && echo done";

fn run(folder: &Path, fault: Option<(usize, Fault)>) -> (Vec<Call>, String) {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).arg(folder);
    let is_storage = Op::is_storage as fn(&Op) -> bool;
    let fault = fault.map(|(number, fault)| (is_storage, number, fault));
    let mut traced = Traced::spawn_armed(&command, folder, true, fault);
    let said = std::io::read_to_string(traced.stdout().expect("it is taken once")).expect("text");
    traced.wait();
    (traced.calls(), said)
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().canonicalize().expect("it exists");
    (folder, path)
}

fn steps(calls: &[Call], folder: &Path) -> Vec<String> {
    let calls = calls.iter().filter(|call| call.result >= 0 && !matches!(call.op, Op::Open { .. }));
    calls.map(|call| call.op.describe(folder)).collect()
}

#[test]
fn calls_are_seen_in_their_order() {
    let (_folder, path) = folder();
    let (calls, said) = run(&path, None);
    assert_eq!(steps(&calls, &path), ["create new", "write new", "sync new", "rename new to kept"]);
    assert_eq!(said, "done\n");
    let written = calls.iter().find_map(|call| match &call.op {
        Op::Write { offset: 0, bytes, .. } => Some(bytes.clone()),
        _ => None,
    });
    assert_eq!(written.as_deref(), Some(b"first\n".as_slice()));
}

#[test]
fn a_call_at_which_the_program_ends_is_not_made() {
    let mut ends = Vec::new();
    for number in 1.. {
        let (_folder, path) = folder();
        let (_, said) = run(&path, Some((number, Fault::Kill)));
        if said == "done\n" {
            break;
        }
        let text = |name: &str| std::fs::read_to_string(path.join(name)).ok();
        ends.push((text("new"), text("kept")));
    }
    let first = Some("first\n".to_owned());
    ends.dedup();
    assert_eq!(ends, [(None, None), (Some(String::new()), None), (first, None)]);
}

#[test]
fn a_call_that_fails_is_not_made() {
    let (_folder, path) = folder();
    let (calls, said) = run(&path, Some((1, Fault::Error(errno::ENOSPC))));
    assert_eq!(said, "");
    assert_eq!(steps(&calls, &path), Vec::<String>::new());
    assert_eq!(calls.iter().map(|call| call.result).min(), Some(-i64::from(errno::ENOSPC)));
    assert!(!path.join("new").exists());
}
