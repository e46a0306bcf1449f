//! Counting records: only line ends outside quotes are looked for. Quotes must fit as in [`super::tape`]; the record that
//! holds the first one that does not goes to the plain scanner, as do all lines that need a closer look.

use super::tape::{CHUNK, Machine, Marks, chunk_at};
use crate::Grammar;
use crate::grammar::At;
use crate::scan::count::{RecordCount, Stepper};
use crate::scan::plain::blank_line;

/// Counts the records of some bytes.
pub(super) struct Counter<'a> {
    grammar: &'a Grammar,
    marks: Marks,
    comment: Option<u8>,
    n_columns: usize,
    bytes: &'a [u8],
    eof: bool,
}

/// What one chunk hands to the next.
struct State {
    at: usize,
    /// Where the record that goes on began.
    start: usize,
    /// All ones inside quotes.
    inside: u64,
    /// The byte before the chunk is a closing quote (1 or 0).
    closed: u64,
    /// A line begins with the chunk (1 or 0).
    line_start: u64,
    /// A line end stands inside the quotes of the record that goes on.
    spans: bool,
}

/// Bits of one chunk.
#[derive(Clone, Copy)]
struct Bits {
    feeds: u64,
    returns: u64,
    /// Bytes before an LF.
    before_feed: u64,
    /// CRs that end a line by themselves.
    bare: u64,
}

impl<'a> Counter<'a> {
    /// None when the grammar needs the plain scanner.
    pub(super) fn new(grammar: &'a Grammar, bytes: &'a [u8], eof: bool) -> Option<Self> {
        // Records that begin and end in one chunk are not measured.
        let marks = Marks::of(grammar).filter(|_| grammar.max_record_bytes >= CHUNK)?;
        Some(Self {
            grammar,
            marks,
            comment: grammar.comment_byte(),
            n_columns: grammar.n_columns?,
            bytes,
            eof,
        })
    }

    /// Counts all whole records and gives the bytes they took.
    ///
    /// # Safety
    /// The processor has the features of `M`.
    #[inline(always)]
    pub(super) unsafe fn run<M: Machine>(&self, counted: &mut RecordCount) -> usize {
        let mut stepper = Stepper::new(self.grammar);
        let mut at = 0;
        loop {
            // SAFETY: as promised.
            let (stop, is_cut) = unsafe { self.sweep::<M>(at, counted) };
            at = stop;
            if at >= self.bytes.len() || is_cut && !self.eof {
                return at;
            }
            let Some(next) = stepper.step(self.grammar, self.bytes, at, self.eof, counted) else { return at };
            at = next;
        }
    }

    /// Counts records from `from` on, where one begins; gives the start of the first that the plain scanner must read, or
    /// that is cut (true) by the end of the bytes and has nothing wrong up to there.
    ///
    /// # Safety
    /// As [`Counter::run`].
    #[inline(always)]
    unsafe fn sweep<M: Machine>(&self, from: usize, counted: &mut RecordCount) -> (usize, bool) {
        let mut state = State { at: from, start: from, inside: 0, closed: 0, line_start: 1, spans: false };
        while let Some(chunk) = self.bytes.get(state.at..).and_then(<[u8]>::first_chunk) {
            // SAFETY: as promised.
            if let Some(stop) = unsafe { self.chunk::<M>(&mut state, chunk, u64::MAX, counted) } {
                return (stop, false);
            }
        }
        let mut padded = [0; CHUNK];
        if let Some((chunk, valid)) = chunk_at(self.bytes, state.at, &mut padded) {
            // SAFETY: as promised.
            if let Some(stop) = unsafe { self.chunk::<M>(&mut state, chunk, valid, counted) } {
                return (stop, false);
            }
        }
        (state.start, true)
    }

    /// Counts the records that end in a chunk, whose bytes are those of `valid`. Gives the start of the first one that the
    /// plain scanner must read.
    ///
    /// # Safety
    /// As [`Counter::run`].
    #[inline(always)]
    unsafe fn chunk<M: Machine>(
        &self,
        state: &mut State,
        chunk: &[u8; CHUNK],
        valid: u64,
        counted: &mut RecordCount,
    ) -> Option<usize> {
        if state.at + CHUNK - state.start > self.grammar.max_record_bytes {
            return Some(state.start);
        }
        // SAFETY: as promised.
        let equal = |byte: u8| unsafe { M::equal(chunk, byte) } & valid;
        let quotes = self.marks.quote.map_or(0, equal);
        let near_quotes = quotes | state.inside | state.closed != 0 || state.spans;
        let mut bits = Bits { feeds: equal(b'\n'), returns: 0, before_feed: 0, bare: 0 };
        if near_quotes || self.marks.bare_cr {
            bits = self.with_returns(bits, equal(b'\r'), valid, state.at);
        }
        let mut line_ends = bits.feeds | bits.bare;
        let (mut inside, mut closes) = (0, 0);
        if near_quotes {
            // SAFETY: as promised.
            inside = unsafe { M::prefix_xor(quotes) } ^ state.inside;
            closes = quotes & !inside;
            if !self.quotes_fit(state, bits, quotes, inside, equal(self.marks.delimiter), valid) {
                return Some(state.start);
            }
            let inner = line_ends & inside;
            line_ends &= !inside;
            if inner != 0 || state.spans {
                let (at, start, spans) = (state.at, state.start, state.spans);
                // SAFETY: as promised.
                match unsafe { self.spanning::<M>(at, start, spans, line_ends, inner) } {
                    Ok(spans) => state.spans = spans,
                    Err(()) => return Some(start),
                }
            }
        }
        let starts = (line_ends << 1 | state.line_start) & valid;
        // SAFETY: as promised.
        let low = unsafe { M::at_most(chunk, b' ') };
        let odd = starts & (low | self.comment.map_or(0, equal));
        if odd == 0 {
            counted.records += u64::from(line_ends.count_ones());
        } else {
            let bits = self.with_returns(bits, equal(b'\r'), valid, state.at);
            let stop = self.odd_lines(state.at, [starts, odd, line_ends], bits, counted);
            if stop.is_some() {
                return stop;
            }
        }
        if line_ends != 0 {
            state.start = state.at + CHUNK - line_ends.leading_zeros() as usize;
        }
        state.inside = ((inside as i64) >> 63) as u64;
        state.closed = closes >> 63;
        state.line_start = line_ends >> 63;
        state.at += CHUNK;
        None
    }

