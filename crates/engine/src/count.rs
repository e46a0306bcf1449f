//! How many records a file has, without looking at their cells.
//!
//! Bytes that come one after the other take the way of the first pass. A file that can be read at any place begins and
//! ends that way, since layout and footer are told there; what is between is read in pieces by several threads, and
//! counted piece by piece in the order of the file, so that it is always known where a record begins.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use csvp_parse::scan::{self, RecordCount};
use csvp_parse::{Dialect, Grammar};
use csvp_report::{DialectFacts, EncodingFacts, Problem, Skipped};
use encoding_rs::UTF_8;

use crate::block::{Base, Block};
use crate::check::spot::CodeCounts;
use crate::layout::Layout;
use crate::reader::{Handover, Reader};
use crate::source::Source;
use crate::tally::{Fates, Tally};
use crate::{EngineError, Limits, Settings};

/// Looks at whose turn it is before a thread goes to sleep: a turn is shorter than the way to sleep and back.
const LOOKS: usize = 4_000;

/// Reads the file's bytes from a place on; fewer than fit, but none only at its end.
pub type ReadAt<'a> = dyn Fn(&mut [u8], u64) -> io::Result<usize> + Sync + 'a;

/// Counts the records of a file, as [`crate::Check`] counts them.
///
/// ```
/// let mut count = csvp_engine::Count::new(Default::default())?;
/// count.push(b"id,note\n1,\"two\nlines\"\n\n2,x\n")?;
/// let counted = count.finish()?;
/// assert_eq!((counted.data_records, counted.skipped.blank), (2, 1));
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
pub struct Count {
    reader: Reader,
    sums: Sums,
    limits: Limits,
}

/// How many records a file has.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Data records: what the report calls accepted and rejected.
    pub data_records: u64,
    /// Header rows in front of them.
    pub header_rows: u64,
    /// What is no data, as in the report.
    pub skipped: Skipped,
    /// Byte behind which compressed data is damaged.
    pub damaged: Option<u64>,
    /// Why the file cannot be read at all.
    pub refused: Option<Problem>,
    /// In which encoding it is.
    pub encoding: EncodingFacts,
    /// In which dialect.
    pub dialect: DialectFacts,
}

/// What the blocks so far hold.
struct Sums {
    tally: Tally,
    records: u64,
    /// What was counted in pieces.
    pieces: RecordCount,
}

impl Sums {
    fn add(&mut self, block: &Block) {
        self.records += block.data().len() as u64;
        self.tally.block(block, Fates::default(), &CodeCounts::default(), &[]);
    }
}

impl Count {
    /// # Errors
    /// The settings cannot be used, see [`Settings::validate`].
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        settings.validate()?;
        let sums = Sums { tally: Tally::new(0), records: 0, pieces: RecordCount::default() };
        Ok(Self { limits: settings.limits.clone(), reader: Reader::detecting(settings), sums })
    }

    /// Takes the next bytes of the file, in any number.
    ///
    /// # Errors
    /// A limit of the whole file is exceeded.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let sums = &mut self.sums;
        self.reader.push(bytes, &mut |block, _| {
            sums.add(block);
            Ok(())
        })
    }

    /// Takes a whole file of `size` bytes that can be read at any place, on `threads` threads.
    ///
    /// # Errors
    /// As [`Count::push`], or the file could not be read.
    pub fn read(&mut self, read_at: &ReadAt<'_>, size: u64, threads: usize) -> Result<(), EngineError> {
        let mut piece = vec![0; self.limits.block_bytes];
        let mut at = 0;
        let mut in_pieces = size <= self.limits.max_decoded_bytes;
        loop {
            let n = read_full(read_at, &mut piece, at).map_err(EngineError::Input)?;
            if n == 0 {
                return Ok(());
            }
            self.push(&piece[..n])?;
            at += n as u64;
            if self.reader.is_refused() {
                return Ok(());
            }
            if in_pieces && let Some(handover) = self.reader.handover() {
                in_pieces = false;
                // What is looked at for a footer is left to the reader. Its text may be shorter than its bytes, but not by half.
                let end = size.saturating_sub(4 * self.limits.tail_bytes as u64);
                if can_be_pieces(&handover.layout, &self.limits) && handover.byte < end {
                    at = self.pieces(handover, end, read_at, threads)?;
                }
            }
        }
    }

    /// Counts in pieces up to `end` and gives the place from which on the reader goes on.
    fn pieces(
        &mut self,
        Handover { layout, base, byte }: Handover,
        end: u64,
        read_at: &ReadAt<'_>,
        threads: usize,
    ) -> Result<u64, EngineError> {
        let pieces = Pieces {
            grammar: layout.grammar(&self.limits),
            with_damage: layout.encoding() == UTF_8,
            size: self.limits.block_bytes,
            read_at,
            range: byte..end,
            next: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            relay: Mutex::new(Relay { at: byte, ..Relay::default() }),
            turn_came: Condvar::new(),
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                // When the system gives no thread, the caller does the work alone.
                let _ = std::thread::Builder::new().spawn_scoped(scope, || pieces.work());
            }
            pieces.work();
        });
        let relay = pieces.relay.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = relay.failure {
            return Err(EngineError::Input(error));
        }
        let base = Base { record: base.record + relay.counted.records, ..base };
        self.sums.pieces = relay.counted;
        self.reader = Reader::resumed(layout, &self.limits, relay.at, base);
        Ok(relay.at)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// As [`Count::push`].
    pub fn finish(self) -> Result<Counted, EngineError> {
        let Self { reader, mut sums, .. } = self;
        let (layout, source) = reader.finish(&mut |block, _| {
            sums.add(block);
            Ok(())
        })?;
        Ok(sums.finish(&layout, &source))
    }
}

