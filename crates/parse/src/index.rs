//! The index of a block: where each field of each record ends, as one rectangle of numbers.

use std::borrow::Cow;

use crate::{Fault, Grammar, Skip};

/// The field is enclosed in quotes.
pub(crate) const QUOTED: u32 = 1 << 31;
/// The field holds bytes that are not its text: doubled quotes, escapes, blanks outside the quotes.
pub(crate) const DIRTY: u32 = 1 << 30;
/// The record has no such field.
pub(crate) const MISSING: u32 = 1 << 29;
/// Of a record's start: it has fields beyond the last column.
const LONG: u32 = 1 << 31;
const OFFSET: u32 = MISSING - 1;

/// The largest block that can be indexed, in bytes.
pub const MAX_BLOCK_BYTES: usize = OFFSET as usize;

/// Cells after which an index is full, so that records far narrower than the table cannot make it larger than the text.
const MOST_CELLS: usize = 1 << 20;
/// Fields after which an index is full: each may become a problem, which is far larger than the field.
const MOST_FIELDS: usize = 1 << 15;
/// Records for which there is room all the same: a block costs a little for each column, which a wide table has many of.
const FEWEST_RECORDS: usize = 32;
/// Skipped lines after which an index is full; each may become a problem.
const MOST_SKIPS: usize = 1 << 16;

/// Field ends of a block of whole records, row-major: `n_records` x `n_columns`.
///
/// Field `c` of record `r` begins where field `c - 1` ends plus the delimiter, the first one at the record's start.
/// Records with fewer fields are filled with missing ones; further fields of longer records stand in a side list.
///
/// ```
/// use csvp_parse::{Dialect, FieldIndex, FaultKind, Grammar, scan};
///
/// let block = b"1,\"two\nlines\"\n\n2\n3,5\" pipe\n";
/// let grammar = Grammar::new(&Dialect::default(), Some(2), 1 << 20);
/// let mut index = FieldIndex::new(2);
/// scan::index(&grammar, block, true, &mut index);
///
/// assert_eq!((index.n_records(), index.n_lines()), (3, 5));
/// // The third record stands on the fifth line; the second is short; a blank line is no record.
/// assert_eq!((index.line(2), index.skips().len()), (4, 1));
/// assert!(index.ragged().eq([(1, 1)]));
/// assert_eq!(index.faults()[0].kind, FaultKind::QuoteStray);
/// let mut scratch = Vec::new();
/// assert_eq!(index.field(&grammar, block, 0, 1, &mut scratch), Some(&b"two\nlines"[..]));
/// assert_eq!(index.raw_range(&grammar, 0, 1), Some((2, 13)));
/// assert_eq!(index.field(&grammar, block, 1, 1, &mut scratch), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldIndex {
    n_columns: usize,
    /// How many of the fields in front and behind are left out of everything that is read by column.
    left_out: (usize, usize),
    ends: Vec<u32>,
    starts: Vec<u32>,
    /// (record, where the ends of its fields beyond the last column stop in `extra_ends`), ascending.
    extra: Vec<(u32, u32)>,
    extra_ends: Vec<u32>,
    /// (record, fields it has), ascending, for records with fewer than `n_columns`.
    short: Vec<(u32, u32)>,
    /// (record, lines to add to the record's own index to get its line), ascending; says where lines and records part.
    line_shifts: Vec<(u32, u32)>,
    lines: u32,
    faults: Vec<Fault>,
    skips: Vec<Skip>,
    /// Fields that the records have.
    fields: usize,
    endings: LineEndings,
}

/// How often each kind of line ending ended a record or a skipped line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineEndings {
    /// LF alone.
    pub lf: u64,
    /// CR LF.
    pub crlf: u64,
    /// CR alone.
    pub cr: u64,
}

impl FieldIndex {
    /// An empty index for records of `n_columns` fields.
    pub fn new(n_columns: usize) -> Self {
        Self { n_columns, ..Self::default() }
    }

    /// An empty index for records of `front`, `n_columns` and `back` fields, of which only those in the middle are read
    /// by column. Further fields of longer records come behind them, as in any index.
    pub fn leaving_out(front: usize, n_columns: usize, back: usize) -> Self {
        Self { n_columns: front + n_columns + back, left_out: (front, back), ..Self::default() }
    }

