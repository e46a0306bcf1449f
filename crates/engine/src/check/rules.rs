//! The declared rules of one column, made ready for checking cells.

use std::cmp::Ordering;
use std::collections::HashSet;

use csvp_report::{ColumnType, DecimalForm, NumberMarks, ProblemCode};
use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value as Json;

use crate::EngineError;
use crate::schema::{Column, Constraints, TextCheck, TextForm};
use crate::types::{Format, Value};

/// Compiled rules of one column.
pub(crate) struct Rules {
    pub(crate) required: bool,
    min_length: Option<u64>,
    max_length: Option<u64>,
    minimum: Option<(Bound, String)>,
    maximum: Option<(Bound, String)>,
    pattern: Option<(Regex, String)>,
    one_of: Option<HashSet<Vec<u8>>>,
    form: Option<TextCheck>,
    scale: u8,
}

/// An end of a range.
enum Bound {
    /// An exact number, `digits / 10^scale`.
    Number {
        digits: i128,
        scale: u8,
    },
    Float(f64),
    /// Days or microseconds.
    Instant(i64),
    Text(Vec<u8>),
}

/// Which rule a value breaks: the code, and the rule as the schema writes it.
pub(crate) type Broken = (ProblemCode, String);

impl Rules {
    /// # Errors
    /// A pattern is no regular expression, or a bound is not of the column's type.
    pub(crate) fn compile(column: &Column) -> Result<Self, EngineError> {
        let rules = &column.constraints;
        let place = || format!("field `{}`", column.name);
        let pattern = match &rules.pattern {
            None => None,
            Some(pattern) => Some((whole_match(pattern, &column.name)?, format!("pattern {pattern}"))),
        };
        let bound = |name: &str, value: &Option<Json>| match value {
            None => Ok(None),
            Some(value) => {
                let text = plain(value);
                let bound = Bound::parse(&column.column_type, &text).ok_or_else(|| {
                    let fault =
                        format!("has {name} `{text}`, expected a value of type {}", column.column_type);
                    EngineError::schema(place(), fault)
                })?;
                Ok(Some((bound, format!("{name} {text}"))))
            }
        };
        Ok(Self {
            required: rules.required,
            min_length: rules.min_length,
            max_length: rules.max_length,
            minimum: bound("minimum", &rules.minimum)?,
            maximum: bound("maximum", &rules.maximum)?,
            pattern,
            one_of: rules
                .one_of
                .as_ref()
                .map(|values| values.iter().map(|v| plain(v).into_bytes()).collect()),
            form: column.form.map(TextForm::check),
            scale: match column.column_type {
                ColumnType::Decimal { scale, .. } => scale,
                _ => 0,
            },
        })
    }

    /// Whether there is anything to check beyond the type.
    pub(crate) fn are_empty(column: &Column) -> bool {
        column.form.is_none() && Constraints { unique: false, ..column.constraints.clone() }.is_empty()
    }

    /// The first rule that a non-null value breaks.
    pub(crate) fn check(&self, cell: &[u8], value: &Value<'_>) -> Option<Broken> {
        if let Some(form) = self.form.as_ref().filter(|form| !form.accepts(cell)) {
            return Some((ProblemCode::ValuePattern, form.form().rule().to_owned()));
        }
        if self.min_length.is_some() || self.max_length.is_some() {
            let length = String::from_utf8_lossy(cell).chars().count() as u64;
            if let Some(least) = self.min_length.filter(|&least| length < least) {
                return Some((ProblemCode::ValueLength, format!("minLength {least}")));
            }
            if let Some(most) = self.max_length.filter(|&most| length > most) {
                return Some((ProblemCode::ValueLength, format!("maxLength {most}")));
            }
        }
        if let Some((bound, rule)) = &self.minimum
            && self.compare(value, cell, bound) == Ordering::Less
        {
            return Some((ProblemCode::ValueOutOfRange, rule.clone()));
        }
        if let Some((bound, rule)) = &self.maximum
            && self.compare(value, cell, bound) == Ordering::Greater
        {
            return Some((ProblemCode::ValueOutOfRange, rule.clone()));
        }
        if let Some((pattern, rule)) = &self.pattern
            && !pattern.is_match(cell)
        {
            return Some((ProblemCode::ValuePattern, rule.clone()));
        }
        if self.one_of.as_ref().is_some_and(|allowed| !allowed.contains(cell)) {
            return Some((ProblemCode::ValueNotInEnum, "enum".to_owned()));
        }
        None
    }

    fn compare(&self, value: &Value<'_>, cell: &[u8], bound: &Bound) -> Ordering {
        match (value, bound) {
            (Value::Integer(n), Bound::Number { digits, scale }) => {
                compare_scaled(i128::from(*n), 0, *digits, *scale)
            }
            (Value::Decimal(n), Bound::Number { digits, scale }) => {
                compare_scaled(*n, self.scale, *digits, *scale)
            }
            (Value::Float(n), Bound::Float(bound)) => n.total_cmp(bound),
            (Value::Date(days), Bound::Instant(bound)) => i64::from(*days).cmp(bound),
            (Value::Time(n) | Value::Timestamp(n), Bound::Instant(bound)) => n.cmp(bound),
            (_, Bound::Text(bound)) => cell.cmp(bound.as_slice()),
            _ => Ordering::Equal,
        }
    }
}

