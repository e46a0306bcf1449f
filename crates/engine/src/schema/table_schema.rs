//! Frictionless Table Schema (<https://specs.frictionlessdata.io/table-schema/>), as its standard says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A contract: fields with their types and rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a JSON object with `fields`")]
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
    /// Lists of columns whose values together are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique_keys: Vec<Vec<String>>,
    /// How the file's columns and the fields go together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields_match: Option<FieldsMatch>,
    /// What else stands there: descriptions for people, or what is refused as unknown.
    #[serde(flatten)]
    pub other: BTreeMap<String, Json>,
}

/// How the columns of a file and the fields of its schema go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", from = "WrittenMatch")]
pub enum FieldsMatch {
    /// The same names in the same order.
    Exact,
    /// The same names in any order; so it is when nothing is said.
    Equal,
    /// The file has all fields and may have other columns.
    Subset,
    /// The file has no other columns and may lack fields.
    Superset,
    /// The file has one field at least; it may lack fields and have other columns.
    Partial,
}

impl FieldsMatch {
    /// Whether the file may have columns that are not declared.
    pub(crate) fn allows_surplus(self) -> bool {
        matches!(self, Self::Subset | Self::Partial)
    }

    /// Whether the file may lack fields.
    pub(crate) fn allows_lack(self) -> bool {
        matches!(self, Self::Superset | Self::Partial)
    }
}

/// The standard writes the one word in a list.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected `exact`, `equal`, `subset`, `superset` or `partial` for `fieldsMatch`"
)]
enum WrittenMatch {
    Alone(MatchName),
    InList([MatchName; 1]),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MatchName {
    Exact,
    Equal,
    Subset,
    Superset,
    Partial,
}

impl From<WrittenMatch> for FieldsMatch {
    fn from(written: WrittenMatch) -> Self {
        let (WrittenMatch::Alone(name) | WrittenMatch::InList([name])) = written;
        match name {
            MatchName::Exact => Self::Exact,
            MatchName::Equal => Self::Equal,
            MatchName::Subset => Self::Subset,
            MatchName::Superset => Self::Superset,
            MatchName::Partial => Self::Partial,
        }
    }
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
    /// Cells that are null in this column, instead of those of the whole schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_values: Option<Vec<String>>,
    /// What else stands there: descriptions for people, or what is refused as unknown.
    #[serde(flatten)]
    pub other: BTreeMap<String, Json>,
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
    /// What else stands there, which is refused as unknown.
    #[serde(flatten)]
    pub other: BTreeMap<String, Json>,
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
        let has_records = report.counts.data_records() > 0;
        let mut fields: Vec<Field> =
            report.columns.iter().map(|column| Field::of_column(column, has_records)).collect();
        let with_empty = |words: &[String]| [empty_is_missing(), words.to_vec()].concat();
        let mut missing_values = empty_is_missing();
        match report.columns.as_slice() {
            [first, rest @ ..] if rest.iter().all(|column| column.null_words == first.null_words) => {
                missing_values = with_empty(&first.null_words);
            }
            // A word that is null in one column may be a value in another: `NA` is also Namibia.
            columns => {
                for (field, column) in fields.iter_mut().zip(columns) {
                    field.missing_values =
                        (!column.null_words.is_empty()).then(|| with_empty(&column.null_words));
                }
            }
        }
        Self { fields, missing_values, ..Self::default() }
    }

    /// Cells that are null in the column of a field.
    pub(crate) fn missing_values_of<'a>(&'a self, field: &'a Field) -> &'a [String] {
        field.missing_values.as_deref().unwrap_or(&self.missing_values)
    }

    /// Whether a field may be lacking: nothing is asked of it that a file without it would break.
    pub(crate) fn is_optional(&self, field: &Field) -> bool {
        let in_key = |key: &Key| key.names().contains(&field.name);
        let referred = |key: &ForeignKey| in_key(&key.fields) || in_key(&key.reference.fields);
        self.fields_match.is_some_and(FieldsMatch::allows_lack)
            && !field.constraints.required
            && !self.primary_key.as_ref().is_some_and(in_key)
            && !self.unique_keys.iter().any(|key| key.contains(&field.name))
            && !self.foreign_keys.iter().any(referred)
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
                if column.exceptions > 0 {
                    let found = &column.column_type;
                    let text = format!(
                        "inferred as {found}, which not all values are; the type `number` takes any digits"
                    );
                    field.description = Some(text);
                }
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
