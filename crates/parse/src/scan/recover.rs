//! What a record with damaged quotes means.
//!
//! A strict reader that meets `1,"abc,2` reads on to the next quote, and the damage swallows whole records. Here
//! several readings of the same bytes are compared, from the most local one outwards, and the first that gives the
//! expected number of fields is taken:
//!
//! 1. **line**: each quoted field closes on its own physical line, at a quote that a delimiter or the line end
//!    follows; a quote that opens and does not close that way is text;
//! 2. **line, next field quoted**: as before, but a quote between a delimiter and text is taken for the opening of the
//!    next field, so the one before was never closed;
//! 3. **lines**: the field may span lines, unless a quote inside it looks like the opening of a later field;
//! 4. **no quotes**: the line is cut at every delimiter.
//!
//! When none gives the expected number, the first reading stands: damage never reaches beyond its physical line.
//! The third reading ends within 64 KiB of the record's start, all others with its physical line.

use super::plain::{After, Record, after_quote, is_line_end_byte, opening_quote};
use crate::grammar::{At, LineEnd};
use crate::index::{DIRTY, QUOTED};
use crate::{FaultKind, Grammar};

/// How far a damaged field that spans lines may reach from the start of its record.
const HORIZON_BYTES: usize = 64 << 10;
/// Lines that a damaged field may span.
const HORIZON_LINES: u32 = 64;
/// Quotes of one line that are followed to its end in vain; the ones behind them are taken for text at once.
const VAIN_SEARCHES: u32 = 64;

/// Readings of a record beside the one that is taken, for their memory.
#[derive(Default)]
pub(super) struct Readings {
    first: Record,
    other: Record,
}

/// Reads the damaged record at `start` into `record` and gives the start of the next line; none when more bytes are
/// needed to decide.
pub(super) fn record(
    grammar: &Grammar,
    bytes: &[u8],
    start: usize,
    eof: bool,
    record: &mut Record,
    readings: &mut Readings,
) -> Option<usize> {
    let At::Yes(line) = grammar.find_line_end(bytes, start, eof) else { return None };
    let line_only = &bytes[..line.end];
    let fits = |record: &Record| grammar.n_columns == Some(record.ends.len());
    let Readings { first, other } = readings;

    first.clear();
    read(grammar, line_only, start, Bound::Line, first);
    if fits(first) {
        std::mem::swap(record, first);
        return Some(line.next);
    }
    // Without such a quote the second reading is the first one again.
    if first.may_open_next {
        other.clear();
        read(grammar, line_only, start, Bound::LineNextQuoted, other);
        if fits(other) {
            std::mem::swap(record, other);
            return Some(line.next);
        }
    }
    other.clear();
    match read_lines(grammar, bytes, start, eof, other) {
        At::Unknown => return None,
        At::Yes(end) if fits(other) || (grammar.n_columns.is_none() && other.inner_lines > 0) => {
            std::mem::swap(record, other);
            return Some(end.next);
        }
        At::Yes(_) | At::No => {}
    }
    if grammar.n_columns.is_some_and(|n_columns| cuts_into(grammar, &line_only[start..], n_columns)) {
        other.clear();
        read(grammar, line_only, start, Bound::NoQuotes, other);
        std::mem::swap(record, other);
    } else {
        std::mem::swap(record, first);
    }
    Some(line.next)
}

/// Whether the delimiters of a line, quotes apart, cut it into so many fields.
fn cuts_into(grammar: &Grammar, line: &[u8], n_fields: usize) -> bool {
    let delimiter = grammar.delimiter();
    match delimiter {
        [byte] => line.iter().filter(|&b| b == byte).take(n_fields).count() + 1 == n_fields,
        _ => memchr::memmem::find_iter(line, delimiter).take(n_fields).count() + 1 == n_fields,
    }
}

/// Physical lines of a joined record that are looked at.
const JOINED_LINES: usize = 16;

/// Decides about a record that fits the grammar, spans lines and has the wrong number of fields; it ends at `next`.
/// When most of its later lines are records of the right size by themselves, a lost or surplus quote has joined them:
/// then the first line is the record. Otherwise `record` stays as it is.
pub(super) fn joined_lines(
    grammar: &Grammar,
    bytes: &[u8],
    start: usize,
    next: usize,
    record: &mut Record,
) -> usize {
    let bytes = &bytes[..next];
    let At::Yes(first) = grammar.find_line_end(bytes, start, true) else { return next };
    let (mut lines, mut fitting, mut at) = (0, 0, first.next);
    while at < next && lines < JOINED_LINES {
        let At::Yes(line) = grammar.find_line_end(bytes, at, true) else { break };
        let mut alone = Record::default();
        read(grammar, &bytes[..line.end], at, Bound::LineNextQuoted, &mut alone);
        lines += 1;
        // The rest of a quoted field (`y",z`) may have the right size by chance, but its quote is stray there.
        fitting += usize::from(grammar.n_columns == Some(alone.ends.len()) && alone.faults.is_empty());
        at = line.next;
    }
    if fitting == 0 || fitting * 2 < lines {
        return next;
    }
    *record = on_line(grammar, &bytes[..first.end], start);
    first.next
}

