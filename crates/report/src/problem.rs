//! One fault in one place, as a code and typed parameters.

use serde::{Deserialize, Serialize};

use crate::{ColumnType, Look, Position, ProblemCode, Severity};

/// One fault in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What is wrong.
    pub code: ProblemCode,
    /// Where it is.
    pub position: Position,
    /// The facts of this fault.
    #[serde(default, skip_serializing_if = "Detail::is_none")]
    pub detail: Detail,
    /// The cell as it stands in the file (unescaped, cut after 200 characters), when the problem is about a cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// The facts of a fault; which variant a code carries is fixed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Detail {
    /// The code says it all.
    #[default]
    None,
    /// A count differs from the one expected.
    Count {
        /// How many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A size is above its limit.
    Limit {
        /// The limit.
        limit: u64,
        /// What came; for a record that was skipped, its full size.
        found: u64,
    },
    /// The value is not of this type.
    Type {
        /// The column's type.
        expected: ColumnType,
    },
    /// The cell looks unlike the others of its column.
    Look {
        /// What nearly all cells look like; none when each of several looks is usual.
        usual: Option<Look>,
        /// What this one looks like.
        found: Look,
    },
    /// A rule of the schema was broken.
    Rule {
        /// The rule as the schema writes it, for example `minimum 0` or `pattern ^[A-Z]{2}$`.
        rule: String,
    },
    /// The same value stands in an earlier record.
    Repeat {
        /// Number of the record that has it first.
        first_record: u64,
    },
    /// Bytes that are invalid in the encoding.
    Bytes {
        /// The bytes in hexadecimal, separated by spaces.
        hex: String,
        /// The encoding in which they are invalid.
        encoding: String,
    },
    /// Two readings are possible.
    Ambiguous {
        /// How many values can be read both ways.
        values: u64,
    },
    /// A name is used by an earlier column, or is not the expected one.
    Name {
        /// The name that was found.
        found: String,
        /// The name that was expected, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<String>,
    },
    /// More than one kind of line ending.
    LineEndings {
        /// Lines that end with LF.
        lf: u64,
        /// Lines that end with CR LF.
        crlf: u64,
        /// Lines that end with CR.
        cr: u64,
    },
    /// Free facts for problems of the file as a whole.
    Note {
        /// The fact, in words.
        text: String,
    },
}

impl Detail {
    /// Whether there is nothing to tell beyond the code.
    pub fn is_none(&self) -> bool {
        *self == Detail::None
    }
}

impl Problem {
    /// How much it weighs.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The problem in one English sentence, without its place: what was expected and what came.
    pub fn message(&self) -> String {
        let value = self.value.as_deref().map(|v| format!("`{v}`")).unwrap_or_else(|| "value".to_owned());
        match (self.code, &self.detail) {
            (ProblemCode::FieldCount, Detail::Count { expected, found }) => {
                format!("record has {}, expected {expected}", plural(*found, "field"))
            }
            (_, Detail::Count { expected, found }) => format!("found {found}, expected {expected}"),
            (code, Detail::Limit { limit, found }) => match code {
                ProblemCode::LimitColumns => format!("file has {found} columns, the limit is {limit}"),
                ProblemCode::LimitNameBytes => {
                    format!("column name has {found} bytes, the limit is {limit} bytes")
                }
                ProblemCode::LimitRecordBytes => {
                    format!("record of {found} bytes was skipped, the limit is {limit} bytes")
                }
                _ => format!("cell has {found} bytes, the limit is {limit} bytes"),
            },
            (ProblemCode::ValueUnusual, Detail::Type { expected }) => {
                format!("nearly all values of the column are {expected}, found {value}")
            }
            (_, Detail::Look { usual: Some(usual), found }) => {
                let (usual, found) = (usual.words(), found.words());
                format!("nearly all cells of the column are {usual}, {value} is {found}")
            }
            (_, Detail::Look { usual: None, found }) => {
                format!("few cells of the column look like this one: {}", found.words())
            }
            (_, Detail::Type { expected }) => crate::mismatch::sentence(expected, self.value.as_deref()),
            (ProblemCode::ValueRequired, _) => "value is required but missing".to_owned(),
            (_, Detail::Rule { rule }) => format!("{value} breaks the rule `{rule}`"),
            (_, Detail::Repeat { first_record }) => {
                format!("{value} must be unique but stands in record {first_record} already")
            }
            (_, Detail::Bytes { hex, encoding }) => format!("bytes {hex} are not valid {encoding}"),
            (ProblemCode::DateAmbiguous, Detail::Ambiguous { values }) => {
                format!("{} can be read day first or month first", plural(*values, "date"))
            }
            (_, Detail::Ambiguous { values }) => {
                format!("{} can be read as decimals or as thousands", plural(*values, "number"))
            }
            (ProblemCode::HeaderDuplicate, Detail::Name { found, .. }) => {
                format!("column name `{found}` is used by an earlier column")
            }
            (_, Detail::Name { found, expected: Some(expected) }) => {
                format!("expected column `{expected}`, found `{found}`")
            }
            (_, Detail::Name { found, expected: None }) => format!("column `{found}` is not expected"),
            (_, Detail::LineEndings { lf, crlf, cr }) => {
                format!("lines end in different ways: {lf} with LF, {crlf} with CR LF, {cr} with CR")
            }
            (_, Detail::Note { text }) => text.clone(),
            (ProblemCode::QuoteUnclosed, _) => "a quote opens here and is never closed".to_owned(),
            (ProblemCode::QuoteStray, _) => "a quote stands inside the field; it was kept as text".to_owned(),
            (ProblemCode::HeaderBlank, _) => "the column has no name".to_owned(),
            (ProblemCode::RowBlank, _) => "line has nothing in it".to_owned(),
            (ProblemCode::RejectsWithoutSchema, _) => {
                "types come from the rejected records alone; those of their file may be others".to_owned()
            }
            (ProblemCode::HeaderRepeated, _) => "record repeats the header".to_owned(),
            (ProblemCode::RowHollow, _) => "record has nothing but delimiters".to_owned(),
            (ProblemCode::RowSingleValue, _) => format!("record has {value} and no other value"),
            (ProblemCode::RowTotal, _) => format!("{value} says that the record sums up others"),
            (ProblemCode::MarkInside, _) => "a byte order mark stands in front of the record".to_owned(),
            (ProblemCode::NulByte, _) => "cell holds a NUL byte".to_owned(),
            (code, Detail::None) => code.title().to_lowercase(),
        }
    }
}

fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
