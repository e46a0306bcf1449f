//! Values of one column of one block as an Arrow array.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float64Array, Int32Array,
    Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;
use csvp_engine::types::{Texts, ValueData, Values};
use csvp_report::ColumnType;

use super::schema::zone_name;

/// Digits of a decimal that the Parquet library holds as a number of 32 bits.
const DIGITS_OF_32_BITS: RangeInclusive<u8> = 2..=9;
/// The most that it holds as one of 64 bits.
const DIGITS_OF_64_BITS: u8 = 18;

/// The array of a column of this type, as it is stored: decimals of few digits are whole numbers.
///
/// # Errors
/// A text is not UTF-8, or the texts of a block have more bytes than 32 bits count.
pub(super) fn array(values: &Values, column_type: &ColumnType) -> Result<ArrayRef, ArrowError> {
    let nulls =
        (!values.nulls.is_empty()).then(|| values.nulls.iter().map(|null| !null).collect::<NullBuffer>());
    Ok(match &values.data {
        ValueData::Boolean(data) => Arc::new(BooleanArray::new(data.as_slice().into(), nulls)),
        ValueData::Integer(data) => Arc::new(Int64Array::try_new(scalars(data), nulls)?),
        ValueData::Decimal(data) => {
            let (precision, scale) = match column_type {
                ColumnType::Decimal { precision, scale, .. } => (*precision, *scale as i8),
                _ => (38, 0),
            };
            // Written as these: with the array of the decimals they would be copied once more.
            if DIGITS_OF_32_BITS.contains(&precision) {
                let small = data.iter().map(|&value| value as i32).collect::<Vec<_>>();
                return Ok(Arc::new(Int32Array::try_new(small.into(), nulls)?));
            }
            if precision <= DIGITS_OF_64_BITS {
                let small = data.iter().map(|&value| value as i64).collect::<Vec<_>>();
                return Ok(Arc::new(Int64Array::try_new(small.into(), nulls)?));
            }
            let array = Decimal128Array::try_new(scalars(data), nulls)?;
            Arc::new(array.with_precision_and_scale(precision, scale)?)
        }
        ValueData::Float(data) => Arc::new(Float64Array::try_new(scalars(data), nulls)?),
        ValueData::Date(data) => Arc::new(Date32Array::try_new(scalars(data), nulls)?),
        ValueData::Time(data) => Arc::new(Time64MicrosecondArray::try_new(scalars(data), nulls)?),
        ValueData::Timestamp(data) => {
            let zone = match column_type {
                ColumnType::Timestamp { zone, .. } => zone_name(*zone),
                _ => None,
            };
            let array = TimestampMicrosecondArray::try_new(scalars(data), nulls)?;
            Arc::new(array.with_timezone_opt(zone))
        }
        ValueData::Uuid(data) => {
            let bytes = Buffer::from_slice_ref(data.as_flattened());
            Arc::new(FixedSizeBinaryArray::try_new(16, bytes, nulls)?)
        }
        ValueData::Text(texts) => {
            let offsets = OffsetBuffer::new(offsets(texts)?);
            Arc::new(StringArray::try_new(offsets, Buffer::from_slice_ref(&texts.bytes), nulls)?)
        }
    })
}

fn scalars<T: arrow::datatypes::ArrowNativeType>(data: &[T]) -> ScalarBuffer<T> {
    ScalarBuffer::from(data.to_vec())
}

fn offsets(texts: &Texts) -> Result<ScalarBuffer<i32>, ArrowError> {
    let offset =
        |end: &usize| i32::try_from(*end).map_err(|_| ArrowError::OffsetOverflowError(texts.bytes.len()));
    let ends = texts.ends.iter().map(offset);
    Ok(std::iter::once(Ok(0)).chain(ends).collect::<Result<Vec<i32>, _>>()?.into())
}
