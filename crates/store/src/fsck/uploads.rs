//! Uploads: whether what their rows promise is there.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{Became, Cause, Fault, FaultKind, Fsck};
use crate::blob::{ObjectKey, ObjectPrefix};
use crate::error::{Entity, StoreError};
use crate::meta::Inspected;
use crate::model::{Run, Upload};

/// Uploads read from the database at once.
const UPLOADS_PER_PAGE: u64 = 500;

impl Fsck<'_> {
    pub(super) async fn uploads(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.meta.inspect_uploads(after, UPLOADS_PER_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.upload.id);
            for inspected in &page {
                self.report.uploads += 1;
                self.upload(inspected).await?;
            }
        }
    }

    async fn upload(&mut self, inspected: &Inspected) -> Result<(), StoreError> {
        let mut faults = self.examine(inspected).await?;
        if !faults.is_empty() {
            // It may have been deleted, or its run may have ended, since its rows were read.
            let again = self.meta.inspect_upload(inspected.upload.id).await?;
            let Some(again) = again else { return Ok(()) };
            if again != *inspected {
                faults = self.examine(&again).await?;
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        let waits = !inspected.upload.state.is_final() && inspected.has_job;
        let derived = |fault: &Fault| matches!(fault.cause, Cause::File(..));
        if waits && faults.iter().all(derived) {
            self.report.being_repaired += 1;
            return Ok(());
        }
        let has_original =
            if self.options.repair { Some(self.mend_upload(inspected, &faults).await?) } else { None };
        for fault in faults {
            let became = match (has_original, &fault.cause) {
                (None, _) => Became::Left,
                (Some(_), _) if fault.kind == FaultKind::Unreadable => Became::Left,
                (Some(_), Cause::Original) | (Some(false), Cause::File(..)) => Became::Lost,
                (Some(_), _) => Became::Repaired,
            };
            self.list(fault, became);
        }
        Ok(())
    }

    /// Everything that does not fit about one upload.
    async fn examine(&mut self, inspected: &Inspected) -> Result<Vec<Fault>, StoreError> {
        let Inspected { upload, latest, current, has_job } = inspected;
        let mut faults = Vec::new();
        let prefix = ObjectPrefix::Upload { tenant: upload.tenant, upload: upload.id };
        let objects: HashMap<ObjectKey, u64> = self.blobs.list(&prefix).await?.into_iter().collect();
        if upload.has_original() {
            faults.extend(self.original(upload, &objects).await?);
        }
        let missing =
            [(latest.is_none(), "latest"), (upload.current_run.is_some() && current.is_none(), "current")];
        for (_, which) in missing.into_iter().filter(|(is_missing, _)| *is_missing) {
            let detail = format!("its {which} run has no row");
            faults.push(of_upload(upload, FaultKind::RunMissing, detail, Cause::Runs));
        }
        if !upload.state.is_final() && !has_job && latest.is_some() {
            let detail = format!("it is {} and no job is about it", upload.state);
            faults.push(of_upload(upload, FaultKind::UploadStuck, detail, Cause::Waiting));
        }
        if let Some(run) = current {
            faults.extend(self.files(run, &objects).await?);
        }
        Ok(faults)
    }

    async fn original(
        &mut self,
        upload: &Upload,
        objects: &HashMap<ObjectKey, u64>,
    ) -> Result<Option<Fault>, StoreError> {
        let key = ObjectKey::Original { tenant: upload.tenant, upload: upload.id };
        let fault = |kind, detail| {
            Some(Fault {
                kind,
                upload: Some(upload.id),
                place: key.to_string(),
                detail,
                cause: Cause::Original,
            })
        };
        let Some(&size_bytes) = objects.get(&key) else {
            let detail = format!("expected {} bytes, found no object", upload.size_bytes);
            return Ok(fault(FaultKind::OriginalMissing, detail));
        };
        if size_bytes != upload.size_bytes {
            let detail = format!("expected {} bytes, found {size_bytes}", upload.size_bytes);
            return Ok(fault(FaultKind::OriginalSize, detail));
        }
        if !self.options.deep {
            return Ok(None);
        }
        match self.sha256(&key).await {
            Ok(Some(found)) if found == upload.sha256 => Ok(None),
            Ok(Some(found)) => {
                let detail = format!("expected SHA-256 {}, found {found}", upload.sha256);
                Ok(fault(FaultKind::OriginalHash, detail))
            }
            Ok(None) => Ok(fault(FaultKind::OriginalMissing, "it went while it was read".to_owned())),
            Err(error) => Ok(Some(unreadable(upload, &key, &error))),
        }
    }

    async fn files(
        &mut self,
        run: &Run,
        objects: &HashMap<ObjectKey, u64>,
    ) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        for stored in &run.files {
            let key =
                ObjectKey::RunFile { tenant: run.tenant, upload: run.upload, run: run.id, file: stored.file };
            let fault = |kind, detail| Fault {
                kind,
                upload: Some(run.upload),
                place: key.to_string(),
                detail,
                cause: Cause::File(run.id, stored.file),
            };
            match objects.get(&key) {
                None => {
                    let detail = format!("expected {} bytes, found no object", stored.size_bytes);
                    faults.push(fault(FaultKind::FileMissing, detail));
                }
                Some(&found) if found != stored.size_bytes => {
                    let detail = format!("expected {} bytes, found {found}", stored.size_bytes);
                    faults.push(fault(FaultKind::FileSize, detail));
                }
                Some(_) if self.options.deep => {
                    if let Err(error) = self.sha256(&key).await {
                        faults.push(fault(FaultKind::Unreadable, chain(&error)));
                    }
                }
                Some(_) => {}
            }
        }
        Ok(faults)
    }

    /// Reads an object to its end. `None` when it is not there any more.
    async fn sha256(&mut self, key: &ObjectKey) -> Result<Option<String>, StoreError> {
        let mut bytes = match self.blobs.read(key, 0, None).await {
            Err(StoreError::NotFound(Entity::Object(_))) => return Ok(None),
            opened => opened?,
        };
        let mut hash = Sha256::new();
        while let Some(piece) = bytes.try_next().await? {
            self.report.read_bytes += piece.len() as u64;
            hash.update(&piece);
        }
        Ok(Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

fn of_upload(upload: &Upload, kind: FaultKind, detail: String, cause: Cause) -> Fault {
    Fault { kind, upload: Some(upload.id), place: format!("upload {}", upload.id), detail, cause }
}

fn unreadable(upload: &Upload, key: &ObjectKey, error: &StoreError) -> Fault {
    let detail = chain(error);
    let kind = FaultKind::Unreadable;
    Fault { kind, upload: Some(upload.id), place: key.to_string(), detail, cause: Cause::Nothing }
}

/// The error and its causes in one line.
fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
