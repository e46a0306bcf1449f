//! The problem codes: stable, kebab-case, one documentation page each (`docs/reference/problems/<code>.md`).

use serde::{Deserialize, Serialize};

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Severity {
    /// Worth knowing; the file counts as clean.
    Info,
    /// The data was read, with an interpretation that a person should confirm; no record is rejected.
    Warning,
    /// The record (or the file) breaks its contract; the bad-record policy applies.
    Error,
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $variant:ident, $code:literal, $severity:ident, $title:literal, $fix:literal;)*) => {
        /// Every fault the engine can find in a file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ProblemCode { $($(#[$doc])* #[serde(rename = $code)] $variant,)* }

        impl ProblemCode {
            /// All codes, in the order of the documentation.
            pub const ALL: &'static [ProblemCode] = &[$(ProblemCode::$variant),*];

            /// The stable kebab-case name.
            pub fn as_str(self) -> &'static str { match self { $(ProblemCode::$variant => $code),* } }

            /// How much it weighs.
            pub fn severity(self) -> Severity { match self { $(ProblemCode::$variant => Severity::$severity),* } }

            /// A heading for a group of these.
            pub fn title(self) -> &'static str { match self { $(ProblemCode::$variant => $title),* } }

            /// What a person can do about it, in plain words.
            pub fn fix(self) -> &'static str { match self { $(ProblemCode::$variant => $fix),* } }
        }
    };
}

