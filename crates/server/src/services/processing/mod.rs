//! Runs the engine over an upload: the only place where server and engine meet.
//!
//! The first pass reads bytes as they come and gives a plan; the second one reads the stored original with that plan and
//! writes the files. Both run in slices on the CPU pool, so memory is a few slices however large the file is, and a
//! cancelled run stops within one slice.

mod first;
mod outputs;
mod room;
mod second;
mod spool;
mod stored;

use csvp_engine::EngineError;
use csvp_report::{ProblemCode, Report, Verdict};
use csvp_store::{
    Failure, ObjectKey, ObjectPrefix, Progress, RunFile, RunId, RunResult, Stage, StoreError, StoredFile,
    TenantId, UploadId, UploadState,
};

use crate::api::SummaryView;
use crate::app::App;
use crate::error::{ApiError, BoxError};
use crate::telemetry::Metric;
use crate::worker::WorkPanicked;

pub(crate) use first::{Reading, check_stored, try_settings};
pub(crate) use second::{Converted, Small, convert, convert_plan, publish, read_view_slice, small};
pub(crate) use spool::spool_file;
pub(crate) use stored::Sent;

/// Bytes of one slice: a few milliseconds of work.
const SLICE: usize = 1 << 20;

/// Which run of which upload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) upload: UploadId,
    pub(crate) run: RunId,
}

impl Place {
    /// The key of the original.
    pub(crate) fn original(&self) -> ObjectKey {
        ObjectKey::Original { tenant: self.tenant, upload: self.upload }
    }

    /// The key of a file of the run.
    pub(crate) fn file(&self, file: RunFile) -> ObjectKey {
        ObjectKey::RunFile { tenant: self.tenant, upload: self.upload, run: self.run, file }
    }
}

/// Why a run has no result.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The bytes are no CSV.
    NotCsv(String),
    /// The file swells beyond its limits.
    TooLarge(String),
    /// The file cannot be judged as its schema asks.
    Refused(String),
    /// The settings cannot be used.
    Settings(ApiError),
    /// The stored original is not what was sent; what was expected, and what came.
    Lost(String),
    /// The store failed, or is full.
    Store(StoreError),
    /// Someone asked for it, or the server stops.
    Cancelled,
    /// A fault of ours.
    Inside(BoxError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<WorkPanicked> for Stop {
    fn from(error: WorkPanicked) -> Self {
        Self::Inside(error.into())
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::Inside(error.into())
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::TooLarge { .. } => {
                Self::TooLarge(format!("{error}; split it, send it uncompressed, or have the limit raised"))
            }
            EngineError::Archive(_) => Self::NotCsv(error.to_string()),
            EngineError::UnknownEncoding(_) | EngineError::Schema { .. } => {
                Self::Settings(super::settings::invalid(&error))
            }
            EngineError::TooManyRepeats { .. } => Self::Refused(error.to_string()),
            // Writers put the store's own errors into `io::Error`; they come out as they went in.
            EngineError::Output(io) => within(&io).unwrap_or_else(|| Self::Store(StoreError::from_io(io))),
            other => Self::Inside(other.into()),
        }
    }
}

