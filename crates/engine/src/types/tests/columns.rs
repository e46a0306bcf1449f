//! The columns of `columns.txt`: named cases, one a line.

use csvp_report::{ColumnType, DecimalForm, FloatForm, NumberMarks, Zone};

use super::super::{Ambiguity, Decision, TypePolicy};
use super::decide_and_check;

#[test]
fn columns_of_the_list() {
    let mut failures = Vec::new();
    for (line, number) in include_str!("columns.txt").lines().zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (cells, expected) = line.split_once(" => ").or(line.split_once("=> ")).expect("a line has =>");
        let (expected, because) = expected.split_once("; because ").unwrap_or((expected, ""));
        let decision = decide_and_check(&cells_of(cells), &TypePolicy::default());
        let found = describe(&decision);
        let reason = decision.reason.unwrap_or_default();
        if found != expected || !reason.contains(because) {
            failures.push(format!("line {number}: {line}\n  found {found}; because {reason}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn cells_of(line: &str) -> Vec<Vec<u8>> {
    line.split('|')
        .flat_map(|cell| {
            let (cell, times) = cell
                .split_once(" *")
                .map_or((cell, 1), |(cell, times)| (cell, times.trim().parse().expect("a number behind *")));
            let cell = cell.strip_prefix(' ').unwrap_or(cell);
            vec![cell.strip_suffix(' ').unwrap_or(cell).as_bytes().to_vec(); times]
        })
        .collect()
}

fn describe(decision: &Decision) -> String {
    let mut text = describe_type(&decision.column_type);
    if decision.nulls > 0 && decision.column_type != ColumnType::Null || !decision.null_words.is_empty() {
        text.push_str(&format!("; nulls {}", decision.nulls));
        for word in &decision.null_words {
            text.push_str(&format!(" {word}"));
        }
    }
    if decision.exceptions > 0 {
        text.push_str(&format!("; exceptions {}", decision.exceptions));
    }
    match decision.ambiguous {
        Some(Ambiguity::Date { values }) => text.push_str(&format!("; doubt date {values}")),
        Some(Ambiguity::Number { values }) => text.push_str(&format!("; doubt number {values}")),
        None => {}
    }
    text
}

fn describe_type(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Boolean { true_word, false_word, .. } => format!("boolean {true_word}/{false_word}"),
        ColumnType::Integer { marks } => format!("integer{}", describe_marks(*marks)),
        ColumnType::Decimal { precision, scale, form, marks } => {
            let form = match form {
                DecimalForm::Fixed => "fixed",
                DecimalForm::Minimal => "minimal",
                DecimalForm::MinimalPoint => "minimal-point",
                DecimalForm::FixedOrWhole => "fixed-or-whole",
                DecimalForm::Declared => "declared",
            };
            format!("decimal({precision},{scale}) {form}{}", describe_marks(*marks))
        }
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
            format!("float {form}{}", describe_marks(*marks))
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
        ColumnType::Uuid { uppercase } => format!("uuid {}", if *uppercase { "upper" } else { "lower" }),
        ColumnType::Null | ColumnType::Text => column_type.name().to_owned(),
    }
}

fn describe_marks(marks: NumberMarks) -> String {
    match marks.group {
        None if marks.decimal == '.' => String::new(),
        None => format!(" marks {}", marks.decimal),
        Some(' ') => format!(" marks {} blank", marks.decimal),
        Some('\u{a0}') => format!(" marks {} U+00A0", marks.decimal),
        Some(group) => format!(" marks {} {group}", marks.decimal),
    }
}
