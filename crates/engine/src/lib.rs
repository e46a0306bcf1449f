//! Blocks of records → shapes, problems, profile, report.
//!
//! ```text
//! bytes → source → decode → detect → blocks → check → types → report
//! ```
//!
//! [`Check`] is the first pass: it takes the bytes of a file in any chunks while they arrive, and at the end gives a
//! report, the type of every column (from all records) and a [`Plan`]. [`Second`] takes the same bytes again, judges
//! every record against the plan and feeds an [`Output`]. [`View`] reads some records from any place, [`Count`] only counts them.
//!
//! Nothing here does network or file I/O (exact unique checks use a temporary file), reads a clock or knows who asks. A
//! fault in the data is a `Problem` in the report; an [`EngineError`] means the engine had to stop.
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

mod block;
mod reader;

mod schema;
pub mod types;

mod check;
pub mod profile;

mod contradictions;
mod crew;
mod examine;
mod expect;
mod found;
mod lanes;
mod survey;

mod columns;
mod judge;
mod output;

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
pub use pipeline::{Check, Checked, Progress, Second};
pub use plan::Plan;
pub use schema::{
    Column, Constraints, Field, FieldsMatch, ForeignKey, Key, Reference, Schema, TableSchema, TextForm,
};
pub use settings::{Budget, ColumnOverride, OnBad, Policy, Settings};
pub use sniff::{Sniff, Sniffed};
pub use source::Compression;
pub use tally::RecordVerdict;
pub use view::{RecordView, View};
