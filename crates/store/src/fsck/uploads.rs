//! Uploads: whether what their rows promise is there.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{Became, Cause, Fault, FaultKind, Fsck, or_away};
use crate::blob::{ObjectKey, ObjectPrefix};
use crate::error::{Chain, Entity, StoreError};
use crate::meta::Inspected;
use crate::model::{Run, Sum, Upload, UploadId};

/// Uploads read from the database at once.
const UPLOADS_PER_PAGE: u64 = 500;

impl Fsck<'_> {
    /// Lists the faults of all uploads, or gives the uploads to be repaired: what that would lose is known first.
    pub(super) async fn uploads(&mut self) -> Result<Vec<UploadId>, StoreError> {
        let (mut after, mut broken) = (None, Vec::new());
        loop {
            let page = self.meta.inspect_uploads(after, UPLOADS_PER_PAGE).await?;
            let Some(last) = page.last() else { return Ok(broken) };
            after = Some(last.upload.id);
            for inspected in &page {
                self.report.uploads += 1;
                let Some((inspected, faults)) = self.faults(inspected).await? else { continue };
                if self.options.repair {
                    self.would_lose += u64::from(loses(&inspected, &faults));
                    broken.push(inspected.upload.id);
                } else {
                    let has_original = has_original(&inspected, &faults);
                    for fault in faults {
                        let advice = advice(&fault, has_original);
                        self.list_with(fault, advice, Became::Left);
                    }
                }
            }
        }
    }

    /// Looks at each of them once more and puts right what is still wrong.
    pub(super) async fn repair(&mut self, broken: Vec<UploadId>) -> Result<(), StoreError> {
        for id in broken {
            let Some(inspected) = self.meta.inspect_upload(id).await? else { continue };
            let Some((inspected, faults)) = self.faults(&inspected).await? else { continue };
            let has_original = match or_away(self.mend_upload(&inspected, &faults).await)? {
                Ok(has_original) => has_original,
                Err(error) => {
                    faults.into_iter().for_each(|fault| self.could_not(fault, &error));
                    continue;
                }
            };
            for fault in faults {
                let became = match (has_original, &fault.cause) {
                    _ if fault.kind == FaultKind::Unreadable => Became::Left,
                    (_, Cause::Original) | (false, Cause::File(..)) => Became::Lost,
                    _ => Became::Repaired,
                };
                self.list(fault, became);
            }
        }
        Ok(())
    }

    /// What is wrong with an upload, and the upload as it is now; none when nothing is, or when it is being repaired.
    async fn faults(&mut self, inspected: &Inspected) -> Result<Option<(Inspected, Vec<Fault>)>, StoreError> {
        let mut faults = self.examine(inspected).await?;
        if faults.is_empty() {
            return Ok(None);
        }
        // It may have been deleted, or its run may have ended, since its rows were read.
        let Some(now) = self.meta.inspect_upload(inspected.upload.id).await? else { return Ok(None) };
        if now != *inspected {
            faults = self.examine(&now).await?;
        }
        let waits = !now.upload.state.is_final() && now.has_job;
        let derived = |fault: &Fault| matches!(fault.cause, Cause::File(..));
        if waits && !faults.is_empty() && faults.iter().all(derived) {
            self.report.being_repaired += 1;
            return Ok(None);
        }
        Ok((!faults.is_empty()).then_some((now, faults)))
    }

    /// Everything that does not fit about one upload.
    async fn examine(&mut self, inspected: &Inspected) -> Result<Vec<Fault>, StoreError> {
        let Inspected { upload, latest, current, has_job } = inspected;
        let mut faults = Vec::new();
        let prefix = ObjectPrefix::Upload { tenant: upload.tenant, upload: upload.id };
        let objects: HashMap<ObjectKey, u64> = match self.blobs.list(&prefix).await {
            Ok(objects) => objects.into_iter().collect(),
            // What is there cannot be told, so nothing of it is known to be missing.
            Err(error @ StoreError::Internal(_)) => {
                let key = ObjectKey::Original { tenant: upload.tenant, upload: upload.id };
                return Ok(vec![unreadable(upload, &key, &error)]);
            }
            Err(error) => return Err(error),
        };
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
        match self.sums(&key).await {
            Ok(Some(found)) if found.sha256 == upload.sha256 => Ok(None),
            Ok(Some(Sums { sha256: found, .. })) => {
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
                    faults.extend(self.damage(&key).await.map(|(kind, detail)| fault(kind, detail)));
                }
                Some(_) => {}
            }
        }
        Ok(faults)
    }

    /// What is wrong with the bytes of a file, as far as a sum of them was kept.
    async fn damage(&mut self, key: &ObjectKey) -> Option<(FaultKind, String)> {
        match self.sums(key).await {
            Ok(Some(Sums { crc32: found, written: Some(written), .. })) if written != found => {
                Some((FaultKind::FileDamaged, format!("expected CRC-32 {written:08x}, found {found:08x}")))
            }
            Ok(_) => None,
            Err(error) => Some((FaultKind::Unreadable, Chain(&error).to_string())),
        }
    }

    /// Reads an object to its end. `None` when it is not there any more.
    async fn sums(&mut self, key: &ObjectKey) -> Result<Option<Sums>, StoreError> {
        let (mut bytes, written) = match self.blobs.read_as_it_is(key).await {
            Err(StoreError::NotFound(Entity::Object(_))) => return Ok(None),
            opened => opened?,
        };
        let (mut sha256, mut crc32) = (Sha256::new(), crc32fast::Hasher::new());
        while let Some(piece) = bytes.try_next().await? {
            self.report.read_bytes += piece.len() as u64;
            sha256.update(&piece);
            crc32.update(&piece);
        }
        Ok(Some(Sums { sha256: Sum::finish(sha256).to_string(), crc32: crc32.finalize(), written }))
    }
}

/// Sums over the bytes of an object.
struct Sums {
    /// In hexadecimal digits.
    sha256: String,
    crc32: u32,
    /// The CRC-32 that it was written with, where the store keeps one.
    written: Option<u32>,
}

fn of_upload(upload: &Upload, kind: FaultKind, detail: String, cause: Cause) -> Fault {
    Fault { kind, upload: Some(upload.id), place: format!("upload {}", upload.id), detail, cause }
}

fn unreadable(upload: &Upload, key: &ObjectKey, error: &StoreError) -> Fault {
    let detail = Chain(error).to_string();
    let kind = FaultKind::Unreadable;
    Fault { kind, upload: Some(upload.id), place: key.to_string(), detail, cause: Cause::Nothing }
}

fn has_original(inspected: &Inspected, faults: &[Fault]) -> bool {
    inspected.upload.has_original() && !faults.iter().any(|fault| fault.cause == Cause::Original)
}

/// What to do about a fault: a repair makes files of an original, if there is one.
fn advice(fault: &Fault, has_original: bool) -> &'static str {
    match fault.cause {
        Cause::File(..) if !has_original && fault.kind != FaultKind::Unreadable => {
            "there is no original to make it from; `--repair` takes it off the list of files"
        }
        _ => fault.kind.advice(),
    }
}

/// Whether a repair can only say that something of it is lost: the original, or files without one to make them from.
fn loses(inspected: &Inspected, faults: &[Fault]) -> bool {
    let is_lost = |fault: &Fault| match fault.cause {
        Cause::Original => true,
        Cause::File(..) => !inspected.upload.has_original() && fault.kind != FaultKind::Unreadable,
        _ => false,
    };
    faults.iter().any(is_lost)
}
