//! Bytes to records, and records to bytes.
//!
//! The unit of work is a block of whole records with a rectangular index of its fields ([`FieldIndex`]); there is no
//! copy of a field and no record object on the way. [`scan::plain`] is the definition of the grammar; any faster
//! scanner has the same signature and must give the same index.
//!
//! This crate does no I/O, guesses nothing and reports nothing in words: a fault is a [`Fault`] with raw numbers.
//!
//! ```
//! use csvp_parse::{Dialect, FieldIndex, Grammar, scan};
//!
//! let bytes = b"1,\"a \"\"b\"\"\"\n2,c\n";
//! let grammar = Grammar::new(&Dialect::default(), Some(2), 1 << 20);
//! let mut index = FieldIndex::new(2);
//! let consumed = scan::plain::index(&grammar, bytes, true, &mut index);
//! assert_eq!((consumed, index.n_records()), (bytes.len(), 2));
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
