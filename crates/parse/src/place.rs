//! Where in a block a fault is, as raw numbers: bytes, lines and records count from 0 at the block's first byte.

/// A fault of structure that the scanner met and recovered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Index of the record in the block.
    pub record: u32,
    /// Number of the field that holds the faulty byte, from 0; those left out of the index count.
    pub field: u32,
    /// Offset of the faulty byte in the block.
    pub byte: u32,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// What the scanner met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A quote opens a field and is never closed; it was read as text.
    QuoteUnclosed,
    /// A quote stands where it neither opens nor closes a field; it was read as text.
    QuoteStray,
    /// The record is larger than the limit; its fields were not read. Holds its size in bytes without terminator.
    RecordTooLarge(u64),
}

/// A line that is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// Index of the record that follows it in the block.
    pub before_record: u32,
    /// Offset of its first byte in the block.
    pub byte: u32,
    /// Physical line in the block.
    pub line: u32,
    /// Why it is no record.
    pub kind: SkipKind,
}

/// Why a line is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipKind {
    /// Nothing but blanks is on it.
    Blank,
    /// It begins with the comment prefix.
    Comment,
}
