//! Power cuts: a real run is recorded call by call, played into a model of a disk, and the store is started from the
//! states that the disk may be left in. What had been acknowledged by then must be there.
//!
//! `POWER_STATES=100000` is the long form, `POWER_SEED` chooses other states.

mod expected;
mod recovery;
mod run;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use csvp_testkit::power::{Disk, Event, Image, Schedule, events, pending_after};

use self::expected::{Acknowledged, Expected};
use self::run::Recording;

/// States that are told of when they fail.
const MOST_FAULTS: usize = 10;

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("expected a number"))
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let recording = run::record();
    let wanted = usize::try_from(number("POWER_STATES", 500)).expect("a number of states");
    let looked_at = try_states(&recording, wanted, number("POWER_SEED", 1));
    println!("power cuts: {looked_at}");
    assert!(looked_at.answers >= 15, "expected to find the answers in the trace: {looked_at}");
    assert_eq!(looked_at.faults, Vec::<String>::new(), "{looked_at}");
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_after_failed_syncs() {
    let recording = run::record_failed_syncs();
    let wanted = usize::try_from(number("POWER_STATES", 200)).expect("a number of states");
    let looked_at = try_states(&recording, wanted, number("POWER_SEED", 1));
    println!("power cuts after failed syncs: {looked_at}");
    assert_eq!(looked_at.faults, Vec::<String>::new(), "{looked_at}");
}

#[test]
fn what_was_removed_stays_away_after_a_power_cut() {
    let recording = run::record_removals();
    let wanted = usize::try_from(number("POWER_STATES", 150)).expect("a number of states");
    let looked_at = try_states(&recording, wanted, number("POWER_SEED", 1));
    println!("power cuts after removals: {looked_at}");
    assert_eq!(looked_at.faults, Vec::<String>::new(), "{looked_at}");
}

/// A state of the disk, and what must be found in it.
struct Case {
    image: Image,
    expected: Arc<Expected>,
    label: String,
}

struct LookedAt {
    events: usize,
    answers: usize,
    states: usize,
    seconds: f64,
    failed: usize,
    faults: Vec<String>,
}

impl std::fmt::Display for LookedAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { events, answers, states, seconds, failed, .. } = self;
        write!(f, "{states} different states after {events} events with {answers} answers, ")?;
        write!(f, "{failed} violations, {seconds:.0} s")
    }
}

fn try_states(recording: &Recording, wanted: usize, seed: u64) -> LookedAt {
    let begun = Instant::now();
    let events = events(&recording.trace);
    let mut disk = Disk::new(&recording.root, recording.root_inode);
    let pending = pending_after(&events, &mut disk);
    let acknowledged = Acknowledged::of(&events, recording);
    let answers: Vec<usize> = acknowledged.events().collect();
    assert!(!answers.is_empty(), "expected to find the answers in the trace");
    let schedule = Schedule::new(&pending, &answers, wanted, seed);
    let faults = Mutex::new((0, Vec::new()));
    let mut states = 0;
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(8);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..2 {
            let receiver = Arc::clone(&receiver);
            scope.spawn(|| look_at_states(receiver, &faults));
        }
        let mut disk = Disk::new(&recording.root, recording.root_inode);
        let mut expected = Arc::new(Expected::new(recording));
        let mut seen = HashSet::new();
        for (at, event) in events.iter().enumerate() {
            if let Event::Returned(call) = event {
                disk.play(call);
            }
            if let Some(changed) = acknowledged.after(at, &expected) {
                expected = Arc::new(changed);
                seen.clear();
            }
            for cut in schedule.after(at) {
                let image = disk.image(cut);
                if seen.insert(image.digest()) {
                    states += 1;
                    let label = format!("after event {at} ({}), {cut:?}", describe(event, recording));
                    let case = Case { image, expected: Arc::clone(&expected), label };
                    sender.send(case).expect("a thread takes it");
                }
            }
        }
    });
    let (failed, faults) = faults.into_inner().expect("no thread has failed");
    let seconds = begun.elapsed().as_secs_f64();
    LookedAt { events: events.len(), answers: answers.len(), states, seconds, failed, faults }
}

fn describe(event: &Event<'_>, recording: &Recording) -> String {
    match event {
        Event::Returned(call) => call.op.describe(&recording.root),
        Event::Sends(_) => "answer".to_owned(),
    }
}

fn look_at_states(cases: Arc<Mutex<Receiver<Case>>>, faults: &Mutex<(usize, Vec<String>)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    loop {
        let case = cases.lock().expect("no thread has failed").recv();
        let Ok(Case { image, expected, label }) = case else { return };
        let folder = tempfile::tempdir_in(memory()).expect("a temporary folder");
        image.write_to(folder.path()).expect("room for a state");
        let data = folder.path().join(run::DATA);
        let found = runtime.block_on(recovery::check(&data, &expected));
        if let Err(found) = found {
            let mut faults = faults.lock().expect("no thread has failed");
            faults.0 += 1;
            if faults.1.len() < MOST_FAULTS {
                faults.1.push(format!("{label}: {}", found.join("; ")));
            }
        }
    }
}

/// A folder that is fast, since the model and not the disk is tested.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}
