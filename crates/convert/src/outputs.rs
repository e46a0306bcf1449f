//! All files that are wanted, written in one pass.

use std::io::Write;

use csvp_report::Problem;

use crate::{ConvertError, CsvOutput, NdjsonOutput, ParquetOutput, ProblemsOutput, RejectsOutput};
use csvp_engine::{JudgedBlock, Output, Schema};

/// Where the bytes of a file go.
pub type Sink = Box<dyn Write + Send>;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// Accepted records as Parquet.
    Parquet,
    /// Accepted records as normalised CSV.
    Csv,
    /// Accepted records as NDJSON.
    Ndjson,
    /// Rejected records in full, with reasons.
    Rejects,
    /// All problems.
    Problems,
}

impl FileKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[Self::Parquet, Self::Csv, Self::Ndjson, Self::Rejects, Self::Problems];

    /// The name of the file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Parquet => "clean.parquet",
            Self::Csv => "clean.csv",
            Self::Ndjson => "clean.ndjson",
            Self::Rejects => "rejects.csv",
            Self::Problems => "problems.csv",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Csv | Self::Rejects | Self::Problems => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// Several files, written block by block. Every file gets one write of a whole buffer per block at most
/// (Parquet: per row group), so that sinks need no buffer of their own.
///
/// Files are complete when [`Outputs::finish`] has returned without error, and only then. After an error all
/// of them must be thrown away.
#[derive(Default)]
pub struct Outputs {
    parquet: Option<ParquetOutput<Sink>>,
    csv: Option<CsvOutput<Sink>>,
    ndjson: Option<NdjsonOutput<Sink>>,
    rejects: Option<RejectsOutput<Sink>>,
    problems: Option<ProblemsOutput<Sink>>,
    threads: usize,
}

impl Outputs {
    /// No file at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Uses `threads` threads, the caller's being one, for files that are added from now on. They are the same for any
    /// number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Adds a file; one of the same kind is replaced, unfinished.
    pub fn add(&mut self, kind: FileKind, schema: &Schema, sink: Sink) -> Result<(), ConvertError> {
        match kind {
            FileKind::Parquet => {
                self.parquet = Some(ParquetOutput::try_new(schema, sink)?.with_threads(self.threads));
            }
            FileKind::Csv => self.csv = Some(CsvOutput::try_new(schema, sink)?),
            FileKind::Ndjson => self.ndjson = Some(NdjsonOutput::try_new(schema, sink)?),
            FileKind::Rejects => self.rejects = Some(RejectsOutput::try_new(schema, sink)?),
            FileKind::Problems => self.problems = Some(ProblemsOutput::try_new(sink)?),
        }
        Ok(())
    }

    /// Completes and flushes every file.
    pub fn finish(self) -> Result<(), ConvertError> {
        self.parquet.map(ParquetOutput::finish).transpose()?;
        self.csv.map(CsvOutput::finish).transpose()?;
        self.ndjson.map(NdjsonOutput::finish).transpose()?;
        self.rejects.map(RejectsOutput::finish).transpose()?;
        self.problems.map(ProblemsOutput::finish).transpose()?;
        Ok(())
    }
}

impl Output for Outputs {
    fn needs_columns(&self) -> bool {
        self.parquet.is_some()
    }

    fn needs_problems(&self) -> bool {
        self.rejects.is_some() || self.problems.is_some()
    }

    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        let Self { parquet, csv, ndjson, rejects, problems, .. } = self;
        parquet.as_mut().map_or(Ok(()), |output| output.block(block))?;
        csv.as_mut().map_or(Ok(()), |output| output.block(block))?;
        ndjson.as_mut().map_or(Ok(()), |output| output.block(block))?;
        rejects.as_mut().map_or(Ok(()), |output| output.block(block))?;
        problems.as_mut().map_or(Ok(()), |output| output.block(block))
    }

    fn file_problems(&mut self, problems: &[Problem]) -> std::io::Result<()> {
        self.problems.as_mut().map_or(Ok(()), |output| output.file_problems(problems))
    }
}
