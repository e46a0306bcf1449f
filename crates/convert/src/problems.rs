//! All problems as CSV, one per row: the complete list of which the report shows the first ones.
//!
//! Columns: `code`, `severity`, `record` and `line` (from 1), `byte` (from 0, in the decompressed file; line and byte are
//! those of the cell when the problem is about one, else of the record), `column_number` (from 1), `column`, `value` (cut after 200 characters) and `message`. Fields that do not
//! apply are empty.

use std::io::Write;

use csvp_parse::writer;
use csvp_report::{Problem, Severity};

use crate::ConvertError;
use csvp_engine::{JudgedBlock, Output};

const HEADER: &[u8] = b"code,severity,record,line,byte,column_number,column,value,message\n";

/// Writes problems as CSV. Those of blocks come by themselves; those of the file as a whole must be handed
/// in.
pub struct ProblemsOutput<W: Write> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> ProblemsOutput<W> {
    /// Begins a file: writes the header.
    pub fn try_new(mut out: W) -> Result<Self, ConvertError> {
        out.write_all(HEADER)?;
        Ok(Self { out, buffer: Vec::new() })
    }

    /// Writes problems in the order given.
    fn write(&mut self, problems: &[Problem]) -> Result<(), ConvertError> {
        self.buffer.clear();
        problems.iter().for_each(|problem| write_problem(&mut self.buffer, problem));
        self.out.write_all(&self.buffer)?;
        Ok(())
    }

    /// Flushes and gives back what was written to.
    pub fn finish(mut self) -> Result<W, ConvertError> {
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Output for ProblemsOutput<W> {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        Ok(self.write(block.problems())?)
    }

    fn file_problems(&mut self, problems: &[Problem]) -> std::io::Result<()> {
        Ok(self.write(problems)?)
    }
}

fn write_problem(out: &mut Vec<u8>, problem: &Problem) {
    let position = &problem.position;
    let column = position.column.as_ref();
    let fields = [
        problem.code.as_str().to_owned(),
        severity_name(problem.severity()).to_owned(),
        position.record.map(|record| record.to_string()).unwrap_or_default(),
        column.and_then(|column| column.line).unwrap_or(position.line).to_string(),
        column.and_then(|column| column.byte).unwrap_or(position.byte).to_string(),
        column.map(|column| column.number.to_string()).unwrap_or_default(),
        column.map(|column| column.name.clone()).unwrap_or_default(),
        problem.value.clone().unwrap_or_default(),
        problem.message(),
    ];
    writer::write_record(out, fields.iter().map(String::as_bytes), b',');
}

/// The name of a severity, as in the report.
fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
