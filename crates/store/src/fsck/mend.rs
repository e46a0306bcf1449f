//! Putting right what is sure.

use super::{Cause, Fault, FaultKind, Fsck};
use crate::blob::{ObjectPrefix, RunFile};
use crate::error::StoreError;
use crate::meta::Inspected;
use crate::model::{Deleted, NewJob, NewRun, RunId};

impl Fsck<'_> {
    /// Puts right what concerns no upload that is there; false when a person has to.
    pub(super) async fn mend(&self, fault: &Fault) -> Result<bool, StoreError> {
        match (&fault.cause, fault.upload) {
            (Cause::Rows(contradiction), _) => {
                self.meta.settle(*contradiction, &self.options.origin).await?;
                Ok(true)
            }
            (Cause::Objects(prefix), _) => {
                self.blobs.delete_prefix(prefix).await?;
                Ok(true)
            }
            (&Cause::Delete(tenant), Some(upload)) => {
                let objects = ObjectPrefix::Upload { tenant, upload };
                self.blobs.delete_prefix(&objects).await?;
                self.meta.finish_delete(&Deleted { upload, tenant, objects, stopped_job: None }).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Puts all faults of one upload right, the deeper ones first. Gives whether there is an original to make the rest from.
    pub(super) async fn mend_upload(
        &self,
        inspected: &Inspected,
        faults: &[Fault],
    ) -> Result<bool, StoreError> {
        let (id, origin) = (inspected.upload.id, &self.options.origin);
        let job = NewJob::default();
        let mut is_whole = inspected.upload.has_original();
        if let Some(lost) = faults.iter().find(|fault| fault.cause == Cause::Original) {
            let why = format!("the original that was sent is lost: {}", lost.detail);
            self.meta.mark_lost(id, &why, origin).await?;
            is_whole = false;
        }
        if faults.iter().any(|fault| fault.cause == Cause::Runs) {
            self.meta.find_runs_again(id, &job, origin).await?;
        }
        if is_whole && faults.iter().any(|fault| fault.cause == Cause::Waiting) {
            self.meta.requeue(id, &job, origin).await?;
        }
        let files: Vec<(RunId, RunFile)> = faults.iter().filter_map(file_to_make).collect();
        let Some((run, _)) = files.first().copied() else { return Ok(is_whole) };
        let Some(now) = self.meta.inspect_upload(id).await? else { return Ok(is_whole) };
        if !is_whole {
            let lost: Vec<RunFile> = files.into_iter().map(|(_, file)| file).collect();
            self.meta.forget_files(run, &lost, origin).await?;
        } else if now.upload.state.is_final() {
            let settings = now.current.map_or(serde_json::Value::Null, |run| run.settings);
            let new = NewRun { id: RunId::generate(), settings, job, key: None, origin: origin.clone() };
            self.meta.start_run(now.upload.tenant, id, new).await?;
        }
        Ok(is_whole)
    }
}

/// A file that is made again, or said to be lost. One that cannot be read may be read tomorrow.
fn file_to_make(fault: &Fault) -> Option<(RunId, RunFile)> {
    match fault.cause {
        Cause::File(run, file) if fault.kind != FaultKind::Unreadable => Some((run, file)),
        _ => None,
    }
}
