//! A throw-away S3 server: SeaweedFS, which checks signatures and checksums and encrypts as Amazon's does.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{free_port, signal};

const START: Duration = Duration::from_secs(60);
/// How often it may find a port taken.
const PORTS_TAKEN: usize = 5;

/// A server with its own data directory on 127.0.0.1. It ends, with its data, when this is dropped, and when the test
/// dies.
#[derive(Debug)]
pub struct Seaweed {
    dir: TempDir,
    port: u16,
    server: Child,
    sockets: Vec<PathBuf>,
    keys: (String, String),
}

impl Seaweed {
    /// Key and secret of somebody who may list and read, and nothing else.
    pub const READER: (&'static str, &'static str) = ("AKREADER", "reader-secret");

    /// The region that it takes any request for.
    pub const REGION: &'static str = "us-east-1";

    /// Starts it with one user who may do everything, and [`Seaweed::READER`].
    ///
    /// # Panics
    /// The server is not installed, or does not start.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("expected room for a temporary directory");
        let keys = ("AKFIRST".to_owned(), "first-secret".to_owned());
        write_keys(dir.path(), &keys.0, &keys.1);
        let port = free_port();
        let (server, sockets) = spawn(dir.path(), port);
        let mut started = Self { dir, port, server, sockets, keys };
        for _ in 0..PORTS_TAKEN {
            if started.answers_in_time() {
                return started;
            }
            // It needs many ports, and one that was free a moment ago may be another test's by now.
            started.remove_sockets();
            started.port = free_port();
            (started.server, started.sockets) = spawn(started.dir.path(), started.port);
        }
        panic!("SeaweedFS ends each time that it is started:\n{}", started.log());
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port of its address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The access key that is good now, and its secret.
    pub fn keys(&self) -> (&str, &str) {
        (&self.keys.0, &self.keys.1)
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// The server refuses.
    pub fn make_bucket(&self, name: &str) {
        let made = self.request("PUT", &format!("/{name}"));
        assert!(made.starts_with("HTTP/1.1 200"), "{made}");
        // The first object of a bucket waits for a place on the disk to be made; no test is to wait for that.
        let object = format!("/{name}/first");
        let body = self.dir.path().join("s3.json");
        let put = self.send(&["--upload-file", &body.display().to_string()], &object);
        assert!(put.contains("HTTP/1.1 200"), "{put}");
        self.request("DELETE", &object);
    }

    /// Sends a signed request and gives the answer, headers and all.
    ///
    /// # Panics
    /// `curl` is not installed, or nothing answers.
    pub fn request(&self, method: &str, path: &str) -> String {
        if method == "HEAD" { self.send(&["--head"], path) } else { self.send(&["--request", method], path) }
    }

    fn send(&self, what: &[&str], path: &str) -> String {
        let ran = self.curl(what, path).output().expect("expected curl on the PATH");
        assert!(ran.status.success(), "curl: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    fn curl(&self, what: &[&str], path: &str) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--include", "--max-time", "20"]).args(what);
        curl.args(["--aws-sigv4", &format!("aws:amz:{}:s3", Self::REGION)]);
        curl.args(["--user", &format!("{}:{}", self.keys.0, self.keys.1)]);
        curl.arg(format!("{}{path}", self.endpoint()));
        curl
    }

