//! Why the engine stopped. A fault in the data is never an error: it is a `Problem` in the report.

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The file as a whole is larger than allowed, or swells too much when decompressed.
    #[error("file decompresses to more than {limit} {what}")]
    TooLarge {
        /// What the limit counts, and its name.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The archive cannot be read as one CSV file.
    #[error("{0}")]
    Archive(&'static str),
    /// The name of the encoding is not known.
    #[error("encoding `{0}` is not known; expected a name such as `utf-8`, `windows-1252` or `shift_jis`")]
    UnknownEncoding(String),
    /// The schema or an override cannot be used.
    #[error("{place}: {fault}")]
    Schema {
        /// Which part of the schema.
        place: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A stored plan was made by another version.
    #[error("plan has version {found}, expected {expected}; process the file again")]
    PlanVersion {
        /// The version found.
        found: u32,
        /// The version of this engine.
        expected: u32,
    },
    /// More repeated values than can be listed.
    #[error("more than {limit} values of `{column}` are repeated; is it really unique?")]
    TooManyRepeats {
        /// The key.
        column: String,
        /// The limit.
        limit: usize,
    },
    /// An accepted cell is not of its column's type: a fault of the engine. Nothing is guessed.
    #[error("value of record {record} in column `{column}` is not of type {expected}")]
    Misfit {
        /// Number of the record, from 1.
        record: u64,
        /// Name of the column.
        column: String,
        /// The column's type.
        expected: String,
    },
    /// The file could not be read.
    #[error("cannot read the file")]
    Input(#[source] std::io::Error),
    /// An output could not be written, or a temporary file could not be used.
    #[error("output failed")]
    Output(#[source] std::io::Error),
}

impl EngineError {
    pub(crate) fn schema(place: impl Into<String>, fault: impl Into<String>) -> Self {
        EngineError::Schema { place: place.into(), fault: fault.into() }
    }
}