    /// Empties it for the next block; memory is kept.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.starts.clear();
        self.extra.clear();
        self.extra_ends.clear();
        self.short.clear();
        self.line_shifts.clear();
        self.lines = 0;
        self.faults.clear();
        self.skips.clear();
        self.fields = 0;
        self.endings = LineEndings::default();
    }

    /// Whether more records may be added to this index.
    pub fn has_room(&self) -> bool {
        self.ends.len() < MOST_CELLS && self.fields < self.most_fields() && self.skips.len() < MOST_SKIPS
    }

    /// How many records may be added if each has all its fields; the index has columns.
    pub(crate) fn room(&self) -> usize {
        if !self.has_room() {
            return 0;
        }
        (MOST_CELLS - self.ends.len()).min(self.most_fields() - self.fields).div_ceil(self.n_columns)
    }

    fn most_fields(&self) -> usize {
        MOST_FIELDS.max(self.n_columns.saturating_mul(FEWEST_RECORDS))
    }

    /// Fields of a whole record, those left out counted.
    pub(crate) fn width(&self) -> usize {
        self.n_columns
    }

    /// Records in the block; lines that are no records do not count.
    pub fn n_records(&self) -> usize {
        self.starts.len()
    }

    /// Fields a record should have, those left out not counted.
    pub fn n_columns(&self) -> usize {
        self.n_columns - self.left_out.0 - self.left_out.1
    }

    /// Physical lines that end in the block.
    pub fn n_lines(&self) -> u32 {
        self.lines
    }

    /// Faults in the order of their records.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The column of a fault: none when its field is left out or stands beyond the last column.
    pub fn column_of(&self, fault: &Fault) -> Option<usize> {
        let column = (fault.field as usize).checked_sub(self.left_out.0)?;
        (column < self.n_columns()).then_some(column)
    }

    /// Lines that are no records, in order.
    pub fn skips(&self) -> &[Skip] {
        &self.skips
    }

    /// Kinds of line endings met.
    pub fn line_endings(&self) -> LineEndings {
        self.endings
    }

    /// Offset of the record's first byte in the block.
    pub fn record_start(&self, record: usize) -> usize {
        (self.starts[record] & !LONG) as usize
    }

    /// Offset behind the record's last byte, terminator not included.
    pub fn record_end(&self, record: usize) -> usize {
        if let Some(ends) = self.extra_of(record) {
            return offset(ends[ends.len() - 1]);
        }
        if self.n_columns == 0 {
            self.record_start(record)
        } else {
            offset(self.ends[(record + 1) * self.n_columns - 1])
        }
    }

    /// Physical line of the record's first byte, from 0 at the block's first line.
    pub fn line(&self, record: usize) -> u32 {
        let at = self.line_shifts.partition_point(|&(first, _)| first as usize <= record);
        let shift = if at == 0 { 0 } else { self.line_shifts[at - 1].1 };
        record as u32 + shift
    }

    /// Fields the record has, those left out not counted.
    pub fn n_fields(&self, record: usize) -> usize {
        if let Some(ends) = self.extra_of(record) {
            return self.n_columns() + ends.len();
        }
        let row = self.row(record);
        if row.last().is_none_or(|end| end & MISSING == 0) {
            return self.n_columns();
        }
        match row.partition_point(|end| end & MISSING == 0) {
            // A record that was not read.
            0 => self.n_columns(),
            n => self.read_of(n),
        }
    }

    /// How many of a short record's first `n` fields are read.
    fn read_of(&self, n: usize) -> usize {
        n.saturating_sub(self.left_out.0).min(self.n_columns())
    }

    /// Records whose number of fields is not `n_columns`, ascending, with the number they have.
    pub fn ragged(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut short =
            self.short.iter().map(move |&(record, n)| (record as usize, self.read_of(n as usize))).peekable();
        let mut long = (0..self.extra.len())
            .map(move |at| (self.extra[at].0 as usize, self.n_columns() + self.extra_at(at).len()))
            .peekable();
        let both = std::iter::from_fn(move || match (short.peek(), long.peek()) {
            (Some(first), Some(other)) if first.0 > other.0 => long.next(),
            (Some(_), _) => short.next(),
            (None, _) => long.next(),
        });
        both.filter(move |&(_, n)| n != self.n_columns())
    }

    /// Offsets of the field's raw bytes in the block, quotes included; none when the record has no such field.
    pub fn raw_range(&self, grammar: &Grammar, record: usize, field: usize) -> Option<(usize, usize)> {
        self.locate(grammar, record, field).map(|(start, end)| (start, offset(end)))
    }

    /// The text of a field: a slice of the block, or of `scratch` where quotes had to be undone. None when the record
    /// has no such field.
    pub fn field<'a>(
        &self,
        grammar: &Grammar,
        block: &'a [u8],
        record: usize,
        field: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        let located = self.locate(grammar, record, field)?;
        Some(text_of(grammar, block, located, scratch))
    }

    /// The text of the last field that is left out, behind the columns; none when the record has no such field.
    pub fn left_out_behind<'a>(
        &self,
        grammar: &Grammar,
        block: &'a [u8],
        record: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        let last = self.n_columns.checked_sub(1).filter(|_| self.left_out.1 > 0)?;
        let located = self.locate_any(grammar, record, last)?;
        Some(text_of(grammar, block, located, scratch))
    }

    /// The text of a field that is a slice of the block; none when quotes must be undone or the record has no such field.
    /// This is the quick way to most fields: [`FieldIndex::field`] is the way to all.
    #[inline]
    pub fn slice<'a>(
        &self,
        grammar: &Grammar,
        block: &'a [u8],
        record: usize,
        field: usize,
    ) -> Option<&'a [u8]> {
        let field = self.left_out.0 + field;
        let at = record * self.n_columns + field;
        let end = self.ends[at];
        if end & (DIRTY | MISSING) != 0 {
            return None;
        }
        let start = match field {
            0 => self.record_start(record),
            _ => offset(self.ends[at - 1]) + grammar.delimiter().len(),
        };
        let quote = usize::from(end & QUOTED != 0);
        Some(&block[start + quote..offset(end) - quote])
    }

    /// All fields the record has, however many.
    pub fn fields<'a>(&self, grammar: &Grammar, block: &'a [u8], record: usize) -> Vec<Cow<'a, [u8]>> {
        (0..self.n_fields(record))
            .filter_map(|field| {
                let (start, end) = self.locate(grammar, record, field)?;
                let raw = &block[start..offset(end)];
                Some(match end & (QUOTED | DIRTY) {
                    0 => Cow::Borrowed(raw),
                    QUOTED => Cow::Borrowed(&raw[1..raw.len() - 1]),
                    flags => {
                        let mut text = Vec::new();
                        unescape(grammar, raw, flags & QUOTED != 0, &mut text);
                        Cow::Owned(text)
                    }
                })
            })
            .collect()
    }

    /// Start offset and flagged end of a field that is not left out.
    #[inline]
    fn locate(&self, grammar: &Grammar, record: usize, field: usize) -> Option<(usize, u32)> {
        let (front, back) = self.left_out;
        let behind = if field < self.n_columns() { 0 } else { back };
        self.locate_any(grammar, record, field + front + behind)
    }

    #[inline]
    fn locate_any(&self, grammar: &Grammar, record: usize, field: usize) -> Option<(usize, u32)> {
        let row = self.row(record);
        let end_of = |field: usize| -> Option<u32> {
            if field < self.n_columns {
                Some(row[field]).filter(|end| end & MISSING == 0)
            } else {
                self.extra_of(record)?.get(field - self.n_columns).copied()
            }
        };
        let end = end_of(field)?;
        let start = if field == 0 {
            self.record_start(record)
        } else {
            offset(end_of(field - 1)?) + grammar.delimiter().len()
        };
        Some((start, end))
    }

    fn row(&self, record: usize) -> &[u32] {
        &self.ends[record * self.n_columns..(record + 1) * self.n_columns]
    }

    #[inline]
    fn extra_of(&self, record: usize) -> Option<&[u32]> {
        if self.starts[record] & LONG == 0 {
            return None;
        }
        let at = self.extra.binary_search_by_key(&(record as u32), |&(r, _)| r).ok()?;
        Some(self.extra_at(at))
    }

    fn extra_at(&self, at: usize) -> &[u32] {
        let start = at.checked_sub(1).map_or(0, |before| self.extra[before].1);
        &self.extra_ends[start as usize..self.extra[at].1 as usize]
    }

    /// Adds a record with its flagged field ends; `lines` is how many line ends it holds, its own terminator included.
    pub(crate) fn push_record(&mut self, start: usize, ends: &[u32], lines: u32) {
        let record = self.starts.len() as u32;
        let known = ends.len().min(self.n_columns);
        self.starts.push(start as u32 | if ends.len() > known { LONG } else { 0 });
        self.fields += ends.len();
        self.ends.extend_from_slice(&ends[..known]);
        if ends.len() > known {
            self.extra_ends.extend_from_slice(&ends[known..]);
            self.extra.push((record, self.extra_ends.len() as u32));
        } else if known < self.n_columns {
            let end = ends.last().map_or(start as u32, |&end| end & OFFSET);
            self.ends.resize(self.ends.len() + self.n_columns - known, end | MISSING);
            self.short.push((record, known as u32));
        }
        self.lines += lines;
        if lines != 1 {
            self.shift_lines(record + 1);
        }
    }

    /// Adds records that have all their fields and no more. `spanning` names those of several lines: which one of the
    /// records, ascending, and how many lines it has beside the last.
    pub(crate) fn push_run(&mut self, starts: &[u32], ends: &[u32], spanning: &[(u32, u32)]) {
        debug_assert_eq!(ends.len(), starts.len() * self.n_columns);
        let (first, mut shift) =
            (self.starts.len() as u32, self.lines.wrapping_sub(self.starts.len() as u32));
        for &(record, more) in spanning {
            shift = shift.wrapping_add(more);
            self.line_shifts.push((first + record + 1, shift));
            self.lines += more;
        }
        self.starts.extend_from_slice(starts);
        self.ends.extend_from_slice(ends);
        self.fields += ends.len();
        self.lines += starts.len() as u32;
    }

    /// Adds a record whose fields were not read because it is too large: its size in bytes and the line ends it took.
    pub fn push_too_large(&mut self, start: usize, bytes: u64, lines: u32) {
        let record = self.starts.len() as u32;
        let kind = crate::FaultKind::RecordTooLarge(bytes);
        self.faults.push(Fault { record, field: 0, byte: start as u32, kind });
        self.starts.push(start as u32);
        self.ends.resize(self.ends.len() + self.n_columns, start as u32 | MISSING);
        self.lines += lines;
        if lines != 1 {
            self.shift_lines(record + 1);
        }
    }

    pub(crate) fn push_skip(&mut self, byte: usize, kind: crate::SkipKind, lines: u32) {
        let before_record = self.starts.len() as u32;
        self.skips.push(Skip { before_record, byte: byte as u32, line: self.lines, kind });
        self.lines += lines;
        self.shift_lines(before_record);
    }

    /// Adds the blank lines of an LF each at `byte`, as many as there is room for, and gives their number.
    pub(crate) fn push_blank_lines(&mut self, bytes: &[u8], byte: usize) -> usize {
        if !self.has_room() {
            return 0;
        }
        let room = MOST_SKIPS - self.skips.len();
        let n = bytes[byte..].iter().take(room).take_while(|&&byte| byte == b'\n').count();
        if n > 0 {
            let (before_record, line) = (self.starts.len() as u32, self.lines);
            self.skips.extend((0..n as u32).map(|at| Skip {
                before_record,
                byte: byte as u32 + at,
                line: line + at,
                kind: crate::SkipKind::Blank,
            }));
            self.lines += n as u32;
            self.endings.lf += n as u64;
            self.shift_lines(before_record);
        }
        n
    }

    pub(crate) fn push_fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(crate) fn add_endings(&mut self, more: LineEndings) {
        self.endings.lf += more.lf;
        self.endings.crlf += more.crlf;
        self.endings.cr += more.cr;
    }

    pub(crate) fn count_ending(&mut self, bytes: &[u8]) {
        match bytes {
            b"\n" => self.endings.lf += 1,
            b"\r\n" => self.endings.crlf += 1,
            b"\r" => self.endings.cr += 1,
            _ => {}
        }
    }

    /// From `record` on, lines and records differ by another number.
    fn shift_lines(&mut self, record: u32) {
        let shift = self.lines.wrapping_sub(record);
        match self.line_shifts.last_mut() {
            Some(last) if last.0 == record => last.1 = shift,
            _ => self.line_shifts.push((record, shift)),
        }
    }
}

