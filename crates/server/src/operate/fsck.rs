//! `csvp fsck`: does the store hold what its rows say, and nothing else?

use std::time::Duration;

use csvp_store::fsck::{self, FsckOptions};
use serde::Serialize;
use uuid::Uuid;

use super::{OperateError, Operator};

/// Beside others, what is left over must be older than an upload and the hourly look of the service take together.
const GRACE: Duration = Duration::from_secs(2 * 60 * 60);

/// What a check of the store has seen.
#[derive(Debug, Clone, Serialize)]
pub struct FsckReport {
    /// Whether each byte was read.
    pub deep: bool,
    /// Uploads looked at.
    pub uploads: u64,
    /// Objects looked at.
    pub objects: u64,
    /// Their bytes, by their sizes.
    pub object_bytes: u64,
    /// Bytes that were read and compared.
    pub read_bytes: u64,
    /// What is younger than the grace period and may still be going on.
    pub in_progress: u64,
    /// Uploads whose files are being made again already.
    pub being_repaired: u64,
    /// All findings.
    pub found: u64,
    /// Those that were put right.
    pub repaired: u64,
    /// Those whose data is gone and that are marked so.
    pub lost: u64,
    /// The findings; the first 10,000 when there are more.
    pub findings: Vec<FsckFinding>,
}

/// One thing that does not fit.
#[derive(Debug, Clone, Serialize)]
pub struct FsckFinding {
    /// What it is, a stable word.
    pub kind: &'static str,
    /// The upload it is about.
    pub upload: Option<Uuid>,
    /// Where: an object key or a row.
    pub place: String,
    /// What was expected and what was found.
    pub detail: String,
    /// What to do about it.
    pub advice: &'static str,
    /// Whether it was put right.
    pub repaired: bool,
    /// Whether its data is gone and it was marked so.
    pub lost: bool,
}

impl FsckReport {
    /// Whether everything fits now and nothing is lost.
    pub fn is_clean(&self) -> bool {
        self.found == self.repaired
    }
}

impl Operator {
    /// Checks the store; with `deep` by reading each byte. With `repair` it puts right what is sure, which needs objects
    /// that nobody else holds; many uploads are marked as lost only when `accept_loss` is at least as many.
    ///
    /// # Errors
    /// When database or objects do not answer, others hold the objects, or a repair would mark too many uploads as lost.
    pub async fn fsck(&self, deep: bool, repair: bool, accept_loss: u64) -> Result<FsckReport, OperateError> {
        if repair && !self.owns_objects() {
            return Err(OperateError::refused(
                "the objects belong to another process, which a repair would disturb",
                "stop the service, or check without `--repair`",
            ));
        }
        let grace = if self.is_alone() { Duration::ZERO } else { GRACE };
        let origin = self.origin();
        let options = FsckOptions { deep, repair, accept_loss, grace, origin };
        let report = fsck::fsck(self.meta(), self.blobs(), &options).await?;
        if let Some(lost) = report.too_much_loss {
            return Err(too_much_loss(lost, report.uploads));
        }
        let findings = report.findings.into_iter().map(|finding| FsckFinding {
            kind: finding.kind.as_str(),
            upload: finding.upload.map(csvp_store::UploadId::as_uuid),
            place: finding.place,
            detail: finding.detail,
            advice: finding.advice,
            repaired: finding.became == fsck::Became::Repaired,
            lost: finding.became == fsck::Became::Lost,
        });
        Ok(FsckReport {
            deep,
            uploads: report.uploads,
            objects: report.objects,
            object_bytes: report.object_bytes,
            read_bytes: report.read_bytes,
            in_progress: report.in_progress,
            being_repaired: report.being_repaired,
            found: report.found,
            repaired: report.repaired,
            lost: report.lost,
            findings: findings.collect(),
        })
    }
}

fn too_much_loss(lost: u64, uploads: u64) -> OperateError {
    OperateError::Refused {
        message: format!(
            "a repair would mark {lost} of {uploads} uploads as lost, in whole or in part; uploads and objects are as they \
             were"
        ),
        hints: vec![
            "a disk that is not mounted, or a setting that names another place, looks the same: `csvp fsck` lists what is \
             missing"
                .to_owned(),
            format!(
                "restore a backup; or, when they are lost for good, `csvp fsck --repair --accept-loss {lost}` marks them"
            ),
        ],
    }
}
