//! `csvp hold`: uploads that must stay, whatever a policy or a user says.

use csvp_store::{Hold, StoreError, UploadId};
use serde::Serialize;
use uuid::Uuid;

use super::{OperateError, Operator};
use crate::api::Timestamp;

/// Longest name of a matter, and longest reason, in characters.
const MAX_TEXT: usize = 500;

/// Why an upload must stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldRecord {
    /// The upload.
    pub upload: Uuid,
    /// The matter.
    pub name: String,
    /// Why, in words.
    pub reason: String,
    /// Who wanted it.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
}

impl Operator {
    /// Holds an upload for a matter; several matters may hold the same one. Doing it again changes nothing.
    ///
    /// # Errors
    /// There is no such upload, a text is empty or too long, or the matter holds it for another reason or person.
    pub async fn hold(&self, upload: Uuid, name: &str, reason: &str, by: &str) -> Result<(), OperateError> {
        for (what, text) in [("name", name), ("reason", reason), ("by", by)] {
            if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
                return Err(OperateError::refused(
                    format!("expected a text of 1 to {MAX_TEXT} characters as `{what}`"),
                    format!("give it with `--{what}`"),
                ));
            }
        }
        let hold = Hold {
            upload: UploadId::from_uuid(upload),
            name: name.to_owned(),
            reason: reason.to_owned(),
            held_by: by.to_owned(),
            created_at: 0,
        };
        match self.meta().set_hold(self.tenant(), &hold, &self.origin()).await {
            Err(StoreError::Conflict(_)) => Err(self.held_otherwise(&hold).await?),
            done => Ok(done?),
        }
    }

    /// The matter holds the upload already, and the hold says something else.
    async fn held_otherwise(&self, wanted: &Hold) -> Result<OperateError, OperateError> {
        let record = self.meta().get_upload(self.tenant(), wanted.upload).await?;
        let known = record.holds.into_iter().find(|hold| hold.name == wanted.name);
        let (reason, by) = known.map_or_else(Default::default, |hold| (hold.reason, hold.held_by));
        let message = format!(
            "upload `{}` is held for `{}` already, by `{by}`: `{reason}`; expected the same, found by `{}`: `{}`",
            wanted.upload, wanted.name, wanted.held_by, wanted.reason
        );
        let hint = "what a hold says is not written over: hold it under another name first, then release this one, so that \
                    it is held all the time";
        Ok(OperateError::refused(message, hint))
    }

    /// Ends the hold of a matter.
    ///
    /// # Errors
    /// There is no such upload, or the matter does not hold it.
    pub async fn release(&self, upload: Uuid, name: &str) -> Result<(), OperateError> {
        let id = UploadId::from_uuid(upload);
        match self.meta().release_hold(self.tenant(), id, name, &self.origin()).await {
            Err(StoreError::Conflict(_)) => Err(OperateError::refused(
                format!("upload `{upload}` is not held for `{name}`"),
                "`csvp hold list` shows all holds",
            )),
            done => Ok(done?),
        }
    }

    /// All holds, the first one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn holds(&self) -> Result<Vec<HoldRecord>, OperateError> {
        let holds = self.meta().list_holds(self.tenant()).await?;
        let records = holds.into_iter().map(|hold| HoldRecord {
            upload: hold.upload.as_uuid(),
            name: hold.name,
            reason: hold.reason,
            by: hold.held_by,
            since: Timestamp(hold.created_at),
        });
        Ok(records.collect())
    }
}