problem_codes! {
    /// Bytes that are not valid in the file's encoding.
    EncodingInvalid, "encoding-invalid", Error, "Invalid characters",
        "save the file again as UTF-8, or name its true encoding and process it again";
    /// Some bytes of the file are in another encoding than the rest.
    EncodingContradicted, "encoding-contradicted", Warning, "Encoding changes inside the file",
        "name the true encoding and process the file again; if there are two, save its parts in one";
    /// A record with more or fewer fields than the header.
    FieldCount, "field-count", Error, "Wrong number of fields",
        "add the missing delimiters, or put quotes around a field that contains one";
    /// No number of fields is usual, so that no record is wrong.
    FieldCountVaries, "field-count-varies", Warning, "Records of different widths",
        "check that the delimiter is right, and split the file if it holds several tables";
    /// Every record ends with a delimiter and no field after it.
    TrailingDelimiter, "trailing-delimiter", Info, "Delimiter at the end of records",
        "nothing is lost; remove the last delimiter of each line if you can";
    /// A quote was opened and not closed.
    QuoteUnclosed, "quote-unclosed", Error, "Quote never closed",
        "close the quote, or double it if it belongs to the text";
    /// A quote in a place where it has no meaning.
    QuoteStray, "quote-stray", Warning, "Stray quote",
        "put the whole field in quotes and double each quote inside it";
    /// The first lines say one dialect, later records another.
    DialectContradicted, "dialect-contradicted", Warning, "Later records contradict the detected dialect",
        "name the delimiter or the quote and process the file again";
    /// Two columns have one name.
    HeaderDuplicate, "header-duplicate", Warning, "Column name used twice",
        "give each column a name of its own";
    /// A column has no name.
    HeaderBlank, "header-blank", Warning, "Column without a name",
        "name the column in the first line";
    /// The header differs from the declared schema.
    HeaderMismatch, "header-mismatch", Error, "Header differs from the schema",
        "rename, add or remove the column so that the header equals the schema";
    /// Rejected records are read again, and nothing tells the types of the file that they come from.
    RejectsWithoutSchema, "rejects-without-schema", Warning, "Rejected records read without a schema",
        "name the schema of the file that they come from with `--schema`";
    /// A record that repeats the header.
    HeaderRepeated, "header-repeated", Error, "Header repeated among the records",
        "remove the line; it often comes from files that were joined";
    /// A value that is not of its column's type.
    TypeMismatch, "type-mismatch", Error, "Value of another type",
        "correct the value, or declare the column as text";
    /// Day and month cannot be told apart in this column.
    DateAmbiguous, "date-ambiguous", Warning, "Day or month first?",
        "say which comes first by giving the column its format; until then it stays text";
    /// A mark may be a decimal point or separate thousands.
    NumberAmbiguous, "number-ambiguous", Warning, "Decimal or thousands mark?",
        "say which it is by giving the column its type; until then it stays text";
    /// A value that is not what nearly all others of its text column are.
    ValueUnusual, "value-unusual", Warning, "Value unlike the others of its column",
        "correct the value, or declare the column's type: as text if the value is right";
    /// A required value is missing.
    ValueRequired, "value-required", Error, "Required value missing", "fill in the value";
    /// A value that must be unique appears again.
    ValueNotUnique, "value-not-unique", Error, "Value appears twice", "remove or correct the repeated record";
    /// A value below the minimum or above the maximum.
    ValueOutOfRange, "value-out-of-range", Error, "Value out of range", "correct the value";
    /// A text shorter or longer than allowed.
    ValueLength, "value-length", Error, "Text too short or too long", "shorten or complete the text";
    /// A value that is not in the list of allowed ones.
    ValueNotInEnum, "value-not-in-enum", Error, "Value not in the list", "use one of the allowed values";
    /// A text that does not match its pattern.
    ValuePattern, "value-pattern", Error, "Value does not match its pattern", "write the value in the asked form";
    /// A value that must exist in another column does not.
    ValueKeyMissing, "value-key-missing", Error, "Reference to a missing key",
        "add the record that is referred to, or correct the reference";
    /// A record with nothing in it.
    RowBlank, "row-blank", Info, "Blank line", "nothing is lost; remove the line if you can";
    /// A record of delimiters and nothing else.
    RowHollow, "row-hollow", Warning, "Record of empty cells",
        "remove the line; spreadsheets write it for rows that only look empty";
    /// A record with one filled cell where others have more.
    RowSingleValue, "row-single-value", Warning, "Record with a single value",
        "remove the line if it is a title between the records, or fill in its other cells";
    /// A record that sums up others.
    RowTotal, "row-total", Warning, "Total among the records",
        "remove the line, or whoever adds up the column counts everything twice";
    /// A record with a cell that looks unlike the others of its column; said on request only.
    RowUnusual, "row-unusual", Warning, "Record unlike the others",
        "look at the cell: correct it, or take it as it is; nothing is rejected for it";
    /// More than one kind of line ending.
    LineEndingMixed, "line-ending-mixed", Warning, "Mixed line endings",
        "save the file again with one kind of line ending";
    /// A NUL byte inside a record.
    NulByte, "nul-byte", Error, "NUL byte", "remove the byte; it often comes from a broken export";
    /// A byte order mark in front of a record inside the file.
    MarkInside, "mark-inside", Error, "Byte order mark inside the file",
        "remove the mark; it is left where files that begin with one were joined";
    /// More columns than the limit.
    LimitColumns, "limit-columns", Error, "Too many columns", "split the file, or raise the limit `max_columns`";
    /// A column name larger than the limit; the column is called by its number.
    LimitNameBytes, "limit-name-bytes", Warning, "Column name too long",
        "shorten the name, or look for a missing line end or quote in the first line";
    /// A record larger than the limit; it was skipped unread.
    LimitRecordBytes, "limit-record-bytes", Error, "Record too large",
        "look for a missing quote or line end before it, or raise the limit `max_record_bytes`";
    /// A cell larger than the limit.
    LimitCellBytes, "limit-cell-bytes", Error, "Cell too large",
        "shorten the cell, or raise the limit `max_cell_bytes`";
    /// The compressed file ends early or is damaged.
    CompressionDamaged, "compression-damaged", Error, "Compressed file is damaged",
        "compress and send the file again; the records before the damage were read";
    /// The file has no records.
    FileEmpty, "file-empty", Warning, "No records", "check that the export wrote what it should";
    /// The bytes are not delimited text.
    NotCsv, "not-csv", Error, "Not a CSV file", "send the table as CSV text, not as a document or an image";
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ProblemCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

/// The text names no problem code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCode;

impl std::fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a problem code")
    }
}

impl std::error::Error for UnknownCode {}

// Written by hand: the derive does not see names that a macro gives.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ProblemCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Every fault the engine can find in a file."))
            .enum_values(Some(ProblemCode::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ProblemCode {}
