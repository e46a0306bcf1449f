//! The bucket behind the common interface of object stores, with an end to every wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::client::{HttpClient, HttpConnector as _};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Certificate, ClientOptions, CopyOptions, Error, GetOptions, GetResult, GetResultPayload,
    ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, RetryConfig,
};
use url::Url;

use super::probe::S3OpenError;
use super::upload::{Alive, Upload};
use super::wire::Connector;
use super::{S3Encryption, S3Options};

pub(super) const STORE: &str = "S3";

/// Everything that requests need. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Bucket(pub(super) Arc<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub(super) store: AmazonS3,
    /// For the requests that the library does not have.
    pub(super) http: HttpClient,
    /// Address of the bucket.
    pub(super) url: Url,
    pub(super) options: S3Options,
    /// Everything is below it; not checked here, callers give whole paths.
    pub(super) prefix: Path,
    pub(super) alive: Alive,
}

/// All tries together took too long.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} seconds", .0.as_secs_f32())]
pub(crate) struct Deadline(Duration);

impl Bucket {
    /// Makes the clients; sends nothing yet.
    pub(crate) fn new(options: S3Options) -> std::result::Result<Self, S3OpenError> {
        let url = bucket_url(&options)?;
        let plain_http = url.scheme() == "http" || options.credentials.check_endpoint(options.allow_http)?;
        let prefix = Path::parse(&options.prefix).map_err(|_| S3OpenError::Prefix(options.prefix.clone()))?;
        let mut client = ClientOptions::new()
            .with_connect_timeout(options.connect_timeout)
            .with_timeout(options.request_timeout)
            .with_allow_http(plain_http);
        for certificate in certificates(&options)? {
            client = client.with_root_certificate(certificate);
        }
        let set_up = |source| S3OpenError::SetUp { source };
        let http = Connector { plain_http }.connect(&client).map_err(set_up)?;
        let retry = RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
            max_retries: 20,
            retry_timeout: options.retry_deadline,
        };
        let builder = AmazonS3Builder::new()
            .with_bucket_name(&options.bucket)
            .with_region(&options.region)
            // Told whole, with the bucket in it, so that one rule makes the address for the library and for us.
            .with_endpoint(url.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(true)
            .with_http_connector(Connector { plain_http })
            .with_client_options(client)
            .with_retry(retry)
            .with_checksum_algorithm(Checksum::SHA256);
        let builder = match &options.encryption {
            S3Encryption::Bucket => builder,
            S3Encryption::Server => {
                let key = "aws_server_side_encryption".parse().expect("the library documents this key");
                builder.with_config(key, "AES256")
            }
            S3Encryption::Kms { key_id } => builder.with_sse_kms_encryption(key_id),
        };
        let store = options.credentials.apply(builder)?.build().map_err(set_up)?;
        let alive = Alive::default();
        Ok(Self(Arc::new(Parts { store, http, url, options, prefix, alive })))
    }

    /// What the operator called it.
    pub(crate) fn name(&self) -> String {
        let slash = if self.0.prefix.as_ref().is_empty() { "" } else { "/" };
        format!("s3://{}{slash}{}", self.0.options.bucket, self.0.prefix)
    }

    pub(crate) fn prefix(&self) -> &Path {
        &self.0.prefix
    }

    /// Waits for a request with all its tries, but not longer than is allowed.
    pub(super) async fn in_time<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        within(self.0.options.retry_deadline, request).await
    }

    /// The same for each item of a stream.
    fn each_in_time<T: Send + 'static>(
        &self,
        items: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        let longest = self.0.options.retry_deadline;
        let next = move |items: Option<BoxStream<'static, Result<T>>>| async move {
            let mut items = items?;
            match tokio::time::timeout(longest, items.next()).await {
                Ok(item) => item.map(|item| (item, Some(items))),
                Err(_) => Some((Err(too_late(longest)), None)),
            }
        };
        stream::unfold(Some(items), next).boxed()
    }
}

async fn within<T>(longest: Duration, request: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(longest, request).await.unwrap_or_else(|_| Err(too_late(longest)))
}

