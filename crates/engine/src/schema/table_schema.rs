//! Frictionless Table Schema (<https://specs.frictionlessdata.io/table-schema/>), as its standard says.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A contract: fields with their types and rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableSchema {
    /// In the order of the columns.
    pub fields: Vec<Field>,
    /// Cells that are null; the empty cell when not given.
    #[serde(default = "empty_is_missing")]
    pub missing_values: Vec<String>,
    /// Columns whose values together are required and unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<Key>,
    /// References to keys; only those to the same file (`"resource": ""`) can be checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
}

fn empty_is_missing() -> Vec<String> {
    vec![String::new()]
}

/// One field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Name of the column.
    pub name: String,
    /// A type of the standard: `string` (when not given), `number`, `integer`, `boolean`, `object`, `array`, `date`,
    /// `time`, `datetime`, `year`, `yearmonth`, `duration`, `geopoint`, `geojson` or `any`.
    #[serde(rename = "type", default = "string_type")]
    pub type_name: String,
    /// `default`; for dates and times `any` or a `strftime` pattern; for strings `email`, `uri`, `uuid`, `binary`; for
    /// geopoints `array` and `object`, for geojson `topojson`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// What a person should know about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Rules.
    #[serde(default, skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
    /// Decimal mark of numbers, `.` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal_char: Option<char>,
    /// Thousands mark of numbers, none when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_char: Option<char>,
    /// Whether numbers stand without other text around them; others cannot be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare_number: Option<bool>,
    /// Words for true; `true`, `True`, `TRUE` and `1` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_values: Option<Vec<String>>,
    /// Words for false; `false`, `False`, `FALSE` and `0` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub false_values: Option<Vec<String>>,
}

fn string_type() -> String {
    "string".to_owned()
}

/// Rules of one field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Constraints {
    /// Null is a fault.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The same value twice is a fault.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// Fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Smallest value, as a number or as text in the field's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Json>,
    /// Largest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Json>,
    /// Regular expression that the whole text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The allowed values.
    #[serde(default, rename = "enum", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Json>>,
}

impl Constraints {
    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        *self == Constraints::default()
    }
}

/// One column name or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// One column.
    One(String),
    /// Several columns, together.
    Several(Vec<String>),
}

impl Key {
    /// The column names.
    pub fn names(&self) -> &[String] {
        match self {
            Key::One(name) => std::slice::from_ref(name),
            Key::Several(names) => names,
        }
    }
}

/// A reference to a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Columns of this file.
    pub fields: Key,
    /// What they refer to.
    pub reference: Reference,
}

/// The key referred to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// The other file; empty for this one.
    #[serde(default)]
    pub resource: String,
    /// Its columns.
    pub fields: Key,
}

impl TableSchema {
    /// The schema that a file's report proposes: its columns, with their types and what was never null required.
    pub fn of_report(report: &csvp_report::Report) -> Self {
        let mut missing: Vec<String> = empty_is_missing();
        for word in report.columns.iter().flat_map(|column| &column.null_words) {
            if !missing.contains(word) {
                missing.push(word.clone());
            }
        }
        let has_records = report.counts.data_records() > 0;
        Self {
            fields: report.columns.iter().map(|column| Field::of_column(column, has_records)).collect(),
            missing_values: missing,
            primary_key: None,
            foreign_keys: Vec::new(),
        }
    }
}

impl Field {
    fn of_column(column: &csvp_report::ColumnReport, has_records: bool) -> Self {
        use csvp_report::ColumnType;
        let mut field = Field { name: column.name.clone(), type_name: string_type(), ..Field::default() };
        field.constraints.required = has_records && !column.nullable;
        let marks = |field: &mut Field, marks: csvp_report::NumberMarks| {
            field.decimal_char = Some(marks.decimal).filter(|&mark| mark != '.');
            field.group_char = marks.group;
        };
        field.type_name = match &column.column_type {
            ColumnType::Null | ColumnType::Text => "string",
            ColumnType::Uuid { .. } => {
                field.format = Some("uuid".to_owned());
                "string"
            }
            ColumnType::Boolean { true_word, false_word, also_true, also_false } => {
                let with = |word, also| std::iter::once(word).chain(also).cloned().collect();
                field.true_values = Some(with(true_word, also_true));
                field.false_values = Some(with(false_word, also_false));
                "boolean"
            }
            ColumnType::Integer { marks: found } => {
                marks(&mut field, *found);
                "integer"
            }
            ColumnType::Decimal { marks: found, .. } | ColumnType::Float { marks: found, .. } => {
                marks(&mut field, *found);
                "number"
            }
            ColumnType::Date { format } => {
                field.format = Some(format.clone());
                "date"
            }
            ColumnType::Time { format } => {
                field.format = Some(format.clone());
                "time"
            }
            ColumnType::Timestamp { format, .. } => {
                field.format = Some(format.clone());
                "datetime"
            }
        }
        .to_owned();
        field
    }
}
