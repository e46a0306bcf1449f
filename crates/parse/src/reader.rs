//! A record iterator over bytes in memory, for tests and small tools; the engine works on blocks.

use std::borrow::Cow;

use crate::{FieldIndex, Grammar, scan};

/// The records of `bytes`, each as its unescaped fields, however many it has. Blank and comment lines are left out.
///
/// ```
/// use csvp_parse::{Dialect, Grammar, reader};
///
/// let grammar = Grammar::new(&Dialect::default(), Some(2), 1 << 20);
/// let names: Vec<_> = reader::records(&grammar, b"1,Ann\n\n2,\"Bo, Jr\"\n").map(|row| row[1].clone()).collect();
/// assert_eq!(names, [&b"Ann"[..], b"Bo, Jr"]);
/// ```
pub fn records<'a>(grammar: &Grammar, bytes: &'a [u8]) -> impl Iterator<Item = Vec<Cow<'a, [u8]>>> {
    let mut index = FieldIndex::new(grammar.n_columns.unwrap_or(1));
    scan::plain::index(grammar, bytes, true, &mut index);
    let grammar = grammar.clone();
    (0..index.n_records()).map(move |record| index.fields(&grammar, bytes, record))
}
