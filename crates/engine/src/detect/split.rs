//! Splits a sample into records under one candidate dialect. Tolerant: every byte string gives a grid.
//!
//! This is not the reader of the engine. It works on a bounded sample, keeps all positions in memory, and counts how
//! well the quotes fit, which the score needs.

use memchr::{memchr_iter, memchr2, memchr3};

/// An opening quote without a proper end within this many bytes is taken for a plain character.
const QUOTE_HORIZON_BYTES: usize = 32 * 1024;
/// A cell that is longer than the horizon has longer lines than this: the lines of records that a lost quote would swallow
/// are mostly shorter.
const LONG_LINE_BYTES: usize = 200;
/// After this many opening quotes that never close, when they outnumber the good ones, quotes mean nothing any more.
const MAX_BROKEN: u32 = 40;

/// Cells that are kept; a sample with more is cut there.
const MAX_CELLS: usize = 150_000;

/// The rules under which a sample is split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) delimiter: Vec<u8>,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
    /// A CR alone ends a record too.
    pub(super) bare_cr: bool,
    /// Blanks before an opening quote are skipped.
    pub(super) skip_space: bool,
    /// A run of delimiters counts as one and leading ones as none (aligned columns).
    pub(super) collapse: bool,
}

/// One cell: the bytes between the quotes, or all bytes when it is not quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CellSpan {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quoted: bool,
}

/// One record: its cells, and the physical line (from 0) on which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowSpan {
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) line: u64,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All records of a sample under one set of rules.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) cells: Vec<CellSpan>,
    pub(super) rows: Vec<RowSpan>,
    /// Quoted cells that end properly.
    pub(super) well_quoted: u32,
    /// How many of them hold nothing.
    pub(super) hollow: u32,
    /// Cells that begin with a quote but do not end properly.
    pub(super) broken: u32,
    /// Broken ones that begin with two quotes: quoted twice, not with a plain sign.
    pub(super) doubled: u32,
    /// Quoted cells that hold a delimiter, a line end or a quote: they have to be quoted.
    pub(super) needed: u32,
    /// Quoted cells that hold a line end.
    pub(super) spanning: u32,
}

impl Grid {
    /// The cells of one record.
    pub(super) fn cells_of(&self, row: &RowSpan) -> &[CellSpan] {
        &self.cells[row.first..row.first + row.width]
    }
}

/// Splits `bytes` until its end or `max_rows` records. Unless `complete`, a last record without line end is dropped.
pub(super) fn split(bytes: &[u8], complete: bool, rules: &Rules, max_rows: usize) -> Grid {
    let mut splitter = Splitter::new(bytes, rules);
    while splitter.pos < bytes.len() && splitter.grid.rows.len() < max_rows && !splitter.is_full() {
        if !splitter.row() && !complete {
            if splitter.grid.rows.len() > 1
                && let Some(row) = splitter.grid.rows.pop()
            {
                splitter.grid.cells.truncate(row.first);
            }
            break;
        }
    }
    splitter.grid
}

/// How many quoted cells of all records of `bytes` do not end properly.
pub(super) fn broken_quotes(bytes: &[u8], rules: &Rules) -> u32 {
    let mut splitter = Splitter::new(bytes, rules);
    while splitter.pos < bytes.len() {
        splitter.row();
        // Only the count is wanted: the memory of one record is enough.
        splitter.grid.rows.clear();
        splitter.grid.cells.clear();
    }
    splitter.grid.broken
}

struct Splitter<'a> {
    bytes: &'a [u8],
    rules: &'a Rules,
    /// The delimiter's first byte, and whether it is all of it.
    first: u8,
    single: bool,
    grid: Grid,
    pos: usize,
    line: u64,
    /// Bytes that may still be looked at beyond the horizon of quotes that do not close.
    far: usize,
}

impl<'a> Splitter<'a> {
    fn new(bytes: &'a [u8], rules: &'a Rules) -> Self {
        // Room for short cells and short records; most samples need no more.
        let cells = Vec::with_capacity((bytes.len() / 4).clamp(8, 8_192));
        let rows = Vec::with_capacity((bytes.len() / 16).clamp(8, 512));
        let grid = Grid { cells, rows, ..Grid::default() };
        let first = rules.delimiter.first().copied().unwrap_or(b'\n');
        let single = rules.delimiter.len() == 1;
        Self { bytes, rules, first, single, grid, pos: 0, line: 0, far: bytes.len() }
    }

