//! Headers that every answer carries.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::context::value;

/// Version of the HTTP contract.
const API_VERSION: &str = "1";

/// For pages and API answers: only what this server serves, nothing inline.
pub(crate) const CSP_PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// For files that users sent: nothing at all, in an origin of its own.
pub(crate) const CSP_FILES: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

const FIXED: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    (HeaderName::from_static("x-api-version"), API_VERSION),
];

/// Adds what is the same everywhere; what a handler has set itself stays.
pub(super) fn finish(headers: &mut HeaderMap, path: &str, request_id: &str, elapsed: Duration) {
    for (name, text) in FIXED {
        headers.insert(name, HeaderValue::from_static(text));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CSP_PAGE));
    if path.starts_with("/api/") {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    headers.insert("x-request-id", value(request_id));
    headers.insert("x-response-time", value(&format!("{:.3}ms", elapsed.as_secs_f64() * 1e3)));
}
