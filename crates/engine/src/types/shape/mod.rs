//! Shapes: the disjoint ways of writing a cell. A cell has exactly one.
//!
//! A shape holds all that decides which column types accept the cell, and nothing else. Whether a type accepts a
//! cell is therefore a question to its shape, and counts of shapes are enough to count the accepted cells of any
//! type that may come out in the end (see the `decide` module). [`super::Format::parse`] gives the same answer cell by cell.

mod date;
mod number;

pub(crate) use date::{
    Clock, DAY_FIRST, DateShape, Joint, LONG_NAME, LONG_UPPER, Layout, MONTH_FIRST, OffsetStyle, Pad,
    SHORT_NAME, SHORT_UPPER, TimeShape, YEAR_FIRST, ZoneShape,
};
pub(crate) use number::{Group, Mark, NARROW, NumberShape, Tail, Whole};

use super::format::float::FloatForms;
use super::words::Word;

/// How a cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Nothing.
    Empty,
    /// None of the others.
    Text,
    /// Nearly a number or a time, but not one that can be written back from its value.
    Odd(Odd),
    /// A word that may mean true, false or null.
    Word(Word),
    /// Digits without any mark, at most 38, no zero in front; perhaps a minus sign.
    Integer {
        /// How many digits; 0 for the number 0.
        digits: u8,
        /// Whether it fits 64 bits.
        fits: bool,
        /// The forms of floats whose whole numbers stand so.
        floats: FloatForms,
    },
    /// A number with a decimal mark, thousands marks, or both.
    Number(NumberShape),
    /// A number with an exponent.
    Exponent {
        /// The decimal mark.
        mark: Mark,
        /// The forms of floats in which it stands so.
        floats: FloatForms,
    },
    /// `-0.0`, `-0.0000`: a float, but no decimal, whose zero has no sign.
    NegativeZero {
        /// The decimal mark.
        mark: Mark,
        /// Digits behind the mark, 1 to [`FIXED_DIGITS`](super::format::float::FIXED_DIGITS).
        scale: u8,
    },
    /// A UUID in the 8-4-4-4-12 form.
    Uuid(UuidCase),
    /// A date that exists in the calendar, in at least one reading.
    Date(DateShape),
    /// A time of day.
    Time(TimeShape),
    /// A date and a time.
    Timestamp(DateShape, Joint, TimeShape, ZoneShape),
}

impl Shape {
    /// A number that no other shape but the empty one has (whose 0 stands for a free slot in tables).
    pub(crate) fn code(self) -> u64 {
        let (kind, detail) = match self {
            Shape::Empty => (0, 0),
            Shape::Text => (1, 0),
            Shape::Odd(Odd::LeadingZeros(digits)) => (2, 16 + u64::from(digits)),
            Shape::Odd(odd) => (2, odd.rank()),
            Shape::Word(word) => (3, word as u64),
            Shape::Integer { digits, fits, floats } => {
                (4, floats.code() << 7 | u64::from(digits) << 1 | u64::from(fits))
            }
            Shape::Number(number) => (5, number.code()),
            Shape::Exponent { mark, floats } => (6, floats.code() << 2 | mark as u64),
            Shape::NegativeZero { mark, scale } => (7, u64::from(scale) << 2 | mark as u64),
            Shape::Uuid(case) => (8, case as u64),
            Shape::Date(date) => (9, date.code()),
            Shape::Time(time) => (10, time.code()),
            Shape::Timestamp(date, joint, time, zone) => {
                (11, date.code() | (joint as u64) << 20 | time.code() << 21 | zone.code() << 33)
            }
        };
        kind | detail << 4
    }
}

/// Why something that a person would take for a value cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Odd {
    /// `00123`: digits with a zero in front, and how many digits (39 stands for all above 38).
    LeadingZeros(u8),
    /// `-0`, and `-0.0` with more zeros than the digits of a float.
    SignedZero,
    /// `+5`.
    PlusSign,
    /// `.5` and `5.`.
    BareMark,
    /// Blanks around a value.
    Blanks,
    /// `12.5 %`.
    Percent,
    /// `$19.99`.
    Currency,
    /// More than 38 digits.
    TooManyDigits,
    /// A time with more than six digits behind the second.
    FineFraction,
}

impl Odd {
    fn rank(self) -> u64 {
        match self {
            Odd::LeadingZeros(_) => 0,
            Odd::SignedZero => 1,
            Odd::PlusSign => 2,
            Odd::BareMark => 3,
            Odd::Blanks => 4,
            Odd::Percent => 5,
            Odd::Currency => 6,
            Odd::TooManyDigits => 7,
            Odd::FineFraction => 8,
        }
    }
}

/// The letters of a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UuidCase {
    /// It has no letters.
    Either,
    Lower,
    Upper,
}
