//! Numbers: their marks, and what decides how they can be written back.

use super::super::format::float::FloatForms;

/// The decimal mark of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    None,
    Point,
    Comma,
}

impl Mark {
    pub(crate) fn of(byte: u8) -> Option<Mark> {
        match byte {
            b'.' => Some(Mark::Point),
            b',' => Some(Mark::Comma),
            _ => None,
        }
    }

    pub(crate) fn char(self) -> Option<char> {
        match self {
            Mark::None => None,
            Mark::Point => Some('.'),
            Mark::Comma => Some(','),
        }
    }
}

/// The thousands mark of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    None,
    Point,
    Comma,
    Blank,
    /// U+00A0
    NoBreakSpace,
    /// U+202F
    NarrowSpace,
    Apostrophe,
    /// U+2019
    CurlyApostrophe,
}

impl Group {
    pub(crate) const ALL: [Group; 8] = [
        Group::None,
        Group::Comma,
        Group::Point,
        Group::Blank,
        Group::NoBreakSpace,
        Group::NarrowSpace,
        Group::Apostrophe,
        Group::CurlyApostrophe,
    ];

    pub(crate) fn char(self) -> Option<char> {
        match self {
            Group::None => None,
            Group::Point => Some('.'),
            Group::Comma => Some(','),
            Group::Blank => Some(' '),
            Group::NoBreakSpace => Some('\u{a0}'),
            Group::NarrowSpace => Some('\u{202f}'),
            Group::Apostrophe => Some('\''),
            Group::CurlyApostrophe => Some('\u{2019}'),
        }
    }

    /// The mark that the text begins with, and its bytes.
    pub(crate) fn at(text: &[u8]) -> Option<(Group, usize)> {
        match text {
            [b'.', ..] => Some((Group::Point, 1)),
            [b',', ..] => Some((Group::Comma, 1)),
            [b' ', ..] => Some((Group::Blank, 1)),
            [b'\'', ..] => Some((Group::Apostrophe, 1)),
            [0xc2, 0xa0, ..] => Some((Group::NoBreakSpace, 2)),
            [0xe2, 0x80, 0xaf, ..] => Some((Group::NarrowSpace, 3)),
            [0xe2, 0x80, 0x99, ..] => Some((Group::CurlyApostrophe, 3)),
            _ => None,
        }
    }

    /// Whether it is the same sign as a decimal mark.
    pub(crate) fn is(self, mark: Mark) -> bool {
        matches!((self, mark), (Group::Point, Mark::Point) | (Group::Comma, Mark::Comma))
    }
}

/// A number with marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NumberShape {
    pub(crate) mark: Mark,
    pub(crate) group: Group,
    /// Digits behind the mark.
    pub(crate) scale: u8,
    pub(crate) tail: Tail,
    pub(crate) whole: Whole,
    /// The forms of floats in which it stands so.
    pub(crate) floats: FloatForms,
    /// Digits before the mark when these or the scale are above [`NARROW`], else 0: then only their maximum is kept.
    pub(crate) wide_digits: u8,
}

/// Up to this number of digits on either side of the mark, any number fits 38 digits at any such scale.
pub(crate) const NARROW: u8 = 19;

impl NumberShape {
    pub(super) fn code(self) -> u64 {
        self.mark as u64
            | (self.group as u64) << 2
            | (self.tail as u64) << 5
            | (self.whole as u64) << 7
            | u64::from(self.scale) << 9
            | u64::from(self.wide_digits) << 15
            | self.floats.code() << 21
    }

    /// `1.234` and `1,234`: a mark that may separate thousands or decimals.
    pub(crate) fn is_two_faced(self) -> bool {
        self.group == Group::None && self.scale == 3 && self.whole == Whole::UpTo999
    }
}

/// The digits behind the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tail {
    /// The last digit is not zero, or there are none.
    Digit,
    /// The last digit is zero, another is not.
    Zero,
    /// All are zero.
    Zeros,
}

/// The part before the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whole {
    Zero,
    UpTo999,
    Above999,
}
