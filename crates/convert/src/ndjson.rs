//! Accepted records as NDJSON: one object per line, its keys the column names in their order.
//!
//! | column type | written as |
//! |---|---|
//! | null | `null`; every key stands in every record |
//! | boolean | `true`, `false` |
//! | integer | a number up to 2^53 (9007199254740992) in size, a string of digits above |
//! | decimal | a number with the digits as in the file, where the column has at most 15 digits; a string above |
//! | float | a number with the digits as in the file |
//! | date, time, timestamp, uuid, text | a string as in the file |
//!
//! Many readers take every JSON number for a 64-bit floating point number, which holds 15 decimal digits and
//! whole numbers to 2^53: larger numbers are strings, so that no reader loses a digit in silence. Numbers
//! lose their thousands marks and get a point as decimal mark, their digits stay (`1.234,50` becomes
//! `1234.50`); a number that JSON has no form for (`.5`, `+5`) becomes a string as in the file.

use std::io::Write;

use csvp_engine::types::{Format, Value};
use csvp_report::{ColumnType, NumberMarks};

use crate::ConvertError;
use csvp_engine::{JudgedBlock, Output, RecordVerdict, Schema};

/// Bytes after which lines are written out.
const BUFFER_BYTES: usize = 1 << 20;

/// Decimal digits that every 64-bit floating point number holds.
const SAFE_DIGITS: u8 = 15;
/// Whole numbers up to this size are 64-bit floating point numbers.
const SAFE_INTEGER: u64 = 1 << 53;

/// Writes accepted records as NDJSON, one write per block. Blocks must come in file order.
pub struct NdjsonOutput<W: Write> {
    out: W,
    buffer: Vec<u8>,
    columns: Vec<JsonColumn>,
}

struct JsonColumn {
    name: String,
    /// `"name":`, escaped.
    key: Vec<u8>,
    form: JsonForm,
    expected: String,
}

/// How the values of a column are written.
enum JsonForm {
    String,
    Boolean(Format),
    Integer(Format),
    Number(NumberMarks),
}

impl<W: Write> NdjsonOutput<W> {
    /// Begins a file. Nothing is written yet.
    pub fn try_new(schema: &Schema, out: W) -> Result<Self, ConvertError> {
        let columns = schema
            .columns
            .iter()
            .map(|column| {
                let mut key = Vec::new();
                write_string(&mut key, &column.name);
                key.push(b':');
                let (name, expected) = (column.name.clone(), column.column_type.to_string());
                let form = JsonForm::new(&column.column_type).ok_or_else(|| ConvertError::Type {
                    column: name.clone(),
                    column_type: expected.clone(),
                })?;
                Ok(JsonColumn { name, key, form, expected })
            })
            .collect::<Result<_, ConvertError>>()?;
        Ok(Self { out, buffer: Vec::new(), columns })
    }

    /// Flushes and gives back what was written to.
    pub fn finish(mut self) -> Result<W, ConvertError> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn write_block(&mut self, block: &JudgedBlock<'_>) -> Result<(), ConvertError> {
        self.buffer.clear();
        let mut scratch = Vec::new();
        for record in 0..block.n_records() {
            if !matches!(block.verdict(record), RecordVerdict::Accepted | RecordVerdict::Repaired) {
                continue;
            }
            self.buffer.push(b'{');
            for (number, column) in self.columns.iter().enumerate() {
                if number > 0 {
                    self.buffer.push(b',');
                }
                self.buffer.extend_from_slice(&column.key);
                match block.cell(record, number, &mut scratch) {
                    None => self.buffer.extend_from_slice(b"null"),
                    Some(cell) => column.write(&mut self.buffer, cell, block.number(record))?,
                }
            }
            self.buffer.extend_from_slice(b"}\n");
            // Keys stand in every record: with long names the lines are far longer than the records.
            if self.buffer.len() >= BUFFER_BYTES {
                self.out.write_all(&self.buffer)?;
                self.buffer.clear();
            }
        }
        self.out.write_all(&self.buffer)?;
        Ok(())
    }
}

