//! Which shape a cell has, without making a value of it.

mod date;
mod number;
mod odd;
mod uuid;

pub(crate) use date::MONTHS;
pub(crate) use number::MOST_DIGITS;

use super::shape::Shape;
use super::words::Word;

/// No cell longer than this is anything but text: 38 digits with a sign and twelve thousands marks of three bytes are
/// the longest there is.
const LONGEST: usize = 80;

/// The shape of a cell, and for numbers the digits before the decimal mark.
pub(crate) fn classify(cell: &[u8]) -> (Shape, u8) {
    let Some(&first) = cell.first() else { return (Shape::Empty, 0) };
    if cell.len() > LONGEST {
        return (Shape::Text, 0);
    }
    if let Some(shape) = uuid::uuid(cell) {
        return (shape, 0);
    }
    let found = match first {
        b'0'..=b'9' => number::number(cell).or_else(|| dated(cell)),
        b'-' => number::number(cell),
        b'a'..=b'z' | b'A'..=b'Z' => return (lettered(cell), 0),
        _ => None,
    };
    found.unwrap_or_else(|| (unusual(cell), 0))
}

fn dated(cell: &[u8]) -> Option<(Shape, u8)> {
    date::date(cell).or_else(|| date::time(cell)).map(|shape| (shape, 0))
}

/// A cell that begins with a letter.
fn lettered(cell: &[u8]) -> Shape {
    if let Some(word) = Word::find(cell) {
        return Shape::Word(word);
    }
    // Of what begins with a letter only a date and an amount such as `EUR 5` can be meant, and both end in a digit.
    if !cell[cell.len() - 1].is_ascii_digit() {
        return Shape::Text;
    }
    let month = matches!(cell[0], b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D');
    let date = if month { date::date(cell) } else { None };
    date.or_else(|| odd::odd(cell).map(Shape::Odd)).unwrap_or(Shape::Text)
}

/// A cell that is no value, but perhaps a word or nearly a value.
fn unusual(cell: &[u8]) -> Shape {
    match Word::find(cell) {
        Some(word) => Shape::Word(word),
        None => odd::odd(cell).map_or(Shape::Text, Shape::Odd),
    }
}
