//! Idempotency keys: at most one request under a key at a time, and what makes two requests the same.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use csvp_report::ApiErrorCode;
use csvp_store::{IdempotencyKey, Sum};
use sha2::{Digest as _, Sha256};

use crate::error::ApiError;

/// When a client should come back whose request is still under way.
const RETRY_AFTER_SECS: u64 = 1;

/// The keys of requests that are under way in this process: the second of two that come together is told at once. Where it
/// comes to another process the database decides, and it gets the answer of the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(Arc<Mutex<HashSet<String>>>);

/// A key that no other request can use until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldKey {
    keys: Keys,
    key: String,
}

impl Keys {
    /// Holds a key.
    ///
    /// # Errors
    /// `idempotency-key-in-use` while another request holds it.
    pub(crate) fn hold(&self, key: String) -> Result<HeldKey, ApiError> {
        if self.held().insert(key.clone()) {
            return Ok(HeldKey { keys: self.clone(), key });
        }
        let detail = "a request with the same idempotency key is still under way; wait for its answer";
        let mut error = ApiError::new(ApiErrorCode::IdempotencyKeyInUse, detail);
        error.extras.retry_after_secs = Some(RETRY_AFTER_SECS);
        Err(error)
    }

    fn held(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldKey {
    /// The key for the store, with all that two equal requests have in common.
    pub(crate) fn of_request(&self, parts: &[&str]) -> IdempotencyKey {
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no two lists of parts look the same.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let fingerprint = Sum::finish(hash).to_string();
        IdempotencyKey { key: self.key.clone(), fingerprint }
    }
}

impl Drop for HeldKey {
    fn drop(&mut self) {
        self.keys.held().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_held_by_one_request_at_a_time() {
        let keys = Keys::default();
        let held = keys.hold("k".to_owned()).unwrap();
        let refused = keys.hold("k".to_owned()).unwrap_err();
        assert_eq!((refused.code.as_str(), refused.status().as_u16()), ("idempotency-key-in-use", 409));
        assert_eq!(refused.extras.retry_after_secs, Some(RETRY_AFTER_SECS));
        drop(held);
        keys.hold("k".to_owned()).unwrap();
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let held = Keys::default().hold("k".to_owned()).unwrap();
        let fingerprint = |parts: &[&str]| held.of_request(parts).fingerprint;
        assert_eq!(fingerprint(&["ab", "c"]), fingerprint(&["ab", "c"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
    }
}