    /// Reads one record; false when it ended with the sample and not with a line end.
    fn row(&mut self) -> bool {
        let (first, start, line) = (self.grid.cells.len(), self.pos, self.line);
        if self.rules.collapse {
            self.skip_delimiters();
        }
        let terminated = loop {
            self.cell();
            if self.is_full() {
                self.pos = self.bytes.len();
            }
            if self.at_delimiter(self.pos) {
                self.pos += self.rules.delimiter.len();
                if self.rules.collapse {
                    self.skip_delimiters();
                    if self.line_end(self.pos) > 0 || self.pos >= self.bytes.len() {
                        break self.pos < self.bytes.len();
                    }
                }
                continue;
            }
            break self.pos < self.bytes.len();
        };
        let end = self.pos;
        if terminated {
            self.pos += self.line_end(self.pos);
            self.line += 1;
        }
        self.grid.rows.push(RowSpan { first, width: self.grid.cells.len() - first, line, start, end });
        terminated
    }

    fn is_full(&self) -> bool {
        self.grid.cells.len() >= MAX_CELLS
    }

    fn skip_delimiters(&mut self) {
        while self.at_delimiter(self.pos) {
            self.pos += self.rules.delimiter.len();
        }
    }

    #[inline]
    fn at_delimiter(&self, pos: usize) -> bool {
        self.bytes.get(pos) == Some(&self.first)
            && (self.single || self.bytes[pos..].starts_with(&self.rules.delimiter))
    }

    /// Bytes of the line end at `pos`; 0 when there is none.
    fn line_end(&self, pos: usize) -> usize {
        match self.bytes.get(pos) {
            Some(b'\n') => 1,
            Some(b'\r') if self.bytes.get(pos + 1) == Some(&b'\n') => 2,
            Some(b'\r') if self.rules.bare_cr => 1,
            _ => 0,
        }
    }

    fn cell(&mut self) {
        let mut open = self.pos;
        if self.rules.skip_space {
            while self.bytes.get(open) == Some(&b' ') && !self.at_delimiter(open) {
                open += 1;
            }
        }
        if self.rules.quote.is_some()
            && self.bytes.get(open).copied() == self.rules.quote
            && self.quotes_matter()
        {
            let broken_before = self.grid.broken;
            let closed = self.quoted(open);
            if !closed {
                self.grid.broken += 1;
            }
            if self.grid.broken > broken_before && self.bytes.get(open + 1).copied() == self.rules.quote {
                self.grid.doubled += 1;
            }
            if closed {
                return;
            }
        }
        let end = self.plain_end(self.pos);
        self.grid.cells.push(CellSpan { start: self.pos, end, quoted: false });
        self.pos = end;
    }

    fn quotes_matter(&self) -> bool {
        self.grid.broken < MAX_BROKEN || self.grid.well_quoted > self.grid.broken
    }

    /// Where an unquoted cell that begins at `pos` ends.
    fn plain_end(&self, mut pos: usize) -> usize {
        while let Some(step) = self.bytes.get(pos..).and_then(|rest| memchr3(self.first, b'\n', b'\r', rest))
        {
            pos += step;
            if self.at_delimiter(pos) || self.line_end(pos) > 0 {
                return pos;
            }
            pos += 1;
        }
        self.bytes.len()
    }

    /// Reads a quoted cell whose quote stands at `open`; false, with nothing consumed, when it has no proper end.
    fn quoted(&mut self, open: usize) -> bool {
        let Some(quote) = self.rules.quote else { return false };
        let horizon = self.bytes.len().min(open + 1 + QUOTE_HORIZON_BYTES);
        let limit = self.bytes.len().min(open + 1 + QUOTE_HORIZON_BYTES.max(self.far));
        let mut pos = open + 1;
        let mut stray = None;
        // A cell beyond the horizon is believed only where no other quote stands in it.
        while pos < if stray.is_some() { horizon } else { limit } {
            let Some(step) = memchr2(quote, self.rules.escape.unwrap_or(quote), &self.bytes[pos..limit])
            else {
                pos = limit;
                break;
            };
            pos += step;
            if self.bytes[pos] != quote {
                pos += 2;
                continue;
            }
            if self.bytes.get(pos + 1) == Some(&quote) && self.rules.escape.is_none() {
                pos += 2;
                continue;
            }
            let after = self.after_blanks(pos + 1);
            if after >= self.bytes.len() || self.at_delimiter(after) || self.line_end(after) > 0 {
                if pos >= horizon && !self.has_long_lines(open + 1, pos) {
                    break;
                }
                return self.close(open, pos, after, stray);
            }
            if !self.is_apostrophe(pos) {
                stray = stray.or(Some(pos));
            }
            pos += 1;
        }
        self.far = self.far.saturating_sub(pos.saturating_sub(horizon));
        false
    }

