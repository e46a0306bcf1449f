//! Column types as Arrow and Parquet types.
//!
//! | column type | Arrow | Parquet |
//! |---|---|---|
//! | boolean | Boolean | BOOLEAN |
//! | integer | Int64 | INT64 |
//! | decimal(p,s) | Decimal128(p,s) | DECIMAL(p,s) on INT32, INT64 or FIXED_LEN_BYTE_ARRAY |
//! | float | Float64 | DOUBLE |
//! | date | Date32 | DATE |
//! | time | Time64(us) | TIME(micros) |
//! | timestamp | Timestamp(us) | TIMESTAMP(micros), not adjusted to UTC |
//! | timestamp with zone | Timestamp(us, UTC) | TIMESTAMP(micros), adjusted to UTC |
//! | uuid | `FixedSizeBinary(16)`, extension `arrow.uuid` | UUID |
//! | text, null | Utf8 | STRING |
//!
//! Every column is nullable, also where this file has no null: files of one dataset then have one schema.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use csvp_report::{ColumnType, REPORT_VERSION, RULES_VERSION, Zone};
use parquet::file::metadata::KeyValue;

use crate::ConvertError;
use csvp_engine::Column;

/// Field metadata: the column type with its written format, as JSON. With it every value can be written as
/// the text it was.
pub const TYPE_KEY: &str = "csvp:type";
/// Field metadata: the words that stood for null, as a JSON array. Which of them stood in a cell is not kept.
pub const NULL_WORDS_KEY: &str = "csvp:null_words";
/// File metadata: version of the report's shape, and of the column types above.
pub const REPORT_VERSION_KEY: &str = "csvp:report_version";
/// File metadata: version of the reading rules.
pub const RULES_VERSION_KEY: &str = "csvp:rules_version";
/// File metadata: a JSON array with name, type and null words of each column, for readers that know no Arrow
/// schema.
pub const COLUMNS_KEY: &str = "csvp:columns";

/// The Arrow schema of the columns.
pub(super) fn arrow_schema(columns: &[Column]) -> Result<SchemaRef, ConvertError> {
    let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(ArrowSchema::new(fields)))
}

fn field(column: &Column) -> Result<Field, ConvertError> {
    let data_type = data_type(&column.column_type);
    let valid = match data_type {
        DataType::Decimal128(precision, scale) => (1..=38).contains(&precision) && scale <= precision as i8,
        _ => true,
    };
    if !valid {
        let (column, column_type) = (column.name.clone(), column.column_type.to_string());
        return Err(ConvertError::Type { column, column_type });
    }
    let mut metadata = HashMap::from([
        (TYPE_KEY.to_owned(), json(&column.column_type)),
        (NULL_WORDS_KEY.to_owned(), json(&column.null_words)),
    ]);
    if matches!(column.column_type, ColumnType::Uuid { .. }) {
        // The canonical extension type, from which the Parquet library makes the logical type UUID.
        metadata.insert("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
    }
    Ok(Field::new(&column.name, data_type, true).with_metadata(metadata))
}

/// The Arrow type of a column type.
pub(super) fn data_type(column_type: &ColumnType) -> DataType {
    match column_type {
        ColumnType::Null | ColumnType::Text => DataType::Utf8,
        ColumnType::Boolean { .. } => DataType::Boolean,
        ColumnType::Integer { .. } => DataType::Int64,
        // Scales are at most 38.
        ColumnType::Decimal { precision, scale, .. } => DataType::Decimal128(*precision, *scale as i8),
        ColumnType::Float { .. } => DataType::Float64,
        ColumnType::Date { .. } => DataType::Date32,
        ColumnType::Time { .. } => DataType::Time64(TimeUnit::Microsecond),
        ColumnType::Timestamp { zone, .. } => DataType::Timestamp(TimeUnit::Microsecond, zone_name(*zone)),
        ColumnType::Uuid { .. } => DataType::FixedSizeBinary(16),
    }
}

/// The zone of the values, which are UTC whenever the text names an offset.
pub(super) fn zone_name(zone: Zone) -> Option<Arc<str>> {
    match zone {
        Zone::None => None,
        Zone::Utc | Zone::Offset => Some("UTC".into()),
    }
}

/// What the file says about itself beside its schema.
pub(super) fn file_metadata(columns: &[Column]) -> Vec<KeyValue> {
    let described: Vec<serde_json::Value> = columns
        .iter()
        .map(|c| serde_json::json!({ "name": c.name, "type": c.column_type, "null_words": c.null_words }))
        .collect();
    vec![
        KeyValue::new(REPORT_VERSION_KEY.to_owned(), REPORT_VERSION.to_string()),
        KeyValue::new(RULES_VERSION_KEY.to_owned(), RULES_VERSION.to_string()),
        KeyValue::new(COLUMNS_KEY.to_owned(), json(&described)),
    ]
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("column types have string keys only")
}
