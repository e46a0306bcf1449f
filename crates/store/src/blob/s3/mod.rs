//! Objects in a bucket of Amazon S3 or of a server that speaks its protocol.
//!
//! The protocol itself is `object_store`'s; this module decides how it is used. What we rely on of that library, as
//! read in its source (0.13.2), and what would have to be looked at again with another version:
//!
//! - A request is tried again after 5xx, 429, 408, a refused or broken connection, and after a timeout when it is
//!   idempotent; parts, overwriting puts and the completion of a multipart upload are. Waits between tries grow and are
//!   random. `retry_timeout` only forbids a further try, it does not end a running one: [`bucket`] sets the real end.
//! - Every request is signed with the SHA-256 of its payload, which is also sent as `x-amz-checksum-sha256`. A server
//!   that got other bytes than we sent refuses them.
//! - The request timeout covers one try with its body, so parts stay small (8 to 16 MiB) and objects are read in
//!   ranges: a slow reader never holds a request open.
//! - A multipart upload that is dropped stays in the bucket. [`upload`] aborts it, [`unfinished`] finds those of dead
//!   processes.
//! - Credentials are asked for before each request (not before each try), and those of a web identity are fetched five
//!   minutes before they end. Its token file is read again each time.
//! - Failures are told by status only; [`wire`] keeps what the server said in a type.

mod bind;
mod bucket;
mod credentials;
mod probe;
mod unfinished;
mod upload;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

pub use credentials::{S3Credentials, S3Keys};
pub use probe::S3OpenError;
pub use wire::S3Failure;

pub(super) use bucket::Bucket;
pub(super) use unfinished::Unfinished;
pub(super) use wire::{failure_in, has_no_answer};

/// How the server encrypts what it stores.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum S3Encryption {
    /// As the bucket says.
    #[default]
    Bucket,
    /// With keys that the server keeps (SSE-S3, AES-256).
    Server,
    /// With a key of the key service (SSE-KMS).
    Kms {
        /// The key, as an id or ARN.
        key_id: String,
    },
}

/// Where the bucket is and how it is used.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// Name of the bucket.
    pub bucket: String,
    /// Region, part of every signature.
    pub region: String,
    /// URL of the server without the bucket; none means Amazon's in that region.
    pub endpoint: Option<String>,
    /// The bucket is the first part of the path, not of the host name.
    pub path_style: bool,
    /// Everything is kept below this name in the bucket; may be empty.
    pub prefix: String,
    /// Who we are.
    pub credentials: S3Credentials,
    /// How objects are encrypted.
    pub encryption: S3Encryption,
    /// Certificates to trust beside those of the system, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Allows endpoints with plain `http` on other machines than this one.
    pub allow_http: bool,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest try of one request, with the transfer of a part of 8 to 16 MiB.
    pub request_timeout: Duration,
    /// Longest wait for one request with all its tries; after that the store counts as unavailable.
    pub retry_deadline: Duration,
}

#[cfg(test)]
fn test_options(bucket: &str) -> S3Options {
    let keys = S3Keys { key_id: "key".into(), secret: "secret".into(), session_token: None };
    S3Options {
        bucket: bucket.into(),
        region: "eu-central-1".into(),
        endpoint: None,
        path_style: false,
        prefix: String::new(),
        credentials: S3Credentials::Keys(keys),
        encryption: S3Encryption::Bucket,
        ca_file: None,
        allow_http: false,
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(30),
        retry_deadline: Duration::from_secs(60),
    }
}
