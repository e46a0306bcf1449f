//! Whether the bucket can be used, found out before anything depends on it, and told in one message.

use std::path::PathBuf;

use futures::StreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutPayload};

use super::bucket::Bucket;
use super::wire::{S3Failure, causes, failure_in, has_no_answer};
use crate::error::BoxError;

/// Why a bucket cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3OpenError {
    /// The endpoint is no address of a server.
    #[error("expected the S3 endpoint as `https://HOST` or `https://HOST:PORT`, found `{0}`")]
    Endpoint(String),
    /// The endpoint is another machine without TLS.
    #[error("S3 endpoint `{0}` is plain http to another machine: keys and data would be readable on the way")]
    PlainHttp(String),
    /// The prefix is no name of a folder.
    #[error("expected the S3 prefix as names with `/` between them, found `{0}`")]
    Prefix(String),
    /// The certificates cannot be read.
    #[error("certificates in `{}` cannot be used", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The keys or the token cannot be read.
    #[error("S3 credentials in `{}` cannot be used", path.display())]
    CredentialsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The client for these options cannot be made.
    #[error("S3 client cannot be made")]
    SetUp {
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// Nobody answers at the endpoint.
    #[error("no S3 server answers at `{endpoint}`")]
    Unreachable {
        /// Where it was looked for.
        endpoint: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// There is no such bucket.
    #[error("S3 bucket `{bucket}` does not exist at `{endpoint}`")]
    NoSuchBucket {
        /// The bucket.
        bucket: String,
        /// Where it was looked for.
        endpoint: String,
    },
    /// The server does not know who asks.
    #[error("S3 server does not accept the credentials: {0}")]
    Credentials(Box<S3Failure>),
    /// The server knows who asks, and does not let them.
    #[error("access to the S3 bucket `{bucket}` was denied when it tried to {action}: {failure}")]
    Denied {
        /// The bucket.
        bucket: String,
        /// What was tried.
        action: &'static str,
        /// What the server said.
        failure: Box<S3Failure>,
    },
    /// This machine's clock and the server's differ too much for a signature.
    #[error("the clock of this machine and that of the S3 server differ too much: {0}")]
    Clock(Box<S3Failure>),
    /// The bucket is in another region.
    #[error("S3 bucket `{bucket}` is not in the region `{region}`: {failure}")]
    Region {
        /// The bucket.
        bucket: String,
        /// The region that was asked.
        region: String,
        /// What the server said.
        failure: Box<S3Failure>,
    },
    /// A probe failed for another reason.
    #[error("S3 bucket `{bucket}` cannot be used: it failed to {action}")]
    Failed {
        /// The bucket.
        bucket: String,
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl S3OpenError {
    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Endpoint(_) => {
                "set `s3.endpoint` without bucket and path, or leave it out for Amazon's own"
            }
            Self::PlainHttp(_) => {
                "use `https`, or allow it with `s3.allow_http = true` in a network you trust"
            }
            Self::Prefix(_) => "for example `csvp/production`; no `..`, no empty name",
            Self::CaFile { .. } => "`s3.ca_file` names a file with certificates as PEM",
            Self::CredentialsFile { .. } => {
                "`s3.credentials_file` names shared credentials of AWS or JSON with `AccessKeyId` and \
                 `SecretAccessKey`; `s3.web_identity_token_file` a file with a token"
            }
            Self::SetUp { .. } => "check the settings of the section `s3`",
            Self::Unreachable { .. } => {
                "check `s3.endpoint`, `s3.region`, name resolution and firewall; for a certificate of your own set \
                 `s3.ca_file`"
            }
            Self::NoSuchBucket { .. } => "make the bucket, or correct `s3.bucket` and `s3.path_style`",
            Self::Credentials(_) => {
                "check access key, secret and session token, and that they are for this server"
            }
            Self::Denied { .. } => {
                "the policy needs s3:ListBucket and s3:ListBucketMultipartUploads on the bucket, and s3:GetObject, \
                 s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects; with SSE-KMS also \
                 kms:GenerateDataKey and kms:Decrypt on the key; for commands that only read, s3:ListBucket, \
                 s3:GetObject and kms:Decrypt"
            }
            Self::Clock(_) => "set the clock of this machine, for example with an NTP service",
            Self::Region { .. } => "set `s3.region` to the region of the bucket",
            Self::Failed { .. } => "docs/operations/s3.md says what is tried at the start",
        };
        vec![hint.to_owned()]
    }
}

impl Bucket {
    /// Lists, as somebody will who only reads: nothing is written, so no right to write is needed.
    pub(crate) async fn probe_to_read(&self) -> Result<(), S3OpenError> {
        match self.list(Some(self.prefix())).next().await {
            Some(Err(error)) => Err(self.explain("list objects", error)),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Lists, writes, reads and removes a small object, as the service will.
    pub(crate) async fn probe(&self) -> Result<(), S3OpenError> {
        self.probe_to_read().await?;
        let failed = |action| move |error| self.explain(action, error);
        let name = format!("csvp-probe-{}", uuid::Uuid::now_v7());
        let path: Path = self.prefix().parts().chain([name.into()]).collect();
        let sent: &[u8] = b"written by csvp at its start to see whether the bucket can be used";
        self.put(&path, PutPayload::from_static(sent)).await.map_err(failed("write an object"))?;
        let read = async { self.get(&path).await?.bytes().await };
        let read = read.await.map_err(failed("read an object"))?;
        self.delete(&path).await.map_err(failed("delete an object"))?;
        if read != sent {
            let source = "other bytes came back than were written".into();
            let bucket = self.0.options.bucket.clone();
            return Err(S3OpenError::Failed { bucket, action: "read what was written", source });
        }
        Ok(())
    }

    /// Says what is wrong so that a person can put it right.
    pub(crate) fn explain(&self, action: &'static str, error: object_store::Error) -> S3OpenError {
        let options = &self.0.options;
        let bucket = options.bucket.clone();
        let endpoint = self.0.url.origin().ascii_serialization();
        let Some(failure) = failure_in(&error).cloned().map(Box::new) else {
            // A file of credentials that has become unusable is told as itself.
            if causes(&error).any(|cause| cause.is::<S3OpenError>()) || !has_no_answer(&error) {
                return S3OpenError::Failed { bucket, action, source: error.into() };
            }
            return S3OpenError::Unreachable { endpoint, source: error.into() };
        };
        match failure.code.as_str() {
            "NoSuchBucket" => S3OpenError::NoSuchBucket { bucket, endpoint },
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "ExpiredToken"
            | "InvalidClientTokenId"
            | "InvalidIdentityToken"
            | "ExpiredTokenException" => S3OpenError::Credentials(failure),
            "RequestTimeTooSkewed" | "RequestExpired" => S3OpenError::Clock(failure),
            "AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException" => {
                S3OpenError::Region { bucket, region: options.region.clone(), failure }
            }
            _ if matches!(failure.status, 301 | 307) => {
                S3OpenError::Region { bucket, region: options.region.clone(), failure }
            }
            _ if matches!(failure.status, 401 | 403) => S3OpenError::Denied { bucket, action, failure },
            _ => S3OpenError::Failed { bucket, action, source: error.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::client::{HttpError, HttpErrorKind};

    use super::*;
    use crate::blob::s3::test_options;

    fn explained(bucket: &Bucket, status: u16, code: &str) -> S3OpenError {
        let failure =
            S3Failure { host: "s3.example".into(), status, code: code.into(), message: "why".into() };
        let http = HttpError::new(HttpErrorKind::Unknown, failure);
        let error = object_store::Error::Generic { store: "S3", source: Box::new(http) };
        bucket.explain("write an object", error)
    }

    #[test]
    fn each_refusal_is_told_as_what_it_is() {
        let bucket = Bucket::new(test_options("files")).unwrap();
        let check = |status, code: &str, message: &str| {
            let error = explained(&bucket, status, code);
            assert!(error.to_string().starts_with(message), "{code}: {error}");
            assert!(error.hints().iter().all(|hint| !hint.is_empty()));
        };
        check(
            404,
            "NoSuchBucket",
            "S3 bucket `files` does not exist at `https://files.s3.eu-central-1.amazonaws.com`",
        );
        check(
            403,
            "InvalidAccessKeyId",
            "S3 server does not accept the credentials: s3.example answered 403",
        );
        check(403, "SignatureDoesNotMatch", "S3 server does not accept the credentials");
        check(400, "ExpiredToken", "S3 server does not accept the credentials");
        check(
            403,
            "AccessDenied",
            "access to the S3 bucket `files` was denied when it tried to write an object: s3.example answered 403 \
             AccessDenied: why",
        );
        check(403, "", "access to the S3 bucket `files` was denied");
        check(
            403,
            "RequestTimeTooSkewed",
            "the clock of this machine and that of the S3 server differ too much",
        );
        check(301, "PermanentRedirect", "S3 bucket `files` is not in the region `eu-central-1`");
        check(400, "AuthorizationHeaderMalformed", "S3 bucket `files` is not in the region `eu-central-1`");
        check(400, "KMS.NotFoundException", "S3 bucket `files` cannot be used: it failed to write an object");
    }
}