/// The reading of one physical line that gives the right number of fields; if there is none, the plainest.
fn on_line(grammar: &Grammar, line: &[u8], start: usize) -> Record {
    let readings = [Bound::Line, Bound::LineNextQuoted, Bound::NoQuotes].map(|bound| {
        let mut record = Record::default();
        read(grammar, line, start, bound, &mut record);
        record
    });
    let fitting = readings.iter().position(|record| grammar.n_columns == Some(record.ends.len()));
    let [first, second, third] = readings;
    match fitting {
        Some(1) => second,
        Some(2) => third,
        _ => first,
    }
}

/// How far a quote reaches in a reading of one physical line.
#[derive(Clone, Copy, PartialEq)]
enum Bound {
    Line,
    LineNextQuoted,
    NoQuotes,
}

/// Reads the record within one physical line; it always succeeds. `line` ends where the line's text ends.
fn read(grammar: &Grammar, line: &[u8], start: usize, bound: Bound, record: &mut Record) {
    let mut at = start;
    let mut vain = 0;
    loop {
        let opening = opening_quote(grammar, line, at);
        if let (Some(open), true) = (opening, bound != Bound::NoQuotes && vain < VAIN_SEARCHES) {
            let faults = record.faults.len();
            if let Some(next) = quoted_on_line(grammar, line, at, open, bound, record) {
                match next {
                    Some(next) => at = next,
                    None => break,
                }
                continue;
            }
            record.take_back_faults(faults);
            vain += 1;
        }
        if let Some(open) = opening {
            record.faults.push((record.ends.len() as u32, open as u32, FaultKind::QuoteUnclosed));
        }
        match text_on_line(grammar, line, at, opening, record) {
            Some(next) => at = next,
            None => break,
        }
    }
    record.end = line.len();
}

/// An unquoted field; gives the start of the next field. Quotes in it are stray, but for the one at `opening`.
fn text_on_line(
    grammar: &Grammar,
    line: &[u8],
    from: usize,
    opening: Option<usize>,
    record: &mut Record,
) -> Option<usize> {
    let mut at = grammar.next_mark(line, from, line.len());
    while at < line.len() {
        if grammar.delimiter_at(line, at, true) == At::Yes(()) {
            record.ends.push(at as u32);
            return Some(at + grammar.delimiter().len());
        }
        if Some(line[at]) == grammar.quote && Some(at) != opening {
            record.stray_quote(record.ends.len(), at);
        }
        at = grammar.next_mark(line, at + 1, line.len());
    }
    record.ends.push(line.len() as u32);
    None
}

/// A quoted field that closes on its line: `Some(Some(next field))`, `Some(None)` when it is the last, none when it
/// does not close.
fn quoted_on_line(
    grammar: &Grammar,
    line: &[u8],
    from: usize,
    open: usize,
    bound: Bound,
    record: &mut Record,
) -> Option<Option<usize>> {
    let quote = line[open];
    let mut flags = QUOTED | if open > from { DIRTY } else { 0 };
    let mut at = open + 1;
    loop {
        at = grammar.next_mark(line, at, line.len());
        let byte = *line.get(at)?;
        if Some(byte) == grammar.escape {
            flags |= DIRTY;
            at += 2;
            continue;
        }
        if byte != quote {
            at += 1;
            continue;
        }
        match after_quote(grammar, line, at + 1, true) {
            After::Delimiter(next, end) => {
                close(record, at, end, flags);
                return Some(Some(next));
            }
            After::End { end, .. } => {
                close(record, at, end, flags);
                return Some(None);
            }
            After::Unknown => return None,
            After::Other => {}
        }
        flags |= DIRTY;
        if grammar.escape.is_none() && line[at + 1] == quote {
            at += 2;
        } else if bound == Bound::LineNextQuoted && follows_delimiter(grammar, line, open, at) {
            return None;
        } else {
            record.may_open_next |= follows_delimiter(grammar, line, open, at);
            record.stray_quote(record.ends.len(), at);
            at += 1;
        }
    }
}

