//! The simple face: the shapes that scripts already send and read. Field names are camelCase here, and only here.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Timestamp;

/// Answer to a successful `POST /api/upload`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimpleUpload {
    /// Always true.
    pub success: bool,
    /// A sentence for people.
    pub message: String,
    /// What was found.
    pub data: SimpleData,
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimpleData {
    /// Name under which the server keeps the file.
    pub filename: String,
    /// Name with which it was sent.
    pub original_name: String,
    /// Size in bytes.
    pub size: u64,
    /// When it had arrived.
    pub uploaded_at: Timestamp,
    /// Data records in the file.
    pub processed_rows: u64,
    /// Where the original is: its address in the bucket (`s3://...`), or its path on this server when files are kept in
    /// the data directory.
    pub s3_location: String,
    /// The first 10 rows, the header among them.
    pub row_data: Vec<SimpleRow>,
    /// Id of the upload on the full face.
    pub upload_id: Uuid,
    /// Address of the whole report.
    pub report: String,
    /// The problems in short.
    pub problems: SimpleProblems,
}

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimpleRow {
    /// From 1; the header is row 1.
    pub row_number: u64,
    /// Its cells; an empty cell is an empty text.
    pub data: Vec<String>,
}

/// The problems in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimpleProblems {
    /// All of them.
    pub total: u64,
    /// Errors.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Records set aside.
    pub rejected_rows: u64,
}

/// Any failure of the simple face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SimpleError {
    /// Always false.
    pub success: bool,
    /// A heading.
    pub error: String,
    /// What was expected, what came, what to do.
    pub message: String,
    /// Facts for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
}

/// Answer to `GET /api/health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SimpleHealth {
    /// `healthy` or `unhealthy`.
    pub status: String,
    /// Now.
    pub timestamp: Timestamp,
    /// Seconds since the start.
    pub uptime: f64,
    /// Version of the program.
    pub version: String,
    /// The configured name of the environment.
    pub environment: String,
}

/// Answer to `GET /api/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimpleStatus {
    /// `operational` or `degraded`.
    pub status: String,
    /// Counts over all uploads that are kept.
    pub stats: SimpleStats,
    /// `connected` or `unavailable` when files are kept in a bucket; `not configured` when in the data directory.
    pub s3_status: String,
    /// When the last upload arrived.
    pub last_activity: Option<Timestamp>,
}

/// Counts over all uploads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimpleStats {
    /// All uploads.
    pub total_uploads: u64,
    /// Those that were read.
    pub successful_uploads: u64,
    /// Those that were refused, or that the server could not process.
    pub failed_uploads: u64,
    /// Mean processing time in milliseconds.
    pub average_processing_time: f64,
}
