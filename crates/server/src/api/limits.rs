//! The limits in force, so that a client can tell before it sends.

use serde::{Deserialize, Serialize};

use crate::config::Config;

/// The limits of this server. Passing one is always said, never silently cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LimitsView {
    /// Largest upload.
    pub max_upload_bytes: u64,
    /// Up to this size an upload is processed before it is answered.
    pub inline_bytes: u64,
    /// Time in which the body of an upload must arrive.
    pub upload_timeout_secs: u64,
    /// Least bytes per second of a body.
    pub min_rate_bytes_per_sec: u64,
    /// Uploads received at the same time; further ones wait.
    pub parallel_uploads: u64,
    /// Memory for the work on files, all together; what would pass it waits.
    pub memory_bytes: u64,
    /// Largest record.
    pub max_record_bytes: u64,
    /// Largest cell.
    pub max_cell_bytes: u64,
    /// Most columns.
    pub max_columns: u64,
    /// Most bytes after decompression.
    pub max_decoded_bytes: u64,
    /// Most bytes that one compressed byte may become.
    pub max_ratio: u64,
    /// Problems shown in a report; the complete list is a file.
    pub problems_shown: u64,
    /// Most records on one page.
    pub records_page: u64,
    /// Most problems on one page.
    pub problems_page: u64,
    /// Most uploads on one page.
    pub uploads_page: u64,
}

/// Most records that one request for records may ask for.
pub(crate) const RECORDS_PAGE: u64 = 1_000;
/// Most problems that one request for problems may ask for.
pub(crate) const PROBLEMS_PAGE: u64 = 1_000;
/// Most uploads that one request for the list may ask for.
pub(crate) const UPLOADS_PAGE: u64 = 200;

impl From<&Config> for LimitsView {
    fn from(config: &Config) -> Self {
        Self {
            max_upload_bytes: config.upload.max_size.0,
            inline_bytes: config.upload.inline_size.0,
            upload_timeout_secs: config.upload.timeout.0.as_secs(),
            min_rate_bytes_per_sec: config.upload.min_rate.0,
            parallel_uploads: config.upload.parallel as u64,
            memory_bytes: config.processing.memory.0,
            max_record_bytes: config.limits.max_record.0,
            max_cell_bytes: config.limits.max_cell.0,
            max_columns: config.limits.max_columns.into(),
            max_decoded_bytes: config.limits.max_decoded.0,
            max_ratio: config.limits.max_ratio.into(),
            problems_shown: config.limits.problems_shown.into(),
            records_page: RECORDS_PAGE,
            problems_page: PROBLEMS_PAGE,
            uploads_page: UPLOADS_PAGE,
        }
    }
}
