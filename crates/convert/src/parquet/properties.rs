//! How the columns of a file are written: compression, dictionaries and encodings.
//!
//! | column | encoding |
//! |---|---|
//! | whose values repeat, where that saves room | dictionary |
//! | integers, decimals of at most 18 digits, dates, times | `DELTA_BINARY_PACKED` |
//! | floats | `BYTE_STREAM_SPLIT` |
//! | texts | `DELTA_LENGTH_BYTE_ARRAY` |
//! | all others | `PLAIN` |
//!
//! Whether a dictionary is made is told by the first block: a dictionary of a column with many different values is made, found to
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
/// Bytes of values from which on a file is compressed. Of less, compressing saves a block of the disk at most, and making two
/// compressors for each column costs more than all the rest.
const COMPRESSED_BYTES: usize = 8 << 10;
/// Largest dictionary. What is larger is slow, because it does not fit the processor's cache.
const DICTIONARY_BYTES: usize = 256 << 10;
/// Bits a value from which on a dictionary of numbers is worth its time, which is several times that of packing them.
const WORTHWHILE_BITS: u32 = 8;
/// Values of the first block from which on they say something about the column.
const TELLING_VALUES: usize = 256;

/// The properties of a file of these columns, of which the first values are given if it has any, and the bytes of all
/// values where they are known.
pub(super) fn properties(
    table: &Schema,
    leaves: &SchemaDescriptor,
    first: &[Values],
    size: Option<usize>,
) -> Result<WriterProperties, ParquetError> {
    let n_columns = table.columns.len();
    let mut builder = WriterProperties::builder()
        .set_compression(compression(n_columns, size)?)
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
fn compression(columns: usize, size: Option<usize>) -> Result<Compression, ParquetError> {
    if columns > COMPRESSED_COLUMNS || size.is_some_and(|size| size <= COMPRESSED_BYTES) {
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

/// Whether a dictionary is worth its time: it stays small, and says what it says in clearly fewer bits than the encoding
/// that the column has without it.
///
/// Of 1,600 texts, a tenth repeats when there are some 8,000 different ones in the file; of as many floats, a fifth when
/// there are some 4,000.
fn do_repeat(values: &Values) -> bool {
    match &values.data {
        // Bits have no dictionary.
        ValueData::Boolean(_) => true,
        ValueData::Integer(values) | ValueData::Time(values) | ValueData::Timestamp(values) => {
            saves_bits(values.iter().map(|&value| value.into()))
        }
        ValueData::Decimal(values) => saves_bits(values.iter().copied()),
        ValueData::Date(values) => saves_bits(values.iter().map(|&value| value.into())),
        ValueData::Float(values) => {
            different(values.iter().map(|value| value.to_bits()), values.len()) <= values.len() * 4 / 5
        }
        ValueData::Uuid(values) => different(values.iter(), values.len()) <= values.len() * 4 / 5,
        ValueData::Text(texts) => different(texts.iter(), texts.ends.len()) <= texts.ends.len() * 9 / 10,
    }
}

/// How many different values there are; 0 when there are too few values to tell.
fn different<T: Hash + Eq>(values: impl Iterator<Item = T>, n: usize) -> usize {
    if n < TELLING_VALUES { 0 } else { values.collect::<HashSet<T>>().len() }
}

/// Whether the place in a dictionary takes far fewer bits than the step from the value before, which is what
/// `DELTA_BINARY_PACKED` writes.
fn saves_bits(values: impl ExactSizeIterator<Item = i128> + Clone) -> bool {
    let n = values.len();
    let different = different(values.clone(), n);
    if different > n * 4 / 5 {
        return false;
    }
    let steps = values.clone().zip(values.skip(1)).map(|(before, value)| value.saturating_sub(before));
    let (least, most) = steps.fold((0, 0), |(least, most), step| (step.min(least), step.max(most)));
    let step_bits = i128::BITS - most.saturating_sub(least).leading_zeros();
    let place_bits = usize::BITS - different.saturating_sub(1).leading_zeros();
    place_bits + WORTHWHILE_BITS <= step_bits
}
