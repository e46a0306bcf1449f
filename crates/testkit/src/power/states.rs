//! Which of the states a power cut can leave are looked at.

use std::collections::BTreeSet;

use super::disk::{Disk, Keep};
use crate::faults::{Call, Op};
use crate::generate::{Dice, mixed};

/// The smallest unit that a disk writes as a whole, and the one that file systems do.
const SECTORS: [usize; 2] = [512, 4_096];

/// What of the changes that are not durable is there after a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// Nothing.
    Nothing,
    /// All: as after `kill -9`.
    All,
    /// The first ones.
    Prefix(usize),
    /// All but one.
    Without(usize),
    /// The first ones and a later one, which has overtaken those between.
    Overtaken(usize, usize),
    /// The first ones, and of the next write the bytes up to here.
    Torn(usize, usize),
    /// The first ones, and of the next write the bytes from here on.
    TornTail(usize, usize),
    /// Each by the throw of a coin.
    Coins(u64),
}

impl Cut {
    pub(super) fn keeps(self, at: usize) -> Keep {
        let keep = |yes: bool| if yes { Keep::All } else { Keep::No };
        match self {
            Self::Nothing => Keep::No,
            Self::All => Keep::All,
            Self::Prefix(first) => keep(at < first),
            Self::Without(one) => keep(at != one),
            Self::Overtaken(first, later) => keep(at < first || at == later),
            Self::Torn(first, bytes) if at == first => Keep::Part { first: true, bytes },
            Self::TornTail(first, bytes) if at == first => Keep::Part { first: false, bytes },
            Self::Torn(first, _) | Self::TornTail(first, _) => keep(at < first),
            Self::Coins(seed) => keep(mixed(seed.wrapping_add(at as u64)) & 1 == 0),
        }
    }
}

/// Something that happens in a run, in the order in which it counts.
#[derive(Debug)]
pub enum Event<'a> {
    /// A call has returned.
    Returned(&'a Call),
    /// An answer begins to be sent: what it says must be durable.
    Sends(&'a [u8]),
}

/// Adds the trace of another process, which worked on the same disk after the ones before had ended.
pub fn append(trace: &mut Vec<Call>, next: Vec<Call>) {
    let ended = trace.iter().map(|call| call.ended).max().unwrap_or(0);
    trace.extend(next.into_iter().map(|call| Call {
        began: call.began + ended,
        ended: call.ended + ended,
        ..call
    }));
}

/// The events of a trace.
pub fn events(calls: &[Call]) -> Vec<Event<'_>> {
    let mut events: Vec<(u64, Event<'_>)> = calls
        .iter()
        .map(|call| match &call.op {
            Op::Send { bytes } => (call.began, Event::Sends(bytes)),
            _ => (call.ended, Event::Returned(call)),
        })
        .collect();
    events.sort_by_key(|(time, _)| *time);
    events.into_iter().map(|(_, event)| event).collect()
}

/// A choice of power cuts: each after one of the events of a run. The same seed gives the same ones.
#[derive(Debug)]
pub struct Schedule(BTreeSet<(usize, Cut)>);

impl Schedule {
    /// At each answer the cut that loses everything which is not durable, and `wanted` more, chosen by chance.
    /// `pending` are the changes that are not durable after each event.
    pub fn new(pending: &[usize], answers: &[usize], wanted: usize, seed: u64) -> Self {
        let mut cuts: BTreeSet<(usize, Cut)> = answers.iter().map(|&event| (event, Cut::Nothing)).collect();
        let wanted = cuts.len() + wanted;
        let mut dice = Dice::new(seed);
        // Every fourth is at an answer: that is where promises begin.
        for _ in 0..wanted.saturating_mul(20) {
            if cuts.len() >= wanted {
                break;
            }
            let event = if dice.below(4) == 0 && !answers.is_empty() {
                answers[dice.below(answers.len())]
            } else {
                dice.below(pending.len().max(1))
            };
            let Some(&n) = pending.get(event).filter(|&&n| n > 0) else { continue };
            let (one, other) = (dice.below(n), dice.below(n));
            cuts.insert((
                event,
                match dice.below(10) {
                    0 => Cut::Nothing,
                    1 => Cut::All,
                    2 | 3 => Cut::Prefix(one),
                    4 | 5 => Cut::Without(one),
                    6 | 7 => Cut::Overtaken(one.min(other), one.max(other)),
                    8 => torn(one, &mut dice),
                    _ => Cut::Coins(dice.roll()),
                },
            ));
        }
        Self(cuts)
    }

    /// The cuts after an event.
    pub fn after(&self, event: usize) -> impl Iterator<Item = Cut> {
        self.0.range((event, Cut::Nothing)..=(event, Cut::Coins(u64::MAX))).map(|(_, cut)| *cut)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn torn(at: usize, dice: &mut Dice) -> Cut {
    let sector = SECTORS[dice.below(SECTORS.len())];
    let bytes = sector * (1 + dice.below(8));
    if dice.below(3) == 0 { Cut::TornTail(at, bytes) } else { Cut::Torn(at, bytes) }
}

/// How many changes are not durable after each event; none before the disk is played.
pub fn pending_after(events: &[Event<'_>], disk: &mut Disk) -> Vec<usize> {
    let play = |event: &Event<'_>| {
        if let Event::Returned(call) = event {
            disk.play(call);
        }
        disk.pending()
    };
    events.iter().map(play).collect()
}
