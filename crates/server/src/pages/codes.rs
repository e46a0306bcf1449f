//! One page per problem code and per failure of a request, made from the words in `csvp-report`.

use csvp_report::{ApiErrorCode, ProblemCode, Severity};

use super::html::{capital, page, text};

/// What a problem code means; none when there is no such code.
pub(crate) fn problem_page(code: &str) -> Option<String> {
    let code: ProblemCode = code.parse().ok()?;
    let weight = match code.severity() {
        Severity::Info => "Information: worth knowing. The file counts as clean and no record is set aside.",
        Severity::Warning => {
            "Warning: the data was read with an interpretation that a person should confirm. No record is set aside."
        }
        Severity::Error => {
            "Error: the record, or the file, breaks its contract. The policy for bad records decides: it is set aside \
             in the rejects file (`reject`), the whole file is refused (`fail`), or the cell becomes null (`null`)."
        }
    };
    let body = format!(
        "<p class=\"soft\"><a href=\"/docs\">CSV Processor API</a> / problem</p>\n<h1>{}</h1>\n<p><code>{code}</code></p>\n\
         <h2>What to do</h2>\n<p>{}.</p>\n<h2>How much it weighs</h2>\n<p>{}</p>\n\
         <h2>Where it is told</h2>\n<p>{}</p>\n",
        text(code.title()),
        text(&capital(code.fix())),
        text(weight),
        text(
            "The report counts every occurrence by code and column. Each one stands with record, physical line, byte \
             offset and column in `problems.csv`; the same code is used by the API, the page and the command line."
        ),
    );
    Some(page(&format!("{} ({code})", code.title()), &body))
}

/// What a failed request means; none when there is no such code.
pub(crate) fn failure_page(code: &str) -> Option<String> {
    let code = ApiErrorCode::ALL.iter().copied().find(|known| known.as_str() == code)?;
    let body = format!(
        "<p class=\"soft\"><a href=\"/docs\">CSV Processor API</a> / failure</p>\n<h1>{}</h1>\n\
         <p><code>{code}</code>, HTTP status {}</p>\n<h2>What it means</h2>\n<p>{}</p>\n\
         <h2>If it stays</h2>\n<p>{}</p>\n",
        text(code.title()),
        code.status(),
        text(meaning(code)),
        text(
            "The answer's `instance` ends with the request id, which is also in the header `X-Request-Id` and in the \
             server's log. Give it to whoever runs this server."
        ),
    );
    Some(page(&format!("{} ({code})", code.title()), &body))
}

fn meaning(code: ApiErrorCode) -> &'static str {
    match code {
        ApiErrorCode::RequestInvalid => {
            "A header, the query or the body could not be understood. `parameter` names the part at fault, `detail` \
             says what was expected. Sending the same again gives the same answer."
        }
        ApiErrorCode::FileMissing => {
            "The multipart body had no file in the field that is read: `file` or `csvFile` on `/api/v1/uploads`, \
             `csvFile` on `/api/upload`. A raw body needs no field at all."
        }
        ApiErrorCode::BodyIncomplete => {
            "The connection ended, or the multipart body broke off, before the whole body had come. Nothing was kept. \
             Send it again."
        }
        ApiErrorCode::DigestMismatch => {
            "The body that came is not the one whose digest stands in `Content-Digest`: it was changed on its way, or the \
             digest is of something else. `expected_digest` is what was told, `received_digest` what came. Nothing was \
             kept. Send it again."
        }
        ApiErrorCode::NotCsv => {
            "The bytes are empty, or are no delimited text: an image, a document, an archive without one CSV file. \
             Nothing was kept."
        }
        ApiErrorCode::RouteNotFound => "No route has this path. All of them are listed at `/docs`.",
        ApiErrorCode::UploadNotFound => "There is no upload with this id, or it was deleted.",
        ApiErrorCode::FileNotFound => {
            "The upload has no such file, or not yet: files appear when a run is over. The upload's `files` lists what \
             is there."
        }
        ApiErrorCode::MethodNotAllowed => {
            "The path exists, but not with this method; `Allow` lists those it has."
        }
        ApiErrorCode::RequestTimeout => {
            "The body did not arrive in time, or came slower than the least rate. `/api/v1/limits` gives both. Nothing \
             was kept."
        }
        ApiErrorCode::UploadStateConflict => {
            "The upload's state forbids this: a report that is not there yet, a run that is still going on, or one \
             that has ended already. `state` says where it stands."
        }
        ApiErrorCode::UploadHeld => {
            "The upload must stay: a legal hold is set on it, and `hold` names the matter. Nothing was deleted. Whoever \
             operates the service ends the hold with `csvp hold release`."
        }
        ApiErrorCode::UploadTooLarge => {
            "The upload is larger than `limit_bytes`. Compress it (gzip, zstd, bzip2, xz and zip are read as they \
             are), split it, or have the limit `upload.max_size` raised."
        }
        ApiErrorCode::PreconditionFailed => {
            "`If-Match` names other versions of the file than the one that is there: the upload was processed again. \
             Load it anew, without the header."
        }
        ApiErrorCode::MediaTypeUnsupported => "The body must be of the media type that `detail` names.",
        ApiErrorCode::RangeNotSatisfiable => "The range asked for begins behind the end of the file.",
        ApiErrorCode::UploadRefused => {
            "The file was read and refused as a whole, by its schema, its policy or its error budget. The upload is \
             kept, and its report says why."
        }
        ApiErrorCode::IdempotencyKeyInUse => {
            "A request with the same `Idempotency-Key` is still under way. Wait for its answer, or send the same again \
             after `Retry-After` seconds."
        }
        ApiErrorCode::IdempotencyKeyReused => {
            "The same `Idempotency-Key` was sent with another request before: another address, other bytes, another \
             name or other settings; or the upload that it stands for was deleted, so that a late retry does not bring \
             it back. Nothing was done. Each new request needs a key of its own."
        }
        ApiErrorCode::Internal => {
            "Something failed inside, by no fault of the request. Trying again may help."
        }
        ApiErrorCode::Busy => "Too much is going on at this moment. Try again after `Retry-After` seconds.",
        ApiErrorCode::StoreUnavailable => {
            "The database or the object store with the files does not answer; `detail` says which. Nothing of the \
             request was kept. Try again after `Retry-After` seconds."
        }
        ApiErrorCode::StorageFull => {
            "The disk is full, or uploads have reached `store.max_disk`; deleting some makes room. Nothing of this \
             upload was kept, unless `detail` says that it is not known: then send it again with its `Idempotency-Key`."
        }
        _ => "The title says it all.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_page() {
        for code in ProblemCode::ALL {
            let page = problem_page(code.as_str()).unwrap();
            assert!(page.contains(code.as_str()) && !page.contains("<script"));
        }
        for code in ApiErrorCode::ALL {
            assert!(!meaning(*code).starts_with("The title"), "{code} needs its explanation");
            assert!(failure_page(code.as_str()).is_some());
        }
        assert_eq!(problem_page("no-such-code"), None);
        assert_eq!(failure_page("../etc/passwd"), None);
    }
}
