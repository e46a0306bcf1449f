//! The plain scanner: the definition of the grammar, one byte at a time.
//!
//! Clean records follow RFC 4180 (or its escape variant). A record whose quotes do not fit goes to
//! `recover` beside this module, which looks no further than `max_record_bytes` from the record's start, so the result
//! never depends on where a block or chunk ends.

use super::recover;
use crate::grammar::At;
use crate::index::{DIRTY, FieldIndex, QUOTED};
use crate::{Fault, FaultKind, Grammar, SkipKind};

/// Adds the whole records of `bytes` to `index` and gives the bytes they took. `bytes` begins at a record; what is
/// left is the start of a record whose end (or meaning) cannot be told yet and must come again with more bytes behind it.
/// With `eof` nothing is left.
///
/// Less is taken when the index is full ([`FieldIndex::has_room`]); then it must be emptied and the rest comes again.
///
/// When nothing was consumed and `bytes` is longer than the record limit, see [`line_too_large`].
pub fn index(grammar: &Grammar, bytes: &[u8], eof: bool, index: &mut FieldIndex) -> usize {
    let mut desk = Desk::default();
    let mut at = 0;
    while at < bytes.len() && index.has_room() {
        let Some(next) = step(grammar, bytes, at, eof, index, &mut desk) else { break };
        at = next;
    }
    at
}

/// Room to work in, whose memory serves one record after the other.
#[derive(Default)]
pub(super) struct Desk {
    record: Record,
    readings: recover::Readings,
}

/// Adds the record or the skipped line at `at` and gives the start of the next; none when more bytes are needed. Blank lines
/// come in runs: all of one are added at once.
pub(super) fn step(
    grammar: &Grammar,
    bytes: &[u8],
    at: usize,
    eof: bool,
    index: &mut FieldIndex,
    desk: &mut Desk,
) -> Option<usize> {
    match next_line(grammar, bytes, at, eof, index) {
        Line::Skipped(next) => return Some(next),
        Line::Unknown => return None,
        Line::Record => {}
    }
    let Desk { record, readings } = desk;
    record.clear();
    let next = match strict(grammar, bytes, at, eof, record) {
        // Several lines that do not make a record of the right size: perhaps a lost quote joined them.
        Step::Done(next) if record.inner_lines > 0 && grammar.n_columns != Some(record.ends.len()) => {
            Some(recover::joined_lines(grammar, bytes, at, next, record))
        }
        Step::Done(next) => Some(next),
        Step::Unknown => None,
        Step::Damaged => recover::record(grammar, bytes, at, eof, record, readings),
    };
    // A line that is too large may be whole here although its last field is not.
    if next.is_none() || record.end - at > grammar.max_record_bytes {
        let too_large = too_large_here(grammar, bytes, at, eof, index);
        if too_large.is_some() || next.is_none() {
            return too_large;
        }
    }
    let next = next?;
    let number = index.n_records() as u32;
    for &(field, byte, kind) in &record.faults {
        index.push_fault(Fault { record: number, field, byte, kind });
    }
    index.count_ending(&bytes[record.end..next]);
    index.push_record(at, &record.ends, record.inner_lines + u32::from(next > record.end));
    Some(next)
}

/// Whether the physical line at the start of `bytes` is certainly above the record limit: the caller must then drop it up
/// to its end and count it, since it is not to be held in memory.
pub fn line_too_large(grammar: &Grammar, bytes: &[u8]) -> bool {
    bytes.len() > grammar.max_record_bytes + 1
        && grammar.find_line_end(&bytes[..grammar.max_record_bytes + 2], 0, false) == At::Unknown
}

/// One record as the scanners see it; offsets count from the start of the bytes.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Record {
    /// Flagged field ends.
    pub(super) ends: Vec<u32>,
    /// Where its text stops.
    pub(super) end: usize,
    /// Line ends inside its quotes.
    pub(super) inner_lines: u32,
    /// Field, byte, what is wrong.
    pub(super) faults: Vec<(u32, u32, FaultKind)>,
    /// The last field with a stray quote.
    stray: Option<usize>,
    /// A quote inside a field stands where the next field could open.
    pub(super) may_open_next: bool,
}

impl Record {
    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.end = 0;
        self.inner_lines = 0;
        self.faults.clear();
        self.stray = None;
        self.may_open_next = false;
    }

    /// Notes a stray quote in a field, if it is the field's first: one is as telling as a million.
    pub(super) fn stray_quote(&mut self, field: usize, at: usize) {
        if self.stray != Some(field) {
            self.stray = Some(field);
            self.faults.push((field as u32, at as u32, FaultKind::QuoteStray));
        }
    }

    /// Takes back the faults from number `n` on, which are of the field that is being read.
    pub(super) fn take_back_faults(&mut self, n: usize) {
        self.faults.truncate(n);
        self.stray = None;
    }
}

