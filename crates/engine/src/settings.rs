//! What the caller asks for.

use std::collections::HashSet;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::detect::DialectHints;
use crate::schema::TableSchema;
use crate::{EngineError, Limits};

/// Most header rows: more than any table has, and few enough to be joined into names.
const MAX_HEADER_ROWS: u32 = 100;

/// Everything a caller may fix before reading; what is left open is detected.
///
/// ```
/// use csvp_engine::{Check, ColumnOverride, Settings};
///
/// let id = ColumnOverride { name: "id".to_owned(), type_name: "text".to_owned(), format: None };
/// let mut settings = Settings { columns: vec![id], ..Settings::default() };
/// settings.dialect.delimiter = Some(b"|".to_vec());
/// let mut check = Check::new(settings)?;
/// check.push(b"id|name\n1|a,b\n")?;
/// let report = check.finish()?.report;
/// assert_eq!((report.columns.len(), report.columns[0].column_type.name()), (2, "text"));
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Label of the encoding, as the WHATWG Encoding Standard lists them.
    pub encoding: Option<String>,
    /// Parts of the dialect.
    pub dialect: DialectHints,
    /// The contract the file must keep.
    pub schema: Option<TableSchema>,
    /// Types of single columns.
    pub columns: Vec<ColumnOverride>,
    /// What happens to bad records.
    pub policy: Policy,
    /// Every cap.
    pub limits: Limits,
}

impl Settings {
    /// Refuses what no file can be read with.
    ///
    /// # Errors
    /// An unknown encoding, a dialect that is ambiguous, a schema or a column's type with faults, a limit out of range.
    pub fn validate(&self) -> Result<(), EngineError> {
        if let Some(label) = &self.encoding {
            crate::layout::encoding_named(label)?;
        }
        if let Some(fault) = self.dialect.fault() {
            return Err(EngineError::schema("dialect", fault));
        }
        if let Some(found) = self.dialect.header_rows.filter(|&rows| rows > MAX_HEADER_ROWS) {
            let fault = format!("expected at most {MAX_HEADER_ROWS}, found {found}");
            return Err(EngineError::schema("header_rows", fault));
        }
        crate::schema::check_overrides(&self.columns)?;
        if let Some(schema) = &self.schema {
            crate::schema::check_schema(schema)?;
        }
        let mut chosen = HashSet::new();
        if let Some(twice) = self.columns.iter().find(|column| !chosen.insert(column.name.as_str())) {
            let place = format!("column `{}`", twice.name);
            return Err(EngineError::schema(place, "is given a type twice"));
        }
        // A block may hold a whole record and more; its offsets have 29 bits.
        let most = csvp_parse::index::MAX_BLOCK_BYTES / 4;
        if self.limits.max_record_bytes > most {
            let found = self.limits.max_record_bytes;
            return Err(EngineError::schema(
                "limits",
                format!("expected `max_record_bytes` up to {most}, found {found}"),
            ));
        }
        Ok(())
    }
}

/// A column whose type a person has chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnOverride {
    /// Name of the column, as the report gives it.
    pub name: String,
    /// A type's name: `text`, `integer`, `decimal`, `float`, `boolean`, `date`, `time`, `timestamp` or `uuid`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Format of dates and times, in `strftime` signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// What happens to bad records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// What happens to one bad record.
    pub on_bad: OnBad,
    /// How many may be rejected before the whole file is refused.
    pub max_rejects: Option<Budget>,
    /// Share of a column's values that must have one type for it to be the column's type.
    pub type_threshold: f64,
    /// Whether records with a cell that looks unlike the others of its column are named too.
    #[serde(default)]
    pub unusual: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { on_bad: OnBad::Reject, max_rejects: None, type_threshold: 0.99, unusual: false }
    }
}

/// What happens to one bad record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBad {
    /// It is set aside.
    #[default]
    Reject,
    /// The whole file is refused.
    Fail,
    /// A bad cell becomes null and the record is kept; a record of bad structure is set aside.
    Null,
}

impl FromStr for OnBad {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        match text {
            "reject" => Ok(OnBad::Reject),
            "fail" => Ok(OnBad::Fail),
            "null" => Ok(OnBad::Null),
            other => Err(EngineError::schema(
                "on_bad",
                format!("expected `reject`, `fail` or `null`, found `{other}`"),
            )),
        }
    }
}

/// How many records may be rejected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Budget {
    /// At most so many.
    Count(u64),
    /// At most this share of the data records, in percent.
    Percent(f64),
}

impl Budget {
    /// Whether `rejected` of `records` is more than allowed.
    pub(crate) fn is_exceeded(self, rejected: u64, records: u64) -> bool {
        match self {
            Budget::Count(most) => rejected > most,
            Budget::Percent(most) => rejected as f64 * 100.0 > most * records as f64,
        }
    }
}

impl FromStr for Budget {
    type Err = EngineError;

    /// `100` or `1%`.
    fn from_str(text: &str) -> Result<Self, EngineError> {
        let fault = || {
            EngineError::schema(
                "max_rejects",
                format!("expected a count such as `100` or a share such as `1%`, found `{text}`"),
            )
        };
        match text.trim().strip_suffix('%') {
            Some(number) => match number.trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Budget::Percent(percent)),
                _ => Err(fault()),
            },
            None => text.trim().parse().map(Budget::Count).map_err(|_| fault()),
        }
    }
}