/// A store that is full or away, or a run without room, among the causes: file formats wrap what their writer said, each in its own way.
fn within(error: &(dyn std::error::Error + 'static)) -> Option<Stop> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(StoreError::Full { used_bytes, max_bytes }) = error.downcast_ref() {
            return Some(Stop::Store(StoreError::Full { used_bytes: *used_bytes, max_bytes: *max_bytes }));
        }
        if let Some(StoreError::ObjectsUnavailable(cause)) = error.downcast_ref() {
            return Some(Stop::Store(StoreError::ObjectsUnavailable(cause.to_string().into())));
        }
        if let Some(large) = error.downcast_ref::<room::TooLarge>() {
            return Some(Stop::TooLarge(large.to_string()));
        }
        // The source of an `io::Error` is that of the error inside it; the error itself is only found this way.
        let inside = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        next = match inside {
            Some(inside) => Some(inside as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}

/// Refuses what is no CSV at all. Only for new uploads: a stored one that is read again keeps its report.
pub(crate) fn refuse_no_csv(report: &Report) -> Result<(), Stop> {
    if report.file.size_bytes == 0 {
        return Err(Stop::NotCsv("the file is empty; send the table as CSV text".to_owned()));
    }
    if !report.problems.by_code.iter().any(|count| count.code == ProblemCode::NotCsv) {
        return Ok(());
    }
    let first = report.problems.first.iter().find(|problem| problem.code == ProblemCode::NotCsv);
    let what =
        first.map_or_else(|| ProblemCode::NotCsv.title().to_lowercase(), csvp_report::Problem::message);
    Err(Stop::NotCsv(format!("{what}; {}", ProblemCode::NotCsv.fix())))
}

/// The result of a run whose report is written.
fn result(report: &Report, files: Vec<StoredFile>, size: u64) -> Result<RunResult, Stop> {
    let refused = report.verdict == Verdict::Refused;
    let records = report.counts.records;
    Ok(RunResult {
        state: if refused { UploadState::Refused } else { UploadState::Completed },
        summary: Some(serde_json::to_value(summary(report))?),
        error: refused.then(|| refused_because(report)),
        files,
        progress: Progress { stage: Stage::Done, bytes_done: size, bytes_total: size, records },
    })
}

fn summary(report: &Report) -> SummaryView {
    SummaryView {
        verdict: report.verdict,
        encoding: report.encoding.name.clone(),
        delimiter: report.dialect.delimiter.clone(),
        records: report.counts.records,
        accepted: report.counts.accepted,
        rejected: report.counts.rejected,
        skipped: report.counts.skipped.total(),
        columns: report.columns.len() as u64,
        problems: report.problems.total,
        errors: report.problems.errors,
        warnings: report.problems.warnings,
    }
}

fn refused_because(report: &Report) -> Failure {
    let not_csv = report.problems.by_code.iter().any(|count| count.code == ProblemCode::NotCsv);
    let (code, detail) = if not_csv {
        ("not-csv", "the bytes are no delimited text".to_owned())
    } else {
        let (rejected, errors) = (report.counts.rejected, report.problems.errors);
        (
            "upload-refused",
            format!(
                "{}, {} with errors: more than its policy allows",
                count(errors, "error"),
                count(rejected, "record")
            ),
        )
    };
    Failure { code: code.to_owned(), detail }
}

/// A number and its noun.
fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Counts a finished run.
pub(crate) fn observe(app: &App, report: &Report, started_at: i64, way: &'static str) {
    let micros = app.meta.clock().now_us().saturating_sub(started_at).max(0);
    app.metrics.observe(Metric::ProcessingDuration, &[("way", way)], micros as f64 / 1e6);
    let counts = &report.counts;
    for (outcome, n) in
        [("accepted", counts.accepted), ("rejected", counts.rejected), ("skipped", counts.skipped.total())]
    {
        app.metrics.add(Metric::Records, &[("outcome", outcome)], n);
    }
    for count in &report.problems.by_code {
        app.metrics.add(Metric::Problems, &[("code", count.code.as_str())], count.count);
    }
}

/// Removes every object of an upload that will never have a row.
pub(crate) async fn remove(app: &App, place: Place) {
    let prefix = ObjectPrefix::Upload { tenant: place.tenant, upload: place.upload };
    if app.blobs.is_remote() {
        // Its client is to hear at once that the store is away, and not after the wait for this too.
        let app = app.clone();
        let tracker = app.background.clone();
        tracker.spawn(async move { remove_prefix(&app, &prefix).await });
    } else {
        remove_prefix(app, &prefix).await;
    }
}

/// Removes the files of a run whose result nobody wants.
pub(crate) async fn remove_run(app: &App, place: Place) {
    let prefix = ObjectPrefix::Run { tenant: place.tenant, upload: place.upload, run: place.run };
    remove_prefix(app, &prefix).await;
}

async fn remove_prefix(app: &App, prefix: &ObjectPrefix) {
    if let Err(error) = app.blobs.delete_prefix(prefix).await {
        tracing::warn!(error = %csvp_store::Chain(&error), "objects without use are still there; the next look removes them");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_store_is_found_however_it_is_wrapped() {
        #[derive(Debug, thiserror::Error)]
        #[error("file could not be written")]
        struct Wrapped(#[source] std::io::Error);

        let full = || StoreError::Full { used_bytes: 7, max_bytes: Some(9) }.into_io();
        for error in [full(), std::io::Error::other(Wrapped(full())), std::io::Error::other(full())] {
            let found = within(&error);
            assert!(
                matches!(found, Some(Stop::Store(StoreError::Full { used_bytes: 7, max_bytes: Some(9) }))),
                "{error:?}"
            );
        }
        assert!(within(&std::io::Error::other("paper jam")).is_none());
    }
}
