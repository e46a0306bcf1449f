//! RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::UploadState;
use crate::error::ApiError;

/// Why a request failed. `type` is a page that this server serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemDetails {
    /// Path of the page that explains this kind of failure.
    #[serde(rename = "type")]
    #[schema(example = "/problems/upload-too-large")]
    pub kind: String,
    /// The same for each failure of this kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    #[schema(value_type = csvp_report::ApiErrorCode)]
    pub code: String,
    /// What was expected, what came, what to do.
    pub detail: String,
    /// This very failure; ends with the request id that also stands in the log.
    pub instance: String,
    /// The limit that was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// How much had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
    /// The upload that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_id: Option<Uuid>,
    /// The state that forbids what was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<UploadState>,
    /// The parameter, header or field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The matter that holds the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// The digest that the request has told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_digest: Option<String>,
    /// The digest of what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_digest: Option<String>,
    /// When to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_secs: Option<u64>,
}

impl ProblemDetails {
    /// The failure of the request with this id.
    pub fn new(error: &ApiError, request_id: &str) -> Self {
        Self {
            kind: format!("/problems/{}", error.code),
            title: error.code.title().to_owned(),
            status: error.code.status(),
            code: error.code.as_str().to_owned(),
            detail: error.detail.clone(),
            instance: format!("/requests/{request_id}"),
            limit_bytes: error.extras.limit_bytes,
            received_bytes: error.extras.received_bytes,
            upload_id: error.extras.upload_id,
            state: error.extras.state,
            parameter: error.extras.parameter.clone(),
            hold: error.extras.hold.clone(),
            expected_digest: error.extras.expected_digest.clone(),
            received_digest: error.extras.received_digest.clone(),
            retry_after_secs: error.extras.retry_after_secs,
        }
    }
}
