//! Numbers: first the marks, then integer, decimal or float, then the form that gives the texts back.

use csvp_report::{ColumnType, DecimalForm, FloatForm, NumberMarks};

use super::super::classify::MOST_DIGITS;
use super::super::format::float::{FIXED_DIGITS, FloatForms};
use super::super::shape::{Group, Mark, NARROW, Odd, Shape, Tail, Whole};
use super::super::shapes::Slot;
use super::{Ambiguity, Candidate, Refusal, Tally, TypePolicy, is_enough};

/// The marks with which a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    mark: Mark,
    group: Group,
}

impl Reading {
    /// All readings, the likelier first.
    fn all() -> impl Iterator<Item = Reading> {
        let marks = [Mark::Point, Mark::Comma];
        let both = Group::ALL.into_iter().flat_map(move |group| marks.map(|mark| Reading { mark, group }));
        both.filter(|reading| !reading.group.is(reading.mark))
    }

    fn uses(self, mark: Mark) -> bool {
        self.mark == mark || self.group.is(mark)
    }

    fn marks(self) -> NumberMarks {
        NumberMarks { decimal: self.mark.char().unwrap_or('.'), group: self.group.char() }
    }

    /// What cells of a shape are with these marks.
    fn read(self, slot: &Slot) -> Option<Read> {
        let ungrouped = self.group == Group::None;
        let kind = match slot.shape {
            Shape::Integer { digits, fits, floats } if ungrouped || digits <= 3 => {
                Kind::Whole { fits, floats }
            }
            Shape::Number(number) if number.group == Group::None && number.mark == self.mark => {
                if !ungrouped && number.whole == Whole::Above999 {
                    return None;
                }
                Kind::Fraction { scale: number.scale, tail: number.tail, floats: number.floats }
            }
            Shape::Number(number) if self.group.is(number.mark) && number.is_two_faced() => {
                return Some(Read {
                    kind: Kind::Whole { fits: true, floats: FloatForms::NONE },
                    digits: slot.digits + 3,
                    count: slot.count,
                });
            }
            Shape::Number(number) if number.group == self.group && number.mark == Mark::None => {
                // Only the most digits of all these are known: beyond 18 some may not fit.
                Kind::Whole { fits: slot.digits <= 18, floats: FloatForms::NONE }
            }
            Shape::Number(number) if number.group == self.group && number.mark == self.mark => {
                Kind::Fraction { scale: number.scale, tail: number.tail, floats: FloatForms::NONE }
            }
            Shape::Exponent { mark, floats } if ungrouped && (mark == Mark::None || mark == self.mark) => {
                Kind::Exponent { floats }
            }
            Shape::NegativeZero { mark, scale } if ungrouped && mark == self.mark => {
                Kind::NegativeZero { scale }
            }
            _ => return None,
        };
        Some(Read { kind, digits: slot.digits, count: slot.count })
    }
}

/// Cells of one shape, read with certain marks.
#[derive(Debug, Clone, Copy)]
struct Read {
    kind: Kind,
    /// Digits before the mark: of all cells when they or the scale are above [`NARROW`], else the most of any.
    digits: u8,
    count: u64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Whole { fits: bool, floats: FloatForms },
    Fraction { scale: u8, tail: Tail, floats: FloatForms },
    Exponent { floats: FloatForms },
    NegativeZero { scale: u8 },
}

impl Read {
    /// Whether there is no zero at the end of the digits behind the mark.
    fn is_shortest(self) -> bool {
        matches!(self.kind, Kind::Fraction { tail: Tail::Digit, .. })
    }

    fn scale(self) -> Option<u8> {
        match self.kind {
            Kind::Fraction { scale, .. } => Some(scale),
            _ => None,
        }
    }
}