/// The text of a field in a block: a slice of it, or of `scratch` where quotes had to be undone.
fn text_of<'a>(
    grammar: &Grammar,
    block: &'a [u8],
    (start, end): (usize, u32),
    scratch: &'a mut Vec<u8>,
) -> &'a [u8] {
    let raw = &block[start..offset(end)];
    if end & (QUOTED | DIRTY) == 0 {
        return raw;
    }
    if end & DIRTY == 0 {
        return &raw[1..raw.len() - 1];
    }
    scratch.clear();
    unescape(grammar, raw, end & QUOTED != 0, scratch);
    scratch
}

#[inline]
pub(crate) fn offset(end: u32) -> usize {
    (end & OFFSET) as usize
}

/// Appends the text of a raw field to `text`: outer quotes and the blanks around them away, doubled and escaped
/// bytes single. A lone quote inside stays.
fn unescape(grammar: &Grammar, raw: &[u8], quoted: bool, text: &mut Vec<u8>) {
    let (Some(quote), true) = (grammar.quote, quoted) else {
        return unescape_plain(grammar, raw, text);
    };
    let first = raw.iter().position(|&b| b == quote).map_or(0, |at| at + 1);
    let last = raw.iter().rposition(|&b| b == quote).unwrap_or(raw.len()).max(first);
    let inner = &raw[first..last];
    let mut at = 0;
    while at < inner.len() {
        let byte = inner[at];
        let next = inner.get(at + 1).copied();
        let drop_this = match grammar.escape {
            Some(escape) => byte == escape && next.is_some_and(|n| n == quote || n == escape),
            None => byte == quote && next == Some(quote),
        };
        if drop_this && let Some(next) = next {
            text.push(next);
            at += 2;
        } else {
            text.push(byte);
            at += 1;
        }
    }
}

