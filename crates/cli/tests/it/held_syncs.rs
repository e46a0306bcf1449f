//! No answer before its syncs. A run that is recorded shows one order of the threads: a wait that is missing, but was won by
//! the other thread, is not seen in it. So each sync that was over before an answer is held back here, and nobody may be told
//! that the request is done while it is.

use std::path::Path;
use std::time::Duration;

use csvp_testkit::faults::{Call, Fault, Op};
use csvp_testkit::stand::{Answer, Ledger, Service, Stand, Step, wait_until};

const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What a request waits for. The settler works beside all requests: it syncs everything, and then the names of segments.
fn is_waited_for(op: &Op) -> bool {
    matches!(op, Op::Sync { file } if !file.path.ends_with(".journal"))
}

#[test]
fn small_uploads() {
    no_answer_before_its_syncs(Step::Small, 2);
}

#[test]
fn large_uploads() {
    no_answer_before_its_syncs(Step::Large, 10);
}

/// The upload itself, not what its job does.
#[test]
fn jobs() {
    no_answer_before_its_syncs(Step::Job, 4);
}

#[test]
fn deletions() {
    no_answer_before_its_syncs(Step::Delete, 3);
}

fn no_answer_before_its_syncs(step: Step, at_least: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().canonicalize().expect("it exists");
    let service = Stand::local(Path::new(env!("CARGO_BIN_EXE_csvp"))).start(&data, true);
    let mut ledger = Ledger::default();

    // The first one also syncs the directories that it makes for all.
    syncs_before_answer(step, &mut ledger, &service, "first");
    let syncs = syncs_before_answer(step, &mut ledger, &service, "second");
    assert!(
        syncs >= at_least,
        "expected at least {at_least} syncs before the answer to {step:?}, found {syncs}"
    );
    for number in 1..=syncs {
        let name = format!("held-{number}");
        let before = begin(step, &mut ledger, &service, &name);
        service.traced().arm(is_waited_for, number, number, Fault::Hold);
        let answer = std::thread::scope(|scope| {
            let asked = scope.spawn(|| step.run(&mut ledger, &service, &name));
            let is_held =
                wait_until(LONGEST_WAIT, || service.traced().seen() >= number || asked.is_finished());
            service.wait_until_quiet();
            let told = answers_since(&service, before).len();
            let held = service.traced().disarm();
            assert!(is_held && !held.is_empty(), "sync {number} of {step:?} did not come");
            assert_eq!(told, 0, "{step:?} was answered before this was over: {}", held[0].op.describe(&data));
            asked.join().expect("the sender does not panic")
        });
        assert!(answer.as_ref().is_some_and(Answer::is_success), "{step:?}, sync {number}: {answer:?}");
    }
}

/// Gives a number that all calls from now on exceed.
fn begin(step: Step, ledger: &mut Ledger, service: &Service, name: &str) -> u64 {
    step.prepare(ledger, service, name);
    service.wait_until_quiet();
    service.traced().calls_so_far()
}

/// How many syncs are over when a request is answered that nothing disturbs.
fn syncs_before_answer(step: Step, ledger: &mut Ledger, service: &Service, name: &str) -> usize {
    let before = begin(step, ledger, service, name);
    let answer = step.run(ledger, service, name);
    assert!(answer.as_ref().is_some_and(Answer::is_success), "{answer:?}");
    let answers = answers_since(service, before);
    let answered = answers.first().expect("the answer is among the calls").began;
    let calls = service.traced().calls();
    let is_over = |call: &&Call| call.began > before && call.ended < answered && is_waited_for(&call.op);
    calls.iter().filter(is_over).count()
}

/// Answers that say that a request is done.
fn answers_since(service: &Service, before: u64) -> Vec<Call> {
    let is_answer = |call: &Call| match &call.op {
        Op::Send { bytes } => call.began > before && bytes.starts_with(b"HTTP/1.1 2"),
        _ => false,
    };
    service.traced().calls().into_iter().filter(is_answer).collect()
}
