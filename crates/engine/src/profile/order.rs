//! Smallest and largest value, and whether the values stand in order.

use std::cmp::Ordering;

use super::top::{SHOWN_CHARS, cut_chars};
use crate::types::Value;

/// Bytes of a text that are compared and kept; what the report shows of it is never longer.
const TEXT_BYTES: usize = 4 * SHOWN_CHARS;

/// What the order of a value depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rank {
    /// Whole numbers, scaled decimals, dates and times.
    Whole(i128),
    /// Floating point numbers.
    Real(f64),
    /// Everything else, by its bytes.
    Bytes,
}

/// A value that is kept, with the first bytes of its text.
#[derive(Debug, Clone)]
struct Kept {
    rank: Rank,
    text: Vec<u8>,
    /// Tells long texts apart that begin alike.
    hash: u64,
    len: usize,
}

/// Smallest, largest, first and last value; at most 2 KiB.
///
/// Texts are compared by their first 400 bytes. Two different texts that begin alike over that length count
/// as not in order.
#[derive(Debug, Clone)]
pub(super) struct Order {
    range: Option<Range>,
    ascending: bool,
    descending: bool,
}

#[derive(Debug, Clone)]
struct Range {
    min: Kept,
    max: Kept,
    first: Kept,
    last: Kept,
    several: bool,
}

impl Order {
    pub(super) fn new() -> Self {
        Self { range: None, ascending: true, descending: true }
    }

    pub(super) fn add(&mut self, cell: &[u8], hash: u64, value: &Value<'_>) {
        let rank = rank(value);
        let Some(range) = &mut self.range else {
            let kept = Kept { rank, text: head(cell).to_vec(), hash, len: cell.len() };
            self.range = Some(Range {
                min: kept.clone(),
                max: kept.clone(),
                first: kept.clone(),
                last: kept,
                several: false,
            });
            return;
        };
        if range.min.compare(rank, cell) == Ordering::Greater {
            range.min.set(rank, cell, hash);
        }
        if range.max.compare(rank, cell) == Ordering::Less {
            range.max.set(rank, cell, hash);
        }
        range.several = true;
        // Most columns lose their order in the first records; then the last value is of no use.
        if self.ascending || self.descending {
            let step =
                step(range.last.compare(rank, cell), (range.last.hash, range.last.len), (hash, cell.len()));
            range.last.set(rank, cell, hash);
            self.step(step);
        }
    }

    /// Whether the values may still turn out to be in order; if not, a value that came before says nothing new.
    pub(super) fn is_open(&self) -> bool {
        self.ascending || self.descending
    }

    pub(super) fn merge(&mut self, later: Self) {
        let Some(theirs) = later.range else { return };
        let Some(ours) = &mut self.range else {
            *self = Self { range: Some(theirs), ..later };
            return;
        };
        if ours.min.compare(theirs.min.rank, &theirs.min.text) == Ordering::Greater {
            ours.min = theirs.min;
        }
        if ours.max.compare(theirs.max.rank, &theirs.max.text) == Ordering::Less {
            ours.max = theirs.max;
        }
        let (last, next) = (&ours.last, &theirs.first);
        let step = step(last.compare(next.rank, &next.text), (last.hash, last.len), (next.hash, next.len));
        ours.last = theirs.last;
        ours.several = true;
        self.ascending &= later.ascending;
        self.descending &= later.descending;
        self.step(step);
    }

    pub(super) fn min(&self) -> Option<String> {
        self.range.as_ref().map(|range| range.min.shown())
    }

    pub(super) fn max(&self) -> Option<String> {
        self.range.as_ref().map(|range| range.max.shown())
    }

    /// `ascending`, `descending` or `constant`; equal neighbours do not break the order. None for a single
    /// value.
    pub(super) fn sorted(&self) -> Option<&'static str> {
        self.range.as_ref().filter(|range| range.several)?;
        match (self.ascending, self.descending) {
            (true, true) => Some("constant"),
            (true, false) => Some("ascending"),
            (false, true) => Some("descending"),
            (false, false) => None,
        }
    }

    fn step(&mut self, step: Option<Ordering>) {
        self.ascending &= matches!(step, Some(Ordering::Less | Ordering::Equal));
        self.descending &= matches!(step, Some(Ordering::Greater | Ordering::Equal));
    }
}

