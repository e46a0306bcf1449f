//! Layers, their order, and every refusal.

use super::*;
use crate::config::Bytes;

fn vars(pairs: &[(&str, &str)]) -> EnvironmentVariables {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn later_layers_win() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("csvp.toml");
    std::fs::write(&path, "[server]\nport = 4000\n[upload]\nmax_size = \"1 MiB\"\ntimeout = 5\n").unwrap();

    let defaults = Config::load(None, vec![]).unwrap();
    assert_eq!((defaults.server.port, defaults.upload.max_size), (3000, Bytes(5 << 30)));

    let file = Config::load(Some(&path), vars(&[("HOME", "/root")])).unwrap();
    assert_eq!((file.server.port, file.upload.max_size), (4000, Bytes(1 << 20)));
    assert_eq!(file.upload.timeout, Seconds::new(5));

    let short = Config::load(Some(&path), vars(&[("PORT", "5000"), ("UPLOAD_TIMEOUT", "30000")])).unwrap();
    assert_eq!((short.server.port, short.upload.timeout), (5000, Seconds::new(30)));

    let long = vars(&[("PORT", "5000"), ("CSVP_SERVER__PORT", "6000"), ("CSVP_LOG__FORMAT", "json")]);
    let long = Config::load(Some(&path), long).unwrap();
    assert_eq!((long.server.port, long.log.format), (6000, crate::config::LogFormat::Json));
}

#[test]
fn what_cannot_be_meant_is_refused_with_advice() {
    let check = |pairs: &[(&str, &str)], message: &str, hint: &str| {
        let error = Config::load(None, vars(pairs)).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.hints().join(" ").contains(hint), "{:?}", error.hints());
    };
    check(
        &[("CSVP_SERVER_PORT", "1")],
        "environment variable `CSVP_SERVER_PORT` names no setting",
        "did you mean `CSVP_SERVER__PORT`?",
    );
    check(
        &[("PORT", "many")],
        "setting `PORT`: expected a whole number, found `many`",
        "docs/reference/configuration.md",
    );
    check(
        &[("MAX_FILE_SIZE", "big")],
        "setting `MAX_FILE_SIZE`: expected a size like `10 MiB` or `1048576`, found `big`",
        "configuration.md",
    );
    check(
        &[("CSVP_SERVER__HOST", "0.0.0.0")],
        "cannot listen on `0.0.0.0`: without sign-in only this machine may reach the server",
        "ssh -L",
    );
    check(
        &[("S3_BUCKET_NAME", "files")],
        "cannot keep data in the S3 bucket `files`: this build keeps data in a local directory only",
        "unset `AWS_S3_BUCKET`",
    );
}

#[test]
fn a_fault_in_the_file_names_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("csvp.toml");
    std::fs::write(&path, "[server]\nprot = 4000\n").unwrap();
    let error = Config::load(Some(&path), vec![]).unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("prot"), "{error}");
}

#[test]
fn operations_port_can_be_off_and_must_be_loopback() {
    let address = |text: &str| {
        let mut config = Config::default();
        config.server.operations = text.to_owned();
        config.operations_address()
    };
    assert_eq!(address("off").unwrap(), None);
    assert_eq!(address("[::1]:1").unwrap().unwrap().to_string(), "[::1]:1");
    assert!(address("0.0.0.0:9464").is_err());
    assert!(address("9464").is_err());
}