/// The type of most numbers.
pub(super) fn candidate(tally: &Tally, policy: &TypePolicy) -> Option<Candidate> {
    let (reading, readable) = most_readable(tally, |_| true)?;
    for mark in [Mark::Point, Mark::Comma] {
        let two_faced = tally.count(|shape| is_two_faced(shape, mark));
        if two_faced == 0 || !reading.uses(mark) || is_decided(tally, mark, reading, readable) {
            continue;
        }
        // Rare doubtful values are exceptions of a type that is sure without them.
        let without =
            most_readable(tally, |other| !other.uses(mark)).and_then(|(other, _)| best_type(tally, other));
        if let Some(without) = without.filter(|without| is_enough(without.accepted, tally.values, policy)) {
            return Some(without);
        }
        let accepted = |use_it: fn(Reading, Mark) -> bool| {
            let best = most_readable(tally, |other| use_it(other, mark));
            best.and_then(|(other, _)| best_type(tally, other)).map_or(0, |candidate| candidate.accepted)
        };
        let as_decimal = accepted(|other, mark| other.mark == mark);
        let as_group = accepted(|other, mark| other.group.is(mark));
        let sign = mark.char().unwrap_or('.');
        let mut candidate = best_type(tally, reading)?;
        candidate.accepted = candidate.accepted.max(as_decimal).max(as_group);
        candidate.refusal = Some(Refusal {
            ambiguous: Some(Ambiguity::Number { values: two_faced }),
            reason: format!("nothing tells whether `{sign}` separates decimals or thousands"),
        });
        return Some(candidate);
    }
    let mut candidate = best_type(tally, reading)?;
    candidate.refusal = identifiers(tally, &candidate.column_type);
    Some(candidate)
}

/// The marks that read most cells, of equals the likelier.
fn most_readable(tally: &Tally, wanted: impl Fn(Reading) -> bool) -> Option<(Reading, u64)> {
    let mut best: Option<(Reading, u64)> = None;
    for reading in Reading::all().filter(|reading| wanted(*reading)) {
        let count = readable(tally, reading);
        if count > best.map_or(0, |(_, most)| most) {
            best = Some((reading, count));
        }
    }
    best
}

fn readable(tally: &Tally, reading: Reading) -> u64 {
    tally.slots.iter().filter_map(|slot| reading.read(slot)).map(|read| read.count).sum()
}

fn is_two_faced(shape: Shape, mark: Mark) -> bool {
    matches!(shape, Shape::Number(number) if number.mark == mark && number.is_two_faced())
}

/// Whether some cell tells what the mark of `1.234` is.
fn is_decided(tally: &Tally, mark: Mark, reading: Reading, most: u64) -> bool {
    let other = if mark == Mark::Point { Mark::Comma } else { Mark::Point };
    let for_decimal = surely_decimal(tally, mark) + surely_group(tally, |group| !group.is(mark))
        // Who writes 1234 without a mark means by `1.234` a number below 2. With a comma that is too bold: a forgotten
        // thousands mark would make it a thousand times smaller.
        + if mark == Mark::Point { tally.count(|shape| matches!(shape, Shape::Integer { digits: 4.., .. })) } else { 0 };
    let for_group = surely_group(tally, |group| group.is(mark)) + surely_decimal(tally, other);
    let (with, against) =
        if reading.mark == mark { (for_decimal, for_group) } else { (for_group, for_decimal) };
    let contradicts = |other: Reading| {
        other.uses(mark) && (other.mark == mark) != (reading.mark == mark) && readable(tally, other) == most
    };
    with > 0 && (against == 0 || !Reading::all().any(contradicts))
}

fn surely_decimal(tally: &Tally, wanted: Mark) -> u64 {
    tally.count(|shape| match shape {
        Shape::Number(number) => number.mark == wanted && !number.is_two_faced(),
        Shape::Exponent { mark, .. } | Shape::NegativeZero { mark, .. } => mark == wanted,
        _ => false,
    })
}

fn surely_group(tally: &Tally, wanted: impl Fn(Group) -> bool) -> u64 {
    tally.count(
        |shape| matches!(shape, Shape::Number(number) if number.group != Group::None && wanted(number.group)),
    )
}

