//! `kill -9` at each system call of an upload, a job, a deletion, a removal and a start, one at a time: the service starts again,
//! and what it shows is compared with what its sender remembers.
//!
//! Over PostgreSQL and a bucket the calls on sockets count too: a request that is not sent, and an answer that is not read.
//!
//! `KILL_POINTS=all` takes every call; the short form takes every sync and rename and some of the others.

use std::collections::BTreeSet;
use std::path::Path;

use csvp_testkit::faults::{Fault, Op};
use csvp_testkit::servers::{Postgres, Seaweed};
use csvp_testkit::stand::{Ledger, Reference, Service, Stand, Step};

use crate::audit;

/// Points in one data directory; each look goes over all uploads in it.
const PER_FOLDER: usize = 20;
/// Calls of the short form that are neither syncs nor renames, of each step.
const OTHERS: usize = 4;
/// Syncs and renames of the short form, of each step.
const SYNCS: usize = 7;

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn takes_all() -> bool {
    std::env::var("KILL_POINTS").is_ok_and(|text| text == "all")
}

fn stand() -> Stand {
    Stand::local(Path::new(env!("CARGO_BIN_EXE_csvp")))
}

/// Calls that change something, or tell of it.
fn is_point(op: &Op) -> bool {
    !matches!(op, Op::Open { .. } | Op::Receive)
}

/// Answers of servers as well.
fn is_point_or_answer(op: &Op) -> bool {
    !matches!(op, Op::Open { .. })
}

#[test]
fn small_uploads() {
    println!("{}", kill_at_points(&stand, Step::Small));
}

#[test]
fn large_uploads() {
    println!("{}", kill_at_points(&stand, Step::Large));
}

#[test]
fn jobs() {
    println!("{}", kill_at_points(&stand, Step::Job));
}

#[test]
fn deletions() {
    println!("{}", kill_at_points(&stand, Step::Delete));
}

#[test]
fn removals_of_replaced_runs() {
    println!("{}", kill_at_points(&stand, Step::Replaced));
}

#[test]
fn removals_of_replaced_runs_that_are_settled() {
    println!("{}", kill_at_points(&stand, Step::ReplacedSettled));
}

#[test]
fn shared_stores() {
    let (postgres, bucket) = (Postgres::start(), Seaweed::start());
    bucket.make_bucket("files");
    let stand = || Stand::shared(Path::new(env!("CARGO_BIN_EXE_csvp")), &postgres, &bucket);
    for &step in stand().steps() {
        println!("{} over PostgreSQL and a bucket", kill_at_points(&stand, step));
    }
}

/// Kills in a new stand for each few points; gives what came of it, in one line.
fn kill_at_points(stand: &dyn Fn() -> Stand, step: Step) -> String {
    let is_point = if stand().database.is_some() { is_point_or_answer } else { is_point };
    let calls = calls_of(&stand(), step, is_point);
    let syncs = calls.iter().filter(|op| op.is_sync()).count();
    let points = points(&calls, step);
    let (mut hits, mut acknowledged) = (BTreeSet::new(), 0);
    let reference = Reference::start(Path::new(env!("CARGO_BIN_EXE_csvp")));
    for points in points.chunks(PER_FOLDER) {
        let stand = &stand();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().canonicalize().expect("it exists");
        let mut ledger = Ledger::beside(&reference);
        let names: Vec<String> = points.iter().map(|point| format!("point-{point}")).collect();
        let mut service = stand.start(&data, false);
        stand.begin((step, &names), &mut ledger, &mut service, (&data, false));
        for (&point, name) in points.iter().zip(&names) {
            step.prepare(&mut ledger, &service, name);
            service.traced().arm(is_point, point, point, Fault::Kill);
            step.run(&mut ledger, &service, name);
            let hit = service.traced().disarm();
            if hit.is_empty() {
                // This run took fewer calls than the one that was counted: the end is at its last.
                service.kill();
            }
            hits.extend(hit.iter().map(|hit| hit.op.describe(&data)));
            service.wait();
            service = stand.start(&data, false);
            look(stand, &ledger, &service, &data, &format!("{step:?}, call {point}: {hit:?}"));
            ledger.settle(service.address());
        }
        look(stand, &ledger, &service, &data, "at the end");
        acknowledged += ledger.acknowledged();
        service.kill();
        audit::check(&ledger, &data, stand.database.as_deref());
    }
    format!(
        "kill points, {step:?}: {} of {} calls ({syncs} of them syncs), {} kinds, {acknowledged} uploads acknowledged, \
         0 violations",
        points.len(),
        calls.len(),
        hits.len()
    )
}

