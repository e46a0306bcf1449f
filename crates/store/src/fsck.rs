//! Compares rows with objects, and rows with rows, and says what does not fit.
//!
//! Rows are read first and objects after them, or objects first and rows after them, so that what is going on at the same
//! moment is not taken for a fault: an object without a row may be an upload on its way, so it must be old; a row without
//! an object may be a row that was deleted since, so it is read once more before anything is said.
//!
//! What is put right is only what is sure: objects that nobody needs go, what can be made again is made again, and of what
//! is lost is said that it is lost.

mod mend;
mod objects;
mod uploads;

use std::collections::HashSet;
use std::time::Duration;

use crate::blob::{Blobs, ObjectPrefix, RunFile};
use crate::error::{Chain, StoreError};
use crate::meta::{Contradiction, Meta};
use crate::model::{Origin, RunId, TenantId, UploadId};

/// A repair marks so many uploads as lost without being told, or so many in a hundred: more are a disk that is not
/// mounted, or a setting that names another place, as likely as they are lost.
const FEW_LOST: u64 = 10;
const FEW_LOST_PERCENT: u64 = 1;

/// Most findings that are listed; all are counted.
pub const MAX_LISTED: usize = 10_000;

/// How a store is checked.
#[derive(Debug, Clone)]
pub struct FsckOptions {
    /// Read each byte, and compare the SHA-256 of the originals.
    pub deep: bool,
    /// Put right what is sure.
    pub repair: bool,
    /// A repair may mark as many uploads as lost, in whole or in part, as a person has agreed to; few it may always.
    pub accept_loss: u64,
    /// How old what is left over must be to count. Longer than uploads and the service's own tidying take; zero when nobody
    /// else is at work.
    pub grace: Duration,
    /// Who asks, for the audit log.
    pub origin: Origin,
}

macro_rules! fault_kinds {
    ($($(#[$doc:meta])* $variant:ident, $word:literal, $advice:literal;)*) => {
        /// What does not fit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FaultKind { $($(#[$doc])* $variant,)* }

        impl FaultKind {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [FaultKind] = &[$(Self::$variant,)*];

            /// The stable name.
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $word,)* } }

            /// What to do about it.
            pub fn advice(self) -> &'static str { match self { $(Self::$variant => $advice,)* } }
        }
    };
}

fault_kinds! {
    /// The database says that its own file is damaged.
    Database, "database", "restore the database from a backup";
    /// An upload whose original is not there.
    OriginalMissing, "original-missing", "restore a backup into another directory, fetch the original there and upload it again; `--repair` marks this upload as lost";
    /// An original of another size than was acknowledged.
    OriginalSize, "original-size", "restore a backup into another directory, fetch the original there and upload it again; `--repair` marks this upload as lost";
    /// An original with other bytes than were acknowledged.
    OriginalHash, "original-hash", "restore a backup into another directory, fetch the original there and upload it again; `--repair` marks this upload as lost";
    /// An object that cannot be read to its end.
    Unreadable, "unreadable", "look at the disk or the object store, then check again; a damaged file is put back from a copy of the disk, or \
        `csvp erase` the upload, or remove the file: `--repair` then marks the upload as lost";
    /// A file of a run that is not there.
    FileMissing, "file-missing", "`--repair` makes the files again from the original";
    /// A file of a run of another size than was written.
    FileSize, "file-size", "`--repair` makes the files again from the original";
    /// A file of a run with other bytes than were written.
    FileDamaged, "file-damaged", "`--repair` makes the files again from the original";
    /// A small object that does not stand in its place as the journal has it.
    JournalDiffers, "journal-differs", "stop the service; the next start writes it out again";
    /// An upload that points to a run that is not there.
    RunMissing, "run-missing", "`--repair` points it to the runs that are there, or begins a first one";
    /// An upload that waits, and no job is about it.
    UploadStuck, "upload-stuck", "`--repair` gives it a job";
    /// A job without its upload or run.
    JobOfNothing, "job-of-nothing", "`--repair` removes it";
    /// A job for an upload that does not need it.
    JobForNobody, "job-for-nobody", "`--repair` ends it";
    /// A run without its upload.
    RunOfNothing, "run-of-nothing", "`--repair` removes it";
    /// A run that is served and would be removed as replaced.
    RunServedAndReplaced, "run-served-and-replaced", "`--repair` keeps it";
    /// A run that was replaced and would stay for ever.
    RunReplacedAndKept, "run-replaced-and-kept", "`--repair` has it removed";
    /// Something deleted whose objects are still there.
    DeleteUnfinished, "delete-unfinished", "start the service, or `--repair` removes them";
    /// Objects that no row knows.
    ObjectUnknown, "object-unknown", "start the service, or `--repair` removes them";
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FaultKind,
    /// The upload it is about.
    pub upload: Option<UploadId>,
    /// Where: an object key, a row, a file.
    pub place: String,
    /// What was expected and what was found.
    pub detail: String,
    /// What to do about it.
    pub advice: &'static str,
    /// What became of it.
    pub became: Became,
}

