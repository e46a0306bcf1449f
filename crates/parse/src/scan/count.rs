//! How many records there are: the scan for those who need no fields.

use super::Level;
use super::plain::{self, Desk};
use crate::{FieldIndex, Grammar, SkipKind};

/// Records, and lines that are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordCount {
    /// Records, damaged ones and those that are too large among them.
    pub records: u64,
    /// Those of them with faults in their quotes, and those that are too large.
    pub damaged: u64,
    /// Lines with nothing but blanks on them.
    pub blank: u64,
    /// Lines that begin with the comment prefix.
    pub comment: u64,
}

/// Adds the whole records of `bytes` to `counted` and gives the bytes they took: as [`plain::index`], whose records and
/// skipped lines these are, with the best level there is.
///
/// ```
/// use csvp_parse::scan::{self, RecordCount};
/// use csvp_parse::{Dialect, Grammar};
///
/// let grammar = Grammar::new(&Dialect::default(), Some(2), 1 << 20);
/// let mut counted = RecordCount::default();
/// scan::count(&grammar, b"1,\"two\nlines\"\n\n2,5\" pipe\n", true, &mut counted);
/// assert_eq!((counted.records, counted.damaged, counted.blank), (2, 1, 1));
/// ```
pub fn count(grammar: &Grammar, bytes: &[u8], eof: bool, counted: &mut RecordCount) -> usize {
    count_at(Level::best(), grammar, bytes, eof, counted)
}

/// As [`count`], with the level given; the plain one where the processor or the grammar forbids it.
pub fn count_at(
    level: Level,
    grammar: &Grammar,
    bytes: &[u8],
    eof: bool,
    counted: &mut RecordCount,
) -> usize {
    #[cfg(target_arch = "x86_64")]
    if level != Level::Plain {
        return super::simd::count(level, grammar, bytes, eof, counted);
    }
    let _ = level;
    count_plainly(grammar, bytes, eof, counted)
}

/// The plain level.
pub(super) fn count_plainly(grammar: &Grammar, bytes: &[u8], eof: bool, counted: &mut RecordCount) -> usize {
    let mut stepper = Stepper::new(grammar);
    let mut at = 0;
    while at < bytes.len() {
        let Some(next) = stepper.step(grammar, bytes, at, eof, counted) else { break };
        at = next;
    }
    at
}

/// Counts one record or skipped line after the other as the plain scanner reads them.
pub(super) struct Stepper {
    desk: Desk,
    index: FieldIndex,
}

impl Stepper {
    pub(super) fn new(grammar: &Grammar) -> Self {
        Self { desk: Desk::default(), index: FieldIndex::new(grammar.n_columns.unwrap_or(1)) }
    }

    /// Counts what is at `at` and gives the start of the next; none when more bytes are needed.
    pub(super) fn step(
        &mut self,
        grammar: &Grammar,
        bytes: &[u8],
        at: usize,
        eof: bool,
        counted: &mut RecordCount,
    ) -> Option<usize> {
        self.index.clear();
        let next = plain::step(grammar, bytes, at, eof, &mut self.index, &mut self.desk)?;
        counted.records += self.index.n_records() as u64;
        counted.damaged += u64::from(!self.index.faults().is_empty());
        for skip in self.index.skips() {
            match skip.kind {
                SkipKind::Blank => counted.blank += 1,
                SkipKind::Comment => counted.comment += 1,
            }
        }
        Some(next)
    }
}
