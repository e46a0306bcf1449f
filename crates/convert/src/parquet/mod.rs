//! Accepted records as a Parquet file.
//!
//! ZSTD (in tables of at most 2,048 columns that have more than 8 KiB of values), dictionaries where values repeat (in tables of at most 512), statistics per
//! page and a page index, so that readers skip what they do not need. A row group ends at 1,048,576 rows or 96 MiB of values, whichever comes
//! first: the memory does not depend on the size of the file. Equal records give equal bytes.

mod column;
mod properties;
mod schema;

use std::io::Write;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, SchemaRef};
use csvp_engine::types::{ValueData, Values};
use csvp_report::ColumnType;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

pub use self::schema::{COLUMNS_KEY, NULL_WORDS_KEY, REPORT_VERSION_KEY, RULES_VERSION_KEY, TYPE_KEY};
use crate::ConvertError;
use csvp_engine::{Columns, JudgedBlock, Lanes, Output, Schema};

/// Rows after which a row group ends.
const GROUP_ROWS: u64 = 1 << 20;
/// Bytes of values after which a row group ends; encoded and compressed they are fewer.
const GROUP_BYTES: usize = 96 << 20;

/// Writes accepted records as a Parquet file.
///
/// Blocks must come in file order. What is written is no Parquet file until [`ParquetOutput::finish`] has
/// returned.
pub struct ParquetOutput<W: Write + Send> {
    state: State<W>,
    table: Schema,
    arrow_schema: SchemaRef,
    threads: usize,
    group_rows: u64,
    group_bytes: usize,
    /// The first records, until it is known whether they are all.
    first: Option<Arc<Columns>>,
    /// Rows of the current row group.
    rows: u64,
    /// Bytes of their values.
    bytes: usize,
}

/// A file is opened when its first records are there, because they say how it is best written.
enum State<W: Write + Send> {
    New(W),
    Open(Box<Open<W>>),
    /// Opening failed.
    Broken,
}

struct Open<W: Write + Send> {
    file: SerializedFileWriter<W>,
    groups: ArrowRowGroupWriterFactory,
    lanes: Lanes<Step, ColumnEncoder>,
}

/// Whether records are all that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsAll {
    Yes,
    No,
}

/// What comes to the columns, each of which is encoded by itself.
enum Step {
    Rows(Arc<Columns>),
    EndOfGroup,
}

/// Everything that is needed to encode one column.
struct ColumnEncoder {
    field: FieldRef,
    column_type: ColumnType,
    /// Within a row group.
    writer: Option<ArrowColumnWriter>,
    /// Behind a row group.
    chunk: Option<ArrowColumnChunk>,
    /// The first thing that failed.
    error: Option<ConvertError>,
}

impl<W: Write + Send> ParquetOutput<W> {
    /// Begins a file with the columns of a schema.
    pub fn try_new(schema: &Schema, out: W) -> Result<Self, ConvertError> {
        Self::with_groups(schema, out, GROUP_ROWS, GROUP_BYTES)
    }

    /// The same with other bounds of a row group: rows, and bytes of values.
    pub fn with_groups(schema: &Schema, out: W, rows: u64, bytes: usize) -> Result<Self, ConvertError> {
        Ok(Self {
            state: State::New(out),
            table: schema.clone(),
            arrow_schema: schema::arrow_schema(&schema.columns)?,
            threads: 1,
            group_rows: rows,
            group_bytes: bytes,
            first: None,
            rows: 0,
            bytes: 0,
        })
    }

    /// Encodes columns side by side on `threads` threads, the caller's being one. The file is the same for any number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Writes the rest and the footer, flushes, and gives back what was written to. A file without records is
    /// a valid file, too.
    pub fn finish(mut self) -> Result<W, ConvertError> {
        if let Some(first) = self.first.take() {
            self.open(first.values(), IsAll::Yes)?;
            self.append(&first)?;
        }
        self.end_group()?;
        self.open(&[], IsAll::Yes)?;
        let State::Open(open) = self.state else { return Err(not_open()) };
        let mut out = open.file.into_inner().map_err(keep_broken_pipe)?;
        out.flush()?;
        Ok(out)
    }