/// What a check did about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Nothing.
    Left,
    /// It was put right.
    Repaired,
    /// The data is gone, and the store says so now.
    Lost,
}

/// What a check has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Uploads looked at.
    pub uploads: u64,
    /// Objects looked at.
    pub objects: u64,
    /// Their bytes, by their sizes.
    pub object_bytes: u64,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Objects without a row, or rows on their way out, that are too young to count.
    pub in_progress: u64,
    /// Uploads whose files are missing and are being made again already.
    pub being_repaired: u64,
    /// All findings.
    pub found: u64,
    /// Those that were put right.
    pub repaired: u64,
    /// Those whose data is gone and that are marked so.
    pub lost: u64,
    /// Uploads that a repair would have marked as lost, in whole or in part, when these were more than it may: then uploads
    /// and objects are as they were, and what was found is not complete.
    pub too_much_loss: Option<u64>,
    /// The first [`MAX_LISTED`] of them.
    pub findings: Vec<Finding>,
}

/// A finding, and what a repair needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    kind: FaultKind,
    upload: Option<UploadId>,
    place: String,
    detail: String,
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Nothing,
    Original,
    File(RunId, RunFile),
    Runs,
    Waiting,
    Rows(Contradiction),
    Delete(TenantId),
    Objects(ObjectPrefix),
}

/// Checks the whole store.
///
/// # Errors
/// When database or objects do not answer. A fault that was found is no error.
pub async fn fsck(meta: &Meta, blobs: &Blobs, options: &FsckOptions) -> Result<FsckReport, StoreError> {
    let before = meta.now().await?.saturating_sub(crate::clock::micros(options.grace));
    let (report, told_runs) = (FsckReport::default(), HashSet::new());
    let mut check = Fsck { meta, blobs, options, before, report, told_runs, would_lose: 0 };
    check.rows().await?;
    let broken = check.uploads().await?;
    if check.would_lose > options.accept_loss && is_too_much(check.would_lose, check.report.uploads) {
        check.report.too_much_loss = Some(check.would_lose);
        return Ok(check.report);
    }
    check.repair(broken).await?;
    check.deletes().await?;
    check.objects().await?;
    Ok(check.report)
}

fn is_too_much(lost: u64, uploads: u64) -> bool {
    lost > FEW_LOST && lost.saturating_mul(100) > uploads.saturating_mul(FEW_LOST_PERCENT)
}

struct Fsck<'a> {
    meta: &'a Meta,
    blobs: &'a Blobs,
    options: &'a FsckOptions,
    /// What is younger may still be going on.
    before: i64,
    report: FsckReport,
    /// Runs whose objects are spoken of already, by what is said of their rows.
    told_runs: HashSet<RunId>,
    /// Uploads that a repair would mark as lost, in whole or in part.
    would_lose: u64,
}

