//! What can go wrong while files are written.

use parquet::errors::ParquetError;

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The place the bytes go to refused them; trying again may help.
    #[error("output could not be written")]
    Write(#[from] std::io::Error),
    /// The Parquet library refused the data, or could not write it.
    #[error("parquet file could not be written")]
    Parquet(#[from] ParquetError),
    /// An accepted record holds a value that is not of its column's type: a fault of the engine. Nothing is
    /// guessed.
    #[error("value of record {record} in column `{column}` is not of type {expected}")]
    Value {
        /// Number of the record, from 1.
        record: u64,
        /// Name of the column.
        column: String,
        /// The column's type.
        expected: String,
    },
    /// An accepted record holds bytes that are not UTF-8: a fault of the engine.
    #[error("column `{column}` holds bytes that are not UTF-8")]
    Encoding {
        /// Name of the column.
        column: String,
    },
    /// The columns are such that no file can be made of them.
    #[error("column `{column}` of type {column_type} cannot be written as parquet")]
    Type {
        /// Name of the column.
        column: String,
        /// The column's type.
        column_type: String,
    },
}

impl From<ConvertError> for std::io::Error {
    fn from(error: ConvertError) -> Self {
        match error {
            ConvertError::Write(error) => error,
            other => std::io::Error::other(other),
        }
    }
}
