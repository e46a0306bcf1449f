//! The report, put together from what the passes have found.

use std::collections::HashSet;

use csvp_report::{ColumnReport, Detail, Problem, ProblemCode, Report, Verdict};

use crate::layout::{Layout, shown_name, whole_file};
use crate::schema::{FieldsMatch, Schema};
use crate::settings::{OnBad, Policy, Settings};
use crate::source::Source;
use crate::tally::Tally;
use crate::types::{Ambiguity, Decision};

/// Problems of the file as a whole that its end tells.
pub(crate) fn file_problems(tally: &Tally, source: &Source) -> Vec<Problem> {
    // A record that is cut has said it already.
    let damaged = source.damaged().filter(|_| !tally.has(ProblemCode::CompressionDamaged)).map(|byte| {
        let text = format!("compressed data is damaged or cut behind {byte} bytes of text");
        let mut problem = whole_file(ProblemCode::CompressionDamaged, Detail::Note { text });
        (problem.position.byte, problem.position.line) = (byte, tally.counts(0).lines.max(1));
        problem
    });
    tally.line_ending_problem().into_iter().chain(damaged).collect()
}

/// Columns whose values can be read in two ways.
pub(crate) fn ambiguities(schema: &Schema, decisions: &[Decision]) -> Vec<Problem> {
    let columns = schema.columns.iter().zip(decisions).enumerate();
    columns
        .filter_map(|(number, (column, decision))| {
            let (code, values) = match decision.ambiguous.as_ref()? {
                Ambiguity::Date { values } => (ProblemCode::DateAmbiguous, *values),
                Ambiguity::Number { values } => (ProblemCode::NumberAmbiguous, *values),
            };
            let mut problem = whole_file(code, Detail::Ambiguous { values });
            problem.position.column = Some(csvp_report::ColumnRef {
                number: number as u32 + 1,
                name: shown_name(&column.name),
                line: None,
                byte: None,
            });
            Some(problem)
        })
        .collect()
}

/// Columns that the schema declares and the file lacks, or the other way round.
pub(crate) fn header_mismatches(settings: &Settings, layout: &Layout) -> Vec<Problem> {
    let Some(schema) = &settings.schema else { return Vec::new() };
    if layout.refused.is_some() {
        return Vec::new();
    }
    let problem = |found: &str, expected: Option<&str>| {
        let detail = Detail::Name { found: shown_name(found), expected: expected.map(shown_name) };
        whole_file(ProblemCode::HeaderMismatch, detail)
    };
    let names: HashSet<&str> = layout.names.iter().map(String::as_str).collect();
    let fields: HashSet<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    let how = schema.fields_match.unwrap_or(FieldsMatch::Equal);
    let none_known = fields.is_disjoint(&names);
    let lacking = schema.fields.iter().enumerate().filter(|(number, field)| {
        let elsewhere = how == FieldsMatch::Exact && layout.names.get(*number) != Some(&field.name);
        elsewhere || (!names.contains(&*field.name) && (none_known || !schema.is_optional(field)))
    });
    let surplus = layout.names.iter().filter(|name| !how.allows_surplus() && !fields.contains(name.as_str()));
    lacking
        .map(|(number, field)| {
            problem(layout.names.get(number).map_or("nothing", String::as_str), Some(&field.name))
        })
        .chain(surplus.map(|name| problem(name, None)))
        .collect()
}

/// What is said about each column before its statistics.
pub(crate) fn column_reports(schema: &Schema, decisions: &[Decision]) -> Vec<ColumnReport> {
    let columns = schema.columns.iter().zip(decisions).enumerate();
    columns
        .map(|(number, (column, decision))| ColumnReport {
            number: number as u32 + 1,
            name: column.name.clone(),
            column_type: column.column_type.clone(),
            declared: column.declared,
            nullable: decision.nulls > 0,
            null_words: column.null_words.clone(),
            exceptions: decision.exceptions,
            reason: decision.reason.clone(),
            profile: None,
        })
        .collect()
}

/// Size and compression.
pub(crate) fn file_facts(source: &Source) -> csvp_report::FileFacts {
    csvp_report::FileFacts {
        size_bytes: source.bytes_in(),
        decoded_bytes: source.bytes_out(),
        compression: source.compression().map(|compression| compression.name().to_owned()),
        zip_entry: source.zip_entry().map(str::to_owned),
    }
}

/// The report of a pass that has ended.
pub(crate) fn report(
    layout: &Layout,
    file: &csvp_report::FileFacts,
    tally: &Tally,
    columns: Vec<ColumnReport>,
    policy: &Policy,
) -> Report {
    let counts = tally.counts(layout.dialect.preamble_lines.min(tally.counts(0).lines));
    let problems = tally.problems();
    let over_budget =
        policy.max_rejects.is_some_and(|budget| budget.is_exceeded(counts.rejected, counts.data_records()));
    let failed = policy.on_bad == OnBad::Fail && counts.rejected > 0;
    let lacks_column = layout.problems.iter().any(|problem| {
        problem.code == ProblemCode::HeaderMismatch
            && matches!(&problem.detail, Detail::Name { expected: Some(_), .. })
    });
    let verdict = if layout.refused.is_some() || over_budget || failed || lacks_column {
        Verdict::Refused
    } else if problems.errors + problems.warnings > 0 {
        Verdict::Problems
    } else {
        Verdict::Clean
    };
    Report {
        report_version: csvp_report::REPORT_VERSION,
        rules_version: csvp_report::RULES_VERSION,
        verdict,
        file: file.clone(),
        encoding: layout.encoding_facts.clone(),
        dialect: layout.dialect_facts.clone(),
        counts,
        columns,
        problems,
    }
}
