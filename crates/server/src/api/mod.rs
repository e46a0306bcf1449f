//! Wire types: what clients send and get. Conversions from domain and report types are written out, so that a stored
//! row or an engine type never becomes part of the contract by accident.

mod cursor;
mod extract;
mod limits;
mod problem_details;
mod query;
mod settings;
mod simple;
mod time;
mod upload;

pub use cursor::{Cursor, CursorError};
pub use extract::{ApiJson, ApiPath, ApiQuery};
pub use limits::LimitsView;
pub(crate) use limits::{PROBLEMS_PAGE, RECORDS_PAGE, UPLOADS_PAGE};
pub use problem_details::ProblemDetails;
pub use query::{CellProblem, ColumnHead, ProblemPage, ProblemView, RecordPage, RecordStatus, RecordView};
pub use settings::{
    ColumnOverrideRequest, ColumnTypeName, DialectRequest, OnBadRequest, SettingsRequest, UploadParameters,
};
pub use simple::{
    SimpleData, SimpleError, SimpleHealth, SimpleProblems, SimpleRow, SimpleStats, SimpleStatus, SimpleUpload,
};
pub use time::Timestamp;
pub use upload::{
    FileView, HoldView, KeepUntilView, LinksView, ProgressStage, ProgressView, RunView, SummaryView,
    UploadFailure, UploadPage, UploadState, UploadView,
};
