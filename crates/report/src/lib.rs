//! What can be said about a CSV file: the words that the engine, the command line, the server and the page share.
//!
//! This crate holds data and its texts only. It never reads a file, never decides anything and never does I/O, so
//! that a problem found by the engine is the same problem, with the same code and the same words, wherever it is
//! shown.
//!
//! | module | what it names |
//! |---|---|
//! | [`code`] | the stable problem codes, their severity and their plain-language fix |
//! | [`position`] | where in a file something is |
//! | [`look`] | what a cell looks like, for records that look unusual |
//! | [`problem`] | one fault: a code, a position and typed parameters; its message is made from these |
//! | [`column_type`] | the type and written format of a column |
//! | [`file_report`] | the whole report of one file, with reconciled counts |
//! | [`api_error`] | the codes of failed HTTP requests (RFC 9457) |

pub mod api_error;
pub mod code;
pub mod column_type;
pub mod file_report;
pub mod look;
mod mismatch;
pub mod position;
pub mod problem;

pub use api_error::ApiErrorCode;
pub use code::{ProblemCode, Severity};
pub use column_type::{ColumnType, DateOrder, DecimalForm, FloatForm, NumberMarks, Zone};
pub use file_report::{
    Candidate, CodeCount, ColumnReport, Counts, DialectFacts, EncodingFacts, FileFacts, HistogramBin,
    PiiHint, Problems, Profile, Quantiles, Report, Skipped, TopValue, Verdict,
};
pub use look::Look;
pub use position::{ColumnRef, Position};
pub use problem::{Detail, Problem};

/// Version of the report's shape; it grows when a field changes meaning or goes away.
pub const REPORT_VERSION: u32 = 1;

/// Version of the reading rules; it grows when the same file may get another report.
pub const RULES_VERSION: u32 = 2;
