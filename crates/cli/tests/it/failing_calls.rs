//! Calls that fail: a broken disk, a full one, a full quota, no more open files, interrupted and short writes, at each
//! call of an upload. The client gets a clear answer, nothing is acknowledged that is not stored, and the service goes on
//! when the fault is gone. Over PostgreSQL and a bucket it is connections that fail, those of clients among them.
//!
//! `FAILING_CALLS=all` takes every call with every error; the short form takes some.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use csvp_testkit::faults::{Fault, Op, errno};
use csvp_testkit::servers::{Postgres, Seaweed};
use csvp_testkit::stand::{Answer, Ledger, Reference, Sent, Service, Stand, Step, wait_until};

use crate::audit;

/// Uploads in one data directory; each look goes over all of them.
const PER_FOLDER: usize = 60;
/// Calls of the short form for each step and error.
const SHORT: usize = 7;
/// The same of a step that is waited for; with other errors than EIO it is in the long form only.
const SHORT_REMOVALS: usize = 2;
/// A service whose disk works again takes an upload within this time.
const RECOVERY: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn takes_all() -> bool {
    std::env::var("FAILING_CALLS").is_ok_and(|text| text == "all")
}

fn local() -> Stand {
    Stand::local(Path::new(env!("CARGO_BIN_EXE_csvp")))
}

/// Calls that a disk can let fail.
fn is_storage(op: &Op) -> bool {
    op.is_storage()
}

fn is_write(op: &Op) -> bool {
    matches!(op, Op::Write { .. })
}

fn is_sync(op: &Op) -> bool {
    op.is_sync()
}

#[test]
fn a_broken_disk() {
    println!("{}", each_call(&local, is_storage, Fault::Error(errno::EIO)));
}

#[test]
fn a_full_disk() {
    println!("{}", each_call(&local, is_storage, Fault::Error(errno::ENOSPC)));
}

#[test]
fn a_full_quota() {
    println!("{}", each_call(&local, is_write, Fault::Error(errno::EDQUOT)));
}

#[test]
fn no_more_open_files() {
    println!(
        "{}",
        each_call(
            &local,
            |op| matches!(op, Op::Open { .. } | Op::Create { .. }),
            Fault::Error(errno::EMFILE)
        )
    );
}

#[test]
fn interrupted_writes() {
    println!("{}", each_call(&local, is_write, Fault::Error(errno::EINTR)));
}

#[test]
fn short_writes() {
    println!("{}", each_call(&local, is_write, Fault::Short));
}

#[test]
fn failed_syncs() {
    println!("{}", each_call(&local, is_sync, Fault::Error(errno::EIO)));
}

#[test]
fn broken_connections() {
    let (postgres, bucket) = (Postgres::start(), Seaweed::start());
    bucket.make_bucket("files");
    let stand = || Stand::shared(Path::new(env!("CARGO_BIN_EXE_csvp")), &postgres, &bucket);
    let on_sockets = |op: &Op| !op.is_storage();
    let came = each_call(&stand, on_sockets, Fault::Error(errno::ECONNRESET));
    println!("{came}, over PostgreSQL and a bucket");
}

struct Bench {
    stand: Stand,
    _folder: tempfile::TempDir,
    data: PathBuf,
    service: Service,
    ledger: Ledger,
}

impl Bench {
    fn start(stand: &dyn Fn() -> Stand) -> Self {
        Self::beside(&Reference::start(Path::new(env!("CARGO_BIN_EXE_csvp"))), stand)
    }

    fn beside(reference: &Arc<Reference>, stand: &dyn Fn() -> Stand) -> Self {
        let (stand, folder) = (stand(), tempfile::tempdir().expect("a temporary folder"));
        let data = folder.path().canonicalize().expect("it exists");
        let service = stand.start(&data, false);
        Self { stand, _folder: folder, data, service, ledger: Ledger::beside(reference) }
    }

    /// What must be there before the process began in which the faults happen.
    fn begin(&mut self, step: Step, names: &[String]) {
        let Self { stand, data, service, ledger, .. } = self;
        stand.begin((step, names), ledger, service, (data, false));
    }

    /// Ends the service as a crash does, starts it again and compares.
    fn look_after_restart(&mut self, when: &str) {
        self.service.kill();
        self.service = self.stand.start(&self.data, false);
        let objects = self.stand.objects(&self.data);
        if let Err(faults) = self.ledger.check(self.service.address(), objects.as_deref()) {
            panic!("{when}: {}", faults.join("\n"));
        }
        self.ledger.settle(self.service.address());
    }

    /// Ends the service and counts the audit events.
    fn end(mut self) {
        self.service.kill();
        audit::check(&self.ledger, &self.data, self.stand.database.as_deref());
    }