enum Line {
    Skipped(usize),
    Record,
    Unknown,
}

/// Passes over a line that is blank or a comment.
fn next_line(grammar: &Grammar, bytes: &[u8], at: usize, eof: bool, index: &mut FieldIndex) -> Line {
    // No comment begins with a line end, so this is a blank line. A file may be full of them.
    if bytes[at] == b'\n' {
        return Line::Skipped(at + index.push_blank_lines(bytes, at));
    }
    let kind = match grammar.comment_at(bytes, at, eof) {
        At::Yes(()) => SkipKind::Comment,
        At::Unknown => return Line::Unknown,
        At::No => match blank_line(grammar, bytes, at, eof) {
            At::Yes(()) => SkipKind::Blank,
            At::Unknown => return Line::Unknown,
            At::No => return Line::Record,
        },
    };
    match grammar.find_line_end(bytes, at, eof) {
        At::Yes(line) => {
            index.count_ending(&bytes[line.end..line.next]);
            index.push_skip(at, kind, u32::from(line.next > line.end));
            Line::Skipped(line.next)
        }
        At::No | At::Unknown => Line::Unknown,
    }
}

/// Whether the line has nothing on it, or nothing but blanks that cannot be fields. In a file of one column a line of
/// blanks is a value.
pub(super) fn blank_line(grammar: &Grammar, bytes: &[u8], at: usize, eof: bool) -> At<()> {
    let only_column = grammar.n_columns == Some(1);
    let mut here = at;
    loop {
        match grammar.line_end_at(bytes, here, eof) {
            At::Yes(_) => return At::Yes(()),
            At::Unknown => return At::Unknown,
            At::No => {}
        }
        let byte = bytes[here];
        if only_column || !matches!(byte, b' ' | b'\t') || byte == grammar.delimiter()[0] {
            return At::No;
        }
        here += 1;
    }
}

/// If the physical line at `at` is whole and above the limit, counts it as a record that was not read.
fn too_large_here(
    grammar: &Grammar,
    bytes: &[u8],
    at: usize,
    eof: bool,
    index: &mut FieldIndex,
) -> Option<usize> {
    if bytes.len() - at <= grammar.max_record_bytes {
        return None;
    }
    match grammar.find_line_end(bytes, at, eof) {
        At::Yes(line) if line.end - at > grammar.max_record_bytes => {
            index.count_ending(&bytes[line.end..line.next]);
            index.push_too_large(at, (line.end - at) as u64, u32::from(line.next > line.end));
            Some(line.next)
        }
        _ => None,
    }
}

enum Step {
    /// The record is whole; the next line starts here.
    Done(usize),
    /// The bytes end first.
    Unknown,
    /// Quotes do not fit.
    Damaged,
}

/// Reads one record whose quotes fit the grammar.
fn strict(grammar: &Grammar, bytes: &[u8], start: usize, eof: bool, record: &mut Record) -> Step {
    let mut at = start;
    loop {
        let opening = opening_quote(grammar, bytes, at);
        let step = match opening {
            Some(open) => quoted_field(grammar, bytes, start, at, open, eof, record),
            None => plain_field(grammar, bytes, start, at, eof, record),
        };
        match step {
            Field::Next(next) => at = next,
            Field::Last { end, next } => {
                record.end = end;
                return Step::Done(next);
            }
            Field::Unknown => return Step::Unknown,
            Field::Damaged => return Step::Damaged,
        }
    }
}

enum Field {
    /// A delimiter follows; the next field starts here.
    Next(usize),
    /// It is the record's last.
    Last {
        end: usize,
        next: usize,
    },
    Unknown,
    Damaged,
}

/// Where the quote that opens the field at `at` is, if it is quoted.
#[inline]
pub(super) fn opening_quote(grammar: &Grammar, bytes: &[u8], at: usize) -> Option<usize> {
    let quote = grammar.quote?;
    let mut here = at;
    if grammar.skip_initial_space {
        while bytes.get(here) == Some(&b' ') {
            here += 1;
        }
    }
    (bytes.get(here) == Some(&quote)).then_some(here)
}

