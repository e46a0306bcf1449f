//! Why a column is text although many of its values are not.

use super::super::shape::{Odd, Shape};
use super::super::words::PAIRS;
use super::{Candidate, Tally, TypePolicy, is_enough};

/// The reason, when there is one that a person would want to know.
pub(super) fn of_text(tally: &Tally, best: Option<&Candidate>, policy: &TypePolicy) -> Option<String> {
    let enough = |count: u64| is_enough(count, tally.values, policy);
    if let Some((family, why)) = FAMILIES.iter().find(|(family, _)| enough(tally.count(family))) {
        debug_assert!(tally.count(family) > 0, "an empty column was decided before");
        return Some((*why).to_owned());
    }
    let half = |count: u64| count >= tally.values.div_ceil(2);
    if let Some((_, why)) = ODDITIES.iter().find(|(odd, _)| half(tally.count(|shape| is_odd(shape, *odd)))) {
        return Some((*why).to_owned());
    }
    let best = best.filter(|best| half(best.accepted))?;
    Some(format!(
        "{} of the values are {}, which is less than the {} that a type needs",
        percent(best.accepted as f64 / tally.values as f64),
        best.column_type,
        percent(policy.threshold),
    ))
}

/// Whether a shape is of a family.
type Family = fn(Shape) -> bool;

/// Kinds of cells, and why a column of nothing else may be text.
const FAMILIES: &[(Family, &str)] = &[
    (
        |shape| matches!(shape, Shape::Word(word) if PAIRS.iter().any(|pair| pair.0 == word || pair.1 == word)),
        "the words for true and false are not one pair in one spelling",
    ),
    (
        |shape| {
            matches!(
                shape,
                Shape::Integer { .. }
                    | Shape::Number(_)
                    | Shape::Exponent { .. }
                    | Shape::NegativeZero { .. }
                    | Shape::Odd(Odd::SignedZero | Odd::TooManyDigits)
            )
        },
        "the values are numbers, but no one way of writing numbers gives all their texts back",
    ),
    (
        |shape| matches!(shape, Shape::Integer { .. } | Shape::Odd(Odd::LeadingZeros(_))),
        "some of the values have zeros in front, which a number would lose",
    ),
    (|shape| matches!(shape, Shape::Date(_)), "the values are dates, but in different formats"),
    (|shape| matches!(shape, Shape::Time(_)), "the values are times, but in different formats"),
    (
        |shape| matches!(shape, Shape::Timestamp(..)),
        "the values are dates with times, but in different formats or with different zones",
    ),
    (
        |shape| matches!(shape, Shape::Date(_) | Shape::Timestamp(..)),
        "the values are dates, but some have a time and some have none",
    ),
    (
        |shape| matches!(shape, Shape::Uuid(_)),
        "the values are UUIDs, but some in lower and some in upper case",
    ),
];

/// Cells that are nearly values, and why they are not.
const ODDITIES: &[(Odd, &str)] = &[
    (Odd::LeadingZeros(0), "numbers with zeros in front would lose them"),
    (Odd::PlusSign, "numbers with a plus sign would lose it"),
    (Odd::BareMark, "numbers such as `.5` and `5.` could not be written back"),
    (Odd::Blanks, "values with blanks around them would lose these"),
    (Odd::Percent, "the values are percentages, which are kept as text"),
    (Odd::Currency, "the values are amounts with a currency, which are kept as text"),
    (Odd::TooManyDigits, "numbers of more than 38 digits are kept as text"),
    (Odd::FineFraction, "times with more than 6 digits behind the second are kept as text"),
];

fn is_odd(shape: Shape, odd: Odd) -> bool {
    match (shape, odd) {
        (Shape::Odd(Odd::LeadingZeros(_)), Odd::LeadingZeros(_)) => true,
        (shape, odd) => shape == Shape::Odd(odd),
    }
}

/// A part of one in percent, with at most two digits behind the point, rounded down.
fn percent(part: f64) -> String {
    format!("{} %", (part * 10_000.0 + 1e-6).floor() / 100.0)
}
