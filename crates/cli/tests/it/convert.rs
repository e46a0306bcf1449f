//! `csvp convert`: every format, rejects, standard output.

use crate::sandbox::{CLEAN, Sandbox};

fn file(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    std::fs::read(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn converts_to_every_format() {
    let sandbox = Sandbox::new(&[]);
    for (line, name) in [
        ("convert clean.csv -o out.csv", "out.csv"),
        ("convert clean.csv -o out.ndjson", "out.ndjson"),
        ("convert clean.csv -o out.parquet", "out.parquet"),
        ("convert clean.csv -o plain --to ndjson", "plain"),
    ] {
        let ran = sandbox.run(line);
        assert_eq!(
            (ran.code, ran.stdout(), ran.stderr()),
            (Some(0), String::new(), String::new()),
            "csvp {line}"
        );
        assert!(!file(&sandbox, name).is_empty(), "csvp {line}");
    }
    assert_eq!(file(&sandbox, "out.csv"), CLEAN.as_bytes(), "a clean file comes back as it was");
    let parquet = file(&sandbox, "out.parquet");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    assert_eq!(file(&sandbox, "plain"), file(&sandbox, "out.ndjson"));
    let lines = file(&sandbox, "out.ndjson");
    let first: serde_json::Value =
        serde_json::from_slice(lines.split(|&b| b == b'\n').next().unwrap_or_default())
            .expect("a JSON object per line");
    assert_eq!(first["name"], "tea");
}

#[test]
fn converts_to_standard_output() {
    let sandbox = Sandbox::new(&[]);
    sandbox.snapshot("convert_stdout_csv", "convert broken.csv -o - --to csv");
    sandbox.snapshot("convert_stdout_ndjson", "convert clean.csv -o - --to ndjson");
    let ran = sandbox.run("convert clean.csv -o - --to parquet");
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.starts_with(b"PAR1") && ran.stdout.ends_with(b"PAR1"));
    sandbox.snapshot("convert_stdout_no_format", "convert clean.csv -o -");
}

#[test]
fn rejected_records_go_to_their_own_file() {
    let sandbox = Sandbox::new(&[]);
    let mut ran = sandbox.run("convert broken.csv -o out.csv --rejects rejects.csv");
    assert_eq!(ran.code, Some(0));
    ran.stdout =
        [file(&sandbox, "out.csv"), b"----- rejects.csv -----\n".to_vec(), file(&sandbox, "rejects.csv")]
            .concat();
    sandbox.assert("convert_rejects", "convert broken.csv -o out.csv --rejects rejects.csv", &ran);
}

#[test]
fn bad_cells_become_null_when_asked() {
    let sandbox = Sandbox::new(&[]);
    let mut ran = sandbox.run("convert clean.csv -o out.csv --schema strict.json --on-bad null");
    ran.stdout = file(&sandbox, "out.csv");
    sandbox.assert("convert_null", "convert clean.csv -o out.csv --schema strict.json --on-bad null", &ran);
}

#[test]
fn json_report_comes_with_the_file() {
    let sandbox = Sandbox::new(&[]);
    let ran = sandbox.run("convert clean.csv -o out.parquet --json");
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("one JSON object");
    assert_eq!(report["counts"]["accepted"], 4);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn an_existing_file_is_replaced_whole_or_not_at_all() {
    let sandbox = Sandbox::new(&[("out.csv", b"old"), ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")]);
    assert_eq!(sandbox.run("convert picture.csv -o out.csv").code, Some(2));
    assert_eq!(file(&sandbox, "out.csv"), b"old");
    assert_eq!(sandbox.run("convert clean.csv -o out.csv").code, Some(0));
    assert_eq!(file(&sandbox, "out.csv"), CLEAN.as_bytes());
}

#[test]
fn converts_standard_input() {
    let sandbox = Sandbox::new(&[]);
    let ran = sandbox.run_with("convert - -o - --to csv", CLEAN.as_bytes());
    assert_eq!((ran.code, ran.stdout().as_str()), (Some(0), CLEAN));
}

/// As of any program that makes a file; not the private mode of a temporary one.
#[cfg(unix)]
#[test]
fn the_output_has_the_mode_that_the_umask_leaves() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("in.csv"), "a,b\n1,2\n").unwrap();
    let script = format!("umask 027 && exec '{}' convert in.csv -o out.ndjson", env!("CARGO_BIN_EXE_csvp"));
    let status =
        std::process::Command::new("sh").args(["-c", &script]).current_dir(dir.path()).status().unwrap();
    assert!(status.success());
    let mode = std::fs::metadata(dir.path().join("out.ndjson")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing else stays");
}
