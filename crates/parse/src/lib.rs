//! Bytes to records, and records to bytes.
//!
//! # The parts, in the order of the data
//!
//! 1. A [`Dialect`] says how records are written. Nothing here guesses it.
//! 2. With the number of columns and the limit on a record it becomes a [`Grammar`], fixed for the whole file.
//! 3. [`scan::index`] reads a block of bytes and fills a [`FieldIndex`]. [`scan::plain`] reads byte by byte and is the
//!    definition; the levels for AVX2 and AVX-512 must give the same index. Where quotes are damaged, all of them ask
//!    the same recovery what the record means.
//! 4. The [`FieldIndex`] gives fields, lines and places, and what the scanner met: [`Fault`]s and [`Skip`]ped lines.
//! 5. [`writer::write_record`] writes records; what it writes is read back the same.
//!
//! [`reader::records`] is all of it in one call, for tests and small tools.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dialect`] | how records are written: delimiter, quote, escape, line end, comments |
//! | [`place`] | a fault or a skipped line, as raw numbers |
//! | [`grammar`] | a dialect made ready for one file |
//! | [`index`] | where each field of a block ends |
//! | [`scan`] | bytes to an index, or to a count of records: plain, AVX2, AVX-512, and recovery from damaged quotes |
//! | [`reader`] | records one by one |
//! | [`writer`] | records to bytes |
//!
//! # Blocks
//!
//! The unit of work is a block of whole records with a rectangular index of its fields ([`FieldIndex`]); there is no
//! copy of a field and no record object on the way. [`scan::plain`] is the definition of the grammar; any faster
//! scanner has the same signature and must give the same index. Bytes behind the last whole record are left: they come
//! again in front of the next block, and where a block ends changes nothing of what is read.
//!
//! This crate does no I/O, guesses nothing and reports nothing in words: a fault is a [`Fault`] with raw numbers.
//!
//! ```
//! use csvp_parse::{Dialect, FieldIndex, Grammar, scan};
//!
//! // The last record is not whole, and more bytes may come.
//! let bytes = b"1,\"a \"\"b\"\"\"\n2,c\n3,";
//! let grammar = Grammar::new(&Dialect::default(), Some(2), 1 << 20);
//! let mut index = FieldIndex::new(2);
//! let consumed = scan::index(&grammar, bytes, false, &mut index);
//! assert_eq!((consumed, index.n_records()), (bytes.len() - 2, 2));
//! let mut scratch = Vec::new();
//! assert_eq!(index.field(&grammar, bytes, 0, 1, &mut scratch), Some(&b"a \"b\""[..]));
//! ```

pub mod dialect;
pub mod grammar;
pub mod index;
pub mod place;
pub mod reader;
pub mod scan;
pub mod writer;

pub use dialect::{Dialect, Terminator};
pub use grammar::Grammar;
pub use index::FieldIndex;
pub use place::{Fault, FaultKind, Skip, SkipKind};
