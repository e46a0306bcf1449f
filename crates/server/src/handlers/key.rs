//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use csvp_store::IdempotencyKey;

use crate::app::App;
use crate::error::ApiError;
use crate::services::HeldKey;

/// Longest key.
const MAX_CHARS: usize = 255;

/// The request's key, if it has one; no other request can use it until this is dropped.
pub(crate) struct RequestKey(pub(crate) Option<HeldKey>);

impl FromRequestParts<App> for RequestKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        held_key(app, &parts.headers).map(Self)
    }
}

/// # Errors
/// `request-invalid` for a value that is no key, `idempotency-key-in-use` while another request holds it.
pub(super) fn held_key(app: &App, headers: &HeaderMap) -> Result<Option<HeldKey>, ApiError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::invalid("Idempotency-Key", "expected one header, found several; send one key"));
    }
    match value.to_str() {
        Ok(key) if IdempotencyKey::is_reserved(key) => Err(ApiError::invalid(
            "Idempotency-Key",
            "expected a key of yours; `deleted:` and a SHA-256 stand for the key of a deleted upload, so choose another one",
        )),
        Ok(key) if !key.is_empty() && key.len() <= MAX_CHARS => app.keys.hold(key.to_owned()).map(Some),
        _ => {
            let detail =
                format!("expected 1 to {MAX_CHARS} visible ASCII characters, found {} bytes", value.len());
            Err(ApiError::invalid("Idempotency-Key", detail))
        }
    }
}