impl Kept {
    /// How this value compares to another one.
    fn compare(&self, rank: Rank, cell: &[u8]) -> Ordering {
        match (self.rank, rank) {
            (Rank::Whole(ours), Rank::Whole(theirs)) => ours.cmp(&theirs),
            (Rank::Real(ours), Rank::Real(theirs)) => ours.partial_cmp(&theirs).unwrap_or(Ordering::Equal),
            _ => self.text.as_slice().cmp(head(cell)),
        }
    }

    fn set(&mut self, rank: Rank, cell: &[u8], hash: u64) {
        self.rank = rank;
        self.text.clear();
        self.text.extend_from_slice(head(cell));
        self.hash = hash;
        self.len = cell.len();
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(cut_chars(&self.text, SHOWN_CHARS)).into_owned()
    }
}

/// How one value and the next compare; none when both begin alike and the rest is not known.
fn step(
    compared: Ordering,
    (hash, len): (u64, usize),
    (next_hash, next_len): (u64, usize),
) -> Option<Ordering> {
    let begin_alike = compared == Ordering::Equal && len > TEXT_BYTES && next_len > TEXT_BYTES;
    if begin_alike && hash != next_hash { None } else { Some(compared) }
}

fn rank(value: &Value<'_>) -> Rank {
    match value {
        Value::Integer(n) | Value::Time(n) | Value::Timestamp(n) => Rank::Whole(i128::from(*n)),
        Value::Decimal(n) => Rank::Whole(*n),
        Value::Date(days) => Rank::Whole(i128::from(*days)),
        Value::Float(x) => Rank::Real(*x),
        Value::Boolean(_) | Value::Uuid(_) | Value::Text(_) => Rank::Bytes,
    }
}

/// The part of a text that is compared and kept.
fn head(cell: &[u8]) -> &[u8] {
    &cell[..cell.len().min(TEXT_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::super::hash::hash64;
    use super::*;

    fn numbers(values: &[i64]) -> Order {
        let mut order = Order::new();
        for n in values {
            let cell = n.to_string();
            order.add(cell.as_bytes(), hash64(cell.as_bytes()), &Value::Integer(*n));
        }
        order
    }

    fn texts(values: &[&str]) -> Order {
        let mut order = Order::new();
        values.iter().for_each(|v| order.add(v.as_bytes(), hash64(v.as_bytes()), &Value::Text(v.as_bytes())));
        order
    }

    #[test]
    fn order_by_number_or_bytes_alone_and_split_anywhere() {
        let check = |values: &[i64], min: &str, max: &str, sorted: Option<&str>| {
            for split in 0..=values.len() {
                let mut order = numbers(&values[..split]);
                order.merge(numbers(&values[split..]));
                assert_eq!(
                    (order.min().as_deref(), order.max().as_deref(), order.sorted()),
                    (Some(min), Some(max), sorted),
                    "{values:?} split at {split}"
                );
            }
        };
        check(&[9, 10, 10, 100], "9", "100", Some("ascending"));
        check(&[100, 10, 9, -9], "-9", "100", Some("descending"));
        check(&[5, 5, 5], "5", "5", Some("constant"));
        check(&[5], "5", "5", None);
        check(&[5, 6, 5], "5", "6", None);
        check(&[5, 4, 5, 5], "4", "5", None);
        assert_eq!(texts(&["10", "9"]).sorted(), Some("ascending"));
        assert_eq!(numbers(&[]).min(), None);
    }

    #[test]
    fn long_texts_that_begin_alike_are_not_said_to_be_in_order() {
        let (a, b) = (format!("{}a", "x".repeat(500)), format!("{}b", "x".repeat(500)));
        assert_eq!(texts(&[&a, &b]).sorted(), None);
        assert_eq!(texts(&[&a, &a]).sorted(), Some("constant"));
        assert_eq!(texts(&[&a, &b]).max().map(|max| max.len()), Some(100));
    }
}
