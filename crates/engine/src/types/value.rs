//! A typed value.

/// A cell's value in its column's type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal number, multiplied by 10 to the power of its type's scale; at most 38 digits.
    Decimal(i128),
    /// A binary floating point number.
    Float(f64),
    /// Days since 1970-01-01 in the proleptic Gregorian calendar.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01T00:00:00; UTC, or local when the type names no zone.
    Timestamp(i64),
    /// A UUID, most significant byte first.
    Uuid([u8; 16]),
    /// Text as it stands (UTF-8, unless the cell holds invalid bytes).
    Text(&'a [u8]),
}
