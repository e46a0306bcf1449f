//! Accepted records as a Parquet file.
//!
//! ZSTD (in tables of at most 2,048 columns), dictionaries where values repeat (of at most 512), statistics per page and a page index, so that readers skip what
//! they do not need. A row group ends at 1,048,576 rows or when what is held of it reaches 64 MiB, whichever
//! comes first: the memory does not depend on the size of the file. Equal records give equal bytes.

mod column;
mod schema;

use std::io::Write;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::{iter, thread};

use arrow::datatypes::{FieldRef, SchemaRef};
use csvp_engine::types::Format;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use self::column::ColumnBuilder;
pub use self::schema::{COLUMNS_KEY, NULL_WORDS_KEY, REPORT_VERSION_KEY, RULES_VERSION_KEY, TYPE_KEY};
use crate::ConvertError;
use csvp_engine::{JudgedBlock, Output, RecordVerdict, Schema};

/// Rows after which a row group ends.
const GROUP_ROWS: u64 = 1 << 20;
/// Bytes held of a row group after which it ends.
const GROUP_BYTES: usize = 64 << 20;
/// Level 1 writes twice as fast as level 3 and the files are a few percent larger.
const ZSTD_LEVEL: i32 = 1;
/// Most columns with dictionaries. The table of a dictionary is made for 4,096 values before the first one comes, 72 KiB
/// for each column: with 16,000 columns more than a gigabyte for a file of two lines.
const DICTIONARY_COLUMNS: usize = 512;
/// Most columns that are compressed.
const COMPRESSED_COLUMNS: usize = 2_048;
/// Cells that keep a thread busy for much longer than it takes to start one.
const CELLS_OF_A_THREAD: usize = 4_096;

/// Writes accepted records as a Parquet file.
///
/// Blocks must come in file order. What is written is no Parquet file until [`ParquetOutput::finish`] has
/// returned.
pub struct ParquetOutput<W: Write + Send> {
    file: SerializedFileWriter<W>,
    groups: ArrowRowGroupWriterFactory,
    columns: Vec<ColumnEncoder>,
    /// Rows of the current row group.
    rows: u64,
    group_rows: u64,
    group_bytes: usize,
    threads: usize,
}