    fn has_long_lines(&self, start: usize, end: usize) -> bool {
        memchr_iter(b'\n', &self.bytes[start..end]).count() * LONG_LINE_BYTES < end - start
    }

    /// A single quote between two letters belongs to a word.
    fn is_apostrophe(&self, pos: usize) -> bool {
        let letter = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80);
        self.bytes[pos] == b'\''
            && pos > 0
            && letter(self.bytes.get(pos - 1))
            && letter(self.bytes.get(pos + 1))
    }

    fn after_blanks(&self, mut pos: usize) -> usize {
        while self.bytes.get(pos) == Some(&b' ') && !self.at_delimiter(pos) {
            pos += 1;
        }
        pos
    }

    fn close(&mut self, open: usize, close: usize, after: usize, stray: Option<usize>) -> bool {
        let inside = &self.bytes[open + 1..close];
        let line_ends = if self.rules.bare_cr {
            inside
                .iter()
                .enumerate()
                .filter(|&(i, &b)| b == b'\n' || b == b'\r' && inside.get(i + 1) != Some(&b'\n'))
                .count()
        } else {
            memchr_iter(b'\n', inside).count()
        };
        if let (Some(stray), true) = (stray, line_ends > 0) {
            // The quote ended before and text follows it; what comes after the line end is another cell.
            if self.bytes[open..stray].contains(&b'\n') {
                return false;
            }
            self.grid.broken += 1;
            let end = self.plain_end(stray);
            self.grid.cells.push(CellSpan { start: open, end, quoted: false });
            self.pos = end;
            return true;
        }
        self.line += line_ends as u64;
        self.grid.cells.push(CellSpan { start: open + 1, end: close, quoted: true });
        if stray.is_some() {
            self.grid.broken += 1;
        } else {
            self.grid.well_quoted += 1;
            self.grid.hollow += u32::from(inside.is_empty());
            self.grid.spanning += u32::from(line_ends > 0);
            let doubled = || self.rules.quote.is_some_and(|quote| memchr::memchr(quote, inside).is_some());
            if line_ends > 0 || self.has_delimiter(inside) || doubled() {
                self.grid.needed += 1;
            }
        }
        self.pos = after;
        true
    }

    fn has_delimiter(&self, inside: &[u8]) -> bool {
        memchr_iter(self.first, inside)
            .any(|at| self.single || inside[at..].starts_with(&self.rules.delimiter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(input: &str, delimiter: &str, quote: Option<u8>, escape: Option<u8>) -> Vec<Vec<String>> {
        let rules = Rules {
            delimiter: delimiter.as_bytes().to_vec(),
            quote,
            escape,
            bare_cr: false,
            skip_space: true,
            collapse: false,
        };
        let grid = split(input.as_bytes(), true, &rules, 100);
        let text = |c: &CellSpan| input[c.start..c.end].to_owned();
        grid.rows.iter().map(|r| grid.cells_of(r).iter().map(text).collect()).collect()
    }

    #[test]
    fn splits() {
        let cases: &[(&str, &str, &[&[&str]])] = &[
            ("a,b\r\nc,\n", ",", &[&["a", "b"], &["c", ""]]),
            ("a||b||c", "||", &[&["a", "b", "c"]]),
            ("\"a,\nb\",c\nd,e", ",", &[&["a,\nb", "c"], &["d", "e"]]),
            ("a, \"b,c\" ,d", ",", &[&["a", "b,c", "d"]]),
            ("\"a\"\"b\",c", ",", &[&["a\"\"b", "c"]]),
            ("\"never,closed\nb,c", ",", &[&["\"never", "closed"], &["b", "c"]]),
            ("\"a\" x,1\n\"b\",2", ",", &[&["\"a\" x", "1"], &["b", "2"]]),
            ("", ",", &[]),
            ("\n\n", ",", &[&[""], &[""]]),
        ];
        for (input, delimiter, expected) in cases {
            assert_eq!(&texts(input, delimiter, Some(b'"'), None), expected, "{input:?}");
        }
        assert_eq!(texts(r#""a\",b",c"#, ",", Some(b'"'), Some(b'\\')), [[r#"a\",b"#, "c"]]);
    }

    #[test]
    fn counts_lines_inside_quotes() {
        let rules = Rules {
            delimiter: vec![b','],
            quote: Some(b'"'),
            escape: None,
            bare_cr: false,
            skip_space: false,
            collapse: false,
        };
        let grid = split(b"\"a\n\nb\",c\nd,e\n", true, &rules, 100);
        assert_eq!(grid.rows.iter().map(|r| r.line).collect::<Vec<_>>(), [0, 3]);
    }
}
