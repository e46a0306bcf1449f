//! Clients, and a ledger of what they were promised, outside of the service.

use std::fs::{self, File};
use std::io::Write;
use std::sync::Mutex;

use tempfile::TempDir;

use crate::http::{request, request_with};

/// What was acknowledged.
pub(super) struct Sent {
    pub(super) id: String,
}

/// A file on the disk: what is in it was promised.
pub(super) struct Ledger {
    dir: TempDir,
    file: Mutex<File>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let file = File::create(dir.path().join("ledger")).expect("the directory is ours");
        Self { dir, file: Mutex::new(file) }
    }

    /// Durable when it returns.
    pub(super) fn write(&self, number: usize, sent: &Sent) {
        let mut file = self.file.lock().expect("no client has failed");
        writeln!(file, "{number} {}", sent.id).expect("the disk has room");
        file.sync_data().expect("the disk works");
    }

    pub(super) fn read(&self) -> Vec<(usize, String)> {
        let text = fs::read_to_string(self.dir.path().join("ledger")).expect("it is there");
        let line = |line: &str| {
            let (number, id) = line.split_once(' ').expect("two words");
            (number.parse().expect("a number"), id.to_owned())
        };
        text.lines().map(line).collect()
    }
}

/// A file that is like no other.
pub(super) fn file(number: usize) -> Vec<u8> {
    let rows = [3, 40, 900, 3_000][number % 4];
    let row = |n: usize| format!("{n},{number},{}\n", n * 7_919 % 1_000);
    let mut text = String::from("id,name,amount\n");
    (0..rows).for_each(|n| text.push_str(&row(n)));
    text.into_bytes()
}

/// A table of so many rows.
pub(super) fn table(rows: u64) -> Vec<u8> {
    let mut text = String::from("id,name,amount\n");
    (0..rows).for_each(|n| text.push_str(&format!("{n},name {n},{}\n", n * 7_919 % 1_000)));
    text.into_bytes()
}

/// Sends a file once; every second one is processed by a job.
pub(super) fn send(address: &str, number: usize, key: &str) -> Result<Sent, String> {
    let name = format!("f{number}.csv");
    let prefer = if number.is_multiple_of(2) { "Prefer: respond-async\r\n" } else { "" };
    post(address, &name, &format!("Idempotency-Key: {key}\r\n{prefer}"), &file(number))
}

/// Sends bytes to be processed by a job.
pub(super) fn send_file(address: &str, name: &str, key: &str, bytes: &[u8]) -> Result<Sent, String> {
    post(address, name, &format!("Idempotency-Key: {key}\r\nPrefer: respond-async\r\n"), bytes)
}

fn post(address: &str, name: &str, headers: &str, bytes: &[u8]) -> Result<Sent, String> {
    let head = format!("POST /api/v1/uploads?name={name}");
    let Some((status, body)) = request_with(address, &head, headers, bytes) else {
        return Err("the connection broke".to_owned());
    };
    let text = String::from_utf8_lossy(&body).into_owned();
    // Under way with the same key, or something is away: to be sent again. Anything else is a fault of ours.
    assert!(matches!(status, 201 | 202 | 409 | 503), "{status}: {text}");
    if !matches!(status, 201 | 202) {
        return Err(format!("{status}: {text}"));
    }
    let upload: serde_json::Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    Ok(Sent { id: upload["id"].as_str().expect("an upload has an id").to_owned() })
}

/// The body of what must be there.
pub(super) fn get(address: &str, path: &str) -> Vec<u8> {
    let (status, body) = request(address, &format!("GET {path}"), b"").expect("it answers");
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    body
}