fn too_late(longest: Duration) -> Error {
    Error::Generic { store: STORE, source: Box::new(Deadline(longest)) }
}

/// `https://host/bucket` or `https://bucket.host`.
fn bucket_url(options: &S3Options) -> std::result::Result<Url, S3OpenError> {
    let S3Options { bucket, region, .. } = options;
    let endpoint = options.endpoint.clone().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let mut url = checked_endpoint(&endpoint, options.allow_http)?;
    let wrong = || S3OpenError::Endpoint(endpoint.clone());
    if options.path_style {
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().push(bucket);
    } else {
        let host = url.host_str().ok_or_else(wrong)?;
        url.set_host(Some(&format!("{bucket}.{host}"))).map_err(|_| wrong())?;
    }
    Ok(url)
}

/// Refuses what is no address of a server, and plain `http` to another machine unless it is allowed.
pub(super) fn checked_endpoint(endpoint: &str, allow_http: bool) -> std::result::Result<Url, S3OpenError> {
    let wrong = || S3OpenError::Endpoint(endpoint.to_owned());
    let url = Url::parse(endpoint).map_err(|_| wrong())?;
    let here = match url.host().ok_or_else(wrong)? {
        url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
    };
    let named = url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
    match url.scheme() {
        "https" | "http" if !named => Err(wrong()),
        "http" if !here && !allow_http => Err(S3OpenError::PlainHttp(endpoint.to_owned())),
        "https" | "http" => Ok(url),
        _ => Err(wrong()),
    }
}

fn certificates(options: &S3Options) -> std::result::Result<Vec<Certificate>, S3OpenError> {
    let Some(path) = &options.ca_file else { return Ok(vec![]) };
    let read = |source: crate::BoxError| S3OpenError::CaFile { path: path.clone(), source };
    let pem = std::fs::read(path).map_err(|error| read(error.into()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| read(error.into()))?;
    if certificates.is_empty() {
        return Err(read("it holds no certificate".into()));
    }
    Ok(certificates)
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[async_trait]
impl ObjectStore for Bucket {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.in_time(self.0.store.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload::begin(self, location).await?))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut result = self.in_time(self.0.store.get_opts(location, options)).await?;
        result.payload = match result.payload {
            GetResultPayload::Stream(bytes) => GetResultPayload::Stream(self.each_in_time(bytes)),
            #[expect(unreachable_patterns, reason = "with the library's feature `fs` there are files too")]
            other => other,
        };
        Ok(result)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.each_in_time(self.0.store.delete_stream(locations))
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.each_in_time(self.0.store.list(prefix))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.in_time(self.0.store.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.in_time(self.0.store.copy_opts(from, to, options)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_bucket_follows_its_style() {
        let check = |endpoint: Option<&str>, path_style: bool, expected: &str| {
            let options = S3Options {
                endpoint: endpoint.map(str::to_owned),
                path_style,
                ..super::super::test_options("files")
            };
            assert_eq!(bucket_url(&options).unwrap().as_str(), expected);
        };
        check(None, false, "https://files.s3.eu-central-1.amazonaws.com/");
        check(None, true, "https://s3.eu-central-1.amazonaws.com/files");
        check(Some("http://127.0.0.1:9000"), true, "http://127.0.0.1:9000/files");
        check(Some("https://s3.example/base/"), true, "https://s3.example/base/files");
        check(Some("https://s3.example:8443"), false, "https://files.s3.example:8443/");
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for here in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "http://s3.localhost"] {
            checked_endpoint(here, false).unwrap();
        }
        assert!(matches!(checked_endpoint("http://s3.example", false), Err(S3OpenError::PlainHttp(_))));
        checked_endpoint("http://s3.example", true).unwrap();
        for wrong in ["s3.example", "ftp://s3.example", "https://user:pw@s3.example", "https://s3.example/?a"]
        {
            assert!(matches!(checked_endpoint(wrong, true), Err(S3OpenError::Endpoint(_))), "{wrong}");
        }
    }
}
