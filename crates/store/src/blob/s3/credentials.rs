//! Who we are to the server, and where that is read from.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use serde::Deserialize;

use super::bucket::{STORE, checked_endpoint};
use super::probe::S3OpenError;

/// The most that a file of credentials may hold.
const MAX_FILE: u64 = 64 * 1024;

/// A key and its secret. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Keys {
    /// The access key.
    pub key_id: String,
    /// Its secret.
    pub secret: String,
    /// Comes with keys that end.
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Keys({}, hidden)", self.key_id)
    }
}

/// Where the keys come from.
#[derive(Debug, Clone)]
pub enum S3Credentials {
    /// They are these as long as the process lives.
    Keys(S3Keys),
    /// They stand in a file that someone replaces now and then. It is looked at before each request.
    File {
        /// The file: AWS's shared credentials, or JSON with `AccessKeyId`, `SecretAccessKey` and `SessionToken`.
        path: PathBuf,
        /// Which section of a file of shared credentials.
        profile: String,
    },
    /// They are lent by a security token service for a token of the platform (`AssumeRoleWithWebIdentity`).
    WebIdentity {
        /// The file with the token.
        token_file: PathBuf,
        /// The role.
        role_arn: String,
        /// Name of the session in the service's records.
        session_name: String,
        /// URL of the service; none means Amazon's in the region.
        sts_endpoint: Option<String>,
    },
}

impl S3Credentials {
    /// Refuses a token service that may not be asked; says whether it is asked without TLS.
    pub(super) fn check_endpoint(&self, allow_http: bool) -> Result<bool, S3OpenError> {
        match self {
            Self::WebIdentity { sts_endpoint: Some(endpoint), .. } => {
                Ok(checked_endpoint(endpoint, allow_http)?.scheme() == "http")
            }
            _ => Ok(false),
        }
    }

    pub(super) fn apply(&self, builder: AmazonS3Builder) -> Result<AmazonS3Builder, S3OpenError> {
        Ok(match self {
            Self::Keys(keys) => {
                let provider = object_store::StaticCredentialProvider::new(aws(keys));
                builder.with_credentials(Arc::new(provider))
            }
            Self::File { path, profile } => {
                let file = KeyFile { path: path.clone(), profile: profile.clone(), known: Mutex::new(None) };
                // A file that cannot be used is told now, with its name, and not by the first request.
                file.keys()?;
                builder.with_credentials(Arc::new(file))
            }
            Self::WebIdentity { token_file, role_arn, session_name, sts_endpoint } => {
                let token = fs::metadata(token_file).map_err(|error| S3OpenError::CredentialsFile {
                    path: token_file.clone(),
                    source: error.into(),
                });
                token?;
                let builder = builder
                    .with_config(
                        AmazonS3ConfigKey::WebIdentityTokenFile,
                        token_file.to_string_lossy().into_owned(),
                    )
                    .with_config(AmazonS3ConfigKey::RoleArn, role_arn)
                    .with_config(AmazonS3ConfigKey::RoleSessionName, session_name);
                match sts_endpoint {
                    Some(endpoint) => builder.with_config(AmazonS3ConfigKey::StsEndpoint, endpoint),
                    None => builder,
                }
            }
        })
    }
}

fn aws(keys: &S3Keys) -> AwsCredential {
    AwsCredential {
        key_id: keys.key_id.clone(),
        secret_key: keys.secret.clone(),
        token: keys.session_token.clone(),
    }
}

/// What tells one version of a file from the next; a mounted secret is replaced by another file.
type Stamp = (u64, u64, i64, i64);

/// Keys in a file that is read again when it has changed.
#[derive(Debug)]
struct KeyFile {
    path: PathBuf,
    profile: String,
    known: Mutex<Option<(Stamp, Arc<AwsCredential>)>>,
}

impl KeyFile {
    /// The keys that the file holds now. While it cannot be read, those that it held before.
    fn keys(&self) -> Result<Arc<AwsCredential>, S3OpenError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = fs::metadata(&self.path).map(|it| (it.ino(), it.size(), it.mtime(), it.mtime_nsec()));
        if let (Ok(stamp), Some((before, keys))) = (&stamp, known.as_ref())
            && stamp == before
        {
            return Ok(Arc::clone(keys));
        }
        let failed = |source| S3OpenError::CredentialsFile { path: self.path.clone(), source };
        let read = stamp.map_err(|error| failed(error.into())).and_then(|stamp| {
            let keys = read_file(&self.path, &self.profile).map_err(failed)?;
            Ok((stamp, Arc::new(aws(&keys))))
        });
        match read {
            Ok((stamp, keys)) => {
                if known.is_some() {
                    tracing::info!(path = %self.path.display(), key = keys.key_id, "new credentials were read");
                }
                *known = Some((stamp, Arc::clone(&keys)));
                Ok(keys)
            }
            Err(error) => match known.as_ref() {
                Some((_, keys)) => {
                    tracing::warn!(
                        error = %crate::Chain(&error),
                        "going on with the credentials read before"
                    );
                    Ok(Arc::clone(keys))
                }
                None => Err(error),
            },
        }
    }
}

