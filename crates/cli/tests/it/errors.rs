//! What happens when the program cannot do what it was asked: exit code 2, one clear message, nothing on standard
//! output.

use crate::sandbox::Sandbox;

/// A zip archive of two CSV files.
const TWO_FILES: &[u8] = include_bytes!("two_files.zip");

#[track_caller]
fn check(name: &str, line: &str) {
    let sandbox = Sandbox::new(&[
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("nonsense.json", b"not a schema"),
        ("wrong-type.json", br#"{"fields": [{"name": "id", "type": "number-ish"}]}"#),
        (
            "wrong-pattern.json",
            br#"{"fields": [{"name": "id", "type": "string", "constraints": {"pattern": "["}}]}"#,
        ),
        ("two.zip", TWO_FILES),
    ]);
    std::fs::create_dir(sandbox.path("folder")).expect("a folder in the temporary folder");
    let ran = sandbox.snapshot(name, line);
    assert_eq!(ran.code, Some(2), "csvp {line}");
    assert!(ran.stdout.is_empty(), "csvp {line}: {}", ran.stdout());
    let left: Vec<_> = csvp_testkit::files_under(sandbox.folder());
    assert!(
        !left.iter().any(|path| path.ends_with("out.csv") || path.ends_with("out.parquet")),
        "half a file: {left:?}"
    );
}

#[test]
fn missing_file() {
    check("error_missing", "check nothing.csv");
    check("error_missing_parse", "parse nothing.csv --json");
    check("error_missing_convert", "convert nothing.csv -o out.csv");
}

#[test]
fn folder_instead_of_a_file() {
    check("error_folder", "check folder");
    check("error_folder_detect", "detect folder");
}

#[test]
fn options_that_are_not_understood() {
    check("error_delimiter", "check clean.csv --delimiter=123456789");
    check("error_delimiter_empty", "check clean.csv --delimiter=");
    check("error_quote", "check clean.csv --quote=ab");
    check("error_escape", "check clean.csv --escape=xx");
    check("error_encoding", "check clean.csv --encoding=klingon");
    check("error_on_bad", "check clean.csv --on-bad=ignore");
    check("error_max_rejects", "check clean.csv --max-rejects=many");
    check("error_max_rejects_percent", "check clean.csv --max-rejects=101%");
    check("error_threshold", "check clean.csv --type-threshold=0.2");
    check("error_column_form", "check clean.csv --column=price");
    check("error_column_type", "check clean.csv --column=price=money");
    check("error_column_format", "check clean.csv --column=day=date:%Q");
    check("error_column_missing", "check clean.csv --column=prize=text");
    check("error_header_rows", "check clean.csv --header-rows=two");
    check("error_verb", "chekc clean.csv");
    check("error_no_file", "check");
    check("error_json_and_format", "parse clean.csv --json --format csv");
    check("error_shell", "completions tcsh");
}

#[test]
fn schemas_that_cannot_be_used() {
    check("error_schema_missing", "check clean.csv --schema nothing.json");
    check("error_schema_nonsense", "check clean.csv --schema nonsense.json");
    check("error_schema_type", "check clean.csv --schema wrong-type.json");
    check("error_schema_pattern", "check clean.csv --schema wrong-pattern.json");
    check("error_schema_check", "schema check nonsense.json clean.csv");
}

#[test]
fn what_is_no_table() {
    check("error_picture_convert", "convert picture.csv -o out.parquet");
    check("error_picture_profile", "profile picture.csv");
    check("error_picture_infer", "schema infer picture.csv");
    check("error_picture_count", "count picture.csv");
    check("error_picture_detect", "detect picture.csv");
}

#[test]
fn archives_of_several_files() {
    check("error_zip_of_two", "check two.zip");
}

#[test]
fn outputs_that_cannot_be_written() {
    check("error_output_name", "convert clean.csv -o out.doc");
    check("error_output_folder", "convert clean.csv -o nowhere/out.csv");
    check("error_output_refused", "convert clean.csv -o out.csv --schema strict.json --on-bad fail");
    check("error_problems_folder", "check clean.csv --problems nowhere/list.csv");
}

#[cfg(feature = "serve")]
#[test]
fn a_service_that_cannot_start() {
    check("error_serve_config", "serve --config nothing.toml");
    check("error_serve_port", "serve --port 99999");
    check("error_serve_host", "serve --host nowhere --data data");
    check("error_migrate_config", "migrate --config nothing.toml");
}
