//! The report of one file. Equal bytes and settings give an equal report, whatever the chunks and threads:
//! no clock, no host, no identity of a run is in it.

use serde::{Deserialize, Serialize};

use crate::{ColumnType, Problem, ProblemCode, Severity};

/// Everything found out about one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// Version of this shape, [`crate::REPORT_VERSION`].
    pub report_version: u32,
    /// Version of the reading rules, [`crate::RULES_VERSION`].
    pub rules_version: u32,
    /// The overall finding.
    pub verdict: Verdict,
    /// Size, compression and hash.
    pub file: FileFacts,
    /// In which encoding the text is.
    pub encoding: EncodingFacts,
    /// How records are written as bytes.
    pub dialect: DialectFacts,
    /// The reconciled counts: `accepted + rejected + skipped = records`.
    pub counts: Counts,
    /// One entry per column, in file order.
    pub columns: Vec<ColumnReport>,
    /// All problems by code and column, and the first ones in full.
    pub problems: Problems,
}

/// The overall finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    /// No problem above information.
    Clean,
    /// There are problems; what could be accepted was.
    Problems,
    /// The file is refused as a whole: it is no CSV, or its policy or budget says so.
    Refused,
}

/// Size, compression and hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileFacts {
    /// Bytes as they were sent.
    pub size_bytes: u64,
    /// Bytes after decompression; equals `size_bytes` when the file was not compressed.
    pub decoded_bytes: u64,
    /// `gzip`, `zstd`, `bzip2`, `xz`, `zip`, or none.
    pub compression: Option<String>,
    /// Name of the entry inside a zip archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip_entry: Option<String>,
}

/// In which encoding the text is, and how that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EncodingFacts {
    /// Name from the WHATWG Encoding Standard, for example `UTF-8` or `windows-1252`.
    pub name: String,
    /// Whether a byte order mark stands at the start.
    pub bom: bool,
    /// `declared`, `bom`, `valid-utf8`, `ascii`, `zero-bytes` (UTF-16 without mark) or `statistics`.
    pub source: String,
    /// From 0 to 1.
    pub confidence: f64,
}

/// How records are written as bytes, and how that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DialectFacts {
    /// The delimiter; one character in nearly all files.
    pub delimiter: String,
    /// The quote, if fields may be quoted.
    pub quote: Option<String>,
    /// The escape character, when a quote inside a field is not doubled.
    pub escape: Option<String>,
    /// `lf`, `crlf`, `cr` or `mixed`.
    pub terminator: String,
    /// Prefix of comment lines, if there are any.
    pub comment: Option<String>,
    /// Whether a quote opens a field also behind blanks; before unquoted text blanks are part of the field.
    #[serde(default)]
    pub skip_initial_space: bool,
    /// Physical lines before the header that are no records.
    pub preamble_rows: u64,
    /// Header rows: 0, 1 or several (then joined by a space).
    pub header_rows: u64,
    /// Rows after the data that are no records (totals, notes).
    pub footer_rows: u64,
    /// `declared` or `detected`.
    pub source: String,
    /// From 0 to 1; below 0.5 the detection says it is unsure.
    pub confidence: f64,
    /// Why this dialect, in words.
    pub evidence: Vec<String>,
    /// The best dialects that were looked at, best first.
    pub candidates: Vec<Candidate>,
}

/// A dialect that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Candidate {
    /// The delimiter.
    pub delimiter: String,
    /// The quote, if any.
    pub quote: Option<String>,
    /// The escape character, if any.
    pub escape: Option<String>,
    /// Higher is better; comparable within one detection only.
    pub score: f64,
}

/// Reconciled counts of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
    /// Physical lines of the file.
    pub lines: u64,
    /// Records read, header rows not among them: `accepted + rejected + skipped`.
    pub records: u64,
    /// Records that go into the clean files.
    pub accepted: u64,
    /// Records set aside because of a problem.
    pub rejected: u64,
    /// Records that are no data.
    pub skipped: Skipped,
    /// Accepted records in which a bad cell became null (policy `null` only).
    pub repaired: u64,
}