impl Sums {
    fn finish(self, layout: &Layout, source: &Source) -> Counted {
        let lines = self.tally.counts(0).lines;
        let mut counts = self.tally.counts(layout.dialect.preamble_lines.min(lines));
        counts.skipped.blank += self.pieces.blank;
        counts.skipped.comment += self.pieces.comment;
        Counted {
            data_records: self.records + self.pieces.records,
            header_rows: u64::from(layout.dialect.header_rows),
            skipped: counts.skipped,
            damaged: source.damaged(),
            refused: layout.refused.clone(),
            encoding: layout.encoding_facts.clone(),
            dialect: layout.dialect_facts.clone(),
        }
    }
}

/// Whether the bytes of the file can be counted without decoding them.
fn can_be_pieces(layout: &Layout, limits: &Limits) -> bool {
    let encoding = layout.encoding();
    let Dialect { delimiter, quote, escape, comment, .. } = &layout.dialect;
    // In the encodings of eastern Asia the second byte of a character may be ASCII, but none of these.
    let is_apart = |byte: &u8| *byte < 0x40 && !byte.is_ascii_digit();
    let are_apart =
        || delimiter.iter().chain(quote).chain(escape).chain(comment.iter().flatten()).all(is_apart);
    // The text of a record may be three times as long as its bytes, which are less than two pieces.
    let fits = 6 * limits.block_bytes <= limits.max_record_bytes;
    encoding == UTF_8 || fits && encoding.is_ascii_compatible() && (encoding.is_single_byte() || are_apart())
}

/// A part of a file that several threads read and count.
struct Pieces<'a> {
    grammar: Grammar,
    /// Whether damaged records can be read as they are: what they mean depends on the length of their text.
    with_damage: bool,
    /// Bytes of a piece, which stay in the second cache until they are counted, and the most that a record may reach
    /// over from one into the next.
    size: usize,
    read_at: &'a ReadAt<'a>,
    range: Range<u64>,
    /// Number of the next piece to be read.
    next: AtomicU64,
    /// Number of the piece whose turn it is to be counted.
    turn: AtomicU64,
    relay: Mutex<Relay>,
    turn_came: Condvar,
}

/// What one piece hands to the next.
#[derive(Default)]
struct Relay {
    counted: RecordCount,
    /// Where the first record that is not counted begins.
    at: u64,
    /// Bytes from there to the end of the last piece.
    carry: Vec<u8>,
    /// No further piece can be counted.
    over: bool,
    failure: Option<io::Error>,
}

impl Pieces<'_> {
    /// The work of one thread: reads the next piece, waits for its turn, counts.
    fn work(&self) {
        let mut buffer = vec![0; 2 * self.size];
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let at = self.range.start + number * self.size as u64;
            if at >= self.range.end {
                return;
            }
            let size = (self.range.end - at).min(self.size as u64) as usize;
            let read = read_full(self.read_at, &mut buffer[self.size..][..size], at);
            let mut relay = self.wait_for(number);
            if relay.over {
                return;
            }
            match read {
                Ok(n) => {
                    self.count(&mut relay, &mut buffer[..self.size + n]);
                    // The file was cut while it was read.
                    relay.over |= n < size;
                }
                Err(error) => {
                    relay.failure = Some(error);
                    relay.over = true;
                }
            }
            self.turn.store(number + 1, Ordering::Release);
            drop(relay);
            self.turn_came.notify_all();
        }
    }

    fn wait_for(&self, number: u64) -> MutexGuard<'_, Relay> {
        let is_turn = || self.turn.load(Ordering::Acquire) == number;
        let mut looks = 0;
        while !is_turn() && looks < LOOKS {
            std::hint::spin_loop();
            looks += 1;
        }
        let mut relay = self.relay.lock().unwrap_or_else(PoisonError::into_inner);
        while !is_turn() && !relay.over {
            relay = self.turn_came.wait(relay).unwrap_or_else(PoisonError::into_inner);
        }
        relay
    }

    /// Counts the piece behind the first half of `buffer`, where what is left of the one before gets its place.
    fn count(&self, relay: &mut Relay, buffer: &mut [u8]) {
        let from = self.size - relay.carry.len();
        buffer[from..self.size].copy_from_slice(&relay.carry);
        let bytes = &buffer[from..];
        let mut counted = relay.counted;
        let consumed = scan::count(&self.grammar, bytes, false, &mut counted);
        let left = &bytes[consumed..];
        if !self.with_damage && counted.damaged > 0 || left.len() > self.size {
            relay.over = true;
            return;
        }
        relay.counted = counted;
        relay.at += consumed as u64;
        relay.carry.clear();
        relay.carry.extend_from_slice(left);
    }
}

/// Fills the buffer, unless the file ends before.
fn read_full(read_at: &ReadAt<'_>, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match read_at(&mut buffer[n..], at + n as u64) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n)
}