    /// Takes the key away that was good and makes another one good; returns when the server knows.
    ///
    /// # Panics
    /// The server does not take the new key.
    pub fn replace_keys(&mut self, key: &str, secret: &str) {
        write_keys(self.dir.path(), key, secret);
        signal("HUP", self.server.id());
        self.keys = (key.to_owned(), secret.to_owned());
        let begun = Instant::now();
        while !self.request("GET", "/").starts_with("HTTP/1.1 200") {
            assert!(begun.elapsed() < START, "SeaweedFS does not take the new key:\n{}", self.log());
            sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(log_file(self.dir.path())).unwrap_or_default()
    }

    /// Its parts start one after the other: it is up when it can make and remove a bucket. Not when it has ended.
    fn answers_in_time(&mut self) -> bool {
        let begun = Instant::now();
        let answers = |server: &Self, method: &str| {
            let mut curl = server.curl(&["--fail", "--request", method], "/is-it-up");
            curl.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
        };
        while !(answers(self, "PUT") && answers(self, "DELETE")) {
            if self.server.try_wait().is_ok_and(|ended| ended.is_some()) {
                return false;
            }
            assert!(begun.elapsed() < START, "SeaweedFS does not answer:\n{}", self.log());
            sleep(Duration::from_millis(50));
        }
        true
    }

    fn remove_sockets(&self) {
        for socket in &self.sockets {
            let _ = fs::remove_file(socket);
        }
    }
}

impl Drop for Seaweed {
    fn drop(&mut self) {
        // Asked to stop it would take 20 seconds; its data is thrown away anyhow.
        let _ = self.server.kill();
        let _ = self.server.wait();
        self.remove_sockets();
    }
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("log")
}

fn write_keys(dir: &Path, key: &str, secret: &str) {
    let identity = serde_json::json!({
        "name": "tests",
        "credentials": [{ "accessKey": key, "secretKey": secret }],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    });
    let (reader_key, reader_secret) = Seaweed::READER;
    let reader = serde_json::json!({
        "name": "reader",
        "credentials": [{ "accessKey": reader_key, "secretKey": reader_secret }],
        "actions": ["Read", "List"],
    });
    let kms = serde_json::json!({
        "default_provider": "local",
        "providers": { "local": { "type": "local", "enableOnDemandCreate": true } },
    });
    let config = serde_json::json!({ "identities": [identity, reader], "kms": kms });
    fs::write(dir.join("s3.json"), config.to_string()).expect("the directory is ours");
}

/// Gives the files too that it makes outside of its directory.
fn spawn(dir: &Path, port: u16) -> (Child, Vec<PathBuf>) {
    let data = dir.join("data");
    fs::create_dir_all(&data).expect("the directory is ours");
    let log = File::create(log_file(dir)).expect("the directory is ours");
    // It ends when the thread that started it ends without stopping it.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program()).arg("server");
    command
        .arg(format!("-dir={}", data.display()))
        .arg(format!("-s3.config={}", dir.join("s3.json").display()));
    command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", &format!("-s3.port={port}")]);
    // Otherwise each of its parts takes its port and 10,000 more.
    let mut sockets = vec![dir.join("filer.sock"), dir.join("s3.sock")];
    for part in ["master", "volume", "filer"] {
        command.arg(format!("-{part}.port={}", free_port()));
    }
    for part in ["master", "volume", "filer", "s3"] {
        let port = free_port();
        command.arg(format!("-{part}.port.grpc={port}"));
        sockets.push(format!("/tmp/seaweedfs-{part}-grpc-{port}.sock").into());
    }
    command.arg(format!("-filer.localSocket={}", sockets[0].display()));
    command.arg(format!("-s3.localSocket={}", sockets[1].display()));
    // It tells nobody about itself, and leaves out what has ports of its own.
    command.args(["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]);
    command.args(["-master.volumeSizeLimitMB=64", "-volume.max=40"]);
    // A server-side key, without which SSE-S3 is refused.
    command.env("WEED_S3_SSE_KEY", "for tests").current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    (command.spawn().expect("expected `setpriv` of util-linux on the PATH"), sockets)
}

/// `weed` on the PATH, or where `tools/need.sh seaweedfs` puts it.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|dir| dir.join("weed"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let environments = cache.and_then(|cache| fs::read_dir(cache.join("csvp")).ok()).into_iter().flatten();
    let installed = environments.filter_map(Result::ok).map(|it| it.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("venv-seaweedfs-") && path.join("ready").exists()
    });
    let found = on_path.chain(installed.map(|path| path.join("bin/weed"))).find(|path| path.is_file());
    found.expect(
        "expected SeaweedFS: `weed` is neither on the PATH nor installed; run `tools/need.sh seaweedfs`",
    )
}
