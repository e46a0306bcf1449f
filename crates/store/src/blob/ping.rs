//! What a process asks about objects that others may change too: whether they are there, and how much they take.

use super::{Blobs, ObjectKey};
use crate::error::{Entity, StoreError};
use crate::model::{TenantId, UploadId};

impl Blobs {
    /// Says how many bytes all objects take, as the database or a list of them tells. Between two such counts a process
    /// knows of its own objects only.
    pub fn recounted(&self, published_bytes: u64) {
        self.usage.correct(published_bytes);
    }

    /// Asks for an object that nobody has: that it is not there is the answer of a store that works.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let key = ObjectKey::Original { tenant: TenantId::DEFAULT, upload: UploadId::generate() };
        match self.size(&key).await {
            Ok(_) | Err(StoreError::NotFound(Entity::Object(_))) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
