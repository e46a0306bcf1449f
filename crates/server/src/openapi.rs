//! The OpenAPI 3.1 document, made from the handlers and the wire types.

use serde_json::Value;
use utoipa::OpenApi;

use crate::handlers::{docs, events, files, health, limits, query, simple, uploads};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "CSV Processor",
        version = "1.0.0",
        description = "CSV files in; true reports and clean, typed data out.\n\n\
            Send a file and look at what was found:\n\n\
            \u{20}   curl --data-binary @orders.csv 'http://127.0.0.1:3000/api/v1/uploads?name=orders.csv'\n\n\
            Times are RFC 3339 in UTC with microseconds, ids are UUIDv7, cells are JSON strings: nothing is rounded on the way. \
            Every failure is an RFC 9457 problem with a stable `code`; its `type` is a page of this server. Every answer has \
            `X-API-Version`, `X-Request-Id` and `X-Response-Time`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "uploads", description = "Send files, follow them, process them again, delete them."),
        (name = "results", description = "What was found: the report, records, problems, files."),
        (name = "service", description = "The service itself."),
        (name = "simple", description = "The simple face, for scripts that send one form and read one answer."),
        (name = "operations", description = "Probes and metrics; also on the operations port."),
    ),
    paths(
        uploads::create_upload, uploads::list_uploads, uploads::get_upload, uploads::delete_upload,
        uploads::reprocess_upload, uploads::cancel_upload, events::watch_upload,
        files::get_report, query::list_records, query::list_problems, files::get_file,
        limits::get_limits, docs::get_openapi,
        simple::upload_file, simple::get_health, simple::get_status,
        health::get_live, health::get_ready, health::get_health, health::get_metrics,
    ),
    components(schemas(csvp_report::Report, csvp_report::ProblemCode, csvp_report::ApiErrorCode)),
)]
struct Document;

/// The document as JSON.
pub fn document() -> Value {
    serde_json::to_value(Document::openapi()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_snapshot_is_up_to_date() {
        let mut text = serde_json::to_string_pretty(&super::document()).unwrap();
        text.push('\n');
        crate::test_support::assert_page("docs/api/openapi.json", &text);
    }
}