/// The type that accepts most cells with these marks; of equals integer before decimal before float.
fn best_type(tally: &Tally, reading: Reading) -> Option<Candidate> {
    let reads: Vec<Read> = tally.slots.iter().filter_map(|slot| reading.read(slot)).collect();
    let mut scales: Vec<u8> = reads.iter().filter_map(|read| read.scale()).collect();
    scales.sort_unstable();
    scales.dedup();
    let shortest = |scale: &u8| reads.iter().any(|read| read.is_shortest() && read.scale() == Some(*scale));
    let minimal_scale = scales.iter().copied().rfind(shortest);
    let narrow_scale = scales.iter().copied().rfind(|scale| shortest(scale) && *scale <= NARROW);

    let mut candidates = vec![integer(&reads, reading)];
    candidates.push(decimal(&reads, reading, 0, DecimalForm::Fixed));
    candidates.extend(scales.iter().map(|&scale| decimal(&reads, reading, scale, DecimalForm::Fixed)));
    candidates.extend(minimal_scale.map(|scale| decimal(&reads, reading, scale, DecimalForm::Minimal)));
    candidates.extend(narrow_scale.map(|scale| decimal(&reads, reading, scale, DecimalForm::Minimal)));
    let point_scale =
        [minimal_scale, scales.iter().copied().find(|&scale| scale == 1)].into_iter().flatten().max();
    let narrow_point = narrow_scale.max(point_scale.filter(|&scale| scale <= NARROW));
    candidates.extend(point_scale.map(|scale| decimal(&reads, reading, scale, DecimalForm::MinimalPoint)));
    candidates.extend(narrow_point.map(|scale| decimal(&reads, reading, scale, DecimalForm::MinimalPoint)));
    candidates.extend(scales.iter().map(|&scale| decimal(&reads, reading, scale, DecimalForm::FixedOrWhole)));
    candidates.extend(FloatForms::ALL.into_iter().map(|form| float(&reads, reading, form)));
    candidates.extend((1..=FIXED_DIGITS as u8).map(|scale| fixed_float(&reads, reading, scale)));
    let mut best: Option<Candidate> = None;
    for candidate in candidates.into_iter().flatten() {
        if candidate.accepted > best.as_ref().map_or(0, |best| best.accepted) {
            best = Some(candidate);
        }
    }
    best
}

fn integer(reads: &[Read], reading: Reading) -> Option<Candidate> {
    if reading.group != Group::None
        && reads.iter().any(|read| matches!(read.kind, Kind::Whole { fits: false, .. }))
    {
        return None;
    }
    let accepted = sum(reads, |read| matches!(read.kind, Kind::Whole { fits: true, .. }));
    Some(Candidate::new(ColumnType::Integer { marks: reading.marks() }, accepted))
}

/// Floats in one of the forms of shortest digits; none without a number that only floats have.
fn float(reads: &[Read], reading: Reading, form: FloatForm) -> Option<Candidate> {
    let is_negative_zero = |read: &Read| {
        matches!(form, FloatForm::Repr | FloatForm::Java)
            && matches!(read.kind, Kind::NegativeZero { scale: 1 })
    };
    let reason = if reads.iter().any(|read| matches!(read.kind, Kind::Exponent { .. })) {
        "some numbers have an exponent"
    } else if reads.iter().any(is_negative_zero) {
        HAS_NEGATIVE_ZERO
    } else {
        return None;
    };
    let accepted = sum(reads, |read| match read.kind {
        Kind::Whole { floats, .. } | Kind::Fraction { floats, .. } | Kind::Exponent { floats } => {
            floats.has(form)
        }
        Kind::NegativeZero { .. } => is_negative_zero(read),
    });
    float_candidate(reading, form, accepted, reason)
}

const HAS_NEGATIVE_ZERO: &str = "some numbers are a zero with a minus sign, which only floats have";

/// Floats with as many digits behind the mark as a negative zero has; none when a number has more digits than floats keep.
fn fixed_float(reads: &[Read], reading: Reading, scale: u8) -> Option<Candidate> {
    let is_negative_zero =
        |read: &Read| matches!(read.kind, Kind::NegativeZero { scale: written } if written == scale);
    if !reads.iter().any(is_negative_zero) {
        return None;
    }
    let mut accepted = sum(reads, is_negative_zero);
    for read in reads.iter().filter(|read| read.scale() == Some(scale)) {
        if usize::from(read.digits + scale) <= FIXED_DIGITS {
            accepted += read.count;
        } else if read.digits <= NARROW {
            // Only the most digits of all these are known: others may fit.
            return None;
        }
    }
    float_candidate(reading, FloatForm::Fixed { scale }, accepted, HAS_NEGATIVE_ZERO)
}

