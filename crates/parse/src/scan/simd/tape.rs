//! First stage: 64 bytes at a time → a tape of field ends.
//!
//! All marks of a chunk are found at once as bits of a word; a prefix sum of the quote bits (Lemire and Langdale 2019)
//! tells which bytes stand inside quotes. That is true only while every quote opens behind a separator and closes before
//! one. Where one does not, the quotes of the chunk are looked at one by one: those inside unquoted text are stray and have
//! no meaning; one that does not close its field ends the tape in front of its record, and the plain scanner decides.

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

/// Places in ascending order, which are taken from the front.
#[derive(Default)]
struct Queue {
    places: Vec<u32>,
    taken: usize,
}

impl Queue {
    #[inline]
    fn first(&self) -> Option<u32> {
        self.places.get(self.taken).copied()
    }

    /// Takes the first one, if it is before `end`.
    #[inline]
    fn take(&mut self, end: usize) -> Option<u32> {
        let first = self.first().filter(|&place| (place as usize) < end)?;
        self.taken += 1;
        Some(first)
    }

    fn clear(&mut self) {
        self.places.clear();
        self.taken = 0;
    }

    /// Gives back the memory of those that were taken.
    fn tidy(&mut self) {
        self.places.drain(..self.taken);
        self.taken = 0;
    }
}

