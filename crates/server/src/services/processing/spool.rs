//! Every problem of a run as one JSON object a line: what pages of problems are read from once they go beyond those
//! that the report shows.

use std::io::{self, Write as _};

use csvp_report::Problem;
use csvp_store::RunFile;

use super::outputs::SharedWriter;

/// The file of the spool, if the store has a place for it.
pub(crate) fn spool_file() -> Option<RunFile> {
    "problems.ndjson".parse().ok()
}

/// Writes problems in the order given.
pub(super) struct Spool {
    writer: SharedWriter,
    buffer: Vec<u8>,
}

impl Spool {
    pub(super) fn new(writer: SharedWriter) -> Self {
        Self { writer, buffer: Vec::new() }
    }

    pub(super) fn write(&mut self, problems: &[Problem]) -> io::Result<()> {
        self.buffer.clear();
        for problem in problems {
            serde_json::to_writer(&mut self.buffer, problem).map_err(io::Error::from)?;
            self.buffer.push(b'\n');
        }
        self.writer.write_all(&self.buffer)
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
