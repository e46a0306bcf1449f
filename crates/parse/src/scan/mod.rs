//! Scanners: bytes of whole records → field index.
//!
//! [`plain`] reads byte by byte and is the definition; `recover` decides what a record with damaged quotes means.
//! [`index`] gives the same, as fast as the processor can; [`count()`] gives only how many records there are.

mod count;
pub mod plain;
mod recover;
#[cfg(target_arch = "x86_64")]
mod simd;

pub use count::{RecordCount, count, count_at};

use crate::{FieldIndex, Grammar};

/// What a processor can do for the scanner.
///
/// ```
/// use csvp_parse::scan::{self, Level};
/// use csvp_parse::{Dialect, FieldIndex, Grammar};
///
/// let grammar = Grammar::new(&Dialect::default(), Some(2), 1 << 20);
/// let indexes = Level::available().into_iter().map(|level| {
///     let mut index = FieldIndex::new(2);
///     scan::index_at(level, &grammar, b"1,a\n2,\"b\n", true, &mut index);
///     index
/// });
/// let indexes: Vec<FieldIndex> = indexes.collect();
/// assert!(indexes.iter().all(|index| *index == indexes[0]), "all levels give one index");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Byte by byte; runs everywhere.
    Plain,
    /// 32 bytes at once, on x86-64.
    Avx2,
    /// 64 bytes at once, on x86-64 with VBMI2.
    Avx512,
}

impl Level {
    /// All levels that this processor can run, the fastest last.
    pub fn available() -> Vec<Level> {
        [Level::Plain, Level::Avx2, Level::Avx512].into_iter().filter(|level| level.is_here()).collect()
    }

    fn is_here(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return simd::is_here(self);
        #[cfg(not(target_arch = "x86_64"))]
        return self == Level::Plain;
    }

    fn best() -> Level {
        if Level::Avx512.is_here() {
            Level::Avx512
        } else if Level::Avx2.is_here() {
            Level::Avx2
        } else {
            Level::Plain
        }
    }
}

/// As [`plain::index`], with the best level there is.
///
/// ```
/// use csvp_parse::{Dialect, FieldIndex, Grammar, scan};
///
/// let grammar = Grammar::new(&Dialect::default(), Some(2), 1 << 20);
/// let mut index = FieldIndex::new(2);
/// // What is left behind the last whole record comes again in front of the next bytes, until there are none (`eof`).
/// let consumed = scan::index(&grammar, b"1,a\n2,b", false, &mut index);
/// assert_eq!((consumed, index.n_records()), (4, 1));
/// index.clear();
/// assert_eq!(scan::index(&grammar, b"2,b", true, &mut index), 3);
/// ```
pub fn index(grammar: &Grammar, bytes: &[u8], eof: bool, index: &mut FieldIndex) -> usize {
    index_at(Level::best(), grammar, bytes, eof, index)
}

/// As [`plain::index`], with the level given; the plain one where the processor or the grammar forbids it.
pub fn index_at(level: Level, grammar: &Grammar, bytes: &[u8], eof: bool, index: &mut FieldIndex) -> usize {
    // Whatever is whole ends with its line. A file may have none for megabytes, which come again and again.
    if !eof && memchr::memchr2(b'\n', b'\r', bytes).is_none() {
        return 0;
    }
    #[cfg(target_arch = "x86_64")]
    if level != Level::Plain {
        return simd::index(level, grammar, bytes, eof, index);
    }
    let _ = level;
    plain::index(grammar, bytes, eof, index)
}
