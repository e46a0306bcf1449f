//! What must come out of a case, in the form in which `case.toml` states it.

use std::fmt::Write as _;

use csvp_report::{ColumnReport, Problem, Report, Verdict};
use serde::Deserialize;
use similar::{ChangeTag, TextDiff};

use crate::{Reading, type_text};

/// The outcome of one file. Everything is compared, but for the optional facts that a case leaves open.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// `clean`, `problems` or `refused`.
    pub verdict: String,
    /// Name of the encoding.
    pub encoding: String,
    /// Whether a byte order mark stands in front.
    pub bom: bool,
    /// How the encoding is known; open when not given.
    pub encoding_source: Option<String>,
    /// How the file is compressed.
    pub compression: Option<String>,
    /// The delimiter; open when not given (a file of one column needs none).
    pub delimiter: Option<String>,
    /// The quote, or `none`; open when not given (a file without quotes tells nothing).
    pub quote: Option<String>,
    /// The escape character, when quotes are not doubled.
    pub escape: Option<String>,
    /// `lf`, `crlf`, `cr` or `mixed`; open when not given (a file of one line tells nothing).
    pub terminator: Option<String>,
    /// Prefix of comment lines.
    pub comment: Option<String>,
    /// Header rows.
    pub header_rows: u64,
    /// Header cells as they stand; absent without header.
    pub header: Option<Vec<String>>,
    /// All data records, sound or not, with all fields as they stand.
    pub records: Vec<Vec<String>>,
    /// `NAME: TYPE`, and behind it `; nullable WORDS` when null occurs, `; exceptions N`.
    pub columns: Vec<String>,
    /// Physical lines and where every record went.
    pub counts: CountsLine,
    /// All problems.
    pub problem: Vec<ExpectedProblem>,
}

/// Counts; those that are 0 are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CountsLine {
    /// Physical lines.
    pub lines: u64,
    /// Records read.
    pub records: u64,
    /// Records that are good.
    pub accepted: u64,
    /// Records set aside.
    pub rejected: u64,
    /// Records accepted with a cell made null.
    pub repaired: u64,
    /// Blank lines.
    pub blank: u64,
    /// Comment lines.
    pub comment: u64,
    /// Lines before the header.
    pub preamble: u64,
    /// Rows behind the data.
    pub footer: u64,
}

/// One problem and its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExpectedProblem {
    /// Byte of the record (or line) from 0.
    pub byte: u64,
    /// Number of the data record from 1.
    pub record: Option<u64>,
    /// Byte of the cell, or of the byte at fault in it.
    pub cell_byte: Option<u64>,
    /// Number of the column from 1.
    pub column: Option<u32>,
    /// The code.
    pub code: String,
    /// Physical line of the record from 1.
    pub line: u64,
    /// Physical line of the cell from 1.
    pub cell_line: Option<u64>,
    /// The message; open when not given.
    pub message: Option<String>,
}

impl Expect {
    /// What a reading says.
    pub fn of(reading: &Reading) -> Self {
        Self {
            header: reading.header.clone(),
            records: reading.records.clone(),
            ..Self::of_report(&reading.report)
        }
    }

    /// What a report says.
    pub fn of_report(report: &Report) -> Self {
        let counts = &report.counts;
        let dialect = &report.dialect;
        Self {
            verdict: match report.verdict {
                Verdict::Clean => "clean",
                Verdict::Problems => "problems",
                Verdict::Refused => "refused",
            }
            .to_owned(),
            encoding: report.encoding.name.clone(),
            bom: report.encoding.bom,
            encoding_source: Some(report.encoding.source.clone()),
            compression: report.file.compression.clone(),
            delimiter: Some(dialect.delimiter.clone()),
            quote: Some(dialect.quote.clone().unwrap_or_else(|| "none".to_owned())),
            escape: dialect.escape.clone(),
            terminator: Some(dialect.terminator.clone()),
            comment: dialect.comment.clone(),
            header_rows: dialect.header_rows,
            header: None,
            records: Vec::new(),
            columns: report.columns.iter().map(column_text).collect(),
            counts: CountsLine {
                lines: counts.lines,
                records: counts.records,
                accepted: counts.accepted,
                rejected: counts.rejected,
                repaired: counts.repaired,
                blank: counts.skipped.blank,
                comment: counts.skipped.comment,
                preamble: counts.skipped.preamble,
                footer: counts.skipped.footer,
            },
            problem: report.problems.first.iter().map(ExpectedProblem::of).collect(),
        }
    }

    pub(crate) fn without_records(&self) -> Self {
        Self { header: None, records: Vec::new(), ..self.clone() }
    }

    pub(crate) fn only_records(&self) -> Self {
        Self { header: self.header.clone(), records: self.records.clone(), ..Self::default() }
    }