/// Field ends of the bytes read so far, from a record's start on.
pub(super) struct Tape {
    ends: Vec<u32>,
    len: usize,
    pub(super) records: Vec<RecordEnd>,
    /// Places of line ends inside quotes.
    inner_lines: Queue,
    /// Places of quotes inside unquoted text.
    strays: Queue,
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
            inner_lines: Queue::default(),
            strays: Queue::default(),
            state: State::at_record(0),
            full: FIRST_FULL,
        }
    }

    /// Begins anew at a record.
    pub(super) fn restart(&mut self, at: usize) {
        self.len = 0;
        self.records.clear();
        self.inner_lines.clear();
        self.strays.clear();
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
        self.inner_lines.first()
    }

    /// Takes the line ends inside quotes before `end`, and says how many they are.
    #[inline]
    pub(super) fn take_inner_lines(&mut self, end: usize) -> u32 {
        let mut n = 0;
        while self.inner_lines.take(end).is_some() {
            n += 1;
        }
        n
    }

    /// The first stray quote that was not taken.
    #[inline]
    pub(super) fn first_stray(&self) -> Option<u32> {
        self.strays.first()
    }

    /// Takes the next stray quote, if it stands before `end`.
    #[inline]
    pub(super) fn take_stray(&mut self, end: usize) -> Option<u32> {
        self.strays.take(end)
    }

    /// Drops the first `n` ends and all records: those of which nothing is left to take.
    pub(super) fn forget(&mut self, n: usize) {
        self.ends.copy_within(n..self.len, 0);
        self.len -= n;
        self.records.clear();
        self.inner_lines.tidy();
        self.strays.tidy();
    }

    /// Reads on until the tape is full (true), or the bytes end or a quote does not close its field (false).
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
    /// does not close its field; then only the records in front of it are added, and the tape must begin anew.
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

        // A line end is the LF, or the CR before it; a CR whose next byte is not known yet is none.
        let (mut line_ends, mut bare, mut next_is_feed) = (feeds, 0, 0);
        if returns | before.cr != 0 {
            let last = valid ^ (valid >> 1);
            let known = if peek.is_some() { u64::MAX } else { !last };
            next_is_feed = (feeds >> 1) | (u64::from(peek == Some(b'\n')) << 63);
            bare = if marks.bare_cr { returns & !next_is_feed & known } else { 0 };
            line_ends = feeds & !(returns << 1 | before.cr) | returns & next_is_feed | bare;
        }

        let separators = delimiters | feeds | bare;
        let enders = delimiters | line_ends;
        // SAFETY: as the caller promises.
        let mut read = unsafe { Quoting::read::<M>(quotes, separators, enders, valid, &before) };
        let (mut strays, mut whole, mut kept) = (0, true, u64::MAX);
        if !read.fits {
            let settled = settle(quotes, separators, enders, valid, &before);
            // SAFETY: as the caller promises.
            read = unsafe { Quoting::read::<M>(settled.quotes, separators, enders, valid, &before) };
            whole = settled.damage == 0;
            if !whole {
                let records = line_ends & !read.inside & (settled.damage - 1);
                if records == 0 {
                    return false;
                }
                kept = u64::MAX >> records.leading_zeros();
            }
            strays = quotes & !settled.quotes & kept;
        }
        let Quoting { inside, quoted, doubled, closes, .. } = read;
        let outside = !inside;
        let record_ends = line_ends & outside & kept;
        let ends = enders & outside & kept;

        let n = ends.count_ones() as usize;
        let base = before.at as u32;
        if let Some(out) = self.ends[self.len..].first_chunk_mut::<CHUNK>() {
            // SAFETY: as the caller promises.
            let quoted = if quoted & kept == 0 { 0 } else { unsafe { M::extract(quoted, ends) } };
            // SAFETY: as the caller promises.
            unsafe { M::write_ends(out, base, ends, quoted) };
        }
        self.state.dirty =
            if doubled & kept != 0 || before.dirty { self.flag_dirty(ends, doubled & kept) } else { false };
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
        let mut inner = (feeds | bare) & inside & kept;
        while inner != 0 {
            self.inner_lines.places.push(base + inner.trailing_zeros());
            inner &= inner - 1;
        }
        while strays != 0 {
            self.strays.places.push(base + strays.trailing_zeros());
            strays &= strays - 1;
        }
        self.len += n;
        if !whole {
            return false;
        }
        self.state = State {
            at: before.at + CHUNK,
            inside: ((inside as i64) >> 63) as u64,
            separator: (separators & outside) >> 63,
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

/// What the quotes of a chunk mean.
struct Quoting {
    /// Bytes inside quotes.
    inside: u64,
    /// Ends of quoted fields.
    quoted: u64,
    /// Second quotes of two.
    doubled: u64,
    /// Quotes that close a field, or are the first of two.
    closes: u64,
    /// Whether every quote opens behind a separator and closes before one.
    fits: bool,
}

impl Quoting {
    /// Takes every quote for one that opens or closes a field. `separators` are the bytes behind which a field may begin,
    /// `enders` those where one may end.
    ///
    /// # Safety
    /// The processor has the features of `M`.
    #[inline(always)]
    unsafe fn read<M: Machine>(
        quotes: u64,
        separators: u64,
        enders: u64,
        valid: u64,
        before: &State,
    ) -> Self {
        if quotes == 0 && before.inside == 0 && before.closed == 0 {
            return Self { inside: 0, quoted: 0, doubled: 0, closes: 0, fits: true };
        }
        // SAFETY: as the caller promises.
        let inside = unsafe { M::prefix_xor(quotes) } ^ before.inside;
        let outside = !inside;
        let (opens, closes) = (quotes & inside, quotes & outside);
        let behind_close = closes << 1 | before.closed;
        let behind_separator = (separators & outside) << 1 | before.separator;
        let lost = behind_close & valid & !(enders & outside | quotes);
        Self {
            inside,
            quoted: enders & outside & behind_close,
            doubled: opens & behind_close,
            closes,
            fits: opens & !(behind_separator | behind_close) | lost == 0,
        }
    }
}

/// The quotes of a chunk, looked at one by one.
struct Settled {
    /// Those that open or close a field.
    quotes: u64,
    /// The first one that does neither, inside a quoted field; what is behind it is not settled. 0 if there is none.
    damage: u64,
}

/// Settles which quotes of a chunk have a meaning.
fn settle(quotes: u64, separators: u64, enders: u64, valid: u64, before: &State) -> Settled {
    let mut settled = Settled { quotes: 0, damage: 0 };
    // Places where a quote means something outside quotes: behind a separator, and right behind a closing quote.
    let opening = separators << 1 | before.separator;
    let mut behind_close = before.closed;
    // What follows a quote that closes, as far as it is in this chunk.
    let follow = enders | quotes | !valid;
    let mut inside = before.inside != 0;
    if before.closed & !follow != 0 {
        // The quote is in the chunk before, where its record cannot end.
        settled.damage = 1;
        return settled;
    }
    let mut left = quotes;
    while left != 0 {
        let quote = left & left.wrapping_neg();
        left ^= quote;
        if inside {
            if quote << 1 & !follow != 0 {
                settled.damage = quote;
                return settled;
            }
            behind_close = quote << 1;
            inside = false;
        } else if quote & (opening | behind_close) != 0 {
            inside = true;
        } else {
            continue;
        }
        settled.quotes |= quote;
    }
    settled
}
