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
        &[("CSVP_S3__PATH_STYLE", "yes")],
        "setting `CSVP_S3__PATH_STYLE`: expected `true` or `false`, found `yes`",
        "configuration.md",
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

#[test]
fn a_bucket_needs_credentials_and_shows_none() {
    let load = |pairs: &[(&str, &str)]| {
        let bucket = [("S3_BUCKET_NAME", "files"), ("CSVP_DATABASE__URL", "sqlite")];
        Config::load(None, vars(&[&bucket[..], pairs].concat()))
    };
    let check = |pairs: &[(&str, &str)], message: &str| {
        let error = load(pairs).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    };
    check(&[], "setting `s3`: expected credentials for the bucket");
    check(
        &[("AWS_ACCESS_KEY_ID", "a")],
        "setting `s3.access_key_id`: expected `s3.access_key_id` and `s3.secret_access_key` together",
    );
    check(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")], "setting `s3.role_arn`: expected the role");
    let keys =
        [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "very-secret"), ("AWS_SESSION_TOKEN", "tok")];
    check(&[&keys[..], &[("CSVP_S3__SSE", "kms")]].concat(), "setting `s3.kms_key_id`: expected the key");
    check(
        &[&keys[..], &[("CSVP_S3__KMS_KEY_ID", "k")]].concat(),
        "setting `s3.kms_key_id`: expected `s3.sse",
    );
    check(
        &[&keys[..], &[("CSVP_S3__RETRY_DEADLINE", "1ms")]].concat(),
        "setting `s3.retry_deadline`: expected at least 100ms",
    );
    let config =
        load(&[&keys[..], &[("CSVP_S3__PATH_STYLE", "true"), ("CSVP_S3__PREFIX", "/a/b/")]].concat());
    let config = config.unwrap();
    let options = config.s3_options().unwrap().unwrap();
    assert_eq!(
        (options.region.as_str(), options.prefix.as_str(), options.path_style),
        ("us-east-1", "a/b", true)
    );
    for shown in [format!("{config:?}"), format!("{options:?}")] {
        assert!(!shown.contains("very-secret") && !shown.contains("tok\""), "{shown}");
    }
}

#[test]
fn a_secret_in_a_broken_line_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("csvp.toml");
    std::fs::write(&path, "[s3]\nsecret_access_key = very-secret\n").unwrap();
    let error = Config::load(Some(&path), vec![]).unwrap_err().to_string();
    assert!(error.contains("line 2") && !error.contains("very-secret"), "{error}");
    std::fs::write(&path, "[s3]\nsecret_access_key = 17\n").unwrap();
    let error = Config::load(Some(&path), vec![]).unwrap_err().to_string();
    assert!(error.contains("line 2") && !error.contains("= 17"), "{error}");
}

/// The example is what someone copies: each key is known, and nobody finds a secret in it.
#[test]
fn the_example_for_production_can_be_loaded_and_holds_no_secret() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/production.toml");
    let (dir, example) = (tempfile::tempdir().unwrap(), std::fs::read_to_string(path).unwrap());
    let secret = dir.path().join("database-url");
    std::fs::write(&secret, "postgres://me@db.example/csvp\n").unwrap();
    let path = dir.path().join("production.toml");
    let here = example.replace("/run/secrets/csvp/database-url", secret.to_str().unwrap());
    std::fs::write(&path, here).unwrap();
    let config = Config::load(Some(&path), vec![]).unwrap();
    assert!(config.is_shared());
    let options = config.s3_options().unwrap().unwrap();
    assert_eq!(options.bucket, "example-csv-files");
    let text = example;
    for setting in Config::SETTINGS {
        let set = |line: &str| line.trim_start_matches(['#', ' ']).starts_with(&format!("{} =", setting.key));
        let is_secret = setting.kind == "Secret";
        assert!(!(is_secret && text.lines().any(set)), "`{}` stands in the example", setting.key);
    }
    // Lines that are commented out are settings too: with the others they make a file that is understood.
    let known = |line: &str| {
        Config::SETTINGS.iter().any(|it| line.split('=').next() == Some(&format!("{} ", it.key)))
    };
    for line in text.lines().filter_map(|line| line.strip_prefix("# ")).filter(|line| line.contains(" = ")) {
        assert!(known(line), "{line}");
    }
}

/// A missing variable must not turn a service over a server into one over an empty file.
#[test]
fn a_bucket_or_settings_of_a_server_want_a_database_that_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("csvp.toml");
    let s3 = "[s3]\nbucket = \"files\"\nendpoint = \"http://127.0.0.1:9\"\naccess_key_id = \"k\"\nsecret_access_key = \"s\"\n";
    let load = |database: &str, rest: &str, variables: &[(&str, &str)]| {
        std::fs::write(&path, format!("[database]\n{database}\n{rest}")).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&path), variables.collect())
    };
    for (database, rest) in
        [("", s3), ("max_connections = 16", ""), ("statement_timeout = \"15s\"", ""), ("url = \"\"", s3)]
    {
        let error = load(database, rest, &[]).unwrap_err().to_string();
        assert!(error.contains("database.url") && error.contains("`sqlite`"), "{database}: {error}");
    }
    assert!(load("", s3, &[("CSVP_DATABASE__URL", "")]).is_err());
    let config = load("url = \"sqlite\"\nmax_connections = 16", s3, &[]).unwrap();
    assert!(config.database.address().unwrap().is_none() && !config.is_shared());
    assert!(load("", s3, &[("CSVP_DATABASE__URL", "postgres://me@db.example/csvp")]).unwrap().is_shared());
    load("migrate = \"check\"", "", &[]).unwrap();
}
