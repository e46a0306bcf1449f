//! Declared column types: from a Table Schema or chosen by a person.
//!
//! A declaration may leave the format open (`date` without a pattern); then the file's own format is taken, when it is of
//! the declared kind, and the kind's usual format when not.

use std::collections::{BTreeMap, HashMap, HashSet};

use csvp_report::{ColumnType, DecimalForm, FloatForm, NumberMarks, Zone};

use super::{Field, TableSchema, TextForm};
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
    /// What its texts must be beside the type.
    pub(crate) form: Option<TextForm>,
}

impl Declared {
    /// Whether the file has no say about the format.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact && self.usual != ColumnType::Text
    }
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
    known_keys("schema", &schema.other, &OF_SCHEMA)?;
    let mut names = HashSet::new();
    for field in &schema.fields {
        let place = format!("field `{}`", field.name);
        known_keys(&place, &field.other, &OF_FIELD)?;
        known_keys(&place, &field.constraints.other, &[])?;
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
    for name in keys.flat_map(|key| key.names()).chain(schema.unique_keys.iter().flatten()) {
        if !names.contains(name.as_str()) {
            return Err(EngineError::schema(
                "key",
                format!("names the field `{name}`, which is not declared"),
            ));
        }
    }
    Ok(())
}

/// What a schema says to people.
const OF_SCHEMA: [&str; 13] = [
    "$schema",
    "contributors",
    "created",
    "description",
    "homepage",
    "id",
    "keywords",
    "licenses",
    "name",
    "profile",
    "sources",
    "title",
    "version",
];
/// What a field says to people.
const OF_FIELD: [&str; 4] = ["title", "example", "examples", "rdfType"];

/// Refuses what is neither known nor only for people: a rule that nobody checks is worse than none.
fn known_keys(
    place: &str,
    other: &BTreeMap<String, serde_json::Value>,
    for_people: &[&str],
) -> Result<(), EngineError> {
    let Some(key) = other.keys().find(|key| !for_people.contains(&key.as_str())) else { return Ok(()) };
    let fault = match key.as_str() {
        "categories" => {
            "has the key `categories`, which cannot be checked; use the constraint `enum`".to_owned()
        }
        _ => format!("has the key `{key}`, which cannot be checked; correct its name or take it out"),
    };
    Err(EngineError::schema(place, fault))
}

