//! The only map from failures to HTTP: every failure becomes an [`ApiError`] with a closed code.
//!
//! Making one has no side effects and needs no request. The outermost middleware writes it as RFC 9457 problem details
//! (or, on the simple face, in that face's envelope), adds the request id, and logs the cause once.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use csvp_report::ApiErrorCode;
use uuid::Uuid;

use crate::api::UploadState;

/// An error of any library, kept as a cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct ApiError {
    /// Decides status, title and documentation page.
    pub code: ApiErrorCode,
    /// What was expected, what came, what to do; lower case, no final dot.
    pub detail: String,
    /// Facts for programs.
    pub extras: Box<Extras>,
    /// What failed inside; logged, never sent.
    #[source]
    pub cause: Option<BoxError>,
}

/// Typed facts beside the text; those that are not set are not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// The limit that was passed, in bytes.
    pub limit_bytes: Option<u64>,
    /// How much had come, in bytes.
    pub received_bytes: Option<u64>,
    /// The upload that is meant.
    pub upload_id: Option<Uuid>,
    /// The state that forbids what was asked.
    pub state: Option<UploadState>,
    /// The parameter, header or field at fault.
    pub parameter: Option<String>,
    /// The matter that holds the upload.
    pub hold: Option<String>,
    /// The digest that was sent, as its header writes it.
    pub expected_digest: Option<String>,
    /// The digest of what came.
    pub received_digest: Option<String>,
    /// When to try again; also sent as `Retry-After`.
    pub retry_after_secs: Option<u64>,
}

impl ApiError {
    /// A failure with its explanation.
    pub fn new(code: ApiErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), extras: Box::default(), cause: None }
    }

    /// Something is wrong inside. The client learns the request id only; the log gets the cause.
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        let detail = "something failed inside; the log has the cause under the request id";
        Self { cause: Some(cause.into()), ..Self::new(ApiErrorCode::Internal, detail) }
    }

    /// A parameter, header or field is not understood.
    pub fn invalid(parameter: &str, detail: impl Into<String>) -> Self {
        let mut error = Self::new(ApiErrorCode::RequestInvalid, detail);
        error.extras.parameter = Some(parameter.to_owned());
        error
    }

    /// There is no upload with this id.
    pub fn upload_not_found(id: Uuid) -> Self {
        let mut error =
            Self::new(ApiErrorCode::UploadNotFound, format!("there is no upload with the id `{id}`"));
        error.extras.upload_id = Some(id);
        error
    }

    /// The upload is in a state that forbids what was asked.
    pub fn conflict(id: Uuid, state: UploadState, detail: impl Into<String>) -> Self {
        let mut error = Self::new(ApiErrorCode::UploadStateConflict, detail);
        error.extras.upload_id = Some(id);
        error.extras.state = Some(state);
        error
    }

    /// The body is larger than the limit.
    pub fn too_large(limit_bytes: u64, received_bytes: Option<u64>) -> Self {
        let limit = crate::config::Bytes(limit_bytes);
        let detail = match received_bytes {
            Some(size) => format!("upload is {}, the limit is {limit}", crate::config::Bytes(size)),
            None => format!("upload is larger than the limit of {limit}"),
        };
        let mut error = Self::new(ApiErrorCode::UploadTooLarge, detail);
        error.extras.limit_bytes = Some(limit_bytes);
        error.extras.received_bytes = received_bytes;
        error
    }

    /// Too much is going on; try again.
    pub fn busy(retry_after_secs: u64, detail: impl Into<String>) -> Self {
        let mut error = Self::new(ApiErrorCode::Busy, detail);
        error.extras.retry_after_secs = Some(retry_after_secs);
        error
    }

    /// Adds the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The HTTP status of the code.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The cause and its causes, in one line.
    pub fn chain(&self) -> Option<String> {
        Some(csvp_store::Chain(self.cause.as_deref()?).to_string())
    }
}

/// Travels from the handler to the outermost middleware, which writes it.
#[derive(Debug, Clone)]
pub(crate) struct Failure(pub(crate) Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_that_fits_it() {
        for code in ApiErrorCode::ALL {
            let status = ApiError::new(*code, "").status();
            assert!(status.is_client_error() || status.is_server_error(), "{code}");
        }
    }

    #[test]
    fn the_chain_names_each_cause_once() {
        let io = std::io::Error::other("disk on fire");
        let error = ApiError::internal(io);
        assert_eq!(error.chain().as_deref(), Some("disk on fire"));
        assert!(!error.detail.contains("fire"), "a client must not see causes");
    }
}
