//! Column types in one line of text, with everything that makes them differ.

use csvp_report::{ColumnType, DecimalForm, FloatForm, NumberMarks, Zone};

/// A type as corpus cases write it: `integer`, `decimal(4,2) fixed`, `decimal(5,1) minimal mark=, group=.`,
/// `date %d/%m/%Y`, `timestamp %Y-%m-%dT%H:%M:%SZ utc`, `boolean yes/no`, `uuid lower`, `float`, `text`, `null`.
pub fn type_text(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Null => "null".to_owned(),
        ColumnType::Text => "text".to_owned(),
        ColumnType::Boolean { true_word, false_word, .. } => format!("boolean {true_word}/{false_word}"),
        ColumnType::Integer { marks } => format!("integer{}", marks_text(*marks)),
        ColumnType::Float { form, marks } => {
            let form = match form {
                FloatForm::Repr => "repr".to_owned(),
                FloatForm::General => "general".to_owned(),
                FloatForm::Vroom => "vroom".to_owned(),
                FloatForm::R => "r".to_owned(),
                FloatForm::Readr => "readr".to_owned(),
                FloatForm::Java => "java".to_owned(),
                FloatForm::Fixed { scale } => format!("fixed {scale}"),
                FloatForm::Declared => "declared".to_owned(),
            };
            format!("float {form}{}", marks_text(*marks))
        }
        ColumnType::Decimal { precision, scale, form, marks } => {
            let form = match form {
                DecimalForm::Fixed => "fixed",
                DecimalForm::Minimal => "minimal",
                DecimalForm::FixedOrWhole => "fixed-or-whole",
                DecimalForm::MinimalPoint => "minimal-point",
                DecimalForm::Declared => "declared",
            };
            format!("decimal({precision},{scale}) {form}{}", marks_text(*marks))
        }
        ColumnType::Date { format } => format!("date {format}"),
        ColumnType::Time { format } => format!("time {format}"),
        ColumnType::Timestamp { format, zone } => {
            let zone = match zone {
                Zone::None => "none",
                Zone::Utc => "utc",
                Zone::Offset => "offset",
            };
            format!("timestamp {format} {zone}")
        }
        ColumnType::Uuid { uppercase } => if *uppercase { "uuid upper" } else { "uuid lower" }.to_owned(),
    }
}

fn marks_text(marks: NumberMarks) -> String {
    let decimal = if marks.decimal == '.' { String::new() } else { format!(" mark={}", marks.decimal) };
    let group =
        marks.group.map(|group| format!(" group={}", group.escape_unicode_blank())).unwrap_or_default();
    format!("{decimal}{group}")
}

/// Blanks that cannot be told apart by eye are written as their number.
trait EscapeBlank {
    fn escape_unicode_blank(self) -> String;
}

impl EscapeBlank for char {
    fn escape_unicode_blank(self) -> String {
        if self.is_whitespace() { format!("U+{:04X}", self as u32) } else { self.to_string() }
    }
}
