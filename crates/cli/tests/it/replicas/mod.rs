//! Real processes: several that take requests and several that run jobs, over one PostgreSQL and one bucket.
//!
//! `REPLICA_SECONDS=300` is the long form of the test that kills, `REPLICA_RESTARTS=20` that of the one that restarts.

mod clients;
mod fleet;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use clients::{Ledger, Sent, file, get, send};
use fleet::{Fleet, Role};

const FLEET: [Role; 5] = [Role::Serve, Role::Serve, Role::Serve, Role::Worker, Role::Worker];
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// `server.drain_wait` of these tests, `server.shutdown_timeout`, and a moment.
const LONGEST_STOP: Duration = Duration::from_secs(3 + 30 + 7);

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn number(name: &str, short: u64) -> u64 {
    std::env::var(name).ok().map_or(short, |text| text.parse().expect("expected a number"))
}

/// One process after the other is killed in the middle of everything, while clients send and send again.
#[test]
fn nothing_is_lost_altered_or_doubled_when_processes_are_killed() {
    const CLIENTS: usize = 32;
    let mut fleet = Fleet::start(&FLEET, &[]);
    let address = fleet.address();
    let seconds = number("REPLICA_SECONDS", 12);
    let every = Duration::from_secs(if seconds > 60 { 10 } else { 2 });
    let ledger = Ledger::new();
    let (stop, next, retries) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let kills = scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let begun = Instant::now();
                    let sent = loop {
                        match send(&address, number, &format!("key-{number}")) {
                            Ok(sent) => break sent,
                            Err(why) => assert!(begun.elapsed() < LONGEST_WAIT, "upload {number}: {why}"),
                        }
                        retries.fetch_add(1, Ordering::SeqCst);
                        sleep(Duration::from_millis(100));
                    };
                    ledger.write(number, &sent);
                }
            });
        }
        let begun = Instant::now();
        let mut kills = 0;
        while begun.elapsed() < Duration::from_secs(seconds) {
            sleep(every);
            fleet.kill_and_start(kills % FLEET.len());
            kills += 1;
        }
        stop.store(true, Ordering::SeqCst);
        kills
    });
    for member in &fleet.members {
        member.wait_until_ready();
    }
    let acknowledged = ledger.read();
    let (count, again) = (acknowledged.len(), retries.load(Ordering::SeqCst));
    tell(&format!("replicas: {count} uploads acknowledged, {kills} kills, {again} requests sent again"));
    assert!(acknowledged.len() > CLIENTS, "only {} uploads", acknowledged.len());
    wait_until_all_have_ended(&fleet);
    check_files(&address, &acknowledged);
    check_rows(&fleet, acknowledged.len());
}

#[expect(clippy::print_stdout, reason = "how much was tried is part of the result")]
fn tell(what: &str) {
    println!("{what}");
}

/// Every run has ended, and with it every job. However many there are, some must end all the time.
fn wait_until_all_have_ended(fleet: &Fleet) {
    let open = "SELECT COUNT(*) FROM uploads WHERE state IN ('queued', 'processing')";
    let (mut fewest, mut since) = (usize::MAX, Instant::now());
    while fewest > 0 {
        let left = fleet.sql(open).parse().expect("a number");
        if left < fewest {
            (fewest, since) = (left, Instant::now());
        }
        assert!(since.elapsed() < LONGEST_WAIT, "{left} uploads do not end");
        sleep(Duration::from_millis(200));
    }
}

/// What was acknowledged is there, as it was sent.
fn check_files(address: &str, acknowledged: &[(usize, String)]) {
    let next = AtomicUsize::new(0);
    scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some((number, id)) = acknowledged.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let upload = get(address, &format!("/api/v1/uploads/{id}"));
                    let upload: serde_json::Value = serde_json::from_slice(&upload).expect("JSON");
                    assert_eq!(upload["state"], "completed", "{upload}");
                    assert_eq!(upload["name"], format!("f{number}.csv"));
                    let original = get(address, &format!("/api/v1/uploads/{id}/files/original"));
                    assert!(original == file(*number), "upload {number} is altered");
                    let clean = get(address, &format!("/api/v1/uploads/{id}/files/clean.csv"));
                    // Every record is sound, and written as the clean file is.
                    assert!(clean == original, "the result of upload {number} is altered");
                }
            });
        }
    });
}

/// One row for each, one result, and one audit event for each of both.
fn check_rows(fleet: &Fleet, acknowledged: usize) {
    let count = |sql: &str| fleet.sql(sql).parse::<usize>().expect("a number");
    assert_eq!(count("SELECT COUNT(*) FROM uploads"), acknowledged, "uploads");
    assert_eq!(count("SELECT COUNT(DISTINCT name) FROM uploads"), acknowledged, "names");
    assert_eq!(count("SELECT COUNT(*) FROM runs"), acknowledged, "runs");
    let events = "SELECT COUNT(*) FROM audit_events WHERE action =";
    assert_eq!(count(&format!("{events} 'upload.create'")), acknowledged, "audit events of uploads");
    let jobs = count("SELECT COUNT(*) FROM jobs");
    assert!(jobs > 0, "some uploads are processed by a job");
    let others = "SELECT id, upload_id, state, attempts, worker, error FROM jobs WHERE state <> 'done'";
    assert_eq!(fleet.sql(others), "", "jobs that are not done");
    assert_eq!(count(&format!("{events} 'upload.process'")), jobs, "audit events of jobs");
    let subjects = "SELECT COUNT(DISTINCT subject) FROM audit_events WHERE action = 'upload.process'";
    assert_eq!(count(subjects), jobs, "jobs with an audit event");
}