    /// The file, begun if that has not happened yet; `first` are its first records, or all of them.
    fn open(&mut self, first: &[Values], is_all: IsAll) -> Result<&mut Open<W>, ConvertError> {
        if matches!(self.state, State::New(_))
            && let State::New(out) = std::mem::replace(&mut self.state, State::Broken)
        {
            let parquet_schema = ArrowSchemaConverter::new().convert(&self.arrow_schema)?;
            let size = (is_all == IsAll::Yes).then(|| first.iter().map(bytes).sum());
            let mut properties = properties::properties(&self.table, &parquet_schema, first, size)?;
            add_encoded_arrow_schema_to_metadata(&self.arrow_schema, &mut properties);
            let file =
                SerializedFileWriter::new(out, parquet_schema.root_schema_ptr(), Arc::new(properties))?;
            let groups = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&self.arrow_schema));
            let columns = self.table.columns.iter().zip(self.arrow_schema.fields());
            let columns =
                columns.map(|(column, field)| ColumnEncoder::new(column.column_type.clone(), field));
            let lanes = Lanes::new(self.threads, columns.collect(), ColumnEncoder::step);
            self.state = State::Open(Box::new(Open { file, groups, lanes }));
        }
        match &mut self.state {
            State::Open(open) => Ok(open),
            State::New(_) | State::Broken => Err(not_open()),
        }
    }

    fn write(&mut self, columns: &Arc<Columns>) -> Result<(), ConvertError> {
        if columns.n_records() == 0 {
            return Ok(());
        }
        if let State::New(_) = self.state {
            let Some(first) = self.first.take() else {
                self.first = Some(Arc::clone(columns));
                return Ok(());
            };
            self.open(first.values(), IsAll::No)?;
            self.append(&first)?;
        }
        self.append(columns)
    }

    fn append(&mut self, columns: &Arc<Columns>) -> Result<(), ConvertError> {
        let is_new_group = self.rows == 0;
        let State::Open(open) = &mut self.state else { return Err(not_open()) };
        if is_new_group {
            let mut writers =
                open.groups.create_column_writers(open.file.flushed_row_groups().len())?.into_iter();
            open.lanes.with_states(|column| column.writer = writers.next());
        }
        open.lanes.give(Step::Rows(Arc::clone(columns)));
        // A block is small, a row group is large: groups may exceed their bounds by one block.
        self.rows += columns.n_records() as u64;
        self.bytes += columns.values().iter().map(bytes).sum::<usize>();
        if self.rows >= self.group_rows || self.bytes >= self.group_bytes { self.end_group() } else { Ok(()) }
    }

    fn end_group(&mut self) -> Result<(), ConvertError> {
        if self.rows == 0 {
            return Ok(());
        }
        (self.rows, self.bytes) = (0, 0);
        let State::Open(open) = &mut self.state else { return Err(not_open()) };
        open.lanes.give(Step::EndOfGroup);
        let mut chunks = Vec::new();
        open.lanes.with_states(|column| chunks.push(column.take_chunk()));
        let mut group = open.file.next_row_group()?;
        for chunk in chunks {
            chunk?.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(())
    }
}

/// The library says only in words that its last bytes met a closed pipe; who asks for the kind of the error must see it.
fn keep_broken_pipe(error: ParquetError) -> ParquetError {
    match &error {
        ParquetError::General(text) if text.contains("Broken pipe") => {
            ParquetError::External(Box::new(std::io::Error::from(std::io::ErrorKind::BrokenPipe)))
        }
        _ => error,
    }
}

/// Nothing more can be written.
fn not_open() -> ConvertError {
    ParquetError::General("the file could not be begun".to_owned()).into()
}

/// How much room values take before they are encoded.
fn bytes(values: &Values) -> usize {
    match &values.data {
        ValueData::Boolean(values) => values.len(),
        ValueData::Integer(values) | ValueData::Time(values) | ValueData::Timestamp(values) => {
            size_of_val(&values[..])
        }
        // Most decimals are written as 64 bits.
        ValueData::Decimal(values) => values.len() * size_of::<i64>(),
        ValueData::Float(values) => size_of_val(&values[..]),
        ValueData::Date(values) => size_of_val(&values[..]),
        ValueData::Uuid(values) => size_of_val(&values[..]),
        ValueData::Text(texts) => texts.bytes.len() + texts.ends.len() * size_of::<u32>(),
    }
}

impl ColumnEncoder {
    fn new(column_type: ColumnType, field: &FieldRef) -> Self {
        Self { field: Arc::clone(field), column_type, writer: None, chunk: None, error: None }
    }

    fn step(number: usize, column: &mut Self, step: &Step) {
        if column.error.is_none() {
            column.error = match step {
                Step::Rows(columns) => column.encode(&columns.values()[number]).err(),
                Step::EndOfGroup => column.close().err(),
            };
        }
    }

    fn encode(&mut self, values: &Values) -> Result<(), ConvertError> {
        let array = column::array(values, &self.column_type)
            .map_err(|_| ConvertError::Encoding { column: self.field.name().clone() })?;
        if let Some(writer) = &mut self.writer {
            let stored = Field::new(self.field.name(), array.data_type().clone(), self.field.is_nullable());
            for leaf in compute_leaves(&stored, &array)? {
                writer.write(&leaf)?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ConvertError> {
        self.chunk = self.writer.take().map(ArrowColumnWriter::close).transpose()?;
        Ok(())
    }

    fn take_chunk(&mut self) -> Result<ArrowColumnChunk, ConvertError> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.chunk.take().ok_or_else(not_open),
        }
    }
}

impl<W: Write + Send> Output for ParquetOutput<W> {
    fn needs_problems(&self) -> bool {
        false
    }

    fn needs_columns(&self) -> bool {
        true
    }

    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        match block.columns() {
            Some(columns) => Ok(self.write(columns)?),
            None => Err(std::io::Error::other("parquet needs typed columns")),
        }
    }
}