/// Floats have no thousands marks.
fn float_candidate(reading: Reading, form: FloatForm, accepted: u64, reason: &str) -> Option<Candidate> {
    (reading.group == Group::None).then(|| Candidate {
        reason: Some(reason.to_owned()),
        ..Candidate::new(ColumnType::Float { form, marks: reading.marks() }, accepted)
    })
}

/// Decimals of one scale and form; none when they do not fit 38 digits.
fn decimal(reads: &[Read], reading: Reading, scale: u8, form: DecimalForm) -> Option<Candidate> {
    let of_form = |read: &Read| match (read.kind, form) {
        (Kind::Whole { .. }, DecimalForm::Fixed) => scale == 0,
        (Kind::Whole { .. }, DecimalForm::MinimalPoint) => false,
        (Kind::Whole { .. }, _) => true,
        (Kind::Fraction { scale: written, .. }, DecimalForm::Fixed) => written == scale,
        (Kind::Fraction { scale: written, tail, .. }, DecimalForm::Minimal) => {
            written <= scale && tail == Tail::Digit
        }
        (Kind::Fraction { scale: written, tail, .. }, DecimalForm::MinimalPoint) => {
            written <= scale && (tail == Tail::Digit || written == 1)
        }
        (Kind::Fraction { scale: written, tail, .. }, DecimalForm::FixedOrWhole) => {
            written == scale && tail != Tail::Zeros
        }
        _ => false,
    };
    let mut accepted = 0;
    let mut whole_digits = 0;
    for read in reads.iter().filter(|read| of_form(read)) {
        if usize::from(read.digits + scale) > MOST_DIGITS {
            let exact = matches!(read.kind, Kind::Whole { .. }) && reading.group == Group::None
                || read.digits > NARROW
                || read.scale().is_some_and(|scale| scale > NARROW);
            if exact {
                continue;
            }
            return None;
        }
        accepted += read.count;
        whole_digits = whole_digits.max(read.digits);
    }
    let precision = (whole_digits + scale).max(1);
    let column_type = ColumnType::Decimal { precision, scale, form, marks: reading.marks() };
    let mut candidate = Candidate::new(column_type, accepted);
    if scale == 0 {
        candidate.reason = Some(format!("whole numbers of up to {precision} digits do not fit 64 bits"));
    }
    Some(candidate)
}

fn sum(reads: &[Read], wanted: impl Fn(&Read) -> bool) -> u64 {
    reads.iter().filter(|read| wanted(read)).map(|read| read.count).sum()
}

/// Why whole numbers are identifiers: some have zeros in front, and nearly all are as long as these.
fn identifiers(tally: &Tally, column_type: &ColumnType) -> Option<Refusal> {
    if !matches!(column_type, ColumnType::Integer { .. } | ColumnType::Decimal { scale: 0, .. }) {
        return None;
    }
    let with_zeros = tally.count(|shape| matches!(shape, Shape::Odd(Odd::LeadingZeros(_))));
    let is_width =
        |width: u8| tally.slots.iter().any(|slot| slot.shape == Shape::Odd(Odd::LeadingZeros(width)));
    let whole = tally.count(|shape| matches!(shape, Shape::Integer { .. }));
    let as_long = tally.count(|shape| matches!(shape, Shape::Integer { digits, .. } if is_width(digits)));
    let have = if with_zeros == 1 { "has" } else { "have" };
    (with_zeros > 0 && as_long >= whole - whole / 10).then(|| Refusal {
        ambiguous: None,
        reason: format!(
            "{with_zeros} of the values {have} zeros in front and nearly all have the same length: identifiers, not numbers"
        ),
    })
}
