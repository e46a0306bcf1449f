//! First stage: 64 bytes at a time → a tape of field ends.
//!
//! All marks of a chunk are found at once as bits of a word; a prefix sum of the quote bits (Lemire and Langdale 2019)
//! tells which bytes stand inside quotes. That is true only while every quote opens behind a separator and closes before
//! one: the first chunk where one does not ends the tape, and the plain scanner decides.

use std::collections::VecDeque;

use crate::Grammar;
use crate::index::{DIRTY, QUOTED};

/// Bytes looked at in one step.
pub(super) const CHUNK: usize = 64;
/// Field ends after which the tape is handed on: 16 KiB, which stays in the first cache.
const FULL: usize = 4096;
/// The same after a restart.
const FIRST_FULL: usize = 128;

/// What a processor must do for a chunk.
///
/// # Safety
/// The methods may only run on a processor with the features that the implementation names.
pub(super) trait Machine {
    /// Which bytes of the chunk are `byte`, the first one in the lowest bit.
    unsafe fn equal(chunk: &[u8; CHUNK], byte: u8) -> u64;
    /// Which bytes of the chunk are `byte` or less.
    unsafe fn at_most(chunk: &[u8; CHUNK], byte: u8) -> u64;
    /// Bit i of the result is the exclusive or of the bits 0 to i.
    unsafe fn prefix_xor(bits: u64) -> u64;
    /// The bits of `bits` where `mask` has one, moved together at the low end.
    unsafe fn extract(bits: u64, mask: u64) -> u64;
    /// Writes `base` plus the place of every bit of `ends`; those named by `quoted` (bit i for the i-th of them) are
    /// flagged. What stands behind the last one may be overwritten.
    unsafe fn write_ends(out: &mut [u32; CHUNK], base: u32, ends: u64, quoted: u64);
}

/// The bytes that separate, as the machine compares them.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    pub(super) bare_cr: bool,
}

impl Marks {
    /// None when the grammar needs the plain scanner.
    pub(super) fn of(grammar: &Grammar) -> Option<Self> {
        let &[delimiter] = grammar.delimiter() else { return None };
        let plain_only = grammar.escape.is_some() || grammar.skip_initial_space;
        (!plain_only).then_some(Self { delimiter, quote: grammar.quote, bare_cr: grammar.bare_cr })
    }
}

/// The chunk at `at` and which bits of it are bytes; the last one is completed in `padded`. None behind the last byte.
#[inline(always)]
pub(super) fn chunk_at<'a>(
    bytes: &'a [u8],
    at: usize,
    padded: &'a mut [u8; CHUNK],
) -> Option<(&'a [u8; CHUNK], u64)> {
    let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
    match rest.first_chunk() {
        Some(chunk) => Some((chunk, u64::MAX)),
        None => {
            *padded = [0; CHUNK];
            padded[..rest.len()].copy_from_slice(rest);
            Some((padded, (1 << rest.len()) - 1))
        }
    }
}

/// The end of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordEnd {
    /// Field ends on the tape up to and with this record's last.
    pub(super) tape_len: u32,
    /// Where the next line begins.
    pub(super) next: u32,
}

/// Field ends of the bytes read so far, from a record's start on.
pub(super) struct Tape {
    ends: Vec<u32>,
    len: usize,
    pub(super) records: Vec<RecordEnd>,
    /// Places of line ends inside quotes.
    inner_lines: VecDeque<u32>,
    state: State,
    /// Ends for which there is room now: few after a restart, so that a file full of damage is not read ahead in vain.
    full: usize,
}

/// What one chunk hands to the next.
#[derive(Clone, Copy)]
struct State {
    at: usize,
    /// All ones inside quotes.
    inside: u64,
    /// The byte before the chunk separates fields or records (1 or 0), as at the start of a record.
    separator: u64,
    /// The byte before the chunk is a closing quote (1 or 0).
    closed: u64,
    /// The byte before the chunk is a CR outside quotes (1 or 0).
    cr: u64,
    /// The field that goes on holds doubled quotes.
    dirty: bool,
}

impl State {
    fn at_record(at: usize) -> Self {
        Self { at, inside: 0, separator: 1, closed: 0, cr: 0, dirty: false }
    }
}

impl Tape {
    pub(super) fn new() -> Self {
        Self {
            ends: Vec::new(),
            len: 0,
            records: Vec::new(),
            inner_lines: VecDeque::new(),
            state: State::at_record(0),
            full: FIRST_FULL,
        }
    }

    /// Begins anew at a record.
    pub(super) fn restart(&mut self, at: usize) {
        self.len = 0;
        self.records.clear();
        self.inner_lines.clear();
        self.state = State::at_record(at);
        self.full = FIRST_FULL;
    }

    /// Whether all bytes were read.
    pub(super) fn is_at_end(&self, bytes: &[u8]) -> bool {
        self.state.at >= bytes.len()
    }

    pub(super) fn ends(&self) -> &[u32] {
        &self.ends[..self.len]
    }

    /// The first line end inside quotes that was not taken.
    #[inline]
    pub(super) fn first_inner_line(&self) -> Option<u32> {
        self.inner_lines.front().copied()
    }

    /// Takes the line ends inside quotes before `end`, and says how many they are.
    pub(super) fn take_inner_lines(&mut self, end: usize) -> u32 {
        let n = self.inner_lines.iter().take_while(|&&byte| (byte as usize) < end).count();
        self.inner_lines.drain(..n);
        n as u32
    }

    /// Drops the first `n` ends and all records: those of which nothing is left to take.
    pub(super) fn forget(&mut self, n: usize) {
        self.ends.copy_within(n..self.len, 0);
        self.len -= n;
        self.records.clear();
    }