/// Each process is stopped and started again under load, and no client sees anything of it.
#[test]
fn rolling_restarts_are_not_seen_by_clients() {
    const CLIENTS: usize = 8;
    let mut fleet = Fleet::start(&FLEET, &[("CSVP_SERVER__DRAIN_WAIT", "3s")]);
    let address = fleet.address();
    let restarts = usize::try_from(number("REPLICA_RESTARTS", 5)).expect("a small number");
    let (stop, next, done) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    // Not sent again: the first try must do.
                    let Sent { id, .. } =
                        send(&address, number, &format!("key-{number}")).expect("it is taken");
                    get(&address, &format!("/api/v1/uploads/{id}"));
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for restart in 0..restarts {
            let took = fleet.restart(restart % FLEET.len());
            assert!(took < LONGEST_STOP, "a stop took {took:?}");
        }
        stop.store(true, Ordering::SeqCst);
    });
    let done = done.load(Ordering::SeqCst);
    tell(&format!("replicas: {done} uploads, {restarts} restarts, 0 failed requests"));
    assert!(done > restarts, "only {done} uploads");
    wait_until_all_have_ended(&fleet);
    check_rows(&fleet, done);
}

/// The same request at two replicas at the same moment.
#[test]
fn one_key_at_two_replicas_is_one_upload_and_its_job_runs_elsewhere() {
    let settings = [("CSVP_PROCESSING__JOBS", "0"), ("CSVP_PROCESSING__THREADS", "1")];
    let mut fleet = Fleet::start(&[Role::Serve, Role::Serve], &settings);
    let addresses: Vec<String> = fleet.members.iter().map(|member| member.address.clone()).collect();
    for number in 0..6 {
        let key = &format!("key-{number}");
        let ids: Vec<String> = scope(|scope| {
            let sends: Vec<_> =
                addresses.iter().map(|address| scope.spawn(move || send(address, number, key))).collect();
            sends.into_iter().map(|send| send.join().expect("it is sent").expect("it is taken").id).collect()
        });
        assert_eq!(ids[0], ids[1], "one upload for the key");
    }
    assert_eq!(fleet.sql("SELECT COUNT(*) FROM uploads"), "6");
    // Nobody is there yet who runs jobs.
    let rows = 300_000;
    // It must still run when the wish to stop arrives: with the next sign of life of its worker.
    let longest = clients::table(8 * rows);
    let sent = clients::send_file(&addresses[0], "longest.csv", "longest", &longest).expect("it is taken");
    let state = |id: &str| -> serde_json::Value {
        serde_json::from_slice(&get(&addresses[1], &format!("/api/v1/uploads/{id}"))).expect("JSON")
    };
    assert_eq!(state(&sent.id)["state"], "queued");
    // A worker of another process: its progress is seen here, and a wish to stop reaches it.
    fleet.add(Role::Worker, &[("CSVP_PROCESSING__JOBS", "1")]);
    let begun = Instant::now();
    while state(&sent.id)["progress"]["bytes_done"] == 0 {
        assert!(begun.elapsed() < LONGEST_WAIT, "{}", state(&sent.id));
        sleep(Duration::from_millis(100));
    }
    let cancel = format!("POST /api/v1/uploads/{}/cancel", sent.id);
    let (status, answer) = crate::http::request(&addresses[1], &cancel, b"").expect("it answers");
    assert_eq!(status, 202, "{}", String::from_utf8_lossy(&answer));
    wait_until_all_have_ended(&fleet);
    assert_eq!(state(&sent.id)["state"], "cancelled");
    hand_over(&mut fleet, &addresses[0], &clients::table(rows));
}

/// A worker that is stopped hands its job back at once; one that dies is missed when its lease ends.
fn hand_over(fleet: &mut Fleet, address: &str, large: &[u8]) {
    let attempts =
        |fleet: &Fleet, id: &str| fleet.sql(&format!("SELECT attempts FROM jobs WHERE upload_id = '{id}'"));
    let running = |fleet: &Fleet, id: &str| {
        let begun = Instant::now();
        let sql = format!("SELECT COUNT(*) FROM jobs WHERE upload_id = '{id}' AND state = 'running'");
        while fleet.sql(&sql) != "1" {
            assert!(begun.elapsed() < LONGEST_WAIT, "nobody takes the job");
            sleep(Duration::from_millis(50));
        }
    };
    let sent = clients::send_file(address, "large.csv", "large-2", large).expect("it is taken");
    running(fleet, &sent.id);
    let took = fleet.restart(2);
    assert!(took < LONGEST_STOP, "a worker took {took:?} to stop");
    running(fleet, &sent.id);
    assert_eq!(attempts(fleet, &sent.id), "1", "a job that was handed back has lost no attempt");
    fleet.kill_and_start(2);
    running(fleet, &sent.id);
    wait_until_all_have_ended(fleet);
    assert_eq!(attempts(fleet, &sent.id), "2");
    let upload = get(address, &format!("/api/v1/uploads/{}", sent.id));
    assert!(String::from_utf8_lossy(&upload).contains(r#""state":"completed""#));
}
