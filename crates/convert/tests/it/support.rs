//! Runs both passes over a file in memory and hands out what was written.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes as types;
use arrow::datatypes::DataType;
use bytes::Bytes;
use csvp_convert::{FileKind, Outputs};
use csvp_engine::types::Value;
use csvp_engine::{Check, Second, Settings};
use csvp_report::Report;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A report and the files that belong to it.
pub(crate) struct Written {
    pub(crate) report: Report,
    files: BTreeMap<FileKind, Vec<u8>>,
}

/// Bytes that stay readable after the writer is gone.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Checks and converts a file with all outputs.
pub(crate) fn convert(bytes: &[u8], settings: Settings) -> Written {
    let mut check = Check::new(settings).unwrap();
    check.push(bytes).unwrap();
    let plan = check.finish().unwrap().plan;
    let mut outputs = Outputs::new();
    let mut memories = BTreeMap::new();
    for kind in FileKind::ALL {
        let memory = Memory::default();
        outputs.add(*kind, plan.schema(), Box::new(memory.clone())).unwrap();
        memories.insert(*kind, memory);
    }
    let mut second = Second::new(&plan, outputs).unwrap();
    second.push(bytes).unwrap();
    let (report, outputs) = second.finish().unwrap();
    outputs.finish().unwrap();
    let files = memories.into_iter().map(|(kind, memory)| (kind, memory.bytes())).collect();
    Written { report, files }
}

impl Written {
    pub(crate) fn text(&self, kind: FileKind) -> &str {
        std::str::from_utf8(&self.files[&kind]).unwrap()
    }

    pub(crate) fn bytes(&self, kind: FileKind) -> &[u8] {
        &self.files[&kind]
    }

    pub(crate) fn parquet(&self) -> Bytes {
        Bytes::from(self.files[&FileKind::Parquet].clone())
    }

    /// The Parquet file as one batch.
    pub(crate) fn batch(&self) -> RecordBatch {
        let builder = ParquetRecordBatchReaderBuilder::try_new(self.parquet()).unwrap();
        let schema = Arc::clone(builder.schema());
        let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
        arrow::compute::concat_batches(&schema, &batches).unwrap()
    }
}

/// A value of an Arrow array as the engine's value.
pub(crate) fn value_at(array: &dyn Array, row: usize) -> Option<Value<'_>> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row).as_bytes()),
        DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
        DataType::Int64 => Value::Integer(array.as_primitive::<types::Int64Type>().value(row)),
        DataType::Decimal128(..) => Value::Decimal(array.as_primitive::<types::Decimal128Type>().value(row)),
        DataType::Float64 => Value::Float(array.as_primitive::<types::Float64Type>().value(row)),
        DataType::Date32 => Value::Date(array.as_primitive::<types::Date32Type>().value(row)),
        DataType::Time64(_) => Value::Time(array.as_primitive::<types::Time64MicrosecondType>().value(row)),
        DataType::Timestamp(..) => {
            Value::Timestamp(array.as_primitive::<types::TimestampMicrosecondType>().value(row))
        }
        DataType::FixedSizeBinary(16) => {
            Value::Uuid(array.as_fixed_size_binary().value(row).try_into().unwrap())
        }
        other => panic!("no column is {other}"),
    })
}
