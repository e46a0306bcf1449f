//! Judged records to files: Parquet, normalised CSV, NDJSON, the rejects file and the list of problems.
//!
//! This is the second pass: types are fixed, every record is judged, and nothing is guessed here. Each output
//! takes the blocks of a file in order ([`csvp_engine::Output`]) and holds at most one block, or one Parquet
//! row group, of it.
//!
//! | module | file |
//! |---|---|
//! | [`parquet`] | `clean.parquet` |
//! | [`csv`] | `clean.csv` |
//! | [`ndjson`] | `clean.ndjson` |
//! | [`rejects`] | `rejects.csv` |
//! | [`problems`] | `problems.csv` |
//! | [`outputs`] | all of them in one pass |

pub mod csv;
pub mod ndjson;
pub mod outputs;
pub mod parquet;
pub mod problems;
pub mod rejects;

mod error;

pub use self::csv::CsvOutput;
pub use self::error::ConvertError;
pub use self::ndjson::NdjsonOutput;
pub use self::outputs::{FileKind, Outputs, Sink};
pub use self::parquet::ParquetOutput;
pub use self::problems::ProblemsOutput;
pub use self::rejects::RejectsOutput;