fn plain_field(
    grammar: &Grammar,
    bytes: &[u8],
    record_start: usize,
    from: usize,
    eof: bool,
    record: &mut Record,
) -> Field {
    let mut dirty = 0;
    let mut at = from;
    let stop = bytes.len().min(record_start.saturating_add(grammar.max_record_bytes).saturating_add(1));
    loop {
        at = grammar.next_mark(bytes, at, stop);
        match grammar.delimiter_at(bytes, at, eof) {
            At::Yes(()) => {
                record.ends.push(at as u32 | dirty);
                return Field::Next(at + grammar.delimiter().len());
            }
            At::Unknown => return Field::Unknown,
            At::No => {}
        }
        match grammar.line_end_at(bytes, at, eof) {
            At::Yes(line) => {
                record.ends.push(line.end as u32 | dirty);
                return Field::Last { end: line.end, next: line.next };
            }
            At::Unknown => return Field::Unknown,
            At::No => {}
        }
        if at - record_start > grammar.max_record_bytes {
            return Field::Damaged;
        }
        let byte = bytes[at];
        if Some(byte) == grammar.quote {
            record.stray_quote(record.ends.len(), at);
        } else if Some(byte) == grammar.escape {
            if at + 1 >= bytes.len() && !eof {
                return Field::Unknown;
            }
            if grammar.escapes(bytes, at + 1) {
                let is_cr = bytes[at + 1] == b'\r';
                if is_cr && at + 2 >= bytes.len() && !eof {
                    return Field::Unknown;
                }
                dirty = DIRTY;
                // CR LF is one line end: an escape before it protects both bytes.
                at += 1 + usize::from(is_cr && bytes.get(at + 2) == Some(&b'\n'));
                record.inner_lines += u32::from(is_line_end_byte(grammar, bytes, at));
            }
        }
        at += 1;
    }
}

fn quoted_field(
    grammar: &Grammar,
    bytes: &[u8],
    record_start: usize,
    from: usize,
    open: usize,
    eof: bool,
    record: &mut Record,
) -> Field {
    let quote = bytes[open];
    let mut dirty = if open > from { DIRTY } else { 0 };
    let mut at = open + 1;
    let stop = bytes.len().min(record_start.saturating_add(grammar.max_record_bytes).saturating_add(1));
    loop {
        at = grammar.next_mark(bytes, at, stop);
        let Some(&byte) = bytes.get(at) else {
            return if eof || at - record_start > grammar.max_record_bytes {
                Field::Damaged
            } else {
                Field::Unknown
            };
        };
        if at - record_start > grammar.max_record_bytes {
            return Field::Damaged;
        }
        if Some(byte) == grammar.escape {
            dirty = DIRTY;
            let protected = at + 1;
            record.inner_lines +=
                u32::from(protected < bytes.len() && is_line_end_byte(grammar, bytes, protected));
            at += 2;
            continue;
        }
        if byte != quote {
            record.inner_lines += u32::from(is_line_end_byte(grammar, bytes, at));
            at += 1;
            continue;
        }
        match after_quote(grammar, bytes, at + 1, eof) {
            After::Delimiter(next, end) => {
                record.ends.push(end as u32 | QUOTED | dirty | blanks(end, at));
                if end > at + 1 {
                    record.stray_quote(record.ends.len() - 1, at + 1);
                }
                return Field::Next(next);
            }
            After::End { end, next } => {
                record.ends.push(end as u32 | QUOTED | dirty | blanks(end, at));
                if end > at + 1 {
                    record.stray_quote(record.ends.len() - 1, at + 1);
                }
                return Field::Last { end, next };
            }
            After::Unknown => return Field::Unknown,
            After::Other if grammar.escape.is_none() && bytes[at + 1] == quote => {
                dirty = DIRTY;
                at += 2;
            }
            After::Other => return Field::Damaged,
        }
    }
}

fn blanks(end: usize, quote: usize) -> u32 {
    if end > quote + 1 { DIRTY } else { 0 }
}

/// What follows a quote inside a quoted field, at `at`; blanks before a delimiter or a line end are passed over.
pub(super) enum After {
    /// A delimiter: (start of the next field, end of this one).
    Delimiter(usize, usize),
    /// The end of the record.
    End {
        end: usize,
        next: usize,
    },
    /// Anything else: the quote does not close the field.
    Other,
    Unknown,
}

pub(super) fn after_quote(grammar: &Grammar, bytes: &[u8], at: usize, eof: bool) -> After {
    let mut here = at;
    loop {
        match grammar.delimiter_at(bytes, here, eof) {
            At::Yes(()) => return After::Delimiter(here + grammar.delimiter().len(), here),
            At::Unknown => return After::Unknown,
            At::No => {}
        }
        match grammar.line_end_at(bytes, here, eof) {
            At::Yes(line) => return After::End { end: line.end, next: line.next },
            At::Unknown => return After::Unknown,
            At::No => {}
        }
        if !matches!(bytes[here], b' ' | b'\t') {
            return After::Other;
        }
        here += 1;
    }
}

/// Whether the byte at `at` completes a physical line (inside quotes).
#[inline]
pub(super) fn is_line_end_byte(grammar: &Grammar, bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b'\n' => true,
        b'\r' => grammar.bare_cr && bytes.get(at + 1).is_some_and(|&next| next != b'\n'),
        _ => false,
    }
}
