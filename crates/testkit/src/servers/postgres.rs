//! A throw-away cluster of PostgreSQL.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{free_port, signal};

const USER: &str = "csvp";
/// With signs that a URL must escape.
const PASSWORD: &str = "p%40ss/word";
const PASSWORD_IN_URL: &str = "p%2540ss%2Fword";
const START: Duration = Duration::from_secs(30);

/// A server with its own data directory; it waits for the disk as a real one does. It ends, with its data, when this is
/// dropped, and when the test dies.
#[derive(Debug)]
pub struct Postgres {
    dir: TempDir,
    port: u16,
    server: Child,
    settings: Vec<String>,
    databases: AtomicU32,
}

impl Postgres {
    /// Makes a cluster and starts it.
    ///
    /// # Panics
    /// The server is not installed, or does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with settings of the server, each as `name=value`.
    ///
    /// # Panics
    /// The server is not installed, or does not start.
    pub fn start_with(settings: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("expected room for a temporary directory");
        let password = dir.path().join("password");
        fs::write(&password, PASSWORD).expect("the directory is ours");
        let owner = Command::new("chown").args(["-R", "postgres"]).arg(dir.path()).status();
        assert!(!is_root() || owner.is_ok_and(|it| it.success()), "expected a system user `postgres`");
        let mut initdb = as_postgres("initdb");
        initdb.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"]);
        initdb.arg("--pwfile").arg(&password).arg("--pgdata").arg(dir.path().join("data"));
        let made = initdb.output().expect("expected PostgreSQL: initdb is not on the PATH");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let port = free_port();
        let server = spawn(dir.path(), port, &settings);
        let started = Self { dir, port, server, settings, databases: AtomicU32::new(0) };
        started.wait_until_it_answers();
        started
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a new, empty database.
    ///
    /// # Panics
    /// The server refuses.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.psql("postgres", &format!("CREATE DATABASE {name}"));
        assert!(made.is_ok(), "{made:?}");
        self.url(&name)
    }

    /// Runs SQL as the owner and gives what it prints, without headings.
    ///
    /// # Errors
    /// What the server says.
    ///
    /// # Panics
    /// `psql` is not installed.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        psql.args(["--dbname", &self.url(database), "--command", sql]).stdin(Stdio::null());
        let ran = psql.output().expect("expected PostgreSQL: psql is not on the PATH");
        if ran.status.success() {
            Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&ran.stderr).into_owned())
        }
    }

    /// Ends the server at once, as a crash does; what was not durable is lost to it.
    pub fn crash(&mut self) {
        signal("QUIT", self.server.id());
        let _ = self.server.wait();
    }

    /// Starts it again after a crash, at the same address.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_again(&mut self) {
        self.server = spawn(self.dir.path(), self.port, &self.settings);
        self.wait_until_it_answers();
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD_IN_URL}@127.0.0.1:{}/{database}", self.port)
    }

    fn wait_until_it_answers(&self) {
        let begun = Instant::now();
        while let Err(error) = self.psql("postgres", "SELECT 1") {
            let log = fs::read_to_string(log_file(self.dir.path())).unwrap_or_default();
            assert!(begun.elapsed() < START, "PostgreSQL does not answer: {error}\n{log}");
            sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.crash();
    }
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("log")
}

fn spawn(dir: &Path, port: u16, settings: &[String]) -> Child {
    let log = File::create(log_file(dir)).expect("the directory is ours");
    let mut server = as_postgres("postgres");
    server.arg("-D").arg(dir.join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""]);
    for setting in settings {
        server.args(["-c", setting]);
    }
    server.args(["-c", "max_connections=200"]).stdin(Stdio::null());
    server.stdout(Stdio::null()).stderr(log);
    server.spawn().expect("expected PostgreSQL: postgres is not on the PATH")
}

/// PostgreSQL refuses to run as root. It stops when the thread that started it ends without stopping it.
fn as_postgres(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
    }
    command.arg(program).current_dir("/");
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}
