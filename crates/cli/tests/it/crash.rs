//! `kill -9` while files arrive: what was acknowledged is there afterwards, byte for byte, and nothing else is.
//!
//! The ledger of acknowledgements is kept by this test, outside of the service. A request that was cut off may have been
//! stored, since its answer could not be sent; then it must be whole as well.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::http::request;

const UPLOADS: usize = 200;
const CLIENTS: usize = 16;
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Kills in a row; `CRASH_ROUNDS=20` is the long form.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn rounds() -> usize {
    std::env::var("CRASH_ROUNDS").ok().map_or(4, |text| text.parse().expect("CRASH_ROUNDS is a number"))
}

pub(crate) struct Service {
    child: Child,
    pub(crate) address: String,
}

impl Service {
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_csvp"))
            .args(["serve", "--port", "0", "--operations", "off", "--data"])
            .arg(data)
            .env("LOG_LEVEL", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let address = loop {
            let line = lines.next().expect("the service says its address").expect("and in UTF-8");
            if let Some((_, address)) = line.split_once("http://") {
                break address.to_owned();
            }
        };
        // The rest of the banner must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it has ended");
    }
}

/// A file that is like no other; some are processed at once, some by a job.
fn file(round: usize, number: usize) -> Vec<u8> {
    let rows = [3, 40, 900, 6_000][number % 4];
    let row = |n: usize| format!("{n},{round}-{number},{}\n", n * 7_919 % 1_000);
    let mut text = String::from("id,name,amount\n");
    (0..rows).for_each(|n| text.push_str(&row(n)));
    text.into_bytes()
}

/// Sends the files of a round until the service is killed after `kill_after` acknowledgements.
fn send_and_kill(
    service: Service,
    round: usize,
    kill_after: usize,
    ledger: &Mutex<HashMap<String, (usize, usize)>>,
) {
    let next = AtomicUsize::new(0);
    let acknowledged = AtomicUsize::new(0);
    let address = service.address.clone();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::SeqCst);
                        if number >= UPLOADS {
                            return;
                        }
                        let head = format!("POST /api/v1/uploads?name=f{number}.csv");
                        let Some((status, body)) = request(&address, &head, &file(round, number)) else {
                            continue;
                        };
                        assert!(matches!(status, 201 | 202), "{status}: {}", String::from_utf8_lossy(&body));
                        let upload: serde_json::Value =
                            serde_json::from_slice(&body).expect("the answer is JSON");
                        let id = upload["id"].as_str().expect("with an id").to_owned();
                        ledger.lock().expect("no client has failed").insert(id, (round, number));
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        // A client that failed ends early; then there is nothing more to wait for.
        while acknowledged.load(Ordering::SeqCst) < kill_after
            && clients.iter().any(|client| !client.is_finished())
        {
            std::thread::yield_now();
        }
        service.kill();
    });
}

/// The ids of all uploads that can be seen, with their names.
pub(crate) fn visible(address: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut cursor = String::new();
    loop {
        let (status, body) =
            request(address, &format!("GET /api/v1/uploads?limit=200{cursor}"), b"").expect("it answers");
        assert_eq!(status, 200);
        let page: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        for upload in page["items"].as_array().expect("a list") {
            let text = |key: &str| upload[key].as_str().expect("a text").to_owned();
            found.insert(text("id"), text("name"));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

pub(crate) fn original(address: &str, id: &str) -> Vec<u8> {
    let (status, body) =
        request(address, &format!("GET /api/v1/uploads/{id}/files/original"), b"").expect("it answers");
    assert_eq!(status, 200, "upload {id}: {}", String::from_utf8_lossy(&body));
    body
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let data = tempfile::tempdir().expect("a directory");
    let ledger = Mutex::new(HashMap::new());
    let mut unacknowledged = 0;
    for round in 0..rounds() {
        let kill_after = 5 + round * 37 % (UPLOADS - CLIENTS - 10);
        send_and_kill(Service::start(data.path()), round, kill_after, &ledger);
        let service = Service::start(data.path());
        let seen = visible(&service.address);
        let ledger = ledger.lock().expect("no client has failed");
        for (id, &(round, number)) in ledger.iter() {
            assert!(seen.contains_key(id), "acknowledged upload {id} of round {round} is not listed");
            assert_eq!(
                original(&service.address, id),
                file(round, number),
                "upload {id} of round {round} is altered"
            );
        }
        let unknown: Vec<_> = seen.iter().filter(|(id, _)| !ledger.contains_key(*id)).collect();
        for (id, name) in &unknown {
            let number: usize =
                name.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("our names hold a number");
            let whole = (0..=round).any(|round| original(&service.address, id) == file(round, number));
            assert!(whole, "upload {id}, whose answer was cut off, is not whole");
        }
        assert!(
            unknown.len() - unacknowledged <= CLIENTS,
            "only requests under way may be stored without an answer"
        );
        unacknowledged = unknown.len();
        service.kill();
    }
    let count = ledger.lock().expect("no client has failed").len();
    assert!(count >= 5 * rounds(), "the rounds acknowledged {count} uploads");
}

/// The state of an upload, once it is one of these.
fn wait_for(address: &str, id: &str, states: &[&str]) -> String {
    let start = Instant::now();
    loop {
        let (status, body) = request(address, &format!("GET /api/v1/uploads/{id}"), b"").expect("it answers");
        assert_eq!(status, 200);
        let upload: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let state = upload["state"].as_str().expect("a state").to_owned();
        if states.contains(&state.as_str()) {
            return state;
        }
        assert!(start.elapsed() < LONGEST_WAIT, "upload is {state}, expected one of {states:?}");
        std::thread::yield_now();
    }
}

/// The lease of the dead process is longer than this test waits.
#[test]
fn a_job_goes_on_at_once_after_kill_9() {
    let data = tempfile::tempdir().expect("a directory");
    let settings = [("CSVP_PROCESSING__LEASE", "1h"), ("CSVP_UPLOAD__INLINE_SIZE", "0")];
    let service = Service::start_with(data.path(), &settings);
    let mut text = String::from("id,name,amount\n");
    (0..400_000_u64).for_each(|n| text.push_str(&format!("{n},name {n},{}\n", n * 7_919 % 1_000)));
    let (status, body) =
        request(&service.address, "POST /api/v1/uploads", text.as_bytes()).expect("it answers");
    assert_eq!(status, 202);
    let upload: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let id = upload["id"].as_str().expect("an id");
    assert_eq!(wait_for(&service.address, id, &["processing", "completed"]), "processing");
    service.kill();
    let service = Service::start_with(data.path(), &settings);
    assert_eq!(wait_for(&service.address, id, &["completed", "failed"]), "completed");
    service.kill();
}
