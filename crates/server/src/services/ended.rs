//! Objects that a row has named and that are not there: they may have ended between the two looks, or their whole upload.

use std::error::Error;
use std::sync::Arc;

use csvp_store::{Entity, ObjectKey, StoreError};

use crate::app::App;
use crate::error::ApiError;

use super::files;

/// The same failure, unless it is about an object that has ended meanwhile: then that is the answer.
pub(crate) async fn explained(app: &App, error: Arc<ApiError>) -> Arc<ApiError> {
    let cause = error.cause.as_deref().map(|cause| cause as &(dyn Error + 'static));
    let Some(key) = cause.and_then(missing_object) else { return error };
    match app.meta.get_upload(app.tenant(), key.upload()).await {
        Err(gone @ StoreError::NotFound(_)) => Arc::new(gone.into()),
        Ok(record) => files::why_ended(&record, key).map_or(error, Arc::new),
        Err(_) => error,
    }
}

/// The object that a failure says is not there.
fn missing_object(cause: &(dyn Error + 'static)) -> Option<ObjectKey> {
    // A reader of bytes has wrapped it, and does not count it among the sources.
    let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    let cause = wrapped.map_or(cause, |inner| inner as &(dyn Error + 'static));
    match cause.downcast_ref::<StoreError>() {
        Some(StoreError::NotFound(Entity::Object(key))) => Some(*key),
        Some(_) => None,
        None => missing_object(cause.source()?),
    }
}

#[cfg(test)]
mod tests {
    use csvp_store::{TenantId, UploadId};

    use super::*;

    #[test]
    fn a_missing_object_is_found_in_every_wrapping() {
        let key = ObjectKey::Original { tenant: TenantId::DEFAULT, upload: UploadId::generate() };
        let missing = || StoreError::NotFound(Entity::Object(key));
        let found = |error: ApiError| missing_object(error.cause.as_deref().unwrap());
        assert_eq!(found(missing().into()), Some(key));
        assert_eq!(found(ApiError::internal(missing().into_io())), Some(key));
        assert_eq!(found(ApiError::internal(StoreError::NotFound(Entity::Upload(key.upload())))), None);
        assert_eq!(found(ApiError::internal(std::io::Error::other("disk on fire"))), None);
    }
}