    /// Forgets the facts that `expect` leaves open.
    pub(crate) fn without_what_is_open_in(mut self, expect: &Self) -> Self {
        self.encoding_source = self.encoding_source.filter(|_| expect.encoding_source.is_some());
        self.delimiter = self.delimiter.filter(|_| expect.delimiter.is_some());
        self.quote = self.quote.filter(|_| expect.quote.is_some());
        self.terminator = self.terminator.filter(|_| expect.terminator.is_some());
        self.problem.sort();
        let mut wanted = expect.problem.clone();
        wanted.sort();
        for (problem, wanted) in self.problem.iter_mut().zip(&wanted) {
            problem.message = problem.message.take().filter(|_| wanted.message.is_some());
        }
        // Surplus problems keep their message: it helps to see what is wrong.
        self
    }

    /// The difference between this, which is right, and what was observed.
    ///
    /// # Errors
    /// They differ.
    pub(crate) fn compare(&self, observed: &Self, name: &str) -> Result<(), String> {
        let (right, found) = (self.to_text(), observed.to_text());
        if right == found {
            return Ok(());
        }
        let mut text = format!("case {name}: - is right, + was found\n");
        for change in TextDiff::from_lines(&right, &found).iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => continue,
            };
            let _ = write!(text, "  {sign} {change}");
        }
        Err(text)
    }

    /// The text of `[expect]` in `case.toml`, one fact per line.
    pub fn to_text(&self) -> String {
        let mut out = String::from("[expect]\n");
        let mut line = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = writeln!(out, "{name} = {value}");
            }
        };
        line("verdict", Some(quoted(&self.verdict)));
        line("encoding", Some(quoted(&self.encoding)));
        line("bom", self.bom.then(|| "true".to_owned()));
        line("encoding_source", self.encoding_source.as_deref().map(quoted));
        line("compression", self.compression.as_deref().map(quoted));
        line("delimiter", self.delimiter.as_deref().map(quoted));
        line("quote", self.quote.as_deref().map(quoted));
        line("escape", self.escape.as_deref().map(quoted));
        line("terminator", self.terminator.as_deref().map(quoted));
        line("comment", self.comment.as_deref().map(quoted));
        line("header_rows", Some(self.header_rows.to_string()));
        line("header", self.header.as_deref().map(list));
        line("records", Some(lines(self.records.iter().map(|record| list(record)))));
        line("columns", Some(lines(self.columns.iter().map(|column| quoted(column)))));
        line("counts", Some(self.counts.to_text()));
        let mut problems = self.problem.clone();
        problems.sort();
        problems.iter().for_each(|problem| out.push_str(&problem.to_text()));
        out
    }
}

impl CountsLine {
    fn to_text(&self) -> String {
        let all = [
            ("lines", self.lines),
            ("records", self.records),
            ("accepted", self.accepted),
            ("rejected", self.rejected),
            ("repaired", self.repaired),
            ("blank", self.blank),
            ("comment", self.comment),
            ("preamble", self.preamble),
            ("footer", self.footer),
        ];
        let parts: Vec<String> =
            all.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name} = {n}")).collect();
        format!("{{ {} }}", parts.join(", "))
    }
}

impl ExpectedProblem {
    fn of(problem: &Problem) -> Self {
        let position = &problem.position;
        let column = position.column.as_ref();
        Self {
            byte: position.byte,
            record: position.record,
            cell_byte: column.and_then(|column| column.byte),
            column: column.map(|column| column.number),
            code: problem.code.to_string(),
            line: position.line,
            cell_line: column.and_then(|column| column.line),
            message: Some(problem.message()),
        }
    }

    fn to_text(&self) -> String {
        let mut parts = vec![format!("code = {}", quoted(&self.code))];
        parts.extend(self.record.map(|n| format!("record = {n}")));
        parts.push(format!("line = {}", self.line));
        parts.push(format!("byte = {}", self.byte));
        parts.extend(self.column.map(|n| format!("column = {n}")));
        parts.extend(self.cell_line.map(|n| format!("cell_line = {n}")));
        parts.extend(self.cell_byte.map(|n| format!("cell_byte = {n}")));
        parts.extend(self.message.as_ref().map(|text| format!("message = {}", quoted(text))));
        format!("[[expect.problem]]\n{}\n", parts.join("\n"))
    }
}

fn column_text(column: &ColumnReport) -> String {
    let mut text = format!("{}: {}", column.name, type_text(&column.column_type));
    if column.nullable {
        text.push_str("; nullable");
        column.null_words.iter().for_each(|word| {
            text.push(' ');
            text.push_str(word);
        });
    }
    if column.exceptions > 0 {
        let _ = write!(text, "; exceptions {}", column.exceptions);
    }
    text
}

/// A basic string of TOML; JSON's escapes are the same, but for DEL.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn list(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("[{}]", cells.join(", "))
}

fn lines(items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("  {item},\n")).collect();
    if items.is_empty() { "[]".to_owned() } else { format!("[\n{items}]") }
}