#[async_trait]
impl CredentialProvider for KeyFile {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        // A small file on a local disk or in memory: a few microseconds, less than handing it to another thread.
        self.keys().map_err(|error| object_store::Error::Generic { store: STORE, source: Box::new(error) })
    }
}

fn read_file(path: &Path, profile: &str) -> Result<S3Keys, crate::BoxError> {
    let size = fs::metadata(path)?.len();
    if size > MAX_FILE {
        return Err(format!("expected at most {MAX_FILE} bytes, it has {size}").into());
    }
    let text = fs::read_to_string(path)?;
    if text.trim_start().starts_with('{') { from_json(&text) } else { from_ini(&text, profile) }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct JsonKeys {
    access_key_id: String,
    secret_access_key: String,
    #[serde(alias = "Token")]
    session_token: Option<String>,
}

/// As `credential_process` of the AWS tools prints it.
fn from_json(text: &str) -> Result<S3Keys, crate::BoxError> {
    // The library's message can hold a piece of the file, and with it of a secret: only the place is told.
    let keys: JsonKeys = serde_json::from_str(text).map_err(|error| {
        format!(
            "expected JSON with `AccessKeyId` and `SecretAccessKey`, it ends to be that in line {}",
            error.line()
        )
    })?;
    let session_token = keys.session_token.filter(|token| !token.is_empty());
    Ok(S3Keys { key_id: keys.access_key_id, secret: keys.secret_access_key, session_token })
}

/// As the AWS tools keep it in `~/.aws/credentials`.
fn from_ini(text: &str, profile: &str) -> Result<S3Keys, crate::BoxError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']) && !line.is_empty());
    let header = format!("[{profile}]");
    let section: Vec<(&str, &str)> = lines
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let find = |name: &str| {
        let found = section.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| (*value).to_owned()).filter(|value| !value.is_empty())
    };
    let must = |name: &str| find(name).ok_or_else(|| format!("expected `{name}` in its section `{header}`"));
    Ok(S3Keys {
        key_id: must("aws_access_key_id")?,
        secret: must("aws_secret_access_key")?,
        session_token: find("aws_session_token"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_file_are_read() {
        let ini = "# ours\n[other]\naws_access_key_id=A\n\n[csvp]\naws_access_key_id = B\n\
                   aws_secret_access_key= s/e=c\n[last]\naws_session_token=no\n";
        let keys = from_ini(ini, "csvp").unwrap();
        assert_eq!(
            (keys.key_id.as_str(), keys.secret.as_str(), keys.session_token.as_deref()),
            ("B", "s/e=c", None)
        );
        let missing = from_ini(ini, "other").unwrap_err().to_string();
        assert_eq!(missing, "expected `aws_secret_access_key` in its section `[other]`");
        let json = r#"{"Version": 1, "AccessKeyId": "C", "SecretAccessKey": "d", "SessionToken": "t"}"#;
        let keys = from_json(json).unwrap();
        assert_eq!((keys.key_id.as_str(), keys.session_token.as_deref()), ("C", Some("t")));
        let broken = from_json("{\"AccessKeyId\": \"C\", \"SecretAccessKey\": hidden}").unwrap_err();
        assert!(!broken.to_string().contains("hidden"), "{broken}");
        assert_eq!(format!("{keys:?}"), "S3Keys(C, hidden)");
    }

    #[test]
    fn a_file_is_read_again_when_it_changes_and_kept_while_it_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let file = KeyFile { path: path.clone(), profile: "default".into(), known: Mutex::new(None) };
        assert!(matches!(file.keys(), Err(S3OpenError::CredentialsFile { .. })));
        let write = |key: &str| {
            // As a mounted secret is replaced: another file takes the name.
            let new = dir.path().join("new");
            fs::write(&new, format!("[default]\naws_access_key_id={key}\naws_secret_access_key=x\n"))
                .unwrap();
            fs::rename(new, &path).unwrap();
        };
        write("first");
        assert_eq!(file.keys().unwrap().key_id, "first");
        write("other");
        assert_eq!(file.keys().unwrap().key_id, "other");
        fs::write(&path, "half").unwrap();
        assert_eq!(file.keys().unwrap().key_id, "other");
        fs::remove_file(&path).unwrap();
        assert_eq!(file.keys().unwrap().key_id, "other");
        write("third");
        assert_eq!(file.keys().unwrap().key_id, "third");
    }
}