/// Reads the record with quotes that may span lines. `No` when a quote never closes, or when a quote behind a line
/// end looks like the opening of a later field: then the field does not span lines, its quote is unclosed.
fn read_lines(grammar: &Grammar, bytes: &[u8], start: usize, eof: bool, record: &mut Record) -> At<LineEnd> {
    let mut at = start;
    let reach = bytes.len().min(start + HORIZON_BYTES);
    let mut line: Option<LineEnd> = None;
    loop {
        // Another field would be one too many.
        if grammar.n_columns.is_some_and(|n_columns| record.ends.len() >= n_columns) {
            return At::No;
        }
        let Some(open) = opening_quote(grammar, bytes, at) else {
            // Unquoted fields end on their line, so the line's reading applies.
            let line = match line.filter(|line| at <= line.end) {
                Some(line) => line,
                None => {
                    match grammar.find_line_end(&bytes[..reach], at.min(reach), eof && reach == bytes.len()) {
                        At::Yes(found) => *line.insert(found),
                        At::No | At::Unknown if reach < bytes.len() => return At::No,
                        At::No | At::Unknown => return At::Unknown,
                    }
                }
            };
            match text_on_line(grammar, &bytes[..line.end], at, None, record) {
                Some(next) => at = next,
                None => {
                    record.end = line.end;
                    return At::Yes(line);
                }
            }
            continue;
        };
        match quoted_on_lines(grammar, bytes, start, at, open, eof, record) {
            Closed::Next(next) => at = next,
            Closed::Last(end) => {
                record.end = end.end;
                return At::Yes(end);
            }
            Closed::Never => return At::No,
            Closed::Unknown => return At::Unknown,
        }
    }
}

enum Closed {
    Next(usize),
    Last(LineEnd),
    Never,
    Unknown,
}

fn quoted_on_lines(
    grammar: &Grammar,
    bytes: &[u8],
    record_start: usize,
    from: usize,
    open: usize,
    eof: bool,
    record: &mut Record,
) -> Closed {
    let quote = bytes[open];
    let mut flags = QUOTED | if open > from { DIRTY } else { 0 };
    let mut spans = false;
    let mut at = open + 1;
    let reach = grammar.max_record_bytes.min(HORIZON_BYTES);
    let stop = bytes.len().min(record_start + reach + 1);
    loop {
        at = grammar.next_mark(bytes, at, stop);
        let too_far = at - record_start > reach;
        if too_far || record.inner_lines > HORIZON_LINES {
            return Closed::Never;
        }
        let Some(&byte) = bytes.get(at) else { return if eof { Closed::Never } else { Closed::Unknown } };
        if Some(byte) == grammar.escape {
            flags |= DIRTY;
            at += 2;
            continue;
        }
        if byte != quote {
            if is_line_end_byte(grammar, bytes, at) {
                spans = true;
                record.inner_lines += 1;
            }
            at += 1;
            continue;
        }
        match after_quote(grammar, bytes, at + 1, eof) {
            After::Delimiter(next, end) => {
                close(record, at, end, flags);
                return Closed::Next(next);
            }
            After::End { end, next } => {
                close(record, at, end, flags);
                return Closed::Last(LineEnd { end, next });
            }
            After::Unknown => return Closed::Unknown,
            After::Other => {}
        }
        flags |= DIRTY;
        if grammar.escape.is_none() && bytes[at + 1] == quote {
            // `,"",` behind a line end is an empty field of a later record.
            let empty_field = spans && follows_delimiter(grammar, bytes, open, at);
            match after_quote(grammar, bytes, at + 2, eof) {
                After::Delimiter(..) | After::End { .. } if empty_field => return Closed::Never,
                After::Unknown if empty_field => return Closed::Unknown,
                _ => at += 2,
            }
        } else if spans
            && (follows_delimiter(grammar, bytes, open, at) || matches!(bytes[at - 1], b'\n' | b'\r'))
        {
            return Closed::Never;
        } else {
            record.stray_quote(record.ends.len(), at);
            at += 1;
        }
    }
}

/// Whether the quote at `at`, inside the field that opened at `open`, stands right behind a delimiter.
fn follows_delimiter(grammar: &Grammar, bytes: &[u8], open: usize, at: usize) -> bool {
    grammar.ends_delimiter(bytes[at - 1]) && bytes[open + 1..at].ends_with(grammar.delimiter())
}

fn close(record: &mut Record, quote: usize, end: usize, mut flags: u32) {
    if end > quote + 1 {
        flags |= DIRTY;
        record.stray_quote(record.ends.len(), quote + 1);
    }
    record.ends.push(end as u32 | flags);
}