    /// The disk works again: so does the service, at once.
    fn goes_on(&mut self, name: &str, when: &str) {
        let mut answer = None;
        let goes_on = wait_until(RECOVERY, || {
            answer = self.ledger.upload(self.service.address(), &Sent::new(name, 20));
            answer.as_ref().is_some_and(Answer::is_success)
        });
        assert!(goes_on, "{when}, then without a fault: {answer:?}");
    }
}

/// Gives what came of it, in one line.
fn each_call(stand: &dyn Fn() -> Stand, scope: fn(&Op) -> bool, fault: Fault) -> String {
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let reference = Reference::start(Path::new(env!("CARGO_BIN_EXE_csvp")));
    let mut bench = Bench::beside(&reference, stand);
    for &step in bench.stand.steps() {
        if step.is_removal() && fault != Fault::Error(errno::EIO) && !takes_all() {
            continue;
        }
        let calls = count(&mut bench, step, scope);
        let short = if step.is_removal() { SHORT_REMOVALS } else { SHORT };
        let stride = if takes_all() { 1 } else { calls.div_ceil(short).max(1) };
        let numbers: Vec<usize> = (1..=calls).step_by(stride).collect();
        for numbers in numbers.chunks(PER_FOLDER / 2) {
            if bench.ledger.acknowledged() > PER_FOLDER {
                bench.end();
                bench = Bench::beside(&reference, stand);
            }
            let names: Vec<String> = numbers.iter().map(|number| name_of(step, *number)).collect();
            bench.begin(step, &names);
            for (&number, name) in numbers.iter().zip(&names) {
                step.prepare(&mut bench.ledger, &bench.service, name);
                bench.service.traced().arm(scope, number, number, fault);
                let answer = step.run(&mut bench.ledger, &bench.service, name);
                let hits = bench.service.traced().disarm();
                let at = hits.first().map_or("none".to_owned(), |hit| hit.op.describe(&bench.data));
                let when = format!("{fault:?} at call {number} of {step:?}, {at}");
                *outcomes
                    .entry(judge(answer.as_ref(), fault, hits.first().map(|hit| &hit.op), &when))
                    .or_default() += 1;
                bench.goes_on(&format!("{name}-next"), &when);
            }
            bench.look_after_restart(&format!("{fault:?} at calls of {step:?}"));
        }
    }
    bench.end();
    let outcomes: Vec<String> = outcomes.iter().map(|(outcome, n)| format!("{n} {outcome}")).collect();
    format!("failing calls, {fault:?}: {}, 0 violations", outcomes.join(", "))
}

fn name_of(step: Step, number: usize) -> String {
    format!("{step:?}-{number}").to_lowercase()
}

/// Calls of a step in a run without faults.
fn count(bench: &mut Bench, step: Step, scope: fn(&Op) -> bool) -> usize {
    let name = name_of(step, 0);
    bench.begin(step, std::slice::from_ref(&name));
    step.prepare(&mut bench.ledger, &bench.service, &name);
    bench.service.traced().arm(scope, usize::MAX, usize::MAX, Fault::Kill);
    step.run(&mut bench.ledger, &bench.service, &name);
    let calls = bench.service.traced().seen();
    bench.service.traced().disarm();
    assert!(calls > 0, "expected calls of {step:?}");
    calls
}

/// No room, and nobody can know: SQLite tells it for one error of one call only, and the disk that is asked then has room
/// again when only this call has failed.
fn is_not_told(op: &Op, error: i32) -> bool {
    let path = match op {
        Op::Open { path } | Op::Create { path, .. } | Op::Remove { path } => path,
        Op::Write { file, .. } | Op::SetLength { file, .. } | Op::Sync { file } => &file.path,
        _ => return false,
    };
    is_of_database(path) && !(is_write(op) && error == errno::ENOSPC)
}

/// What the client was told; it must be clear. `at` is the call when only one has failed.
fn judge(answer: Option<&Answer>, fault: Fault, at: Option<&Op>, when: &str) -> String {
    let Some(answer) = answer else {
        // It may have been the client's.
        assert_eq!(
            fault,
            Fault::Error(errno::ECONNRESET),
            "{when}: expected an answer, the connection broke"
        );
        return "not answered".to_owned();
    };
    if answer.is_success() {
        return "stored".to_owned();
    }
    let expected: &[u16] = match fault {
        Fault::Error(error @ (errno::ENOSPC | errno::EDQUOT)) => match at {
            Some(at) if is_not_told(at, error) => &[507, 500],
            _ => &[507],
        },
        Fault::Error(errno::EINTR) | Fault::Short | Fault::Hold | Fault::Kill => &[],
        // It may have been the client's: then the request was not whole.
        Fault::Error(errno::ECONNRESET) if matches!(at, Some(Op::Receive)) => &[400, 500, 503],
        Fault::Error(_) => &[500, 503],
    };
    let status = answer.status;
    assert!(expected.contains(&status), "{when}: expected one of {expected:?}, found {answer:?}");
    assert!(answer.head.contains("application/problem+json"), "{when}: {answer:?}");
    assert_eq!(answer.json()["status"], status, "{when}: {answer:?}");
    status.to_string()
}

