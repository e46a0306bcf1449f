//! How the columns of a file are written: compression, dictionaries and encodings.
//!
//! | column | encoding |
//! |---|---|
//! | whose values repeat | dictionary |
//! | integers, decimals of at most 18 digits, dates, times | `DELTA_BINARY_PACKED` |
//! | floats | `BYTE_STREAM_SPLIT` |
//! | texts | `DELTA_LENGTH_BYTE_ARRAY` |
//! | all others | `PLAIN` |
//!
//! Whether values repeat is told by the first block: a dictionary of a column with many different values is made, found to
//! be too large and given up again for every row group, which costs more than all the rest.

use std::collections::HashSet;
use std::hash::Hash;

use csvp_engine::Schema;
use csvp_engine::types::{ValueData, Values};
use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::SchemaDescriptor;

use super::schema;

/// Level 1 writes twice as fast as level 3 and the files are a few percent larger.
const ZSTD_LEVEL: i32 = 1;
/// Most columns with dictionaries. The table of a dictionary is made for 4,096 values before the first one comes, 72 KiB
/// for each column: with 16,000 columns more than a gigabyte for a file of two lines.
const DICTIONARY_COLUMNS: usize = 512;
/// Most columns that are compressed.
const COMPRESSED_COLUMNS: usize = 2_048;
/// Largest dictionary. What is larger is slow, because it does not fit the processor's cache.
const DICTIONARY_BYTES: usize = 256 << 10;
/// Values of the first block from which on they say something about the column.
const TELLING_VALUES: usize = 256;

/// The properties of a file of these columns, of which the first values are given if it has any.
pub(super) fn properties(
    table: &Schema,
    leaves: &SchemaDescriptor,
    first: &[Values],
) -> Result<WriterProperties, ParquetError> {
    let n_columns = table.columns.len();
    let mut builder = WriterProperties::builder()
        .set_compression(compression(n_columns)?)
        .set_dictionary_enabled(n_columns <= DICTIONARY_COLUMNS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_created_by(concat!("csvp version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(schema::file_metadata(&table.columns)));
    for (number, leaf) in leaves.columns().iter().enumerate() {
        let encoding = encoding(leaf.physical_type());
        builder = builder.set_column_encoding(leaf.path().clone(), encoding);
        if n_columns <= DICTIONARY_COLUMNS && first.get(number).is_some_and(|values| !do_repeat(values)) {
            builder = builder.set_column_dictionary_enabled(leaf.path().clone(), false);
        }
    }
    Ok(builder.build())
}

/// How pages are compressed: a compressor holds some 20 KiB for each column as long as its row group is open.
fn compression(columns: usize) -> Result<Compression, ParquetError> {
    if columns > COMPRESSED_COLUMNS {
        return Ok(Compression::UNCOMPRESSED);
    }
    Ok(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
}

/// The encoding of values that are in no dictionary.
fn encoding(physical: Type) -> Encoding {
    match physical {
        Type::INT32 | Type::INT64 => Encoding::DELTA_BINARY_PACKED,
        Type::DOUBLE => Encoding::BYTE_STREAM_SPLIT,
        Type::BYTE_ARRAY => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Type::BOOLEAN | Type::INT96 | Type::FLOAT | Type::FIXED_LEN_BYTE_ARRAY => Encoding::PLAIN,
    }
}

/// Whether a dictionary of the column stays small: of 1,600 values, a fifth repeats when there are some 4,000 different ones
/// in the file, a tenth when there are some 8,000.
fn do_repeat(values: &Values) -> bool {
    fn different<T: Hash + Eq>(values: impl Iterator<Item = T>) -> usize {
        values.collect::<HashSet<T>>().len()
    }
    let (n, different) = match &values.data {
        // Bits have no dictionary.
        ValueData::Boolean(_) => return true,
        ValueData::Integer(values) | ValueData::Time(values) | ValueData::Timestamp(values) => {
            (values.len(), different(values.iter()))
        }
        ValueData::Decimal(values) => (values.len(), different(values.iter())),
        ValueData::Float(values) => (values.len(), different(values.iter().map(|value| value.to_bits()))),
        ValueData::Date(values) => (values.len(), different(values.iter())),
        ValueData::Uuid(values) => (values.len(), different(values.iter())),
        ValueData::Text(texts) => (texts.ends.len(), different(texts.iter())),
    };
    // Numbers are packed well without a dictionary.
    let most = if matches!(values.data, ValueData::Text(_)) { n * 9 / 10 } else { n * 4 / 5 };
    n < TELLING_VALUES || different <= most
}
