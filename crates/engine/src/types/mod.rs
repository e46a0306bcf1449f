//! Column types: classify cells into disjoint shapes, decide a type from the counts of all of them, and read and
//! write values of a type.
//!
//! 1. [`Shapes`] counts how the cells of a column are written; counts of the parts of a file add.
//! 2. [`decide`] makes a type of the counts, once, after the last cell. It never sees a cell.
//! 3. [`Format`] parses cells of a type into values and writes the values back.
//!
//! Two promises hold the three together. A cell that [`Format::parse`] accepts is written back by [`Format::write`]
//! byte by byte. And the cells that [`decide`] counts as neither null nor exception are exactly those which the
//! format of its type accepts, so that nobody needs to read a column again to find no exceptions.

mod civil;
mod classify;
mod column;
mod decide;
mod format;
mod looks;
mod packed;
mod shape;
mod shapes;
#[cfg(test)]
mod tests;
mod value;
mod words;

pub(crate) use column::CellRun;
pub use column::{Texts, ValueData, Values};
pub use decide::{Ambiguity, Decision, TypePolicy, decide};
pub use format::{Format, FormatError};
pub use looks::Looks;
pub use shapes::Shapes;
pub use value::Value;
pub(crate) use words::is_null_word;