/// An unquoted field with escapes: the escape goes where it protects a delimiter, a line end, a quote or itself.
fn unescape_plain(grammar: &Grammar, raw: &[u8], text: &mut Vec<u8>) {
    let mut at = 0;
    while at < raw.len() {
        if Some(raw[at]) == grammar.escape && grammar.escapes(raw, at + 1) {
            at += 1;
        }
        text.push(raw[at]);
        at += 1;
    }
}

impl Grammar {
    /// Whether an escape before `at` protects the byte there, outside quotes.
    pub(crate) fn escapes(&self, bytes: &[u8], at: usize) -> bool {
        let Some(&byte) = bytes.get(at) else { return false };
        byte == self.delimiter()[0]
            || byte == b'\n'
            || byte == b'\r'
            || Some(byte) == self.quote
            || Some(byte) == self.escape
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SkipKind;

    #[test]
    fn blank_lines_of_a_run_are_those_added_one_by_one() {
        for (before, run) in [(0, 0), (0, 1), (0, 5), (3, 4), (MOST_SKIPS - 2, 5)] {
            let bytes = ["\n".repeat(before + run), "1,2\n".to_owned()].concat();
            let (mut at_once, mut one_by_one) = (FieldIndex::new(2), FieldIndex::new(2));
            for index in [&mut at_once, &mut one_by_one] {
                index.push_record(0, &[1, 3], 1);
                (0..before).for_each(|byte| index.push_skip(byte, SkipKind::Blank, 1));
            }
            let n = at_once.push_blank_lines(bytes.as_bytes(), before);
            for byte in before..before + run {
                if one_by_one.has_room() {
                    one_by_one.count_ending(b"\n");
                    one_by_one.push_skip(byte, SkipKind::Blank, 1);
                }
            }
            assert_eq!((n, &at_once), (run.min(MOST_SKIPS - before), &one_by_one), "{before} and {run}");
        }
    }

    #[test]
    fn records_of_many_lines_in_a_run_are_those_added_one_by_one() {
        let (mut at_once, mut one_by_one) = (FieldIndex::new(1), FieldIndex::new(1));
        for index in [&mut at_once, &mut one_by_one] {
            index.push_skip(0, SkipKind::Blank, 1);
        }
        at_once.push_run(&[1, 10, 20, 30], &[5, 15, 25, 35], &[(0, 2), (2, 1)]);
        for (start, lines) in [(1, 3), (10, 1), (20, 2), (30, 1)] {
            one_by_one.push_record(start, &[start as u32 + if start == 1 { 4 } else { 5 }], lines);
        }
        assert_eq!(at_once, one_by_one);
        assert_eq!([0, 1, 2, 3].map(|record| at_once.line(record)), [1, 4, 5, 7]);
    }
}