fn look(stand: &Stand, ledger: &Ledger, service: &Service, data: &Path, when: &str) {
    let objects = stand.objects(data);
    if let Err(faults) = ledger.check(service.address(), objects.as_deref()) {
        panic!("{when}: {}", faults.join("\n"));
    }
}

/// The calls of a step in a run without faults.
fn calls_of(stand: &Stand, step: Step, is_point: fn(&Op) -> bool) -> Vec<Op> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().canonicalize().expect("it exists");
    let mut ledger = Ledger::default();
    let mut service = stand.start(&data, true);
    let names = ["counted".to_owned()];
    stand.begin((step, &names), &mut ledger, &mut service, (&data, true));
    step.prepare(&mut ledger, &service, "counted");
    let before = service.traced().calls().len();
    step.run(&mut ledger, &service, "counted");
    let mut calls = service.traced().calls().split_off(before);
    service.kill();
    calls.sort_by_key(|call| call.began);
    let ops: Vec<Op> = calls.into_iter().map(|call| call.op).filter(is_point).collect();
    assert!(ops.len() > 10, "expected the calls of {step:?}, found {}", ops.len());
    ops
}

/// Numbers of calls, from 1.
fn points(calls: &[Op], step: Step) -> Vec<usize> {
    if takes_all() {
        return (1..=calls.len()).collect();
    }
    let is_turn = |op: &Op| op.is_sync() || matches!(op, Op::Rename { .. } | Op::Send { .. });
    let (turns, others): (Vec<usize>, Vec<usize>) =
        (1..=calls.len()).partition(|&number| is_turn(&calls[number - 1]));
    let (syncs, others_most) = if step.is_removal() { (4, 1) } else { (SYNCS, OTHERS) };
    let mut points = spread(&turns, syncs);
    points.extend(spread(&others, others_most));
    points.sort_unstable();
    points
}

fn spread(numbers: &[usize], most: usize) -> Vec<usize> {
    let step = numbers.len().div_ceil(most).max(1);
    numbers.iter().copied().rev().step_by(step).collect()
}

/// The start makes directories, migrates, writes again from the journal and cleans up; it may end at any call of it.
#[test]
fn starts() {
    let stand = stand();
    let settings: Vec<(&str, &str)> =
        stand.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let most = if takes_all() { usize::MAX } else { 40 };
    let step = if takes_all() { 1 } else { 11 };
    let mut tried = 0;
    let reference = Reference::start(&stand.program);
    for fresh in [true, false] {
        let mut number = 1;
        while number <= most.saturating_mul(step) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let data = folder.path().canonicalize().expect("it exists");
            let mut ledger = Ledger::beside(&reference);
            if !fresh {
                let mut service = stand.start(&data, false);
                Step::Small.run(&mut ledger, &service, "before");
                Step::Large.run(&mut ledger, &service, "also");
                service.kill();
            }
            let fault = (is_point as fn(&Op) -> bool, number, Fault::Kill);
            let ended = Service::end_start(&stand.program, &data, &settings, (&data, false), fault);
            let came_up = ended.is_none();
            let service = stand.start(&data, false);
            look(&stand, &ledger, &service, &data, &format!("start, fresh: {fresh}, call {number}"));
            Step::Small.run(&mut ledger, &service, "after");
            look(&stand, &ledger, &service, &data, &format!("after start, fresh: {fresh}, call {number}"));
            if came_up {
                break;
            }
            tried += 1;
            number += step;
        }
    }
    println!("kill points, start: {tried} points, 0 violations");
}
