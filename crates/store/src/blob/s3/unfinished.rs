//! Multipart uploads that nobody will finish: found and aborted.
//!
//! A process that is killed leaves the parts it has sent. They are no object, so no list of objects shows them, but
//! they are stored and paid for. The library has no request that lists them; this one is ours, signed and sent by its
//! parts.

use bytes::Buf as _;
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpRequest, HttpRequestBody};
use object_store::multipart::MultipartStore as _;
use object_store::path::Path;
use object_store::{Error, Result};
use serde::Deserialize;
use url::Url;

use super::bucket::{Bucket, STORE};

/// Pages of a thousand that are read in one look; what is beyond waits for the next.
const MAX_PAGES: usize = 100;

/// A multipart upload that is not being written by this process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Unfinished {
    /// Its object's whole name in the bucket.
    path: Path,
    pub(crate) id: String,
}

impl Unfinished {
    /// The name of its object below the prefix of the store.
    pub(crate) fn below(&self, prefix: &Path) -> Option<String> {
        let below: Path = self.path.prefix_match(prefix)?.collect();
        Some(below.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
    #[serde(default, rename = "Upload")]
    uploads: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key: String,
    upload_id: String,
}

impl Bucket {
    /// Multipart uploads below the prefix that this process is not writing. A server without such a list has none.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>> {
        let mut found = Vec::new();
        let mut markers = None;
        for _ in 0..MAX_PAGES {
            let Some(page) = self.in_time(self.page(markers.as_ref())).await? else { break };
            for Entry { key, upload_id: id } in page.uploads {
                // A key that is no path of ours was not written by us.
                let Ok(path) = Path::parse(&key) else { continue };
                if !self.0.alive.contains(&id) {
                    found.push(Unfinished { path, id });
                }
            }
            match (page.is_truncated, page.next_key_marker) {
                (true, Some(key)) => markers = Some((key, page.next_upload_id_marker.unwrap_or_default())),
                _ => break,
            }
        }
        Ok(found)
    }

    /// Removes what was sent of it. One that has gone meanwhile is fine.
    pub(crate) async fn abort(&self, upload: &Unfinished) -> Result<()> {
        match self.in_time(self.0.store.abort_multipart(&upload.path, &upload.id)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    /// One page of the list; none when the server does not know this request.
    async fn page(&self, markers: Option<&(String, String)>) -> Result<Option<Page>> {
        let credential = self.0.store.credentials().get_credential().await?;
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let uri = list_url(&self.0.url, self.prefix(), markers);
        *request.uri_mut() = uri.as_str().parse().map_err(generic)?;
        AwsAuthorizer::new(&credential, "s3", &self.0.options.region).authorize(&mut request, None);
        let response = self.0.http.execute(request).await.map_err(generic)?;
        let status = response.status();
        let body = response.into_body().bytes().await.map_err(generic)?;
        if matches!(status.as_u16(), 405 | 501) {
            tracing::debug!("the S3 server has no list of unfinished uploads");
            return Ok(None);
        }
        if !status.is_success() {
            return Err(generic(format!("list of unfinished uploads was answered with {status}")));
        }
        quick_xml::de::from_reader(body.reader()).map(Some).map_err(generic)
    }
}

fn list_url(bucket: &Url, prefix: &Path, markers: Option<&(String, String)>) -> Url {
    let mut url = bucket.clone();
    let mut query = url.query_pairs_mut();
    query.append_pair("uploads", "").append_pair("max-uploads", "1000");
    if !prefix.as_ref().is_empty() {
        query.append_pair("prefix", &format!("{prefix}/"));
    }
    if let Some((key, id)) = markers {
        query.append_pair("key-marker", key).append_pair("upload-id-marker", id);
    }
    drop(query);
    url
}

fn generic(error: impl Into<crate::BoxError>) -> Error {
    Error::Generic { store: STORE, source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_list_is_read() {
        let xml = "<?xml version=\"1.0\"?><ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Bucket>b</Bucket><KeyMarker/><NextKeyMarker>k2</NextKeyMarker><NextUploadIdMarker>i2</NextUploadIdMarker>\
            <MaxUploads>2</MaxUploads><IsTruncated>true</IsTruncated>\
            <Upload><Key>k1</Key><UploadId>i1</UploadId><Initiated>2026-11-30T00:00:00.000Z</Initiated></Upload>\
            <Upload><Key>k2</Key><UploadId>i2</UploadId></Upload></ListMultipartUploadsResult>";
        let page: Page = quick_xml::de::from_str(xml).unwrap();
        assert!(page.is_truncated);
        assert_eq!(page.next_upload_id_marker.as_deref(), Some("i2"));
        assert_eq!(page.uploads.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["k1", "k2"]);
        let none: Page = quick_xml::de::from_str("<ListMultipartUploadsResult/>").unwrap();
        assert!(none.uploads.is_empty() && !none.is_truncated);
    }

    #[test]
    fn the_list_is_asked_for_below_the_prefix() {
        let bucket = Url::parse("https://s3.example/files").unwrap();
        let url = list_url(&bucket, &Path::from("a/b"), Some(&("k".into(), "i".into())));
        assert_eq!(
            url.as_str(),
            "https://s3.example/files?uploads=&max-uploads=1000&prefix=a%2Fb%2F&key-marker=k&upload-id-marker=i"
        );
    }
}
