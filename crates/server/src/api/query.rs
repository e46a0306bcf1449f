//! Records and problems of an upload, page by page.

use csvp_report::{ColumnType, Problem, ProblemCode, Severity};
use serde::{Deserialize, Serialize};

/// Records from one place of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordPage {
    /// Number of data records before the first one shown.
    pub offset: u64,
    /// Data records in the file.
    pub total: u64,
    /// The columns.
    pub columns: Vec<ColumnHead>,
    /// The records, in file order.
    pub records: Vec<RecordView>,
}

/// A column's number, name and type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ColumnHead {
    /// From 1.
    pub number: u32,
    /// Name.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    /// It is in the clean files.
    Accepted,
    /// It is in the clean files, with a bad cell set to null.
    Repaired,
    /// It is in the rejects file.
    Rejected,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordView {
    /// Its number, from 1.
    pub record: u64,
    /// The physical line on which it begins, from 1.
    pub line: u64,
    /// The offset of its first byte, from 0.
    pub byte: u64,
    /// What became of it.
    pub status: RecordStatus,
    /// Its cells as they stand in the file; null where the cell counts as null or is missing.
    pub cells: Vec<Option<String>>,
    /// What is wrong in it.
    pub problems: Vec<CellProblem>,
}

/// A problem inside a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellProblem {
    /// Number of the column, from 1; none when the whole record is at fault.
    pub column: Option<u32>,
    /// What is wrong.
    pub code: ProblemCode,
    /// The same in words.
    pub message: String,
}

impl From<&Problem> for CellProblem {
    fn from(problem: &Problem) -> Self {
        Self {
            column: problem.position.column.as_ref().map(|column| column.number),
            code: problem.code,
            message: problem.message(),
        }
    }
}

/// A problem with its texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemView {
    /// The problem.
    #[serde(flatten)]
    pub problem: Problem,
    /// How much it weighs.
    pub severity: Severity,
    /// The problem in one sentence.
    pub message: String,
    /// What can be done about it.
    pub fix: String,
    /// The page that explains it.
    #[schema(example = "/docs/problems/type-mismatch")]
    pub docs: String,
}

impl From<Problem> for ProblemView {
    fn from(problem: Problem) -> Self {
        Self {
            severity: problem.severity(),
            message: problem.message(),
            fix: problem.code.fix().to_owned(),
            docs: format!("/docs/problems/{}", problem.code),
            problem,
        }
    }
}

/// One page of problems, in file order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemPage {
    /// The problems.
    pub items: Vec<ProblemView>,
    /// Where the next page begins; none on the last one.
    pub next_cursor: Option<String>,
    /// How many problems match, on all pages.
    pub total: u64,
}
