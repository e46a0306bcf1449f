//! Rejected records in full, with their reasons, as a CSV file that can be corrected and sent again.
//!
//! The first columns say what is wrong: `csvp_record` and `csvp_line` (from 1), `csvp_byte` (from 0),
//! `csvp_codes` (each code once, separated by blanks) and `csvp_messages` (separated by `; `). Then come the
//! columns of the file under its names, with the fields as they stand there (unescaped, not cut). Fields
//! beyond the last column are together in `csvp_extra`, written as one CSV record; missing ones are empty, and `csvp_extra` says how many
//! they are (`csvp_missing 2`), so that the record stays short until someone clears that cell.
//! Where the file has columns of these names, ours get a suffix (`csvp_record_2`).
//!
//! To replay: correct the cells, clear `csvp_extra`, and send the file with the schema of the original. The engine knows these columns by the whole header
//! ([`csvp_engine::rejects`]) and leaves them out; fields that still stand in `csvp_extra` are still too many.
//!
//! The file has the form of [`crate::csv`]. In a UTF-8 file, invalid bytes stand here as they came; in a
//! file of another encoding, which was decoded, each invalid sequence is U+FFFD, and the original has the bytes. Of a record above
//! the size limit, which is skipped unread, only the place and the reason are known.

use std::io::Write;

use csvp_parse::writer;
use csvp_report::Problem;

use crate::ConvertError;
use csvp_engine::{JudgedBlock, Output, RecordVerdict, Schema};

/// Writes rejected records. Blocks must come in file order.
pub struct RejectsOutput<W: Write> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> RejectsOutput<W> {
    /// Begins a file: writes the header.
    pub fn try_new(schema: &Schema, mut out: W) -> Result<Self, ConvertError> {
        let taken: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        let names = csvp_engine::rejects::header(&taken);
        let mut buffer = Vec::new();
        writer::write_record(&mut buffer, names.iter().map(String::as_bytes), b',');
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
        let mut problems: Vec<(u64, &Problem)> =
            block.problems().iter().filter_map(|p| p.position.record.map(|record| (record, p))).collect();
        // Stable: the problems of one record stay in their order.
        problems.sort_by_key(|(record, _)| *record);
        for record in 0..block.n_records() {
            if block.verdict(record) == RecordVerdict::Rejected {
                let number = block.number(record);
                let first = problems.partition_point(|(of, _)| *of < number);
                let of_record: Vec<&Problem> =
                    problems[first..].iter().take_while(|(of, _)| *of == number).map(|(_, p)| *p).collect();
                self.write_rejected(block, record, &of_record);
            }
        }
        self.out.write_all(&self.buffer)?;
        Ok(())
    }

    fn write_rejected(&mut self, block: &JudgedBlock<'_>, record: usize, problems: &[&Problem]) {
        let mut codes: Vec<&str> = Vec::new();
        for problem in problems {
            if !codes.contains(&problem.code.as_str()) {
                codes.push(problem.code.as_str());
            }
        }
        let messages: Vec<String> = problems.iter().map(|problem| message(problem)).collect();
        let before = [
            block.number(record).to_string(),
            block.line(record).to_string(),
            block.byte(record).to_string(),
            codes.join(" "),
            messages.join("; "),
        ];
        let fields = block.raw_fields(record);
        let n_columns = block.schema().columns.len();
        let extra = csvp_engine::rejects::extra_cell(&fields, n_columns);
        let in_columns = (0..n_columns).map(|column| fields.get(column).map_or(&b""[..], |field| field));
        let cells = before.iter().map(String::as_bytes).chain(in_columns).chain([extra.as_slice()]);
        writer::write_record(&mut self.buffer, cells, b',');
    }
}

impl<W: Write> Output for RejectsOutput<W> {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        Ok(self.write_block(block)?)
    }
}

/// What is wrong, with the column it is wrong in.
fn message(problem: &Problem) -> String {
    match &problem.position.column {
        Some(column) => format!("{}: {}", column.name, problem.message()),
        None => problem.message(),
    }
}
