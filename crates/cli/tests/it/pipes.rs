//! Readers that go away, and output that is no terminal.

use std::io::Read;
use std::process::Stdio;

use crate::sandbox::{Sandbox, csvp};

/// Far more output than a pipe holds.
fn large() -> Vec<u8> {
    let records: String = (0..60_000).map(|n| format!("{n},name number {n},{}.50\n", n % 97)).collect();
    format!("id,name,price\n{records}").into_bytes()
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let sandbox = Sandbox::new(&[("large.csv", &large())]);
    for line in [
        "parse large.csv",
        "parse large.csv --json",
        "parse large.csv --format csv",
        "convert large.csv -o - --to csv",
        "convert large.csv -o - --to ndjson",
        "convert large.csv -o - --to parquet",
    ] {
        let mut command = csvp().in_folder(sandbox.folder()).command(line.split_whitespace());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("csvp can be started");
        let mut pipe = child.stdout.take().expect("standard output is a pipe");
        let mut first = [0; 10];
        pipe.read_exact(&mut first).expect("ten bytes of output");
        drop(pipe);
        let output = child.wait_with_output().expect("csvp can be waited for");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "csvp {line}");
    }
}

#[test]
fn completions_into_a_closed_pipe() {
    let mut command = csvp().command(["completions", "zsh"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("csvp can be started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("csvp can be waited for");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn the_same_through_standard_input_as_from_a_file() {
    let bytes = large();
    let sandbox = Sandbox::new(&[("large.csv", &bytes)]);
    for verb in ["check", "profile"] {
        let mut from_file: serde_json::Value =
            serde_json::from_slice(&sandbox.run(&format!("{verb} large.csv --json")).stdout).expect("JSON");
        let mut piped: serde_json::Value =
            serde_json::from_slice(&sandbox.run_with(&format!("{verb} - --json"), &bytes).stdout)
                .expect("JSON");
        from_file["name"] = "".into();
        piped["name"] = "".into();
        assert_eq!(from_file, piped, "{verb}");
    }
}
