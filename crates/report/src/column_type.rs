//! Column types. A type holds the written format of its values, so that a typed value can be written back as it stood.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a column, with the format in which its values are written.
///
/// Promise: a value that parses in its column's type gives the original text when it is written back in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ColumnType {
    /// No value at all: every cell is null.
    Null,
    /// One of two words.
    Boolean {
        /// The word for true.
        true_word: String,
        /// The word for false.
        false_word: String,
        /// Further words for true. Only where a schema declares them, since one value then has several texts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also_true: Vec<String>,
        /// Further words for false.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also_false: Vec<String>,
    },
    /// A whole number that fits 64 bits.
    Integer {
        /// Decimal and thousands marks.
        marks: NumberMarks,
    },
    /// An exact decimal number.
    Decimal {
        /// Digits in all, at most 38.
        precision: u8,
        /// Digits behind the mark.
        scale: u8,
        /// How the digits behind the mark are written.
        form: DecimalForm,
        /// Decimal and thousands marks.
        marks: NumberMarks,
    },
    /// A binary 64-bit floating point number. Only with an exponent or a negative zero in the texts, or declared.
    Float {
        /// Which of the texts of a number is written.
        #[serde(default)]
        form: FloatForm,
        /// Decimal and thousands marks.
        marks: NumberMarks,
    },
    /// A calendar date.
    Date {
        /// The format in `strftime` signs, for example `%Y-%m-%d`; `%-d` is a day without leading zero.
        format: String,
    },
    /// A time of day.
    Time {
        /// The format in `strftime` signs; `%.3f` is a point and three digits.
        format: String,
    },
    /// A date and time.
    Timestamp {
        /// The format in `strftime` signs.
        format: String,
        /// Whether and how a zone is written.
        zone: Zone,
    },
    /// A UUID in the 8-4-4-4-12 form.
    Uuid {
        /// Whether its letters are upper case.
        uppercase: bool,
    },
    /// Anything else, as it stands.
    Text,
}

/// Marks in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberMarks {
    /// `.` or `,`.
    pub decimal: char,
    /// What separates thousands, if they are separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<char>,
}

impl Default for NumberMarks {
    fn default() -> Self {
        Self { decimal: '.', group: None }
    }
}

/// How the digits behind the decimal mark are written, so that the text can be made again from the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DecimalForm {
    /// Always all digits of the scale: `1.50`, `2.00`.
    Fixed,
    /// No zeros at the end, and no mark on whole numbers: `1.5`, `2`.
    Minimal,
    /// No zeros at the end but one digit at least: `1.5`, `2.0`. So write Python and pandas.
    MinimalPoint,
    /// Whole numbers without mark, all others with all digits of the scale: `1.50`, `2`.
    FixedOrWhole,
    /// Any number of digits up to the scale: only where a schema declares the type, since the text cannot be made
    /// again from the number (`1.5` and `1.50` are one).
    Declared,
}

/// How floats are written: the shortest digits that give the same number again, in the manner of one program, or a
/// fixed number of digits behind the mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FloatForm {
    /// `1.0`, `1e-05`, `1e+16`. So write Python (`repr`), pandas and NumPy.
    #[default]
    Repr,
    /// `1`, `1e-05`, `1e+15`. So write C (`%.15g`) and PostgreSQL.
    General,
    /// `1`, `1e-5`, `1e15`. So writes vroom, and readr from version 2.
    Vroom,
    /// `1`, `1e-05`, `1e+05`: the exponent wherever that is shorter. So write R and data.table.
    R,
    /// `1`, `1e-5`, `1e3`: three zeros at the end of a whole number become an exponent. So wrote readr before version 2.
    Readr,
    /// `1.0`, `1.0E-5`, `1.0E7`. So write Java and Spark.
    Java,
    /// `1.5000`, `-0.0000`: always so many digits behind the mark, 15 digits in all at most. So writes `printf("%.4f")`.
    Fixed {
        /// Digits behind the mark, 1 to 15.
        scale: u8,
    },
    /// Any number: only where a schema declares the type, since the text cannot be made again from the number.
    Declared,
}

/// Whether and how a timestamp names its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Zone {
    /// No zone: a local time of nobody knows where.
    None,
    /// Always `Z`.
    Utc,
    /// Always one and the same numeric offset; it stands in the format as written.
    Offset,
}

/// Which of day, month and year comes first in a date of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DateOrder {
    /// 2024-01-31
    YearMonthDay,
    /// 31/01/2024
    DayMonthYear,
    /// 01/31/2024
    MonthDayYear,
}

impl ColumnType {
    /// A boolean of two words.
    pub fn boolean(true_word: impl Into<String>, false_word: impl Into<String>) -> Self {
        ColumnType::Boolean {
            true_word: true_word.into(),
            false_word: false_word.into(),
            also_true: Vec::new(),
            also_false: Vec::new(),
        }
    }

    /// The bare name of the type, without its format.
    pub fn name(&self) -> &'static str {
        match self {
            ColumnType::Null => "null",
            ColumnType::Boolean { .. } => "boolean",
            ColumnType::Integer { .. } => "integer",
            ColumnType::Decimal { .. } => "decimal",
            ColumnType::Float { .. } => "float",
            ColumnType::Date { .. } => "date",
            ColumnType::Time { .. } => "time",
            ColumnType::Timestamp { .. } => "timestamp",
            ColumnType::Uuid { .. } => "uuid",
            ColumnType::Text => "text",
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnType::Boolean { true_word, false_word, .. } => {
                write!(f, "boolean ({true_word}/{false_word})")
            }
            ColumnType::Decimal { precision, scale, marks, .. } => {
                write!(f, "decimal({precision},{scale})")?;
                if marks.decimal == ',' { f.write_str(" with decimal comma") } else { Ok(()) }
            }
            ColumnType::Float { form: FloatForm::Fixed { scale }, .. } => {
                write!(f, "float with {scale} decimal {}", if *scale == 1 { "place" } else { "places" })
            }
            ColumnType::Date { format } => write!(f, "date {format}"),
            ColumnType::Time { format } => write!(f, "time {format}"),
            ColumnType::Timestamp { format, .. } => write!(f, "timestamp {format}"),
            other => f.write_str(other.name()),
        }
    }
}
