//! Values of one column of one block as an Arrow array.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryBuilder,
    Float64Builder, Int64Builder, StringArray, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow::error::ArrowError;
use csvp_engine::types::Value;
use csvp_report::ColumnType;

use super::schema::zone_name;

/// Collects the values of one column.
#[derive(Debug)]
pub(super) enum ColumnBuilder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    /// With the smallest number that has too many digits.
    Decimal(Decimal128Builder, i128),
    Float(Float64Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Uuid(FixedSizeBinaryBuilder),
    /// Checked to be UTF-8 all at once at the end.
    Text(BinaryBuilder),
}

/// The value is not of the column's type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherType;

impl ColumnBuilder {
    /// An empty builder. Decimals must have 1 to 38 digits, and no more behind the mark than in all.
    pub(super) fn new(column_type: &ColumnType) -> Result<Self, ArrowError> {
        Ok(match column_type {
            ColumnType::Null | ColumnType::Text => Self::Text(BinaryBuilder::new()),
            ColumnType::Boolean { .. } => Self::Boolean(BooleanBuilder::new()),
            ColumnType::Integer { .. } => Self::Integer(Int64Builder::new()),
            ColumnType::Decimal { precision, scale, .. } => {
                let builder = Decimal128Builder::new().with_precision_and_scale(*precision, *scale as i8)?;
                Self::Decimal(builder, 10i128.pow(u32::from(*precision)))
            }
            ColumnType::Float { .. } => Self::Float(Float64Builder::new()),
            ColumnType::Date { .. } => Self::Date(Date32Builder::new()),
            ColumnType::Time { .. } => Self::Time(Time64MicrosecondBuilder::new()),
            ColumnType::Timestamp { zone, .. } => {
                Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone_opt(zone_name(*zone)))
            }
            ColumnType::Uuid { .. } => Self::Uuid(FixedSizeBinaryBuilder::new(16)),
        })
    }

    pub(super) fn append(&mut self, value: &Value<'_>) -> Result<(), OtherType> {
        match (self, value) {
            (Self::Boolean(builder), Value::Boolean(value)) => builder.append_value(*value),
            (Self::Integer(builder), Value::Integer(value)) => builder.append_value(*value),
            (Self::Decimal(builder, beyond), Value::Decimal(value))
                if value.unsigned_abs() < beyond.unsigned_abs() =>
            {
                builder.append_value(*value);
            }
            (Self::Float(builder), Value::Float(value)) => builder.append_value(*value),
            (Self::Date(builder), Value::Date(value)) => builder.append_value(*value),
            (Self::Time(builder), Value::Time(value)) => builder.append_value(*value),
            (Self::Timestamp(builder), Value::Timestamp(value)) => builder.append_value(*value),
            (Self::Uuid(builder), Value::Uuid(value)) => {
                builder.append_value(value).map_err(|_| OtherType)?
            }
            (Self::Text(builder), Value::Text(value)) => builder.append_value(value),
            _ => return Err(OtherType),
        }
        Ok(())
    }

    pub(super) fn append_null(&mut self) {
        match self {
            Self::Boolean(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Decimal(builder, _) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Uuid(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
        }
    }

    /// The values so far; the builder is empty afterwards. Fails when a text is not UTF-8.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder, _) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Uuid(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(StringArray::try_from_binary(builder.finish())?),
        })
    }
}
