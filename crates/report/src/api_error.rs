//! The codes of failed HTTP requests, sent as RFC 9457 problem details.

use serde::{Deserialize, Serialize};

macro_rules! api_error_codes {
    ($($(#[$doc:meta])* $variant:ident, $code:literal, $status:literal, $title:literal;)*) => {
        /// Why a request failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum ApiErrorCode { $($(#[$doc])* #[serde(rename = $code)] $variant,)* }

        impl ApiErrorCode {
            /// All codes, in the order of the documentation.
            pub const ALL: &'static [ApiErrorCode] = &[$(ApiErrorCode::$variant),*];

            /// The stable kebab-case name.
            pub fn as_str(self) -> &'static str { match self { $(ApiErrorCode::$variant => $code),* } }

            /// The HTTP status.
            pub fn status(self) -> u16 { match self { $(ApiErrorCode::$variant => $status),* } }

            /// The title, the same for each occurrence.
            pub fn title(self) -> &'static str { match self { $(ApiErrorCode::$variant => $title),* } }
        }
    };
}

api_error_codes! {
    /// The request line, a header, the query or the body cannot be understood.
    RequestInvalid, "request-invalid", 400, "Request not understood";
    /// A multipart upload without the file field.
    FileMissing, "file-missing", 400, "No file in the request";
    /// The body ended before it was complete.
    BodyIncomplete, "body-incomplete", 400, "Body incomplete";
    /// The body is not the one whose digest was sent.
    DigestMismatch, "digest-mismatch", 400, "Digest does not match";
    /// The uploaded bytes are no delimited text.
    NotCsv, "not-csv", 400, "Not a CSV file";
    /// No route has this path.
    RouteNotFound, "route-not-found", 404, "No such address";
    /// There is no upload with this id.
    UploadNotFound, "upload-not-found", 404, "Upload not found";
    /// The upload has no such file.
    FileNotFound, "file-not-found", 404, "File not found";
    /// The path exists, but not with this method.
    MethodNotAllowed, "method-not-allowed", 405, "Method not allowed";
    /// The body did not arrive in time.
    RequestTimeout, "request-timeout", 408, "Request took too long";
    /// The upload's state forbids what was asked.
    UploadStateConflict, "upload-state-conflict", 409, "Not possible in this state";
    /// A matter holds the upload, so it is not deleted.
    UploadHeld, "upload-held", 409, "Upload is held";
    /// A request with the same idempotency key is still under way.
    IdempotencyKeyInUse, "idempotency-key-in-use", 409, "Idempotency key in use";
    /// The file is another version than the request asks for.
    PreconditionFailed, "precondition-failed", 412, "Another version of the file";
    /// The upload is larger than the limit.
    UploadTooLarge, "upload-too-large", 413, "Upload too large";
    /// The body's media type cannot be taken.
    MediaTypeUnsupported, "media-type-unsupported", 415, "Media type not supported";
    /// The range lies outside the file.
    RangeNotSatisfiable, "range-not-satisfiable", 416, "Range not satisfiable";
    /// The upload was refused by its schema or budget.
    UploadRefused, "upload-refused", 422, "Upload refused";
    /// The idempotency key was sent with another request before.
    IdempotencyKeyReused, "idempotency-key-reused", 422, "Idempotency key used for another request";
    /// Something failed inside; the log has the cause under the request id.
    Internal, "internal", 500, "Internal error";
    /// Too much is going on at this moment.
    Busy, "busy", 503, "Busy";
    /// A store or database is away.
    StoreUnavailable, "store-unavailable", 503, "Storage unavailable";
    /// The disk is full, or the data directory has reached its ceiling.
    StorageFull, "storage-full", 507, "Storage full";
}

impl std::fmt::Display for ApiErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

// Written by hand: the derive does not see names that a macro gives.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ApiErrorCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Why a request failed."))
            .enum_values(Some(ApiErrorCode::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ApiErrorCode {}
