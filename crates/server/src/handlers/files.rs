//! The report and the files of an upload, whole or in part.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use csvp_report::{ApiErrorCode, Report};
use csvp_store::RunFile;
use uuid::Uuid;

use super::digest::sha256_field;
use crate::api::{ApiPath, ProblemDetails};
use crate::app::App;
use crate::error::ApiError;
use crate::middleware::{CSP_FILES, CSP_PAGE};
use crate::services::files::{self, StoredObject};
use crate::services::{attachment, download};

/// Everything that was found out
#[utoipa::path(get, path = "/api/v1/uploads/{id}/report", tag = "results", params(("id" = Uuid, Path, description = "id of the upload")), responses(
    (status = 200, description = "the report of the current run", body = Report),
    (status = 404, description = "no such upload", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 409, description = "there is no report yet", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 412, description = "the report is another version than `If-Match` lists", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_report(
    State(app): State<App>,
    ApiPath(id): ApiPath<Uuid>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let object = files::report(&app, id).await?;
    let mut response = send(&app, object, &headers).await?;
    response.headers_mut().remove(header::CONTENT_DISPOSITION);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP_PAGE));
    Ok(response)
}

/// Download a file
///
/// `original`, `clean.parquet`, `clean.csv`, `clean.ndjson`, `rejects.csv`, `problems.csv` or `report.json`, as the
/// upload's `files` lists them. The original comes with its `Repr-Digest`. Ranges, `If-Range`, `If-Match` and `If-None-Match` work; files never change under one ETag.
#[utoipa::path(get, path = "/api/v1/uploads/{id}/files/{name}", tag = "results",
    params(("id" = Uuid, Path, description = "id of the upload"), ("name" = String, Path, description = "name of the file")), responses(
    (status = 200, description = "the file", body = String, content_type = "application/octet-stream"),
    (status = 206, description = "the part asked for", body = String, content_type = "application/octet-stream"),
    (status = 304, description = "unchanged"),
    (status = 404, description = "no such upload or file", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 412, description = "the file is another version than `If-Match` lists", body = ProblemDetails, content_type = "application/problem+json"),
    (status = 416, description = "the range lies outside the file", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_file(
    State(app): State<App>,
    ApiPath((id, name)): ApiPath<(Uuid, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let object = match (name.as_str(), name.parse::<RunFile>()) {
        ("original", _) => files::original(&app, id).await?,
        (_, Ok(file)) => files::of_run(&app, id, file).await?,
        (_, Err(_)) => return Err(files::unknown(id, &name)),
    };
    send(&app, object, &headers).await
}

/// Answers with the object or the part of it that was asked for.
async fn send(app: &App, object: StoredObject, headers: &HeaderMap) -> Result<Response, ApiError> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // The order of RFC 9110, 13.2.2: a client that insists on a version is told first that it is gone.
    if lists(headers, header::IF_MATCH, |tag| tag == object.etag) == Some(false) {
        let detail = format!("the file is `{}` now, which `If-Match` does not list", object.etag);
        return Err(ApiError::new(ApiErrorCode::PreconditionFailed, detail));
    }
    let weak = |tag: &str| tag.trim_start_matches("W/") == object.etag;
    if lists(headers, header::IF_NONE_MATCH, weak) == Some(true) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, object.etag)]).into_response());
    }
    // A part of another version would be wrong: then the whole file is sent.
    let same = text(header::IF_RANGE).is_none_or(|tag| tag == object.etag);
    let size = object.size_bytes;
    let range = match text(header::RANGE).filter(|_| same) {
        None => None,
        Some(wanted) => range_of(wanted, size).map_err(|()| unsatisfiable(wanted, size))?,
    };
    let (start, len) = range.unwrap_or((0, size));
    let stream = download::open(app, &object, start, len).await?;
    let mut response = Response::new(Body::from_stream(stream));
    let out = response.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, object.media_type);
    set(header::CONTENT_LENGTH, &len.to_string());
    set(header::CONTENT_DISPOSITION, &attachment(&object.download_name));
    set(header::CONTENT_SECURITY_POLICY, CSP_FILES);
    set(header::ACCEPT_RANGES, "bytes");
    set(header::ETAG, &object.etag);
    set(header::CACHE_CONTROL, "private, no-cache");
    if let Some(digest) = object.sha256.as_deref().and_then(sha256_field) {
        // Of the whole file, also when a part of it is sent; the other one is of what is sent.
        set(HeaderName::from_static("repr-digest"), &digest);
        if range.is_none() {
            set(HeaderName::from_static("content-digest"), &digest);
        }
    }
    if range.is_some() {
        set(header::CONTENT_RANGE, &format!("bytes {start}-{}/{size}", start + len - 1));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Whether a header lists the tag, compared as the header asks for; none without the header.
fn lists(headers: &HeaderMap, name: HeaderName, same: impl Fn(&str) -> bool) -> Option<bool> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    Some(tags.any(|tag| tag.trim() == "*" || same(tag.trim())))
}

/// Start and length of the one range asked for. None for what is no range or several: then the whole file is sent, as
/// RFC 9110 allows.
fn range_of(wanted: &str, size: u64) -> Result<Option<(u64, u64)>, ()> {
    let Some(list) = wanted.strip_prefix("bytes=") else { return Ok(None) };
    let Some((first, last)) = list.split_once('-').filter(|_| !list.contains(',')) else { return Ok(None) };
    let (first, last) = (first.trim(), last.trim());
    let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), Ok(end)) if end >= start => (start, end.min(size.saturating_sub(1))),
        (Ok(start), Err(_)) if last.is_empty() => (start, size.saturating_sub(1)),
        (Err(_), Ok(0)) if first.is_empty() => return Err(()),
        (Err(_), Ok(tail)) if first.is_empty() => (size.saturating_sub(tail), size.saturating_sub(1)),
        _ => return Ok(None),
    };
    if start >= size { Err(()) } else { Ok(Some((start, end - start + 1))) }
}

fn unsatisfiable(wanted: &str, size: u64) -> ApiError {
    ApiError::new(
        ApiErrorCode::RangeNotSatisfiable,
        format!("the file has {size} bytes, asked for `{wanted}`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        let check = |wanted: &str, expected: Result<Option<(u64, u64)>, ()>| {
            assert_eq!(range_of(wanted, 100), expected, "{wanted}");
        };
        check("bytes=0-9", Ok(Some((0, 10))));
        check("bytes=90-", Ok(Some((90, 10))));
        check("bytes=-5", Ok(Some((95, 5))));
        check("bytes=-500", Ok(Some((0, 100))));
        check("bytes=50-500", Ok(Some((50, 50))));
        check("bytes=100-", Err(()));
        check("bytes=-0", Err(()));
        check("bytes=9-0", Ok(None));
        check("bytes=0-1,5-6", Ok(None));
        check("lines=0-1", Ok(None));
        assert_eq!(range_of("bytes=0-0", 0), Err(()));
    }
}
