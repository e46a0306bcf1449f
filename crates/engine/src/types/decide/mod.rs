//! The decision: one type for a column, from the counts of its shapes alone.
//!
//! Each family of types (boolean, number, date, time, timestamp, UUID) offers its best type with the number of cells
//! that it accepts. The family with most accepted cells wins if these are nearly all that have a value; the rest are
//! exceptions. Otherwise the column is text, and the reason says how near it came.

mod boolean;
mod date;
mod number;
mod reason;
mod time;
mod usual;
mod uuid;

use csvp_report::ColumnType;

use super::shape::Shape;
use super::shapes::{Shapes, Slot};
use super::words::Word;

/// How sure a type must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TypePolicy {
    /// The part of the values that must be of one type, from 0 to 1; at 1 a single other value makes text.
    pub threshold: f64,
}

impl Default for TypePolicy {
    fn default() -> Self {
        Self { threshold: 0.99 }
    }
}

/// The type of a column and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The type; [`ColumnType::Text`] when nothing else holds.
    pub column_type: ColumnType,
    /// Words that stand for null in this column, beside the empty cell; in the order of the alphabet.
    pub null_words: Vec<String>,
    /// Empty cells and null words.
    pub nulls: u64,
    /// Cells that are neither null nor accepted by the [`super::Format`] of the type.
    pub exceptions: u64,
    /// Why this type, where a person may ask.
    pub reason: Option<String>,
    /// Two readings that nothing tells apart; the column is text.
    pub ambiguous: Option<Ambiguity>,
    /// The type of nearly all values of a column that is text because of the others.
    pub usual: Option<ColumnType>,
}

/// Two readings that nothing tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ambiguity {
    /// Day or month first.
    Date {
        /// Dates with both readings.
        values: u64,
    },
    /// A mark of decimals or of thousands.
    Number {
        /// Numbers with both readings.
        values: u64,
    },
}

/// The counts as the families see them.
struct Tally {
    cells: u64,
    empty: u64,
    /// Cells that are neither empty nor a word for null.
    values: u64,
    slots: Vec<Slot>,
}

impl Tally {
    fn new(shapes: &Shapes) -> Tally {
        let mut slots: Vec<Slot> = shapes.slots().copied().collect();
        slots.sort_unstable_by_key(|slot| slot.shape);
        let mut tally = Tally { cells: shapes.cells(), empty: shapes.empty(), values: 0, slots };
        tally.values = tally.cells - tally.empty - tally.count(is_null_word);
        tally
    }

    fn count(&self, accepts: impl Fn(Shape) -> bool) -> u64 {
        self.slots.iter().filter(|slot| accepts(slot.shape)).map(|slot| slot.count).sum()
    }
}

fn is_null_word(shape: Shape) -> bool {
    matches!(shape, Shape::Word(word) if word.is_null_word())
}

/// What a family of types says of a column.
struct Candidate {
    column_type: ColumnType,
    /// Cells that the format of the type accepts.
    accepted: u64,
    /// Why the column is text although the type fits.
    refusal: Option<Refusal>,
    /// Why this type, when it does win.
    reason: Option<String>,
}

/// Why a type that fits is not given.
struct Refusal {
    ambiguous: Option<Ambiguity>,
    reason: String,
}

impl Candidate {
    fn new(column_type: ColumnType, accepted: u64) -> Candidate {
        Candidate { column_type, accepted, refusal: None, reason: None }
    }
}

/// Decides the type of a column whose cells were all counted. Equal counts give an equal decision.
pub fn decide(shapes: &Shapes, policy: &TypePolicy) -> Decision {
    let tally = Tally::new(shapes);
    if tally.cells == tally.empty {
        return null(&tally, |_| false);
    }
    if shapes.has_given_up() {
        let reason = format!("the values are written in more than {} different ways", Shapes::MOST);
        return text(&tally, Some(reason), None);
    }
    if tally.values == 0 {
        let words = |shape| matches!(shape, Shape::Word(word) if word.is_plain_null());
        let plain = tally.count(words) + tally.empty == tally.cells;
        return if plain { null(&tally, is_null_word) } else { text(&tally, None, None) };
    }
    let candidates = [
        number::candidate(&tally, policy),
        boolean::candidate(&tally),
        date::candidate(&tally),
        time::candidate(&tally),
        time::timestamp_candidate(&tally),
        uuid::candidate(&tally),
    ];
    let mut best: Option<Candidate> = None;
    for candidate in candidates.into_iter().flatten() {
        if best.as_ref().is_none_or(|best| candidate.accepted > best.accepted) {
            best = Some(candidate);
        }
    }
    match best {
        Some(best) if is_enough(best.accepted, tally.values, policy) => match best.refusal {
            Some(refusal) => text(&tally, Some(refusal.reason), refusal.ambiguous),
            None => typed(&tally, best),
        },
        best => {
            let mut decision = text(&tally, reason::of_text(&tally, best.as_ref(), policy), None);
            decision.usual = best.and_then(|best| usual::of_text(&tally, best, policy));
            decision
        }
    }
}

/// Whether so many of the values are nearly all.
fn is_enough(accepted: u64, values: u64, policy: &TypePolicy) -> bool {
    // A hair less than the product, because 0.99 has no exact float.
    accepted == values
        || policy.threshold < 1.0 && accepted as f64 >= policy.threshold * values as f64 * (1.0 - 1e-12)
}

fn typed(tally: &Tally, candidate: Candidate) -> Decision {
    Decision {
        null_words: null_words(tally, is_null_word),
        nulls: tally.cells - tally.values,
        exceptions: tally.values - candidate.accepted,
        column_type: candidate.column_type,
        reason: candidate.reason,
        ambiguous: None,
        usual: None,
    }
}

fn null(tally: &Tally, is_null: fn(Shape) -> bool) -> Decision {
    Decision {
        column_type: ColumnType::Null,
        null_words: null_words(tally, is_null),
        nulls: tally.cells,
        exceptions: 0,
        reason: None,
        ambiguous: None,
        usual: None,
    }
}

fn text(tally: &Tally, reason: Option<String>, ambiguous: Option<Ambiguity>) -> Decision {
    let is_null = |shape: Shape| matches!(shape, Shape::Word(word) if word.is_null_in_text());
    Decision {
        column_type: ColumnType::Text,
        null_words: null_words(tally, is_null),
        nulls: tally.empty + tally.count(is_null),
        exceptions: 0,
        reason,
        ambiguous,
        usual: None,
    }
}

fn null_words(tally: &Tally, is_null: fn(Shape) -> bool) -> Vec<String> {
    let word = |slot: &Slot| match slot.shape {
        Shape::Word(word) if is_null(slot.shape) => Some(Word::text(word).to_owned()),
        _ => None,
    };
    let mut words: Vec<String> = tally.slots.iter().filter_map(word).collect();
    words.sort_unstable();
    words
}