impl<W: Write> Output for NdjsonOutput<W> {
    fn needs_problems(&self) -> bool {
        false
    }

    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        Ok(self.write_block(block)?)
    }
}

impl JsonForm {
    /// None for a type whose values cannot be read.
    fn new(column_type: &ColumnType) -> Option<Self> {
        Some(match column_type {
            ColumnType::Boolean { .. } => Self::Boolean(Format::new(column_type).ok()?),
            ColumnType::Integer { .. } => Self::Integer(Format::new(column_type).ok()?),
            ColumnType::Decimal { precision, marks, .. } if *precision <= SAFE_DIGITS => Self::Number(*marks),
            ColumnType::Float { marks, .. } => Self::Number(*marks),
            _ => Self::String,
        })
    }
}

impl JsonColumn {
    fn write(&self, out: &mut Vec<u8>, cell: &[u8], record: u64) -> Result<(), ConvertError> {
        match &self.form {
            JsonForm::String => self.write_text(out, cell),
            JsonForm::Number(marks) => {
                let start = out.len();
                write_plain_number(out, cell, *marks);
                if is_json_number(&out[start..]) {
                    return Ok(());
                }
                out.truncate(start);
                self.write_text(out, cell)
            }
            JsonForm::Boolean(format) => {
                let Some(Value::Boolean(value)) = format.parse(cell) else {
                    return Err(self.other_type(record));
                };
                out.extend_from_slice(if value { b"true" } else { b"false" });
                Ok(())
            }
            JsonForm::Integer(format) => {
                let Some(Value::Integer(value)) = format.parse(cell) else {
                    return Err(self.other_type(record));
                };
                let quote: &[u8] = if value.unsigned_abs() > SAFE_INTEGER { b"\"" } else { b"" };
                out.extend_from_slice(quote);
                out.extend_from_slice(value.to_string().as_bytes());
                out.extend_from_slice(quote);
                Ok(())
            }
        }
    }

    fn write_text(&self, out: &mut Vec<u8>, cell: &[u8]) -> Result<(), ConvertError> {
        let text =
            std::str::from_utf8(cell).map_err(|_| ConvertError::Encoding { column: self.name.clone() })?;
        write_string(out, text);
        Ok(())
    }

    fn other_type(&self, record: u64) -> ConvertError {
        ConvertError::Value { record, column: self.name.clone(), expected: self.expected.clone() }
    }
}

/// Appends a number without thousands marks and with a point as decimal mark.
fn write_plain_number(out: &mut Vec<u8>, cell: &[u8], marks: NumberMarks) {
    if marks == NumberMarks::default() {
        out.extend_from_slice(cell);
        return;
    }
    // Marks may be longer than a byte: thousands are often separated by a no-break space.
    for c in String::from_utf8_lossy(cell).chars().filter(|c| Some(*c) != marks.group) {
        let c = if c == marks.decimal { '.' } else { c };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Whether a text is a number by the grammar of RFC 8259, section 6.
fn is_json_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let [b'.', fraction @ ..] = rest {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            exponent => exponent,
        };
        let n = digits(exponent);
        if n == 0 {
            return false;
        }
        rest = &exponent[n..];
    }
    rest.is_empty()
}

/// Appends a JSON string.
fn write_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string can be written to memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_json() {
        for text in ["0", "-0", "10", "1.50", "-0.5", "1e5", "1.5E+3", "2e-10"] {
            assert!(is_json_number(text.as_bytes()), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
        for text in ["", "-", "01", ".5", "5.", "+5", "1e", "1e+", "1,5", "0x1", "1 ", "NaN", "--1", "1.2.3"]
        {
            assert!(!is_json_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn marks_become_those_of_json() {
        let check = |cell: &str, decimal: char, group: Option<char>, expected: &str| {
            let mut out = Vec::new();
            write_plain_number(&mut out, cell.as_bytes(), NumberMarks { decimal, group });
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check("1.50", '.', None, "1.50");
        check("1.234,50", ',', Some('.'), "1234.50");
        check("1\u{a0}234,5", ',', Some('\u{a0}'), "1234.5");
        check("-1,234.5", '.', Some(','), "-1234.5");
    }
}
