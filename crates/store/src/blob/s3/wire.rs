//! One HTTP request to the server, and its refusals as values.
//!
//! `object_store` keeps the status of a failed request in types that it does not export, and only for some requests.
//! This layer sits below it and turns refusals that no further try can help into [`S3Failure`], which is found again
//! among the causes of the library's error.

use std::error::Error as StdError;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};

/// The most that is read of the body of a refusal.
const MAX_BODY: usize = 64 * 1024;
/// Codes of refusals that concern one transfer; sending it again helps.
const TRANSFER_CODES: [&str; 5] =
    ["RequestTimeout", "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "InternalError"];
/// Codes of servers that have no room left.
const FULL_CODES: [&str; 5] = [
    "QuotaExceeded",
    "XMinioStorageFull",
    "XMinioAdminBucketQuotaExceeded",
    "InsufficientStorage",
    "ServiceQuotaExceeded",
];

/// What a server of S3 or STS said when it refused a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} answered {status} {code}: {message}")]
pub struct S3Failure {
    /// The server.
    pub host: String,
    /// Status of the answer.
    pub status: u16,
    /// Code of the protocol, for example `AccessDenied`; empty when the answer has none.
    pub code: String,
    /// For people; may be empty.
    pub message: String,
}

impl S3Failure {
    /// The server has no room for what was sent.
    pub fn is_full(&self) -> bool {
        self.status == 507 || FULL_CODES.contains(&self.code.as_str())
    }

    /// The range asked for begins at or beyond the end.
    pub(crate) fn is_range(&self) -> bool {
        self.status == 416
    }

    fn read(host: &str, status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&body[..body.len().min(MAX_BODY)]);
        let element = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            let (value, _) = rest.split_once(&format!("</{name}>"))?;
            quick_xml::escape::unescape(value).ok().map(|value| value.into_owned())
        };
        Self {
            host: host.to_owned(),
            status,
            code: element("Code").unwrap_or_default(),
            message: element("Message").unwrap_or_default(),
        }
    }

    fn kind(&self) -> HttpErrorKind {
        // `Interrupted` is tried again, `Unknown` is not.
        if TRANSFER_CODES.contains(&self.code.as_str()) {
            HttpErrorKind::Interrupted
        } else {
            HttpErrorKind::Unknown
        }
    }
}

/// The refusal among the causes of an error.
pub(crate) fn failure_in<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a S3Failure> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// No server has answered: it is away, or the way to it.
pub(crate) fn has_no_answer(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<HttpError>() || cause.is::<super::bucket::Deadline>())
        && failure_in(error).is_none()
}

pub(super) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Makes clients whose refusals are values.
#[derive(Debug)]
pub(super) struct Connector {
    /// An endpoint with plain `http` was allowed.
    pub(super) plain_http: bool,
}

impl HttpConnector for Connector {
    /// For a web identity the library asks for `https` whatever we have allowed; endpoints were judged before.
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let options = options.clone().with_allow_http(self.plain_http);
        ReqwestConnector::default().connect(&options).map(|client| HttpClient::new(Wire(client)))
    }
}

#[derive(Debug)]
struct Wire(HttpClient);

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let response = self.0.execute(request).await?;
        let status = response.status().as_u16();
        // What the library knows by its status: a condition that does not hold, and what is worth another try.
        let known = matches!(status, 304 | 408 | 409 | 412 | 429);
        let refused = (300..500).contains(&status) && !known || status == 507;
        if !refused {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body: Bytes = body.bytes().await?;
        let failure = S3Failure::read(&host, status, &body);
        if status == 404 && failure.code != "NoSuchBucket" {
            return Ok(HttpResponse::from_parts(parts, body.into()));
        }
        Err(HttpError::new(failure.kind(), failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_from_its_body() {
        let body =
            b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>a &amp; b</Message></Error>";
        let failure = S3Failure::read("s3.example", 403, body);
        assert_eq!(failure.to_string(), "s3.example answered 403 AccessDenied: a & b");
        assert!(!failure.is_full() && failure.kind() == HttpErrorKind::Unknown);
        let none = S3Failure::read("h", 507, b"\xff\xfe no xml");
        assert!(none.is_full() && none.code.is_empty());
        let again = S3Failure::read("h", 400, b"<Error><Code>BadDigest</Code></Error>");
        assert_eq!(again.kind(), HttpErrorKind::Interrupted);
    }

    #[test]
    fn a_refusal_is_found_among_causes() {
        let failure = S3Failure::read("h", 416, b"");
        let http = HttpError::new(failure.kind(), failure.clone());
        let error = object_store::Error::Generic { store: "S3", source: Box::new(http) };
        assert_eq!(failure_in(&error), Some(&failure));
        assert!(!has_no_answer(&error));
    }
}
