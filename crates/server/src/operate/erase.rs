//! `csvp erase`: an upload goes with everything that was made of it, and with what its rows say of its content.

use csvp_store::{Chain, StoreError, UploadId};
use serde::Serialize;
use uuid::Uuid;

use super::{OperateError, Operator};

/// What is erased, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ErasePlan {
    /// The upload.
    pub upload: Uuid,
    /// Its file name.
    pub name: String,
    /// Objects that go: the original, and the files of all runs. None when they cannot be counted; they go all the same.
    pub objects: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// Why the objects cannot be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncounted: Option<String>,
    /// Runs whose rows go: settings, summary, failure.
    pub runs: u64,
    /// The matters that hold it; then it stays.
    pub holds: Vec<String>,
    /// Whether it was deleted or erased before: then at most bytes are left to be removed.
    pub is_gone: bool,
}

/// What became of an upload that was to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The upload.
    pub upload: Uuid,
    /// What became of it.
    pub fate: EraseFate,
    /// The matter that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// Bytes that were removed by this process.
    pub removed_bytes: u64,
    /// Whether bytes are left for the service, which removes them within a minute.
    pub left_to_service: bool,
}

/// What becomes of an upload that is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EraseFate {
    /// Nobody sees it any more.
    Erased,
    /// A matter holds it, so it stays as it was.
    Held,
    /// It was deleted or erased before, with all its bytes.
    Gone,
}

impl Operator {
    /// What an erasure would remove. Changes nothing.
    ///
    /// # Errors
    /// There never was such an upload.
    pub async fn plan_erase(&self, upload: Uuid) -> Result<ErasePlan, OperateError> {
        let (tenant, id) = (self.tenant(), UploadId::from_uuid(upload));
        let record = match self.meta().get_upload(tenant, id).await {
            Err(StoreError::NotFound(_)) if self.meta().was_deleted(tenant, id).await? => {
                return Ok(ErasePlan { upload, is_gone: true, ..ErasePlan::default() });
            }
            found => found?,
        };
        let runs = self.meta().list_runs(tenant, id).await?;
        let prefix = csvp_store::ObjectPrefix::Upload { tenant, upload: id };
        // Damage to the objects is no reason to keep them.
        let (objects, uncounted) = match self.blobs().list(&prefix).await {
            Ok(objects) => (Some(objects), None),
            Err(error @ StoreError::Internal(_)) => (None, Some(Chain(&error).to_string())),
            Err(error) => return Err(error.into()),
        };
        Ok(ErasePlan {
            upload,
            name: record.upload.name,
            bytes: objects.as_ref().map(|objects| objects.iter().map(|(_, size_bytes)| size_bytes).sum()),
            objects: objects.map(|objects| objects.len() as u64),
            uncounted,
            runs: runs.len() as u64,
            holds: record.holds.into_iter().map(|hold| hold.name).collect(),
            is_gone: false,
        })
    }

    /// Erases uploads one after the other, and takes down what became of each. One that fails does not keep the others.
    ///
    /// # Errors
    /// The first of those that failed.
    pub async fn erase_all(&self, uploads: &[Uuid], erased: &mut Vec<Erased>) -> Result<(), OperateError> {
        let mut first = None;
        for &upload in uploads {
            match self.erase(upload).await {
                Ok(one) => erased.push(one),
                // Each of the others would only wait as long.
                Err(OperateError::Store(error)) if error.is_away() => {
                    return Err(first.unwrap_or(OperateError::Store(error)));
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Erases an upload that nothing holds: nobody sees it from here on, and what its rows said of its content is gone. What
    /// stays is a row with times and counts, and the audit events with its id.
    ///
    /// # Errors
    /// There never was such an upload, or its bytes cannot be removed.
    pub async fn erase(&self, upload: Uuid) -> Result<Erased, OperateError> {
        let (tenant, id) = (self.tenant(), UploadId::from_uuid(upload));
        let mut erased =
            Erased { upload, fate: EraseFate::Erased, hold: None, removed_bytes: 0, left_to_service: false };
        let deleted = match self.meta().erase_upload(tenant, id, &self.origin()).await {
            Err(StoreError::Held { hold, .. }) => {
                return Ok(Erased { fate: EraseFate::Held, hold: Some(hold), ..erased });
            }
            // Its bytes may have stayed, and what its rows say of them.
            Err(StoreError::NotFound(_)) if self.meta().was_deleted(tenant, id).await? => {
                match self.meta().erase_deleted(tenant, id, &self.origin()).await? {
                    Some(deleted) => deleted,
                    None => return Ok(Erased { fate: EraseFate::Gone, ..erased }),
                }
            }
            deleted => deleted?,
        };
        erased.removed_bytes = self.remove_deleted(&[deleted]).await?;
        if self.owns_objects() {
            self.meta().write_out().await?;
        }
        Ok(Erased { left_to_service: !self.owns_objects(), ..erased })
    }
}
