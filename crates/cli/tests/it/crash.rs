//! `kill -9` while files arrive: what was acknowledged is there afterwards, byte for byte, and nothing else is.
//!
//! The ledger of acknowledgements is kept outside of the service. A request that was cut off may have been stored, since
//! its answer could not be sent; then it must be whole as well, and sending it again must not store it twice.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use csvp_testkit::stand::{Ledger, Reference, Sent, Service};

use crate::audit;
use crate::http::request;

const UPLOADS: usize = 100;
const CLIENTS: usize = 16;
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Kills in a row; `CRASH_ROUNDS=20` is the long form.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn rounds() -> usize {
    std::env::var("CRASH_ROUNDS").ok().map_or(4, |text| text.parse().expect("CRASH_ROUNDS is a number"))
}

fn start(data: &Path, settings: &[(&str, &str)]) -> Service {
    Service::start(Path::new(env!("CARGO_BIN_EXE_csvp")), data, settings)
}

/// A file that is like no other; some are processed at once, some by a job.
fn file(round: usize, number: usize) -> Sent {
    let rows = [3, 40, 900, 6_000][number % 4];
    let row = |n: usize| format!("{n},{round}-{number},{}\n", n * 7_919 % 1_000);
    let mut text = String::from("id,name,amount\n");
    (0..rows).for_each(|n| text.push_str(&row(n)));
    Sent { name: format!("r{round}-f{number}.csv"), bytes: text.into_bytes() }
}

/// Sends the files of a round until the service is killed after `kill_after` acknowledgements; gives how many came.
fn send_and_kill(mut service: Service, round: usize, kill_after: usize, ledger: &Mutex<Ledger>) -> usize {
    let next = AtomicUsize::new(0);
    let acknowledged = AtomicUsize::new(0);
    let address = service.address().to_owned();
    let client = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= UPLOADS {
                return;
            }
            let sent = file(round, number);
            let answer = sent.send(&address);
            if let Some(answer) = &answer {
                assert!(matches!(answer.status, 201 | 202), "{answer:?}");
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            ledger.lock().expect("no client has failed").note(&sent, answer.as_ref());
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        // A client that failed ends early; then there is nothing more to wait for.
        while acknowledged.load(Ordering::SeqCst) < kill_after
            && clients.iter().any(|client| !client.is_finished())
        {
            std::thread::yield_now();
        }
        service.kill();
    });
    acknowledged.into_inner()
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let data = tempfile::tempdir().expect("a directory");
    let reference = Reference::start(Path::new(env!("CARGO_BIN_EXE_csvp")));
    let ledger = Mutex::new(Ledger::beside(&reference));
    let objects = data.path().join("objects");
    let mut acknowledged = 0;
    for round in 0..rounds() {
        let kill_after = 5 + round * 37 % (UPLOADS - CLIENTS - 10);
        acknowledged += send_and_kill(start(data.path(), &[]), round, kill_after, &ledger);
        let mut service = start(data.path(), &[]);
        let mut ledger = ledger.lock().expect("no client has failed");
        if let Err(faults) = ledger.check(service.address(), Some(&objects)) {
            panic!("round {round}: {}", faults.join("\n"));
        }
        // Looked at in the next round.
        ledger.settle(service.address());
        service.kill();
    }
    let mut service = start(data.path(), &[]);
    let ledger = ledger.into_inner().expect("no client has failed");
    if let Err(faults) = ledger.check(service.address(), Some(&objects)) {
        panic!("at the end: {}", faults.join("\n"));
    }
    service.kill();
    audit::check(&ledger, data.path(), None);
    assert!(acknowledged >= 5 * rounds(), "the rounds acknowledged {acknowledged} uploads");
    let (rounds, all) = (rounds(), ledger.acknowledged());
    println!(
        "crash rounds: {rounds} rounds, {acknowledged} uploads acknowledged before a kill, {all} in all, 0 violations"
    );
}

/// The state of an upload, once it is one of these.
pub(crate) fn wait_for(address: &str, id: &str, states: &[&str]) -> String {
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
    let mut service = start(data.path(), &settings);
    let mut text = String::from("id,name,amount\n");
    (0..400_000_u64).for_each(|n| text.push_str(&format!("{n},name {n},{}\n", n * 7_919 % 1_000)));
    let (status, body) =
        request(service.address(), "POST /api/v1/uploads", text.as_bytes()).expect("it answers");
    assert_eq!(status, 202);
    let upload: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let id = upload["id"].as_str().expect("an id");
    assert_eq!(wait_for(service.address(), id, &["processing", "completed"]), "processing");
    service.kill();
    let service = start(data.path(), &settings);
    assert_eq!(wait_for(service.address(), id, &["completed", "failed"]), "completed");
}
