//! How a client wants its file to be read.

use serde::{Deserialize, Serialize};

/// How to read a file. What is left out is detected, or follows the default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsRequest {
    /// Encoding label, for example `utf-8` or `windows-1252`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// How records are written as bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<DialectRequest>,
    /// Types of single columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnOverrideRequest>,
    /// A Frictionless Table Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<serde_json::Value>,
    /// What happens to records with errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_bad: Option<OnBadRequest>,
    /// Most records that may be rejected before the whole file is refused: a count (`100`) or a share (`1%`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1%")]
    pub max_rejects: Option<String>,
    /// Share of a column's values that must be of one type for the column to have it; from 0.5 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_threshold: Option<f64>,
    /// Whether records with a cell that looks unlike the others of its column are named too, as `row-unusual`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusual: Option<bool>,
}

/// How records are written as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DialectRequest {
    /// What separates fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// What surrounds fields; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// What stands before a quote inside a field; empty when it is doubled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escape: Option<String>,
    /// What begins a comment line; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Lines before the header that are no records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preamble_rows: Option<u64>,
    /// Header rows; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_rows: Option<u64>,
}

/// The type of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnOverrideRequest {
    /// The column's name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub column_type: ColumnTypeName,
    /// Format of dates and times in `strftime` signs, for example `%d.%m.%Y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// The name of a type that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnTypeName {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// An exact decimal number.
    Decimal,
    /// A binary floating point number.
    Float,
    /// One of two words.
    Boolean,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A date and time.
    Timestamp,
    /// A UUID.
    Uuid,
}

impl ColumnTypeName {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
        }
    }
}

/// What happens to records with errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBadRequest {
    /// They are set aside in the rejects file.
    Reject,
    /// The whole file is refused.
    Fail,
    /// The bad cell becomes null, and the report says so.
    Null,
}

/// The query string of an upload: its name, and settings for a raw body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadParameters {
    /// Name of the file, for display.
    pub name: Option<String>,
    /// Encoding label, for example `utf-8` or `windows-1252`.
    pub encoding: Option<String>,
    /// What separates fields.
    pub delimiter: Option<String>,
    /// What surrounds fields; empty for none.
    pub quote: Option<String>,
    /// What stands before a quote inside a field; empty when it is doubled.
    pub escape: Option<String>,
    /// What begins a comment line; empty for none.
    pub comment: Option<String>,
    /// Lines before the header that are no records.
    pub preamble_rows: Option<u64>,
    /// Header rows; 0 for none.
    pub header_rows: Option<u64>,
    /// What happens to records with errors.
    #[param(inline)]
    pub on_bad: Option<OnBadRequest>,
    /// Most rejected records: a count (`100`) or a share (`1%`).
    pub max_rejects: Option<String>,
}

impl UploadParameters {
    /// The settings among the parameters.
    pub fn settings(&self) -> SettingsRequest {
        let dialect = DialectRequest {
            delimiter: self.delimiter.clone(),
            quote: self.quote.clone(),
            escape: self.escape.clone(),
            comment: self.comment.clone(),
            preamble_rows: self.preamble_rows,
            header_rows: self.header_rows,
        };
        SettingsRequest {
            encoding: self.encoding.clone(),
            dialect: (dialect != DialectRequest::default()).then_some(dialect),
            on_bad: self.on_bad,
            max_rejects: self.max_rejects.clone(),
            ..SettingsRequest::default()
        }
    }
}
