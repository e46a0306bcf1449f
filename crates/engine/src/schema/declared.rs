//! Declared column types: from a Table Schema or chosen by a person.
//!
//! A declaration may leave the format open (`date` without a pattern); then the file's own format is taken, when it is of
//! the declared kind, and the kind's usual format when not.

use std::collections::{HashMap, HashSet};

use csvp_report::{ColumnType, DecimalForm, FloatForm, NumberMarks, Zone};

use super::{Field, TableSchema};
use crate::check::rules::whole_match;
use crate::settings::ColumnOverride;
use crate::types::{Decision, Format, Shapes, TypePolicy, decide};
use crate::{EngineError, Settings};

/// The formats of a column are taken from this share of its values, when its kind is declared.
const DECLARED_THRESHOLD: f64 = 0.5;

/// What was said about one column's type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// Kinds that fit, by [`ColumnType::name`].
    kinds: &'static [&'static str],
    /// The type, when its format is given or nothing in the file tells another.
    usual: ColumnType,
    /// Whether the format is given, so that the file has no say.
    exact: bool,
}

/// Declarations for the columns named `names`, in file order.
///
/// # Errors
/// An unknown type or format, or an override for a column that is not there.
pub(crate) fn declared_columns(
    settings: &Settings,
    names: &[String],
) -> Result<Vec<Option<Declared>>, EngineError> {
    let columns: HashMap<&str, usize> =
        names.iter().enumerate().map(|(column, name)| (name.as_str(), column)).collect();
    let mut declared: Vec<Option<Declared>> = vec![None; names.len()];
    if let Some(schema) = &settings.schema {
        for field in &schema.fields {
            if let Some(&column) = columns.get(field.name.as_str()) {
                declared[column] = of_field(field)?;
            }
        }
    }
    for chosen in &settings.columns {
        let &column = columns.get(chosen.name.as_str()).ok_or_else(|| {
            let known = names.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            EngineError::schema("columns", format!("file has no column `{}`; it has {known}", chosen.name))
        })?;
        declared[column] = Some(of_override(chosen)?);
    }
    Ok(declared)
}

/// Checks the types of single columns before any file is read.
pub(crate) fn check_overrides(columns: &[ColumnOverride]) -> Result<(), EngineError> {
    columns.iter().try_for_each(|chosen| of_override(chosen).map(drop))
}

/// Checks a schema before any file is read.
pub(crate) fn check_schema(schema: &TableSchema) -> Result<(), EngineError> {
    let mut names = HashSet::new();
    for field in &schema.fields {
        of_field(field)?;
        if let Some(pattern) = &field.constraints.pattern {
            whole_match(pattern, &field.name)?;
        }
        if !names.insert(field.name.as_str()) {
            return Err(EngineError::schema(format!("field `{}`", field.name), "is declared twice"));
        }
    }
    for key in &schema.foreign_keys {
        if !key.reference.resource.is_empty() {
            let fault = format!(
                "refers to the resource `{}`; only references inside the file (`\"resource\": \"\"`) can be checked",
                key.reference.resource
            );
            return Err(EngineError::schema("foreignKeys", fault));
        }
    }
    let keys = schema
        .primary_key
        .iter()
        .chain(schema.foreign_keys.iter().flat_map(|key| [&key.fields, &key.reference.fields]));
    for name in keys.flat_map(|key| key.names()) {
        if !names.contains(name.as_str()) {
            return Err(EngineError::schema(
                "key",
                format!("names the field `{name}`, which is not declared"),
            ));
        }
    }
    Ok(())
}

fn of_field(field: &Field) -> Result<Option<Declared>, EngineError> {
    let format = field.format.as_deref().filter(|format| !matches!(*format, "default" | "any"));
    let marks = NumberMarks { decimal: field.decimal_char.unwrap_or('.'), group: field.group_char };
    let marks_given = field.decimal_char.is_some() || field.group_char.is_some();
    let declared = match field.type_name.as_str() {
        "any" => return Ok(None),
        "string" | "object" | "array" | "list" | "duration" | "geopoint" | "geojson" | "yearmonth" => {
            of_name("text", None, marks, false)
        }
        "integer" | "year" => of_name("integer", None, marks, marks_given),
        // A number may be written with an exponent, which makes a column of floats.
        "number" => of_name("decimal", None, marks, marks_given)
            .map(|declared| Declared { kinds: &["decimal", "integer", "float"], ..declared }),
        "boolean" => {
            let word = |words: &Option<Vec<String>>| words.as_ref().and_then(|words| words.first().cloned());
            let words = word(&field.true_values).zip(word(&field.false_values));
            let exact = words.is_some();
            let (true_word, false_word) = words.unwrap_or(("true".to_owned(), "false".to_owned()));
            Some(Declared {
                kinds: &["boolean"],
                usual: ColumnType::Boolean { true_word, false_word },
                exact,
            })
        }
        "datetime" => of_name("timestamp", format, marks, false),
        name @ ("date" | "time") => of_name(name, format, marks, false),
        _ => None,
    };
    match declared {
        Some(declared) => checked(declared, &format!("field `{}`", field.name)).map(Some),
        None => Err(EngineError::schema(
            format!("field `{}`", field.name),
            format!("has the type `{}`, which Table Schema does not know", field.type_name),
        )),
    }
}

