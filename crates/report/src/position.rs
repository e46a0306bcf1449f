//! Where in a file something is.

use serde::{Deserialize, Serialize};

/// A place in the decompressed, undecoded source file.
///
/// A line is a *physical* line: a quoted field may span several, so line and record differ. People see numbers
/// from 1; the byte offset counts from 0, as tools like `dd` and `tail -c` expect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    /// Number of the data record, from 1; none for the header, the preamble and the file as a whole.
    pub record: Option<u64>,
    /// Physical line, from 1, on which the record begins.
    pub line: u64,
    /// Offset of the record's first byte, from 0, in the decompressed and undecoded file.
    pub byte: u64,
    /// The column, when the problem is about one cell or one column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnRef>,
}

/// A column by number and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnRef {
    /// Number of the column, from 1.
    pub number: u32,
    /// Name of the column as the report's `columns` gives it, cut after 200 characters.
    pub name: String,
    /// Physical line on which the faulty cell begins; none when the problem is about the whole column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Offset of the faulty cell's first byte (of the faulty byte itself, where one is at fault).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
}
