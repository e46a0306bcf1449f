//! What a process asks about objects that others may change too: whether they are there.

use super::{Blobs, ObjectKey};
use crate::error::{Entity, StoreError};
use crate::model::{TenantId, UploadId};

impl Blobs {
    /// Asks for an object that nobody has: that it is not there is the answer of a store that works.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let key = ObjectKey::Original { tenant: TenantId::DEFAULT, upload: UploadId::generate() };
        match self.size(&key).await {
            Ok(_) | Err(StoreError::NotFound(Entity::Object(_))) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
