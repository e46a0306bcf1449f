//! A report for people: a summary, the first problems with a pointer at the bad cell, all problems by code.

use std::io::{IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Level, Snippet};
use csvp_report::{Problem, Report, Severity, Verdict};

use super::text::{count, grouped, name_of_delimiter, size};
use crate::input::Input;

/// Bytes of a record that are shown around a bad cell.
const SHOWN_BYTES: usize = 4 << 10;
/// Characters of a line that are shown.
const SHOWN_CHARS: usize = 100;

/// Prints the report of one file; `show` problems come with their place.
pub(crate) fn print(
    out: &mut impl Write,
    report: &Report,
    input: &mut Input,
    show: usize,
) -> anyhow::Result<()> {
    let name = input.name();
    print_summary(out, report, &name)?;
    let renderer = super::renderer(std::io::stdout().is_terminal());
    for problem in
        report.problems.first.iter().filter(|problem| problem.severity() != Severity::Info).take(show)
    {
        writeln!(out, "{}", pointer(problem, report, input, &renderer))?;
    }
    print_codes(out, report, show)?;
    Ok(())
}

fn print_summary(out: &mut impl Write, report: &Report, name: &str) -> anyhow::Result<()> {
    let counts = &report.counts;
    let packed = report.file.compression.as_deref().map(|kind| format!(", {kind}")).unwrap_or_default();
    let verdict = match report.verdict {
        Verdict::Clean => "clean",
        Verdict::Problems => "problems found",
        Verdict::Refused => "refused",
    };
    writeln!(out, "{name}: {verdict}")?;
    writeln!(
        out,
        "  {}{packed}, {}, {}, {}, {}",
        size(report.file.size_bytes),
        report.encoding.name,
        name_of_delimiter(&report.dialect.delimiter),
        count(counts.data_records(), "record"),
        count(report.columns.len() as u64, "column"),
    )?;
    let skipped = &counts.skipped;
    let kinds = [
        (skipped.blank, "blank"),
        (skipped.comment, "comment"),
        (skipped.preamble, "preamble"),
        (skipped.footer, "footer"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{} {kind}", grouped(*n))).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    writeln!(
        out,
        "  {} read = {} accepted + {} rejected + {} skipped{kinds}",
        grouped(counts.records),
        grouped(counts.accepted),
        grouped(counts.rejected),
        grouped(skipped.total()),
    )?;
    for guess in super::guesses::of(&report.encoding, &report.dialect, counts.records, name) {
        writeln!(out, "  note: {guess}")?;
    }
    Ok(())
}

/// One problem as a compiler would show it.
fn pointer(
    problem: &Problem,
    report: &Report,
    input: &mut Input,
    renderer: &annotate_snippets::Renderer,
) -> String {
    let level = if problem.severity() == Severity::Error { Level::ERROR } else { Level::WARNING };
    let title = title(problem);
    let fix = problem.code.fix();
    let header = level.primary_title(&title).id(problem.code.as_str());
    let name = input.name();
    let Some(excerpt) = Excerpt::of(problem, report, input) else {
        let group = header.element(Level::HELP.message(fix));
        let place = place(problem).map(|place| format!("\n --> {name}: {place}")).unwrap_or_default();
        return renderer.render(&[group]).replacen('\n', &format!("{place}\n"), 1);
    };
    let label = place(problem).unwrap_or_default();
    let snippet = Snippet::source(&excerpt.text)
        .path(&name)
        .line_start(excerpt.line as usize)
        .annotation(AnnotationKind::Primary.span(excerpt.span.clone()).label(&label));
    let rendered = renderer.render(&[header.element(snippet).element(Level::HELP.message(fix))]);
    // The snippet holds a part of the line and counts its own characters.
    let in_excerpt = excerpt.text[..excerpt.span.start].chars().count() + 1;
    let at = format!("{name}:{}:", excerpt.line);
    rendered.replacen(&format!("{at}{in_excerpt}"), &format!("{at}{}", excerpt.column), 1)
}

fn title(problem: &Problem) -> String {
    match (&problem.position.column, problem.position.record) {
        (Some(column), _) => format!("column `{}`: {}", column.name, problem.message()),
        _ => problem.message(),
    }
}

fn place(problem: &Problem) -> Option<String> {
    let record = problem.position.record?;
    let column = problem.position.column.as_ref();
    let line = column.and_then(|column| column.line).unwrap_or(problem.position.line);
    let byte = column.and_then(|column| column.byte).unwrap_or(problem.position.byte);
    Some(format!("record {}, line {}, byte {}", grouped(record), grouped(line), grouped(byte)))
}

/// The physical line of a problem, cut to what is near it.
struct Excerpt {
    text: String,
    line: u64,
    /// Characters of the whole line up to the place, which counts: from 1.
    column: usize,
    /// Bytes of `text` that are at fault.
    span: std::ops::Range<usize>,
}

impl Excerpt {
    /// None for problems of the whole file, and where the file is not plain UTF-8.
    fn of(problem: &Problem, report: &Report, input: &mut Input) -> Option<Self> {
        if problem.position.record.is_none()
            || report.file.compression.is_some()
            || report.encoding.name != "UTF-8"
        {
            return None;
        }
        let column = problem.position.column.as_ref();
        let at = column.and_then(|column| column.byte).unwrap_or(problem.position.byte);
        let line = column.and_then(|column| column.line).unwrap_or(problem.position.line);
        let line_ends = line - problem.position.line;
        let record = input.excerpt(problem.position.byte, at - problem.position.byte)?;
        let before = &record[line_start(&record, line_ends)..];
        let rest = input.excerpt(at, SHOWN_BYTES as u64)?;
        let line_end = rest.iter().position(|&b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let shown = &before[before.len().saturating_sub(SHOWN_BYTES)..];
        let head = tail_chars(&lossy(shown), SHOWN_CHARS / 2);
        let body = head_chars(&lossy(&rest[..line_end]), SHOWN_CHARS);
        let column = characters(before) + 1;
        let width = fault_width(problem, &body, &report.dialect);
        let span = head.len()..head.len() + width;
        Some(Self { text: format!("{head}{body}"), line, column, span })
    }
}

/// Where the line begins that has `line_ends` line ends of the record before it.
///
/// A CR alone is a line end only in files where the engine counted it as one.
fn line_start(record: &[u8], line_ends: u64) -> usize {
    if line_ends == 0 {
        return 0;
    }
    let feeds = record.iter().filter(|&&b| b == b'\n').count() as u64;
    let ends = |&b: &u8| b == b'\n' || (feeds != line_ends && b == b'\r');
    record.iter().rposition(ends).map_or(0, |at| at + 1)
}

/// Characters of a text; bytes that do not begin one belong to the one before.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| b & 0b1100_0000 != 0b1000_0000).count()
}

/// How much of the text behind the place is at fault: the cell, or the rest of the line for a whole record.
fn fault_width(problem: &Problem, body: &str, dialect: &csvp_report::DialectFacts) -> usize {
    if problem.position.column.is_none() {
        return body.len();
    }
    let of_quote = matches!(
        problem.code,
        csvp_report::ProblemCode::QuoteStray | csvp_report::ProblemCode::QuoteUnclosed
    );
    if of_quote {
        return body.chars().next().map_or(0, char::len_utf8);
    }
    let quoted = dialect.quote.as_deref().filter(|quote| body.starts_with(quote));
    let closing = quoted.map(|quote| format!("{quote}{}", dialect.delimiter));
    let open = quoted.map_or(0, |quote| quote.len());
    match closing.and_then(|closing| body[open..].find(&closing)) {
        // The opening quote, the text behind it, and the closing one.
        Some(at) => at + 2 * open,
        None if quoted.is_some() => body.len(),
        None => body.find(&dialect.delimiter).unwrap_or(body.len()),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\t', " ").replace(|c: char| c.is_control(), "\u{FFFD}")
}

fn head_chars(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn tail_chars(text: &str, most: usize) -> String {
    let n = text.chars().count();
    if n <= most {
        text.to_owned()
    } else {
        format!("…{}", text.chars().skip(n - most).collect::<String>())
    }
}

fn print_codes(out: &mut impl Write, report: &Report, show: usize) -> anyhow::Result<()> {
    if report.problems.total == 0 {
        return Ok(());
    }
    writeln!(out, "{}:", count(report.problems.total, "problem"))?;
    for entry in &report.problems.by_code {
        let column = entry.column.and_then(|number| report.columns.get(number as usize - 1));
        let column = column.map(|column| format!(" in `{}`", column.name)).unwrap_or_default();
        writeln!(out, "  {:>9} {}{column}", grouped(entry.count), entry.code)?;
    }
    if report.problems.errors + report.problems.warnings > show as u64 {
        writeln!(out, "the complete list: --problems FILE")?;
    }
    Ok(())
}

/// What was guessed and what is wrong, on standard error: for the verbs whose output is data.
pub(crate) fn summary_of_problems(report: &Report, name: &str) -> anyhow::Result<()> {
    super::guesses::say(&report.encoding, &report.dialect, report.counts.records, name)?;
    let problems = &report.problems;
    if problems.errors + problems.warnings == 0 {
        return Ok(());
    }
    let rejected = match report.counts.rejected {
        0 => String::new(),
        n => format!(", {} rejected", count(n, "record")),
    };
    writeln!(
        std::io::stderr(),
        "warning: {name}: {}{rejected}; see `csvp check`",
        count(problems.errors + problems.warnings, "problem"),
    )?;
    Ok(())
}
