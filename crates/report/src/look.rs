//! What a cell looks like, roughly: the words in which an unusual record is explained.

use serde::{Deserialize, Serialize};

/// What a cell looks like to somebody who does not read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Look {
    /// Nothing, or blanks.
    Empty,
    /// A word or sign that stands for a missing value.
    Missing,
    /// A number, with decimals or without.
    Number,
    /// A number with marks between its thousands.
    Grouped,
    /// A number below zero.
    Negative,
    /// A number that begins with its decimal mark.
    BareMark,
    /// Digits with signs among them: dates, ranges, codes.
    Digits,
    /// Letters, with the signs that names have.
    Letters,
    /// Letters and digits.
    LettersAndDigits,
    /// Text with signs that names do not have.
    Signs,
    /// More than one line.
    Lines,
    /// Neither letters nor digits.
    Nothing,
}

impl Look {
    /// Every look, in the order of their numbers.
    pub const ALL: [Look; 12] = [
        Look::Empty,
        Look::Missing,
        Look::Number,
        Look::Grouped,
        Look::Negative,
        Look::BareMark,
        Look::Digits,
        Look::Letters,
        Look::LettersAndDigits,
        Look::Signs,
        Look::Lines,
        Look::Nothing,
    ];

    /// In words, for a message.
    pub fn words(self) -> &'static str {
        match self {
            Look::Empty => "empty",
            Look::Missing => "a word for no value",
            Look::Number => "a number",
            Look::Grouped => "a number with thousands marks",
            Look::Negative => "a negative number",
            Look::BareMark => "a number that begins with its mark",
            Look::Digits => "digits with signs",
            Look::Letters => "letters",
            Look::LettersAndDigits => "letters with digits",
            Look::Signs => "text with unusual signs",
            Look::Lines => "text of several lines",
            Look::Nothing => "signs alone",
        }
    }
}
