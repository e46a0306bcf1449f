//! The section `s3` as the store wants it.

use std::path::PathBuf;

use csvp_store::{S3Credentials, S3Encryption, S3Keys, S3Options};

use super::load::ConfigError;
use super::quantity::Seconds;
use super::sections::{Config, S3Section, Sse};

/// Amazon's own default.
const DEFAULT_REGION: &str = "us-east-1";

impl Config {
    /// The bucket, when there is one.
    ///
    /// # Errors
    /// When a setting is missing, out of range, or contradicts another.
    pub fn s3_options(&self) -> Result<Option<S3Options>, ConfigError> {
        let section = &self.s3;
        if section.bucket.is_empty() {
            return Ok(None);
        }
        for (key, time) in [
            ("s3.connect_timeout", section.connect_timeout),
            ("s3.request_timeout", section.request_timeout),
            ("s3.retry_deadline", section.retry_deadline),
        ] {
            if time < Seconds(std::time::Duration::from_millis(100)) {
                return Err(invalid(key, "expected at least 100ms"));
            }
        }
        let set = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(Some(S3Options {
            bucket: section.bucket.clone(),
            region: set(&section.region).unwrap_or_else(|| DEFAULT_REGION.to_owned()),
            endpoint: set(&section.endpoint),
            path_style: section.path_style,
            prefix: section.prefix.trim_matches('/').to_owned(),
            credentials: credentials(section)?,
            encryption: encryption(section)?,
            ca_file: set(&section.ca_file).map(PathBuf::from),
            allow_http: section.allow_http,
            connect_timeout: section.connect_timeout.0,
            request_timeout: section.request_timeout.0,
            retry_deadline: section.retry_deadline.0,
        }))
    }
}

/// The first way that is set, in the order of the reference page.
fn credentials(section: &S3Section) -> Result<S3Credentials, ConfigError> {
    if !section.access_key_id.is_empty() || !section.secret_access_key.is_empty() {
        if section.access_key_id.is_empty() || section.secret_access_key.is_empty() {
            let message = "expected `s3.access_key_id` and `s3.secret_access_key` together";
            return Err(invalid("s3.access_key_id", message));
        }
        let token = section.session_token.reveal().to_owned();
        return Ok(S3Credentials::Keys(S3Keys {
            key_id: section.access_key_id.clone(),
            secret: section.secret_access_key.reveal().to_owned(),
            session_token: Some(token).filter(|token| !token.is_empty()),
        }));
    }
    if !section.credentials_file.is_empty() {
        let path = PathBuf::from(&section.credentials_file);
        return Ok(S3Credentials::File { path, profile: section.profile.clone() });
    }
    if !section.web_identity_token_file.is_empty() {
        if section.role_arn.is_empty() {
            return Err(invalid("s3.role_arn", "expected the role that the token of the platform is for"));
        }
        return Ok(S3Credentials::WebIdentity {
            token_file: PathBuf::from(&section.web_identity_token_file),
            role_arn: section.role_arn.clone(),
            session_name: section.role_session_name.clone(),
            sts_endpoint: Some(section.sts_endpoint.clone()).filter(|it| !it.is_empty()),
        });
    }
    let message = "expected credentials for the bucket: `s3.access_key_id` and `s3.secret_access_key`, \
                   `s3.credentials_file`, or `s3.web_identity_token_file` and `s3.role_arn`";
    Err(invalid("s3", message))
}

fn encryption(section: &S3Section) -> Result<S3Encryption, ConfigError> {
    match section.sse {
        Sse::Kms if section.kms_key_id.is_empty() => {
            Err(invalid("s3.kms_key_id", "expected the key that `s3.sse = \"kms\"` encrypts with"))
        }
        Sse::Kms => Ok(S3Encryption::Kms { key_id: section.kms_key_id.clone() }),
        _ if !section.kms_key_id.is_empty() => {
            Err(invalid("s3.kms_key_id", "expected `s3.sse = \"kms\"` with it"))
        }
        Sse::S3 => Ok(S3Encryption::Server),
        Sse::Bucket => Ok(S3Encryption::Bucket),
    }
}

fn invalid(key: &str, message: &str) -> ConfigError {
    ConfigError::Invalid { key: key.to_owned(), message: message.to_owned() }
}