    /// Reads on until the tape is full (true), or the bytes end or a quote does not fit (false).
    ///
    /// # Safety
    /// The processor has the features of `M`.
    #[inline(always)]
    pub(super) unsafe fn fill<M: Machine>(&mut self, marks: Marks, bytes: &[u8]) -> bool {
        // A record longer than the tape makes it grow.
        let full = self.len + self.full;
        self.full = (self.full * 2).min(FULL);
        if self.ends.len() < full + CHUNK {
            self.ends.resize(full + CHUNK, 0);
        }
        while self.len < full {
            let mut padded = [0; CHUNK];
            let Some((chunk, valid)) = chunk_at(bytes, self.state.at, &mut padded) else { return false };
            let peek = bytes.get(self.state.at + CHUNK).copied();
            // SAFETY: as the caller promises.
            if !unsafe { self.chunk::<M>(marks, chunk, valid, peek) } {
                return false;
            }
        }
        true
    }

    /// Adds the ends in one chunk, whose bytes are those of `valid`; `peek` is the byte behind it. False when a quote
    /// does not fit; then nothing is added.
    ///
    /// # Safety
    /// As [`Tape::fill`].
    #[inline(always)]
    unsafe fn chunk<M: Machine>(
        &mut self,
        marks: Marks,
        chunk: &[u8; CHUNK],
        valid: u64,
        peek: Option<u8>,
    ) -> bool {
        // SAFETY: as the caller promises.
        let equal = |byte: u8| unsafe { M::equal(chunk, byte) } & valid;
        let before = self.state;
        let (delimiters, feeds, returns) = (equal(marks.delimiter), equal(b'\n'), equal(b'\r'));
        let quotes = marks.quote.map_or(0, equal);
        let any_quote = quotes != 0 || before.inside != 0;
        // SAFETY: as the caller promises.
        let parity = if any_quote { unsafe { M::prefix_xor(quotes) } } else { 0 };
        let inside = parity ^ before.inside;
        let outside = !inside;

        // A line end is the LF, or the CR before it; a CR whose next byte is not known yet is none.
        let (mut line_ends, mut bare, mut next_is_feed) = (feeds, 0, 0);
        if returns | before.cr != 0 {
            let last = valid ^ (valid >> 1);
            let known = if peek.is_some() { u64::MAX } else { !last };
            next_is_feed = (feeds >> 1) | (u64::from(peek == Some(b'\n')) << 63);
            bare = if marks.bare_cr { returns & !next_is_feed & known } else { 0 };
            line_ends = feeds & !(returns << 1 | before.cr) | returns & next_is_feed | bare;
        }
        let record_ends = line_ends & outside;
        let ends = (delimiters | line_ends) & outside;

        let (mut quoted, mut doubled) = (0, 0);
        let closes = quotes & outside;
        if any_quote || before.closed != 0 {
            let opens = quotes & inside;
            let separators = (delimiters | feeds | bare) & outside;
            let behind_close = closes << 1 | before.closed;
            let behind_separator = separators << 1 | before.separator;
            doubled = opens & behind_close;
            quoted = ends & behind_close;
            let lost = behind_close & valid & !(ends | quotes);
            if opens & !(behind_separator | behind_close) | lost != 0 {
                return false;
            }
        }

        let n = ends.count_ones() as usize;
        let base = before.at as u32;
        if let Some(out) = self.ends[self.len..].first_chunk_mut::<CHUNK>() {
            // SAFETY: as the caller promises.
            let quoted = if quoted == 0 { 0 } else { unsafe { M::extract(quoted, ends) } };
            // SAFETY: as the caller promises.
            unsafe { M::write_ends(out, base, ends, quoted) };
        }
        self.state.dirty = if doubled != 0 || before.dirty { self.flag_dirty(ends, doubled) } else { false };
        let mut record_bits = record_ends;
        while record_bits != 0 {
            let bit = record_bits & record_bits.wrapping_neg();
            let crlf = u32::from(bit & next_is_feed & returns != 0);
            self.records.push(RecordEnd {
                tape_len: self.len as u32 + (ends & (bit - 1)).count_ones() + 1,
                next: base + bit.trailing_zeros() + 1 + crlf,
            });
            record_bits ^= bit;
        }
        let mut inner = (feeds | bare) & inside;
        while inner != 0 {
            self.inner_lines.push_back(base + inner.trailing_zeros());
            inner &= inner - 1;
        }
        self.len += n;
        self.state = State {
            at: before.at + CHUNK,
            inside: ((inside as i64) >> 63) as u64,
            separator: ((delimiters | feeds | bare) & outside) >> 63,
            closed: closes >> 63,
            cr: (returns & outside) >> 63,
            dirty: self.state.dirty,
        };
        true
    }

    /// Flags the ends of this chunk whose field holds a doubled quote; says whether the field that goes on does.
    #[cold]
    fn flag_dirty(&mut self, ends: u64, doubled: u64) -> bool {
        let mut dirty = self.state.dirty;
        let (mut left, mut n, mut from) = (ends, self.len, 0_u64);
        while left != 0 {
            let bit = left & left.wrapping_neg();
            dirty |= doubled & (bit - 1) & !from != 0;
            if dirty {
                self.ends[n] |= DIRTY;
            }
            debug_assert!(!dirty || self.ends[n] & QUOTED != 0, "only a quoted field holds doubled quotes");
            dirty = false;
            from = bit | (bit - 1);
            n += 1;
            left ^= bit;
        }
        dirty | (doubled & !from != 0)
    }
}