    /// Says which CRs end a line by themselves, and which belong to an LF.
    #[inline(always)]
    fn with_returns(&self, bits: Bits, returns: u64, valid: u64, at: usize) -> Bits {
        let peek = self.bytes.get(at + CHUNK);
        let before_feed = bits.feeds >> 1 | u64::from(peek == Some(&b'\n')) << 63;
        // A CR whose next byte is not known yet ends no line.
        let known = if peek.is_some() { u64::MAX } else { valid >> 1 };
        let bare = if self.marks.bare_cr { returns & !before_feed & known } else { 0 };
        Bits { returns, before_feed, bare, ..bits }
    }

    /// Whether every quote opens behind a separator, closes before one or is doubled.
    #[inline(always)]
    fn quotes_fit(
        &self,
        state: &State,
        bits: Bits,
        quotes: u64,
        inside: u64,
        delimiters: u64,
        valid: u64,
    ) -> bool {
        let before = self.bytes[..state.at].last();
        let first = state.line_start | u64::from(before == Some(&self.marks.delimiter));
        let behind_separator = ((delimiters | bits.feeds | bits.bare) & !inside) << 1 | first;
        let behind_close = (quotes & !inside) << 1 | state.closed;
        let ends = delimiters | bits.feeds | bits.returns & (bits.before_feed | bits.bare);
        let lost = behind_close & valid & !(ends | quotes);
        (quotes & inside & !(behind_separator | behind_close)) | lost == 0
    }

    /// Looks at the records that end in the chunk at `at` and hold line ends; the first began at `start`, and `spans` says
    /// whether it has held one before. Says the same of the one that goes on; an error when one has not the right
    /// number of fields, so that a lost quote may have joined it.
    ///
    /// # Safety
    /// As [`Counter::run`].
    #[cold]
    #[inline(never)]
    unsafe fn spanning<M: Machine>(
        &self,
        at: usize,
        mut start: usize,
        mut spans: bool,
        line_ends: u64,
        inner: u64,
    ) -> Result<bool, ()> {
        let (mut left, mut behind) = (line_ends, u64::MAX);
        while left != 0 {
            let bit = left & left.wrapping_neg();
            let end = at + bit.trailing_zeros() as usize;
            spans |= inner & behind & (bit - 1) != 0;
            // SAFETY: as promised.
            if spans && unsafe { self.n_fields::<M>(start, end) } != self.n_columns {
                return Err(());
            }
            (start, spans, behind) = (end + 1, false, !(bit | (bit - 1)));
            left ^= bit;
        }
        Ok(spans | (inner & behind != 0))
    }

    /// Fields of a record whose quotes fit.
    ///
    /// # Safety
    /// As [`Counter::run`].
    #[inline(always)]
    unsafe fn n_fields<M: Machine>(&self, start: usize, end: usize) -> usize {
        let (mut at, mut inside, mut n) = (start, 0_u64, 1);
        let mut padded = [0; CHUNK];
        while let Some((chunk, valid)) = chunk_at(&self.bytes[..end], at, &mut padded) {
            // SAFETY: as promised.
            let equal = |byte: u8| unsafe { M::equal(chunk, byte) } & valid;
            // SAFETY: as promised.
            let here = unsafe { M::prefix_xor(self.marks.quote.map_or(0, equal)) } ^ inside;
            n += (equal(self.marks.delimiter) & !here).count_ones() as usize;
            inside = ((here as i64) >> 63) as u64;
            at += CHUNK;
        }
        n
    }

    /// Counts the records of a chunk in which lines begin with a blank, a line end or the byte of comments. Empty lines are
    /// counted as well; the start of the first line that is no plain record is given back, everything before it being counted.
    #[cold]
    #[inline(never)]
    fn odd_lines(
        &self,
        at: usize,
        [starts, odd, line_ends]: [u64; 3],
        bits: Bits,
        counted: &mut RecordCount,
    ) -> Option<usize> {
        // Of an empty line that ends with CR LF both bytes must be here.
        let empty = starts & (bits.feeds | bits.bare | bits.returns & bits.before_feed & !(1 << 63));
        let mut left = odd & !empty;
        let mut before = u64::MAX;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            let start = at + bit.trailing_zeros() as usize;
            let is_comment = Some(self.bytes[start]) == self.comment;
            if is_comment || blank_line(self.grammar, self.bytes, start, self.eof) != At::No {
                before = bit - 1;
                break;
            }
            left ^= bit;
        }
        let blank = (empty & before).count_ones();
        counted.blank += u64::from(blank);
        counted.records += u64::from((line_ends & before).count_ones() - blank);
        (before != u64::MAX).then(|| at + before.count_ones() as usize)
    }
}