/// How pages are compressed: a compressor holds some 20 KiB for each column as long as its row group is open.
fn compression(columns: usize) -> Result<Compression, ParquetError> {
    if columns > COMPRESSED_COLUMNS {
        return Ok(Compression::UNCOMPRESSED);
    }
    Ok(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
}

/// Everything that is needed to encode one column. Columns share nothing but the block, so that they can be
/// encoded on several threads.
struct ColumnEncoder {
    number: usize,
    field: FieldRef,
    format: Format,
    builder: ColumnBuilder,
    /// None between two row groups.
    writer: Option<ArrowColumnWriter>,
    scratch: Vec<u8>,
}

impl<W: Write + Send> ParquetOutput<W> {
    /// Begins a file with the columns of a schema.
    pub fn try_new(schema: &Schema, out: W) -> Result<Self, ConvertError> {
        Self::with_groups(schema, out, GROUP_ROWS, GROUP_BYTES)
    }

    /// The same with other bounds of a row group: rows, and bytes that are held of it.
    pub fn with_groups(schema: &Schema, out: W, rows: u64, bytes: usize) -> Result<Self, ConvertError> {
        let arrow_schema: SchemaRef = schema::arrow_schema(&schema.columns)?;
        let parquet_schema = ArrowSchemaConverter::new().convert(&arrow_schema)?;
        let mut properties = WriterProperties::builder()
            .set_compression(compression(schema.columns.len())?)
            .set_dictionary_enabled(schema.columns.len() <= DICTIONARY_COLUMNS)
            .set_created_by(concat!("csvp version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(schema::file_metadata(&schema.columns)))
            .build();
        add_encoded_arrow_schema_to_metadata(&arrow_schema, &mut properties);
        let file = SerializedFileWriter::new(out, parquet_schema.root_schema_ptr(), Arc::new(properties))?;
        let groups = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&arrow_schema));
        let columns = schema
            .columns
            .iter()
            .zip(arrow_schema.fields())
            .enumerate()
            .map(|(number, (column, field))| {
                let unfit = || ConvertError::Type {
                    column: column.name.clone(),
                    column_type: column.column_type.to_string(),
                };
                Ok(ColumnEncoder {
                    number,
                    field: Arc::clone(field),
                    format: Format::new(&column.column_type).map_err(|_| unfit())?,
                    builder: ColumnBuilder::new(&column.column_type).map_err(|_| unfit())?,
                    writer: None,
                    scratch: Vec::new(),
                })
            })
            .collect::<Result<_, ConvertError>>()?;
        Ok(Self { file, groups, columns, rows: 0, group_rows: rows, group_bytes: bytes, threads: 1 })
    }

    /// Encodes columns side by side on `threads` threads, the caller's being one. The file is the same for any number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Writes the rest and the footer, flushes, and gives back what was written to. A file without records is
    /// a valid file, too.
    pub fn finish(mut self) -> Result<W, ConvertError> {
        self.end_group()?;
        let mut out = self.file.into_inner()?;
        out.flush()?;
        Ok(out)
    }

    fn write_block(&mut self, block: &JudgedBlock<'_>) -> Result<(), ConvertError> {
        let accepted: Vec<usize> = (0..block.n_records())
            .filter(|record| {
                matches!(block.verdict(*record), RecordVerdict::Accepted | RecordVerdict::Repaired)
            })
            .collect();
        // A block is small (1 MiB of text), a row group is large: groups may exceed their bounds by one
        // block.
        if accepted.is_empty() {
            return Ok(());
        }
        if self.rows == 0 {
            let writers = self.groups.create_column_writers(self.file.flushed_row_groups().len())?;
            self.columns.iter_mut().zip(writers).for_each(|(column, writer)| column.writer = Some(writer));
        }
        self.encode(block, &accepted)?;
        self.rows += accepted.len() as u64;
        let held: usize = self.columns.iter().map(ColumnEncoder::memory_size).sum();
        if self.rows >= self.group_rows || held >= self.group_bytes {
            self.end_group()?;
        }
        Ok(())
    }

    /// Encodes all columns of some records of a block.
    fn encode(&mut self, block: &JudgedBlock<'_>, records: &[usize]) -> Result<(), ConvertError> {
        // A thread must have something to do that is worth its start.
        let threads = self.threads.min(records.len() * self.columns.len() / CELLS_OF_A_THREAD);
        if threads <= 1 {
            return self.columns.iter_mut().try_for_each(|column| column.encode(block, records));
        }
        let columns = Mutex::new(self.columns.iter_mut());
        let next = || columns.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || iter::from_fn(next).try_for_each(|column| column.encode(block, records));
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut outcome = work();
            for other in others {
                outcome = outcome.and(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            outcome
        })
    }

    fn end_group(&mut self) -> Result<(), ConvertError> {
        if self.rows > 0 {
            let mut group = self.file.next_row_group()?;
            for column in &mut self.columns {
                if let Some(chunk) = column.close()? {
                    chunk.append_to_row_group(&mut group)?;
                }
            }
            group.close()?;
            self.rows = 0;
        }
        Ok(())
    }
}

impl ColumnEncoder {
    /// Encodes the cells of this column in some records of a block.
    fn encode(&mut self, block: &JudgedBlock<'_>, records: &[usize]) -> Result<(), ConvertError> {
        for &record in records {
            let Some(cell) = block.cell(record, self.number, &mut self.scratch) else {
                self.builder.append_null();
                continue;
            };
            let value = self.format.parse(cell);
            if value.is_none_or(|value| self.builder.append(&value).is_err()) {
                return Err(ConvertError::Value {
                    record: block.number(record),
                    column: self.field.name().clone(),
                    expected: self.format.column_type().to_string(),
                });
            }
        }
        let array = self
            .builder
            .finish()
            .map_err(|_| ConvertError::Encoding { column: self.field.name().clone() })?;
        if let Some(writer) = &mut self.writer {
            for leaf in compute_leaves(&self.field, &array)? {
                writer.write(&leaf)?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<Option<ArrowColumnChunk>, ParquetError> {
        self.writer.take().map(ArrowColumnWriter::close).transpose()
    }

    fn memory_size(&self) -> usize {
        self.writer.as_ref().map_or(0, ArrowColumnWriter::memory_size)
    }
}

impl<W: Write + Send> Output for ParquetOutput<W> {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        Ok(self.write_block(block)?)
    }
}
