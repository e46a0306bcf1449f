//! `csvp erase`: an upload goes with everything that was made of it, and with what its rows say of its content.

use csvp_store::{Chain, StoreError, UploadId};
use serde::Serialize;
use uuid::Uuid;

use super::{OperateError, Operator};

/// What is erased, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The upload.
    pub upload: Uuid,
    /// Bytes that were removed by this process.
    pub removed_bytes: u64,
    /// Whether bytes are left for the service, which removes them within a minute.
    pub left_to_service: bool,
}

impl Operator {
    /// What an erasure would remove. Changes nothing.
    ///
    /// # Errors
    /// There is no such upload.
    pub async fn plan_erase(&self, upload: Uuid) -> Result<ErasePlan, OperateError> {
        let (tenant, id) = (self.tenant(), UploadId::from_uuid(upload));
        let record = self.meta().get_upload(tenant, id).await?;
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
        })
    }

    /// Erases an upload: nobody sees it from here on, and what its rows said of its content is gone. What stays is a row
    /// with times and counts, and the audit events with its id.
    ///
    /// # Errors
    /// There is no such upload, or a matter holds it.
    pub async fn erase(&self, upload: Uuid) -> Result<Erased, OperateError> {
        let id = UploadId::from_uuid(upload);
        let deleted = match self.meta().erase_upload(self.tenant(), id, &self.origin()).await {
            Err(StoreError::Held { hold, .. }) => {
                return Err(OperateError::refused(
                    format!("upload `{upload}` is held for `{hold}` and stays"),
                    format!("`csvp hold release {upload} --name {hold}` ends the hold"),
                ));
            }
            deleted => deleted?,
        };
        let removed_bytes = self.remove_deleted(&[deleted]).await?;
        if self.owns_objects() {
            self.meta().write_out().await?;
        }
        Ok(Erased { upload, removed_bytes, left_to_service: !self.owns_objects() })
    }
}
