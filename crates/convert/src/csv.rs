//! Accepted records as normalised CSV.
//!
//! UTF-8 without byte order mark, comma, RFC 4180 quotes where they are needed, LF at the end of each record
//! (which every CSV reader takes), one header row with the unique column names. Values are the text they
//! were.
//!
//! Null is the empty field without quotes, also where a null word stood in the file. An empty cell of the
//! file is null, so that an empty text does not occur, unless a declared schema says otherwise: then it is
//! written as `""`, which PostgreSQL and DuckDB can tell from null and many other readers cannot.
//!
//! Cells that a spreadsheet would take for formulas are written as they are: this file is for programs.

use std::io::Write;

use csvp_parse::writer;

use crate::ConvertError;
use csvp_engine::{JudgedBlock, Output, RecordVerdict, Schema};

/// Writes accepted records as normalised CSV, one write per block. Blocks must come in file order.
pub struct CsvOutput<W: Write> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> CsvOutput<W> {
    /// Begins a file: writes the header.
    pub fn try_new(schema: &Schema, mut out: W) -> Result<Self, ConvertError> {
        let mut buffer = Vec::new();
        writer::write_record(&mut buffer, schema.columns.iter().map(|column| column.name.as_bytes()), b',');
        out.write_all(&buffer)?;
        Ok(Self { out, buffer })
    }

    /// Flushes and gives back what was written to.
    pub fn finish(mut self) -> Result<W, ConvertError> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn write_block(&mut self, block: &JudgedBlock<'_>) -> Result<(), ConvertError> {
        self.buffer.clear();
        let n_columns = block.schema().columns.len();
        let mut scratch = Vec::new();
        for record in 0..block.n_records() {
            if !matches!(block.verdict(record), RecordVerdict::Accepted | RecordVerdict::Repaired) {
                continue;
            }
            let start = self.buffer.len();
            for column in 0..n_columns {
                if column > 0 {
                    self.buffer.push(b',');
                }
                match block.cell(record, column, &mut scratch) {
                    None => {}
                    Some(b"") => self.buffer.extend_from_slice(b"\"\""),
                    Some(cell) => writer::write_field(&mut self.buffer, cell, b','),
                }
            }
            if self.buffer.len() == start {
                // A single null: a line with nothing in it would be no record.
                self.buffer.extend_from_slice(b"\"\"");
            }
            self.buffer.push(b'\n');
        }
        self.out.write_all(&self.buffer)?;
        Ok(())
    }
}

impl<W: Write> Output for CsvOutput<W> {
    fn needs_problems(&self) -> bool {
        false
    }

    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        Ok(self.write_block(block)?)
    }
}
