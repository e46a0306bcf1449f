//! Failures of the store, as failures of a request.

use csvp_report::ApiErrorCode;
use csvp_store::{Entity, StoreError};

use crate::config::Bytes;
use crate::error::ApiError;

/// When a client should come back while a part of the store is away.
const RETRY_AFTER_SECS: u64 = 5;

impl From<StoreError> for ApiError {
    /// Not-found is told only where the store named an upload; anything else that is missing is a fault of ours.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(Entity::Upload(id)) => Self::upload_not_found(id.as_uuid()),
            StoreError::Held { upload, hold } => {
                let detail = format!("upload is held for `{hold}` and cannot be deleted");
                let mut held = Self::new(ApiErrorCode::UploadHeld, detail);
                held.extras.upload_id = Some(upload.as_uuid());
                held.extras.hold = Some(hold);
                held
            }
            StoreError::KeyReused => Self::new(
                ApiErrorCode::IdempotencyKeyReused,
                "the idempotency key was sent with another request before, or its upload was deleted; use a new key",
            ),
            StoreError::Full { max_bytes: Some(max_bytes), .. } => {
                let detail = format!(
                    "uploads have reached the ceiling of {}; delete some, or raise `store.max_disk`",
                    Bytes(max_bytes)
                );
                let mut full = Self::new(ApiErrorCode::StorageFull, detail);
                full.extras.limit_bytes = Some(max_bytes);
                full
            }
            StoreError::Full { max_bytes: None, .. } => Self::new(
                ApiErrorCode::StorageFull,
                "the disk has no room left; nothing of this upload was kept",
            )
            .because(error),
            StoreError::FullInDoubt(_) => Self::new(
                ApiErrorCode::StorageFull,
                "the disk has no room left, and whether this was done is not known; make room, then look, or send it \
                 again under its idempotency key",
            )
            .because(error),
            StoreError::Unavailable(_) => away("the database does not answer; try again later", error),
            StoreError::ObjectsUnavailable(_) => {
                away("the object store with the files does not answer; try again later", error)
            }
            other => Self::internal(other),
        }
    }
}

fn away(detail: &str, error: StoreError) -> ApiError {
    let mut away = ApiError::new(ApiErrorCode::StoreUnavailable, detail);
    away.extras.retry_after_secs = Some(RETRY_AFTER_SECS);
    away.because(error)
}