impl Fsck<'_> {
    /// Rows that contradict rows. They come first: what follows reads rows that make sense.
    async fn rows(&mut self) -> Result<(), StoreError> {
        for what in self.meta.database_faults(self.options.deep).await? {
            let fault = Fault {
                kind: FaultKind::Database,
                upload: None,
                place: "database".to_owned(),
                detail: what,
                cause: Cause::Nothing,
            };
            self.found(fault).await?;
        }
        for key in self.blobs.misplaced().await? {
            let fault = Fault {
                kind: FaultKind::JournalDiffers,
                upload: Some(key.upload()),
                place: key.to_string(),
                detail: "the journal holds it, in its place is something else or nothing".to_owned(),
                cause: Cause::Nothing,
            };
            self.found(fault).await?;
        }
        for (contradiction, upload) in self.meta.contradictions().await? {
            if let Contradiction::ReplacedAndKept(run) = contradiction {
                self.told_runs.insert(run);
            }
            self.found(contradicts(contradiction, upload)).await?;
        }
        Ok(())
    }

    /// Uploads whose objects should have gone.
    async fn deletes(&mut self) -> Result<(), StoreError> {
        for (tenant, upload) in self.meta.deletes_begun_before(self.before).await? {
            let fault = Fault {
                kind: FaultKind::DeleteUnfinished,
                upload: Some(upload),
                place: format!("upload {upload}"),
                detail: "it was deleted, its objects may still be there".to_owned(),
                cause: Cause::Delete(tenant),
            };
            self.found(fault).await?;
        }
        Ok(())
    }

    /// Counts a fault and puts it right if that is wanted and sure.
    async fn found(&mut self, fault: Fault) -> Result<(), StoreError> {
        let repaired = if self.options.repair { or_away(self.mend(&fault).await)? } else { Ok(false) };
        match repaired {
            Ok(repaired) => self.list(fault, if repaired { Became::Repaired } else { Became::Left }),
            Err(error) => self.could_not(fault, &error),
        }
        Ok(())
    }

    /// Lists a fault that an error has kept from being repaired.
    fn could_not(&mut self, fault: Fault, error: &StoreError) {
        let detail = format!("{}; it could not be repaired: {}", fault.detail, Chain(error));
        self.list(Fault { detail, ..fault }, Became::Left);
    }

    fn list(&mut self, fault: Fault, became: Became) {
        let advice = fault.kind.advice();
        self.list_with(fault, advice, became);
    }

    fn list_with(&mut self, fault: Fault, advice: &'static str, became: Became) {
        self.report.found += 1;
        self.report.repaired += u64::from(became == Became::Repaired);
        self.report.lost += u64::from(became == Became::Lost);
        if self.report.findings.len() < MAX_LISTED {
            let Fault { kind, upload, place, detail, .. } = fault;
            self.report.findings.push(Finding { kind, upload, place, detail, advice, became });
        }
    }
}

/// An error of one repair, or the one that all others would meet too.
fn or_away<T>(repaired: Result<T, StoreError>) -> Result<Result<T, StoreError>, StoreError> {
    match repaired {
        Err(error) if error.is_away() => Err(error),
        repaired => Ok(repaired),
    }
}

fn contradicts(contradiction: Contradiction, upload: UploadId) -> Fault {
    use Contradiction as C;
    let (kind, place, detail) = match contradiction {
        C::JobOfNothing(job) => {
            (FaultKind::JobOfNothing, format!("job {job}"), "its upload or its run is not there")
        }
        C::JobForNobody(job) => (
            FaultKind::JobForNobody,
            format!("job {job}"),
            "it waits or is in work for an upload that is deleted, has ended, or has a newer run",
        ),
        C::RunOfNothing(run) => (FaultKind::RunOfNothing, format!("run {run}"), "its upload is not there"),
        C::ServedAndReplaced(run) => (
            FaultKind::RunServedAndReplaced,
            format!("run {run}"),
            "its upload serves it, and it is marked to be removed",
        ),
        C::ReplacedAndKept(run) => (
            FaultKind::RunReplacedAndKept,
            format!("run {run}"),
            "nobody is shown it, and it is not marked to be removed",
        ),
    };
    Fault { kind, upload: Some(upload), place, detail: detail.to_owned(), cause: Cause::Rows(contradiction) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_is_more_than_a_few_and_more_than_one_in_a_hundred() {
        let check = |lost, uploads, expected| assert_eq!(is_too_much(lost, uploads), expected, "{lost}");
        check(10, 10, false);
        check(11, 11, true);
        check(11, 1_099, true);
        check(11, 1_100, false);
    }
}