/// Records that are no data, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Skipped {
    /// Lines with nothing in them.
    pub blank: u64,
    /// Comment lines.
    pub comment: u64,
    /// Lines before the header.
    pub preamble: u64,
    /// Lines after the data.
    pub footer: u64,
}

impl Skipped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.blank + self.comment + self.preamble + self.footer
    }
}

impl Counts {
    /// Data records: what a person means by "how many rows has it".
    pub fn data_records(&self) -> u64 {
        self.accepted + self.rejected
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnReport {
    /// Number of the column, from 1.
    pub number: u32,
    /// Its name: from the header, or `column_N`; made unique by a suffix `_2` where the header repeats it.
    pub name: String,
    /// Its type, from all records.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Whether the type was declared by a schema or an override.
    pub declared: bool,
    /// Whether null occurs.
    pub nullable: bool,
    /// The words that count as null in this column, beside the empty cell.
    pub null_words: Vec<String>,
    /// Cells that are not of the type.
    pub exceptions: u64,
    /// Why this type, when it is not obvious.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Statistics over all records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// Statistics of one column over all data records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// Cells that are not null.
    pub values: u64,
    /// Cells that are null.
    pub nulls: u64,
    /// Different values; exact when `distinct_error` is none.
    pub distinct: u64,
    /// Relative standard error of `distinct`, when it is an estimate.
    pub distinct_error: Option<f64>,
    /// Smallest value, as text: by number or time where the type has an order, else by bytes.
    pub min: Option<String>,
    /// Largest value, as text.
    pub max: Option<String>,
    /// Mean of numbers.
    pub mean: Option<f64>,
    /// Standard deviation of numbers (of the sample, n - 1).
    pub standard_deviation: Option<f64>,
    /// Quantiles of numbers.
    pub quantiles: Option<Quantiles>,
    /// Shortest value in characters.
    pub min_length: Option<u64>,
    /// Longest value in characters.
    pub max_length: Option<u64>,
    /// Mean length in characters.
    pub mean_length: Option<f64>,
    /// The most frequent values, most frequent first.
    pub top: Vec<TopValue>,
    /// Counts by range (numbers, dates) for a small picture; at most 20 bins.
    pub histogram: Vec<HistogramBin>,
    /// `ascending`, `descending`, `constant` or none.
    pub sorted: Option<String>,
    /// Kinds of personal data that the values look like.
    pub pii: Vec<PiiHint>,
}

/// Quantiles of a column of numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quantiles {
    /// 5 %.
    pub p05: f64,
    /// 25 %.
    pub p25: f64,
    /// 50 %, the median.
    pub p50: f64,
    /// 75 %.
    pub p75: f64,
    /// 95 %.
    pub p95: f64,
    /// Largest relative error of the values above.
    pub relative_error: f64,
}

/// A frequent value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopValue {
    /// The value as it stands in the file, cut after 100 characters.
    pub value: String,
    /// How often; exact when `error` is 0.
    pub count: u64,
    /// The true count is at least `count - error`.
    pub error: u64,
}

/// One bar of a histogram; the range is `[from, to)`, in the last one `[from, to]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistogramBin {
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
    /// Values in the range.
    pub count: u64,
}

/// A kind of personal data that values look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PiiHint {
    /// `email`, `phone`, `iban`, `card-number`, `ip-address` ...
    pub kind: String,
    /// Values that look like it.
    pub values: u64,
}

/// All problems of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problems {
    /// How many there are, all of them.
    pub total: u64,
    /// How many are errors.
    pub errors: u64,
    /// How many are warnings.
    pub warnings: u64,
    /// Exact counts by code and column, in the order of the codes.
    pub by_code: Vec<CodeCount>,
    /// The first ones by place in the file (1,000 by default).
    pub first: Vec<Problem>,
}

/// How often a code occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeCount {
    /// The code.
    pub code: ProblemCode,
    /// How much it weighs.
    pub severity: Severity,
    /// Number of the column, from 1; none for problems of whole records or the file.
    pub column: Option<u32>,
    /// How often.
    pub count: u64,
}