/// What has failed before its rows were written leaves nothing: at once, and not at the next repair.
#[test]
fn what_fails_is_removed_at_once() {
    let is_sync_of_objects =
        |op: &Op| matches!(op, Op::Sync { file } if file.path.to_string_lossy().contains("/objects/"));
    for step in [Step::Small, Step::Large] {
        let mut bench = Bench::start(&local);
        let objects = bench.data.join("objects");
        for number in 1..=count(&mut bench, step, is_sync_of_objects) {
            // The segment that failed before is settled, and its removal synced, which is not of this upload.
            bench.service.wait_until_quiet();
            bench.service.traced().arm(is_sync_of_objects, number, number, Fault::Error(errno::EIO));
            let answer = step.run(&mut bench.ledger, &bench.service, &format!("failed-{number}"));
            let hits = bench.service.traced().disarm();
            let when = format!("sync {number} of {step:?}, {hits:?}");
            if hits.is_empty() {
                // The one that was counted began a segment of the journal.
                assert!(number > 1, "{when}");
                break;
            }
            assert!(answer.is_some_and(|answer| answer.status >= 500), "{when}");
            assert_eq!(bench.ledger.left_over(&objects), Vec::<String>::new(), "{when}");
        }
    }
}

fn is_write_to_database(op: &Op) -> bool {
    matches!(op, Op::Write { file, .. } if is_of_database(&file.path))
}

fn is_sync_of_database(op: &Op) -> bool {
    matches!(op, Op::Sync { file } if is_of_database(&file.path))
}

fn is_of_database(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("csvp.sqlite"))
}

/// SQLite tells that there is no room only for one error of one call. Where it does not, the disk is asked, and the client
/// is told of the disk; but what became of the request is not known then, so nothing of it is removed.
#[test]
fn a_database_without_room() {
    let faults =
        [(is_write_to_database as fn(&Op) -> bool, errno::EDQUOT), (is_sync_of_database, errno::ENOSPC)];
    for (scope, error) in faults {
        let mut bench = Bench::start(&local);
        let objects = bench.data.join("objects");
        Step::Delete.prepare(&mut bench.ledger, &bench.service, "to-be-deleted");
        bench.service.traced().arm(scope, 1, usize::MAX, Fault::Error(error));
        for (step, name) in [(Step::Small, "small"), (Step::Large, "large"), (Step::Delete, "to-be-deleted")]
        {
            let answer = step.run(&mut bench.ledger, &bench.service, name);
            let when = format!("{step:?} while every call of the database fails with {error}");
            assert_eq!(judge(answer.as_ref(), Fault::Error(error), None, &when), "507", "{when}: {answer:?}");
        }
        assert_eq!(bench.ledger.left_over(&objects).len(), 3, "rows that may be there have their objects");
        bench.service.traced().disarm();
        let when = format!("every call of the database failed with {error}");
        bench.look_after_restart(&when);
        bench.goes_on("after", &when);
        bench.look_after_restart(&when);
    }
}

/// All writes and syncs fail for a while: everything is refused in time, reading goes on, and so does the service.
#[test]
fn a_disk_that_stays_broken() {
    for (scope, error) in [
        (is_write as fn(&Op) -> bool, errno::ENOSPC),
        (is_write, errno::EIO),
        (is_sync, errno::EIO),
        (is_sync, errno::ENOSPC),
    ] {
        let mut bench = Bench::start(&local);
        Step::Small.run(&mut bench.ledger, &bench.service, "before");
        bench.service.traced().arm(scope, 1, usize::MAX, Fault::Error(error));
        for number in 0..12 {
            let step = if number % 3 == 2 { Step::Large } else { Step::Small };
            let begun = Instant::now();
            let answer = step.run(&mut bench.ledger, &bench.service, &format!("refused-{number}"));
            let when = format!("upload {number} while every call fails with {error}");
            let outcome = judge(answer.as_ref(), Fault::Error(error), None, &when);
            assert_ne!(outcome, "stored", "{when}");
            assert!(begun.elapsed() < RECOVERY, "{when}: took {:?}", begun.elapsed());
        }
        bench.service.traced().disarm();
        bench.goes_on("after", &format!("every call failed with {error}"));
        bench.look_after_restart(&format!("every call failed with {error}"));
    }
}
