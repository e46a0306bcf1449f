//! Reads any CSV file: bytes in, in any chunks; a report, typed columns and judged records out.
//!
//! # The stages, in the order of the data
//!
//! ```text
//! bytes → source → decode → detect → blocks → structure → shapes → types → cells → profile → report
//!         └─────────────── first pass: Check ───────────────────────┘ └─ second pass: Second ─┘
//! ```
//!
//! 1. **Source.** Compression ([`Compression`]) is told by the first bytes and unpacked under the caps of [`Limits`].
//! 2. **Decode.** The encoding is found and the bytes become UTF-8. Every byte of text keeps its way back to a byte of the
//!    source, and what is invalid is remembered with its place.
//! 3. **Detect.** From the first part of the text (1 MiB, or more where that holds too few lines), [`detect::detect`] guesses the dialect with its evidence; header, names and
//!    number of columns follow. [`Settings`] may fix any of it. From here on it does not change.
//! 4. **Blocks.** The text is cut into blocks of whole records, by its content alone, and [`csvp_parse`] indexes their fields. A
//!    damaged quote is recovered from on its line.
//! 5. **Structure.** Counts of fields, stray quotes, NUL, invalid bytes and limits: each fault is a
//!    [`Problem`](csvp_report::Problem) with line, byte and record.
//! 6. **Shapes.** Each sound cell is counted by how it looks ([`types::Shapes`]), and nothing is converted. Counts of blocks add up.
//! 7. **Types.** [`types::decide`] makes a type of the counts, once, behind the last record: all records have a say. A
//!    [`Schema`] that is declared ([`TableSchema`]) overrides it.
//! 8. **Cells.** Each cell is judged by the type and the rules of its column, each record gets its [`RecordVerdict`], and an
//!    [`Output`] receives them in [`JudgedBlock`]s. Keys are checked exactly, in a temporary file where memory does not suffice.
//! 9. **Profile.** Statistics of each column over all its records ([`profile::ColumnProfile`]).
//! 10. **Report.** [`Report`](csvp_report::Report): verdict, counts that add up, columns, problems.
//!
//! # The ways in
//!
//! | | what it does |
//! |---|---|
//! | [`Sniff`] | how a file is written, from its first part alone |
//! | [`Check`] | the first pass: stages 1 to 7, while the bytes arrive; gives report and [`Plan`] |
//! | [`OnePass`] | both passes in one, for files whose types are those that their first block lets expect |
//! | [`Second`] | the second pass over the same bytes: stages 8 to 10, for an [`Output`] |
//! | [`View`] | some records from any place, by the block index of the plan |
//! | [`Count`] | how many records [`Check`] would count, as fast as the file can be read |
//!
//! # Promises
//!
//! The report is the same for any chunks and any number of threads. Memory is bounded by [`Limits`] and not by the file.
//! Bad data never is an error: an [`EngineError`] means that the engine had to stop.
//!
//! Nothing here does network or file I/O (exact unique checks use a temporary file), reads a clock or knows who asks.
//!
//! # A whole file
//!
//! ```
//! use csvp_engine::{Check, Settings};
//!
//! let mut check = Check::new(Settings::default())?;
//! check.push(b"id,price\n1,2.50\n2,")?;
//! check.push(b"4.00\n3,1.25\n")?;
//! let checked = check.finish()?;
//! assert_eq!(checked.report.counts.accepted, 3);
//! assert_eq!(checked.report.columns[1].column_type.name(), "decimal");
//! // When no cell can be bad any more, the report is final. Otherwise, and for any output, comes `Second`.
//! assert!(!checked.needs_second_pass);
//! # Ok::<(), csvp_engine::EngineError>(())
//! ```

mod error;
mod limits;
mod settings;

mod source;

mod decode;

pub mod detect;
pub mod rejects;

mod layout;
mod sample;
mod widths;

mod block;
mod reader;

mod schema;
pub mod types;

mod check;
pub mod profile;

mod contradictions;
mod crew;
mod draft;
mod examine;
mod expect;
mod found;
mod lanes;
mod survey;

mod columns;
mod judge;
mod output;
mod sums;

mod assemble;
mod plan;
mod tally;

mod count;
mod pipeline;
mod sniff;
mod view;

pub use columns::Columns;
pub use count::{Count, Counted, ReadAt};
pub use error::EngineError;
pub use lanes::Lanes;
pub use limits::Limits;
pub use output::{JudgedBlock, Output};
pub use pipeline::{Check, Checked, OnePass, Passed, Progress, Second};
pub use plan::Plan;
pub use schema::{
    Column, Constraints, Field, FieldsMatch, ForeignKey, Key, Reference, Schema, TableSchema, TextForm,
};
pub use settings::{Budget, ColumnOverride, OnBad, Policy, Settings};
pub use sniff::{Sniff, Sniffed};
pub use source::Compression;
pub use survey::Expectation;
pub use tally::RecordVerdict;
pub use view::{RecordView, View};