fn of_override(chosen: &ColumnOverride) -> Result<Declared, EngineError> {
    let place = format!("column `{}`", chosen.name);
    let declared = of_name(&chosen.type_name, chosen.format.as_deref(), NumberMarks::default(), false);
    declared.ok_or_else(|| {
        EngineError::schema(
            place.clone(),
            format!(
                "expected one of the types text, integer, decimal, float, boolean, date, time, timestamp, uuid; found `{}`",
                chosen.type_name
            ),
        )
    }).and_then(|declared| checked(declared, &place))
}

fn of_name(name: &str, format: Option<&str>, marks: NumberMarks, marks_given: bool) -> Option<Declared> {
    let given = |usual: &str| format.unwrap_or(usual).to_owned();
    let (kinds, usual, exact): (&'static [&'static str], _, _) = match name {
        "text" => (&["text"], ColumnType::Text, true),
        "integer" => (&["integer"], ColumnType::Integer { marks }, marks_given),
        "decimal" => (
            &["decimal", "integer"],
            ColumnType::Decimal { precision: 38, scale: 9, form: DecimalForm::Declared, marks },
            marks_given,
        ),
        "float" => (&["float"], ColumnType::Float { form: FloatForm::Declared, marks }, marks_given),
        "boolean" => {
            let words = ColumnType::Boolean { true_word: "true".to_owned(), false_word: "false".to_owned() };
            (&["boolean"], words, false)
        }
        "date" => (&["date"], ColumnType::Date { format: given("%Y-%m-%d") }, format.is_some()),
        "time" => (&["time"], ColumnType::Time { format: given("%H:%M:%S") }, format.is_some()),
        "timestamp" => {
            let format_text = given("%Y-%m-%dT%H:%M:%SZ");
            let zone = if format_text.ends_with('Z') { Zone::Utc } else { Zone::None };
            (&["timestamp"], ColumnType::Timestamp { format: format_text, zone }, format.is_some())
        }
        "uuid" => (&["uuid"], ColumnType::Uuid { uppercase: false }, false),
        _ => return None,
    };
    Some(Declared { kinds, usual, exact })
}

fn checked(declared: Declared, place: &str) -> Result<Declared, EngineError> {
    Format::new(&declared.usual).map_err(|error| EngineError::schema(place, error.to_string()))?;
    Ok(declared)
}

/// The type of a column from all its cells and from what was declared about it.
pub(crate) fn resolve(declared: Option<&Declared>, shapes: &Shapes, threshold: f64) -> Decision {
    let Some(declared) = declared else {
        return decide(shapes, &TypePolicy { threshold });
    };
    let found = decide(shapes, &TypePolicy { threshold: DECLARED_THRESHOLD });
    // A declared decimal or float takes numbers with any digits, where no single form fits all of them.
    let loose = found.exceptions > 0
        && match declared.usual {
            ColumnType::Decimal { .. } => !matches!(found.column_type, ColumnType::Float { .. }),
            ColumnType::Float { .. } => true,
            _ => false,
        };
    let fits = declared.kinds.contains(&found.column_type.name()) && !loose;
    if !declared.exact && fits {
        return Decision { reason: None, ambiguous: None, ..found };
    }
    let text = declared.usual == ColumnType::Text;
    Decision {
        column_type: if declared.exact {
            declared.usual.clone()
        } else {
            with_marks_of(&declared.usual, &found.column_type)
        },
        null_words: if text { Vec::new() } else { found.null_words.clone() },
        reason: None,
        ambiguous: None,
        ..found
    }
}

/// A number type with the marks that the file's numbers have; every other type as it is.
fn with_marks_of(declared: &ColumnType, found: &ColumnType) -> ColumnType {
    let (ColumnType::Integer { marks: written }
    | ColumnType::Decimal { marks: written, .. }
    | ColumnType::Float { marks: written, .. }) = found
    else {
        return declared.clone();
    };
    let mut column_type = declared.clone();
    match &mut column_type {
        ColumnType::Integer { marks } | ColumnType::Decimal { marks, .. } => *marks = *written,
        // Floats are written without thousands marks.
        ColumnType::Float { marks, .. } => marks.decimal = written.decimal,
        _ => {}
    }
    column_type
}
