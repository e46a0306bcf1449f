//! Errors of files and object stores, sorted by what the caller can do.

use crate::blob::ObjectKey;
use crate::blob::s3::{failure_in, has_no_answer};
use crate::error::{Entity, StoreError};

pub(super) fn io_error(error: std::io::Error, key: &ObjectKey) -> StoreError {
    if error.kind() == std::io::ErrorKind::NotFound {
        StoreError::NotFound(Entity::Object(*key))
    } else {
        StoreError::from_io(error)
    }
}

pub(super) fn object_error(error: object_store::Error, key: &ObjectKey) -> StoreError {
    match error {
        object_store::Error::NotFound { .. } => StoreError::NotFound(Entity::Object(*key)),
        other => store_error(other),
    }
}

/// What may pass by itself is `ObjectsUnavailable`, no room is `Full`, wrong set-up is internal.
pub(super) fn store_error(error: object_store::Error) -> StoreError {
    if let Some(failure) = failure_in(&error) {
        return if failure.is_full() {
            StoreError::Full { used_bytes: 0, max_bytes: None }
        } else {
            StoreError::Internal(error.into())
        };
    }
    if has_no_answer(&error) {
        return StoreError::ObjectsUnavailable(error.into());
    }
    match error {
        object_store::Error::Generic { source, .. } => match source.downcast::<std::io::Error>() {
            Ok(io) => StoreError::from_io(*io),
            Err(source) => StoreError::ObjectsUnavailable(source),
        },
        other => StoreError::Internal(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use object_store::client::{HttpError, HttpErrorKind};

    use super::*;
    use crate::blob::S3Failure;

    fn generic(
        kind: HttpErrorKind,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> object_store::Error {
        object_store::Error::Generic { store: "S3", source: Box::new(HttpError::new(kind, cause)) }
    }

    #[test]
    fn errors_say_what_the_caller_can_do() {
        let failure = |status, code: &str| S3Failure {
            host: "h".into(),
            status,
            code: code.into(),
            message: String::new(),
        };
        let sorted = |error| store_error(error);
        let refused = sorted(generic(HttpErrorKind::Unknown, failure(403, "AccessDenied")));
        assert!(matches!(refused, StoreError::Internal(_)), "{refused:?}");
        let full = sorted(generic(HttpErrorKind::Unknown, failure(403, "QuotaExceeded")));
        assert!(matches!(full, StoreError::Full { max_bytes: None, .. }), "{full:?}");
        let away = sorted(generic(HttpErrorKind::Connect, std::io::Error::other("refused")));
        assert!(matches!(away, StoreError::ObjectsUnavailable(_)), "{away:?}");
    }
}