impl Bound {
    fn parse(column_type: &ColumnType, text: &str) -> Option<Self> {
        let instant = |usual: ColumnType| {
            let own = Format::new(column_type).ok();
            let usual = Format::new(&usual).ok();
            let value = own.as_ref().and_then(|own| own.parse(text.as_bytes()));
            match value.or_else(|| usual.as_ref().and_then(|usual| usual.parse(text.as_bytes())))? {
                Value::Date(days) => Some(Bound::Instant(i64::from(days))),
                Value::Time(n) | Value::Timestamp(n) => Some(Bound::Instant(n)),
                _ => None,
            }
        };
        match column_type {
            ColumnType::Integer { .. } | ColumnType::Decimal { .. } => {
                let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let scale = u8::try_from(scale).ok().filter(|&scale| scale <= 18)?;
                let exact = ColumnType::Decimal {
                    precision: 38,
                    scale,
                    form: DecimalForm::Declared,
                    marks: NumberMarks::default(),
                };
                let format = Format::new(&exact).ok()?;
                match format.parse(text.as_bytes())? {
                    Value::Decimal(digits) => Some(Bound::Number { digits, scale }),
                    _ => None,
                }
            }
            ColumnType::Float { .. } => text.parse().ok().map(Bound::Float),
            ColumnType::Date { .. } => instant(ColumnType::Date { format: "%Y-%m-%d".to_owned() }),
            ColumnType::Time { .. } => instant(ColumnType::Time { format: "%H:%M:%S".to_owned() }),
            ColumnType::Timestamp { zone, .. } => {
                instant(ColumnType::Timestamp { format: "%Y-%m-%dT%H:%M:%SZ".to_owned(), zone: *zone })
            }
            ColumnType::Text => Some(Bound::Text(text.as_bytes().to_vec())),
            ColumnType::Null => Some(Bound::Text(Vec::new())),
            ColumnType::Boolean { .. } | ColumnType::Uuid { .. } => None,
        }
    }
}

/// Compares `a / 10^a_scale` with `b / 10^b_scale` exactly.
fn compare_scaled(a: i128, a_scale: u8, b: i128, b_scale: u8) -> Ordering {
    let common = a_scale.max(b_scale);
    let lift = |n: i128, scale: u8| n.checked_mul(10_i128.pow(u32::from(common - scale)));
    match (lift(a, a_scale), lift(b, b_scale)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // One of them is beyond 38 digits at the common scale: it lies further out, on its own side of zero.
        (None, _) => a.cmp(&0),
        (_, None) => 0.cmp(&b),
    }
}

/// Memory that one compiled pattern may take, in bytes.
const PATTERN_BYTES: usize = 256 << 10;

/// The pattern, made to match a whole text.
///
/// # Errors
/// It is no regular expression, or too large.
pub(crate) fn whole_match(pattern: &str, field: &str) -> Result<Regex, EngineError> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
    // Alone first: `a)|(b` would be one only between our parentheses.
    compile(pattern).and_then(|_| compile(&format!("^(?:{pattern})$"))).map_err(|error| {
        let text = error.to_string();
        let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        EngineError::schema(
            format!("field `{field}`"),
            format!("has the pattern `{pattern}`, which cannot be used: {why}"),
        )
    })
}

/// A JSON scalar as it would stand in a cell.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_numbers_exactly() {
        assert_eq!(compare_scaled(150, 2, 15, 1), Ordering::Equal);
        assert_eq!(compare_scaled(i128::MAX, 0, 1, 18), Ordering::Greater);
        assert_eq!(compare_scaled(i128::MIN, 0, 1, 18), Ordering::Less);
        assert_eq!(compare_scaled(-1, 18, i128::MAX, 0), Ordering::Less);
    }

    #[test]
    fn a_bound_of_another_type_is_refused() {
        let mut column = Column {
            name: "n".to_owned(),
            column_type: ColumnType::Integer { marks: NumberMarks::default() },
            declared: true,
            null_words: Vec::new(),
            empty_is_null: true,
            form: None,
            usual: None,
            constraints: Constraints { minimum: Some(Json::from("soon")), ..Constraints::default() },
        };
        let message = Rules::compile(&column).err().unwrap().to_string();
        assert_eq!(message, "field `n`: has minimum `soon`, expected a value of type integer");
        column.constraints.minimum = Some(Json::from(0.5));
        let rules = Rules::compile(&column).unwrap();
        assert_eq!(
            rules.check(b"0", &Value::Integer(0)),
            Some((ProblemCode::ValueOutOfRange, "minimum 0.5".to_owned()))
        );
        assert_eq!(rules.check(b"1", &Value::Integer(1)), None);
    }
}