fn of_field(field: &Field) -> Result<Option<Declared>, EngineError> {
    let place = format!("field `{}`", field.name);
    let format = field.format.as_deref().filter(|format| *format != "default");
    let marks = NumberMarks { decimal: field.decimal_char.unwrap_or('.'), group: field.group_char };
    let marks_given = field.decimal_char.is_some() || field.group_char.is_some();
    if field.bare_number == Some(false) {
        return Err(EngineError::schema(place, "has numbers that are not bare, which cannot be checked"));
    }
    let text = |form| of_name("text", None, marks, false).map(|text| Declared { form, ..text });
    let fault = |known: &str| {
        let found = format.unwrap_or_default();
        let fault = format!("has the format `{found}`; the type `{}` has only {known} here", field.type_name);
        Err(EngineError::schema(place.clone(), fault))
    };
    let declared = match (field.type_name.as_str(), format) {
        ("any", None) => return Ok(None),
        ("string", None) => text(None),
        ("string", Some("email")) => text(Some(TextForm::Email)),
        ("string", Some("uri")) => text(Some(TextForm::Uri)),
        ("string", Some("binary")) => text(Some(TextForm::Binary)),
        // A column of UUIDs in one spelling is typed.
        ("string", Some("uuid")) => {
            text(Some(TextForm::Uuid)).map(|text| Declared { kinds: &["uuid"], exact: false, ..text })
        }
        ("string", Some(_)) => return fault("`default`, `email`, `uri`, `uuid` and `binary`"),
        ("object", None) => text(Some(TextForm::Object)),
        ("array", None) => text(Some(TextForm::Array)),
        ("duration", None) => text(Some(TextForm::Duration)),
        ("yearmonth", None) => text(Some(TextForm::YearMonth)),
        ("geopoint", None) => text(Some(TextForm::GeoPoint)),
        ("geopoint", Some("array")) => text(Some(TextForm::GeoPointArray)),
        ("geopoint", Some("object")) => text(Some(TextForm::GeoPointObject)),
        ("geopoint", Some(_)) => return fault("`default`, `array` and `object`"),
        ("geojson", None) => text(Some(TextForm::GeoJson)),
        ("geojson", Some("topojson")) => text(Some(TextForm::TopoJson)),
        ("geojson", Some(_)) => return fault("`default` and `topojson`"),
        ("integer", None) => of_name("integer", None, marks, marks_given),
        ("year", None) => of_name("integer", None, NumberMarks::default(), true)
            .map(|year| Declared { form: Some(TextForm::Year), ..year }),
        // A number may be written with an exponent, which makes a column of floats.
        ("number", None) => of_name("decimal", None, marks, marks_given)
            .map(|declared| Declared { kinds: &["decimal", "integer", "float"], ..declared }),
        ("boolean", None) => Some(boolean(field)),
        (
            "any" | "object" | "array" | "duration" | "yearmonth" | "integer" | "year" | "number" | "boolean",
            _,
        ) => {
            return fault("`default`");
        }
        ("datetime", format) => of_name("timestamp", format.filter(|format| *format != "any"), marks, false),
        (name @ ("date" | "time"), format) => {
            of_name(name, format.filter(|format| *format != "any"), marks, false)
        }
        _ => None,
    };
    match declared {
        Some(declared) => checked(declared, &place).map(Some),
        None => Err(EngineError::schema(
            place,
            format!("has the type `{}`; those of Table Schema are {TYPES}", field.type_name),
        )),
    }
}

/// The types of Table Schema.
const TYPES: &str = "string, number, integer, boolean, object, array, date, time, datetime, year, yearmonth, duration, geopoint, geojson, any";

/// A boolean by the standard: of any of its words, or of one pair if the file has no others.
fn boolean(field: &Field) -> Declared {
    let words = |given: &Option<Vec<String>>, usual: [&str; 4]| {
        given.clone().filter(|words| !words.is_empty()).unwrap_or(usual.map(str::to_owned).to_vec())
    };
    let mut also_true = words(&field.true_values, ["true", "True", "TRUE", "1"]);
    let mut also_false = words(&field.false_values, ["false", "False", "FALSE", "0"]);
    let (true_word, false_word) = (also_true.remove(0), also_false.remove(0));
    Declared {
        kinds: &["boolean"],
        usual: ColumnType::Boolean { true_word, false_word, also_true, also_false },
        exact: true,
        form: None,
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
            let usual = boolean(&Field::default()).usual;
            (&["boolean"], usual, false)
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
    Some(Declared { kinds, usual, exact, form: None })
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
    // A declared decimal or float takes numbers with any digits and a declared UUID any letters, where no single form fits all of them.
    let loose = found.exceptions > 0
        && match declared.usual {
            ColumnType::Text => true,
            ColumnType::Decimal { .. } => !matches!(found.column_type, ColumnType::Float { .. }),
            ColumnType::Float { .. } => true,
            _ => false,
        };
    let fits = declared.kinds.contains(&found.column_type.name()) && !loose;
    if (!declared.exact && fits) || is_pair_of(&declared.usual, &found) {
        return Decision { reason: None, ambiguous: None, usual: None, ..found };
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
        usual: None,
        ..found
    }
}

/// Whether all values are of one pair of words among those declared: then each text can be made again.
fn is_pair_of(declared: &ColumnType, found: &Decision) -> bool {
    let ColumnType::Boolean { true_word, false_word, also_true, also_false } = declared else { return false };
    let ColumnType::Boolean { true_word: yes, false_word: no, .. } = &found.column_type else { return false };
    let knows = |word, also: &[String], found| word == found || also.contains(found);
    found.exceptions == 0 && knows(true_word, also_true, yes) && knows(false_word, also_false, no)
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
