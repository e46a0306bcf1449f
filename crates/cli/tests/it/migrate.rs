//! `csvp migrate` and `csvp migrate --check`, and processes that must not migrate by themselves.

use csvp_testkit::Csvp;
use csvp_testkit::servers::Postgres;

fn csvp() -> Csvp {
    Csvp::at(env!("CARGO_BIN_EXE_csvp"))
}

fn run(args: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = csvp().command(args);
    let output = command.envs(settings.iter().copied()).output().expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

const TO_DO: &str =
    "to do: m0001_first\nto do: m0002_keys_and_replaced\nto do: m0003_life_cycle\nto do: m0004_turns\n";
const NOTHING: &str = "nothing to do: the database is up to date\n";

#[test]
fn a_check_of_a_file_tells_what_is_missing_and_makes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let settings = [("CSVP_STORE__DATA_DIR", data.to_str().expect("a plain path"))];
    let none = format!("there is no store in `{}`; `csvp migrate` makes one\n{TO_DO}", data.display());
    assert_eq!(run(&["migrate", "--check"], &settings), (Some(1), none));
    assert!(!data.exists(), "the check has made the data directory");
    let done = TO_DO.replace("to do", "done");
    let done = format!("there was no store in `{}`; a new one was made\n{done}", data.display());
    assert_eq!(run(&["migrate"], &settings), (Some(0), done));
    let before = std::fs::read(data.join("csvp.sqlite")).expect("it was made");
    assert_eq!(run(&["migrate", "--check"], &settings), (Some(0), NOTHING.to_owned()));
    assert_eq!(std::fs::read(data.join("csvp.sqlite")).expect("it is there"), before);
    std::fs::write(data.join("csvp.sqlite"), "this is no database").expect("it is ours");
    assert_eq!(run(&["migrate", "--check"], &settings).0, Some(2));
}

#[test]
fn a_check_of_a_server_tells_what_is_missing_and_makes_nothing() {
    let server = Postgres::start();
    let url = server.new_database();
    let settings = [("CSVP_DATABASE__URL", url.as_str()), ("CSVP_DATABASE__MIGRATE", "check")];
    assert_eq!(run(&["migrate", "--check"], &settings), (Some(1), TO_DO.to_owned()));
    let tables = || server.psql("test_0", "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(tables().as_deref(), Ok("0\n"));
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().to_str().expect("a plain path");
    let serve = ["serve", "--port", "0", "--operations", "off", "--data", data];
    let (code, text) = run(&serve, &settings);
    assert_eq!(code, Some(2));
    assert!(text.contains("database is not up to date: m0001_first"), "{text}");
    assert!(text.contains("run `csvp migrate`"), "{text}");
    assert_eq!(tables().as_deref(), Ok("0\n"));
    assert_eq!(run(&["migrate"], &settings).0, Some(0));
    assert_eq!(run(&["migrate", "--check"], &settings), (Some(0), NOTHING.to_owned()));
    // A version of the program that is not there yet.
    let newer = "INSERT INTO schema_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    server.psql("test_0", newer).expect("it is written");
    assert_eq!(run(&["migrate", "--check"], &settings).0, Some(2));
}

#[test]
fn a_database_that_is_away_is_named_without_its_password() {
    let settings = [("CSVP_DATABASE__URL", "postgres://me:hunter2@127.0.0.1:1/csvp?sslmode=disable")];
    let (code, text) = run(&["migrate", "--check"], &settings);
    assert_eq!(code, Some(2));
    assert!(text.contains("database `127.0.0.1:1/csvp` cannot be used"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_worker_needs_a_store_that_is_shared() {
    let (code, text) = run(&["worker", "--operations", "off"], &[]);
    assert_eq!(code, Some(2));
    assert!(text.contains("a worker needs a database and a bucket that it can share"), "{text}");
    assert!(text.contains("set `database.url` and `s3.bucket`"), "{text}");
    let (code, text) = run(&["serve", "--operations", "off"], &[("CSVP_PROCESSING__JOBS", "0")]);
    assert_eq!(code, Some(2));
    assert!(text.contains("only this process can run the jobs of a local store"), "{text}");
}
