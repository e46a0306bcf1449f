//! A whole service on a free port and in a directory of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use csvp_server::{Config, Server};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running service; it is stopped when dropped.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) operations: Option<SocketAddr>,
    pub(crate) client: Client,
    pub(crate) config: Config,
    dir: TempDir,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.server.port = 0;
        config.server.operations = "off".to_owned();
        config.server.shutdown_timeout = csvp_server::config::Seconds::new(10);
        config.store.data_dir = dir.path().join("data").to_str().unwrap().to_owned();
        config.store.min_free_disk = csvp_server::config::Bytes(0);
        change(&mut config);
        let mut app = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            operations: None,
            client: Client::new(),
            config,
            dir,
            stop: None,
            running: None,
        };
        app.run().await;
        app
    }

    async fn run(&mut self) {
        let server = Server::start(self.config.clone()).await.unwrap();
        self.address = server.banner().address.unwrap();
        self.operations = server.banner().operations;
        let (stop, stopped) = oneshot::channel::<()>();
        self.stop = Some(stop);
        let wait = async move { drop(stopped.await) };
        self.running = Some(tokio::spawn(async move { server.run_until(wait).await.unwrap() }));
    }

    /// Tells it to stop.
    pub(crate) fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Stops in order and waits for it.
    pub(crate) async fn stop(&mut self) {
        self.begin_stop();
        if let Some(running) = self.running.take() {
            running.await.unwrap();
        }
    }

    /// Stops and starts again over the same data.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.request(Method::POST, path).body(body).send().await.unwrap()
    }

    /// Sends a file raw and expects it to be taken.
    pub(crate) async fn upload(&self, name: &str, bytes: impl Into<reqwest::Body>) -> Value {
        let response = self.post(&format!("/api/v1/uploads?name={name}"), bytes).await;
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{status}: {body}");
        body
    }

    /// Waits until nothing more will happen to the upload.
    pub(crate) async fn finished(&self, upload: &Value) -> Value {
        let path = upload["links"]["events"].as_str().unwrap();
        let events = self.get(path).await.text().await.unwrap();
        let done = events.lines().skip_while(|line| *line != "event: done").nth(1);
        serde_json::from_str(done.expect("the stream ends with `done`").strip_prefix("data: ").unwrap())
            .unwrap()
    }

    /// Bytes of all objects in the data directory, by their path under it.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        fn visit(dir: &std::path::Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    visit(&path, found);
                } else if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
                    && !dir.ends_with(".journal")
                {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        visit(&self.dir.path().join("data/objects"), &mut found);
        found
    }

    /// The directory of an upload.
    pub(crate) fn upload_dir(&self, upload: &Value) -> PathBuf {
        let uploads = format!("data/objects/{}/uploads", csvp_store::TenantId::DEFAULT);
        self.dir.path().join(uploads).join(upload["id"].as_str().unwrap())
    }

    /// Sends bytes as they are and reads until the server closes or is silent.
    pub(crate) async fn raw(&self, bytes: Vec<u8>, half_close: bool) -> String {
        let address = self.address;
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            // The server may answer and close before it has all.
            let _ = stream.write_all(&bytes);
            if half_close {
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
            let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(n @ 1..) = stream.read(&mut buffer) {
                answer.extend_from_slice(&buffer[..n]);
            }
            String::from_utf8_lossy(&answer).into_owned()
        })
        .await
        .unwrap()
    }

    /// Asks again and again until the answer is yes; a wait with a reason and an end.
    pub(crate) async fn eventually(&self, what: &str, mut yes: impl AsyncFnMut(&Self) -> bool) {
        let start = Instant::now();
        while !yes(self).await {
            assert!(start.elapsed() < Duration::from_secs(20), "{what} did not happen");
            tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await.unwrap_err();
        }
    }

    /// Checks that nothing was kept: no upload, no object.
    pub(crate) async fn assert_empty(&self) {
        let list = self.get_json("/api/v1/uploads").await;
        assert_eq!(list["items"], serde_json::json!([]));
        self.eventually("removal of all objects", async |app| app.objects().is_empty()).await;
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

/// Reads a problem and checks that it is one.
pub(crate) async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["instance"], format!("/requests/{id}"));
    let detail = body["detail"].as_str().unwrap();
    assert!(!detail.is_empty() && !detail.ends_with('.'), "{detail}");
    body
}

/// A table with this many records, some with problems when `bad` is set.
pub(crate) fn table(records: usize, bad: bool) -> String {
    let mut text = String::from("id,name,price,day\n");
    for i in 0..records {
        if bad && i % 100 == 7 {
            text.push_str(&format!("{i},name {i},1.50\n"));
        } else {
            text.push_str(&format!("{i},name {i},{}.{:02},2024-01-{:02}\n", i % 90, i % 100, i % 28 + 1));
        }
    }
    text
}
