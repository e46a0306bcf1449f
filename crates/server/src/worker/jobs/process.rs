//! Processes one upload: the first pass unless its plan is there, the second pass, the result.
//!
//! Its files go to keys of its own run, so doing it again writes the same objects. The lease is renewed before they are
//! written to their places, and nobody is told of them until the one transaction that ends the job under it; a worker that
//! lost the lease publishes nothing and cleans up.

use std::time::Duration;

use csvp_report::Report;
use csvp_store::{
    ClaimedJob, Entity, Failure, JobFate, Lease, Origin, Progress, RunFile, RunResult, StoreError,
    UploadState,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::api::SettingsRequest;
use crate::app::App;
use crate::error::BoxError;
use crate::services::processing::{self, Converted, Place, Sent, Stop};
use crate::services::{LiveRun, Share, first_share, second_share, sent_by_second, settings};
use crate::telemetry::Metric;

/// Columns that a file is taken to have of which nothing is known yet.
const UNKNOWN_COLUMNS: usize = 1_024;

/// How often at least the database hears how far a job is: who watches from another process sees it there, and a wish to
/// cancel is found there.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Wait before a database is asked again that is away.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Largest plan that is read.
const MAX_PLAN: u64 = 256 << 20;

/// Why the work was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Another worker has the job, or the upload was deleted.
    LeaseLost,
    /// Someone asked for it.
    Cancelled,
    /// The server stops.
    Stopping,
    /// It took too long.
    TimedOut,
}

/// Runs a claimed job to its end, whatever that is.
pub(crate) async fn run(app: App, claimed: ClaimedJob) {
    let span = tracing::info_span!("job", job = %claimed.job.id, upload = %claimed.job.upload, run = %claimed.job.run);
    attempt(&app, &claimed).instrument(span).await;
}

async fn attempt(app: &App, claimed: &ClaimedJob) {
    let (job, lease) = (&claimed.job, &claimed.lease);
    let place = Place { tenant: job.tenant, upload: job.upload, run: job.run };
    let started_at = app.meta.clock().now_us();
    let live = app.live.begin(job.upload, job.run, Progress::queued(job.progress.bytes_total));
    let (done, cut) = {
        let work = process(app, lease, place, &live);
        let watch = keep_lease(app, lease, &live);
        tokio::pin!(work, watch);
        tokio::select! {
            done = &mut work => (done, None),
            // The work is stopped between two slices, so that nothing of it goes on in the background.
            cut = &mut watch => {
                live.cancelled().cancel();
                (work.await, Some(cut))
            }
        }
    };
    let ended = match (done, cut) {
        (Ok((result, report)), _) => {
            processing::observe(app, &report, started_at, "job");
            finish(app, lease, place, result).await
        }
        (Err(_), Some(Cut::LeaseLost)) => lost(app, place).await,
        (Err(_), Some(Cut::Stopping)) => hand_back(app, lease).await,
        (Err(_), Some(Cut::TimedOut)) => {
            let limit = app.config.processing.job_timeout;
            end(app, lease, place, "timed-out", format!("processing took longer than {limit}")).await
        }
        (Err(stop), Some(Cut::Cancelled) | None) => stopped(app, lease, place, stop).await,
    };
    app.metrics.add(Metric::Jobs, &[("outcome", ended)], 1);
}

/// Renews the lease until there is a reason to stop.
async fn keep_lease(app: &App, lease: &Lease, live: &LiveRun) -> Cut {
    let lease_for = app.config.processing.lease.0;
    let deadline = tokio::time::sleep(app.config.processing.job_timeout.0);
    tokio::pin!(deadline);
    let mut every = tokio::time::interval((lease_for / 3).min(TELL_EVERY));
    loop {
        tokio::select! {
            () = app.draining.cancelled() => return Cut::Stopping,
            () = live.cancelled().cancelled() => return Cut::Cancelled,
            () = &mut deadline => return Cut::TimedOut,
            _ = every.tick() => {}
        }
        match app.meta.renew(lease, lease_for, &live.told()).await {
            Ok(renewed) if renewed.cancel_requested => return Cut::Cancelled,
            Ok(_) => {}
            Err(StoreError::LeaseLost(_)) => return Cut::LeaseLost,
            // The lease may still hold; if it does not, the end of the job is refused.
            Err(error) => tracing::warn!(
                error = %csvp_store::Chain(&error),
                "lease was not renewed; trying again"
            ),
        }
    }
}

/// Checks and converts the upload, and publishes the files if the lease still holds then.
async fn process(
    app: &App,
    lease: &Lease,
    place: Place,
    live: &LiveRun,
) -> Result<(RunResult, Report), Stop> {
    let converted = convert(app, place, live).await?;
    // Whoever has lost it must not write over the files of whoever has it now. Renewing leaves the publication, which
    // takes far less, the time of a whole lease.
    let (lease_for, told) = (app.config.processing.lease.0, live.told());
    answer(live, || app.meta.renew(lease, lease_for, &told)).await?;
    processing::publish(app, converted).await
}

async fn convert(app: &App, place: Place, live: &LiveRun) -> Result<Converted, Stop> {
    let record = answer(live, || app.meta.get_upload(place.tenant, place.upload)).await?;
    let sent = Sent::of(&record.upload);
    let size = sent.size_bytes;
    if let Some(plan) = stored_plan(app, place).await? {
        let columns = plan.schema().columns.len();
        let _share = share(app, second_share(size, columns) + sent_by_second(&app.blobs, size), live).await?;
        return processing::convert_plan(app, place, plan, &sent, live).await;
    }
    let wanted: SettingsRequest = serde_json::from_value(record.latest.settings.clone())?;
    let settings = settings::engine_settings(&app.config.limits, &wanted).map_err(Stop::Settings)?;
    let first = share(app, first_share(&settings, UNKNOWN_COLUMNS), live).await?;
    let checked = processing::check_stored(app, place, settings, &sent, live).await?;
    drop(first);
    let columns = checked.plan.schema().columns.len();
    let _share = share(app, second_share(size, columns) + sent_by_second(&app.blobs, size), live).await?;
    processing::convert(app, place, checked, &sent, live).await
}

/// Waits for an answer of the database, unless the run is stopped before.
async fn answer<T, A>(live: &LiveRun, ask: impl Fn() -> A) -> Result<T, Stop>
where
    A: Future<Output = Result<T, StoreError>>,
{
    match patiently(live.cancelled(), ask).await {
        Err(StoreError::Unavailable(_)) => Err(Stop::Cancelled),
        answered => Ok(answered?),
    }
}

/// Asks again as long as the database is away: that is no fault of the upload, and neither an attempt nor what was made is
/// thrown away for it. `Unavailable` only when there is reason to stop. What may have been done already is refused the
/// second time, since a job ends under one lease once.
async fn patiently<T, A>(stop: &CancellationToken, ask: impl Fn() -> A) -> Result<T, StoreError>
where
    A: Future<Output = Result<T, StoreError>>,
{
    loop {
        let error = match ask().await {
            Err(error @ StoreError::Unavailable(_)) => error,
            answered => return answered,
        };
        tracing::warn!(error = %csvp_store::Chain(&error), "the database does not answer; the job waits for it");
        tokio::select! {
            () = stop.cancelled() => return Err(error),
            () = tokio::time::sleep(ASK_AGAIN) => {}
        }
    }
}

/// Waits for memory, unless the run is stopped before.
async fn share(app: &App, bytes: u64, live: &LiveRun) -> Result<Share, Stop> {
    tokio::select! {
        share = app.memory.share(bytes) => Ok(share),
        () = live.cancelled().cancelled() => Err(Stop::Cancelled),
    }
}

/// The plan that the request has left, when it read the bytes already; not one of another version.
async fn stored_plan(app: &App, place: Place) -> Result<Option<csvp_engine::Plan>, Stop> {
    let json = match app.blobs.read_all(&place.file(RunFile::PlanJson), MAX_PLAN).await {
        Ok(json) => json,
        Err(StoreError::NotFound(Entity::Object(_))) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let plan = app.cpu.run(move || serde_json::from_slice::<csvp_engine::Plan>(&json)).await?;
    Ok(plan.ok().filter(|plan| plan.check_version().is_ok()))
}

/// The run could not be done; who is at fault decides what becomes of it.
async fn stopped(app: &App, lease: &Lease, place: Place, stop: Stop) -> &'static str {
    match stop {
        Stop::Cancelled => finish(app, lease, place, without_report(UploadState::Cancelled, None)).await,
        // Without a report the results of the run before stay: `refused` would take their place with nothing.
        Stop::NotCsv(detail) => end(app, lease, place, "not-csv", detail).await,
        Stop::TooLarge(detail) => end(app, lease, place, "upload-too-large", detail).await,
        Stop::Refused(detail) => end(app, lease, place, "upload-refused", detail).await,
        Stop::Settings(error) => end(app, lease, place, "request-invalid", error.detail).await,
        Stop::Lost(found) => lost_original(app, lease, place, &found).await,
        Stop::Store(error @ StoreError::ObjectsUnavailable(_)) => later(app, lease, place, &error).await,
        Stop::Store(error) => again(app, lease, place, error.into()).await,
        Stop::Inside(cause) => again(app, lease, place, cause).await,
    }
}

/// Ends the run without a report. The original stays.
async fn end(app: &App, lease: &Lease, place: Place, code: &str, detail: String) -> &'static str {
    let failure = Failure { code: code.to_owned(), detail };
    finish(app, lease, place, without_report(UploadState::Failed, Some(failure))).await
}

fn without_report(state: UploadState, error: Option<Failure>) -> RunResult {
    let progress = Progress { stage: csvp_store::Stage::Done, ..Progress::queued(0) };
    RunResult { state, summary: None, error, files: vec![], progress }
}

/// Publishes the result; from here on it is what clients see.
async fn finish(app: &App, lease: &Lease, place: Place, result: RunResult) -> &'static str {
    let outcome = match result.state {
        UploadState::Refused => "refused",
        UploadState::Failed => "failed",
        UploadState::Cancelled => "cancelled",
        _ => "finished",
    };
    let leaves_nothing = result.files.is_empty();
    let origin = Origin::worker();
    match patiently(&app.draining, || app.meta.finish_job(lease, result.clone(), &origin)).await {
        Ok(_) => {
            if leaves_nothing {
                // Not before the lease was seen to hold: another worker may have published files of these names.
                processing::remove_run(app, place).await;
            }
            outcome
        }
        Err(StoreError::LeaseLost(_) | StoreError::NotFound(_)) => lost(app, place).await,
        Err(error) => again(app, lease, place, error.into()).await,
    }
}

/// Another worker has the run, and with it the files, which have the same names; unless the upload was deleted: then
/// nobody else will look for what was written since.
async fn lost(app: &App, place: Place) -> &'static str {
    if let Err(StoreError::NotFound(_)) = app.meta.get_upload(place.tenant, place.upload).await {
        processing::remove(app, place).await;
    }
    "lease_lost"
}

/// Hands the job back for another worker, or for this one after its next start.
async fn hand_back(app: &App, lease: &Lease) -> &'static str {
    if let Err(error) = app.meta.release_job(lease).await {
        tracing::warn!(
            error = %csvp_store::Chain(&error),
            "job was not handed back; its lease ends by itself"
        );
    }
    "retried"
}

/// Puts off a job whose objects are away. That is no fault of the upload, so the attempt does not count.
async fn later(app: &App, lease: &Lease, place: Place, error: &StoreError) -> &'static str {
    let why = "the object store does not answer";
    let postponed = patiently(&app.draining, || app.meta.postpone_job(lease, why)).await;
    let cause = csvp_store::Chain(error);
    match postponed {
        Ok(JobFate::Cancelled) => {
            processing::remove_run(app, place).await;
            "cancelled"
        }
        Ok(_) => {
            tracing::warn!(error = %cause, "object store does not answer; the job is tried again later");
            "retried"
        }
        Err(StoreError::LeaseLost(_)) => lost(app, place).await,
        Err(lease) => {
            tracing::warn!(error = %cause, %lease, "object store does not answer; the lease of the job ends by itself");
            "retried"
        }
    }
}

/// Reports an attempt that failed by no fault of the upload.
async fn again(app: &App, lease: &Lease, place: Place, cause: BoxError) -> &'static str {
    let failure = if let Some(StoreError::Full { .. } | StoreError::FullInDoubt(_)) = cause.downcast_ref() {
        let detail = "there is no room for the results; free some space and process the upload again";
        Failure { code: "storage-full".to_owned(), detail: detail.to_owned() }
    } else {
        let detail = format!("processing failed inside; the log has the cause under job {}", lease.job);
        Failure { code: "internal".to_owned(), detail }
    };
    failed(app, lease, place, &failure, cause).await
}

/// What was read is not what was acknowledged, so nothing of it is published. It is read again as often as there are attempts:
/// a disk may give the right bytes the next time. The upload is not marked as lost, which would be for ever: `csvp fsck`
/// does that when a person asks for it.
async fn lost_original(app: &App, lease: &Lease, place: Place, found: &str) -> &'static str {
    let detail = format!(
        "the stored original is not what was sent: {found}; nothing was made of it, look at the store with \
         `csvp fsck --deep`"
    );
    let failure = Failure { code: "original-lost".to_owned(), detail };
    failed(app, lease, place, &failure, found.into()).await
}

/// Reports an attempt that failed; the last one ends the job with this failure.
async fn failed(app: &App, lease: &Lease, place: Place, failure: &Failure, cause: BoxError) -> &'static str {
    let fate = patiently(&app.draining, || app.meta.fail_job(lease, failure)).await;
    match &fate {
        Ok(JobFate::Dead) => processing::remove_run(app, place).await,
        Err(StoreError::LeaseLost(_)) => return lost(app, place).await,
        _ => {}
    }
    let cause = csvp_store::Chain(cause.as_ref());
    match fate {
        Ok(JobFate::Retried { .. }) => {
            tracing::warn!(error = %cause, "attempt failed; the job is tried again");
            "retried"
        }
        Ok(JobFate::Cancelled) => "cancelled",
        Ok(JobFate::Dead) => {
            tracing::error!(error = %cause, "job failed for good; what the upload has is kept");
            "failed"
        }
        Err(error) => {
            tracing::warn!(
                error = %cause,
                lease = %csvp_store::Chain(&error),
                "attempt failed and could not be reported; its lease ends by itself"
            );
            "retried"
        }
    }
}

#[cfg(test)]
mod tests {
    use csvp_store::{FirstRun, NewJob, NewUpload, ObjectPrefix, RunId, Sum, UploadId};

    use super::*;
    use crate::app::Role;
    use crate::config::Config;
    use crate::services::storage;

    /// An application over an empty directory that runs no jobs by itself.
    async fn app(dir: &std::path::Path) -> App {
        let mut config = Config::default();
        config.store.data_dir = dir.display().to_string();
        let (meta, _) = storage::open_meta(&config).await.unwrap();
        let blobs = storage::open_blobs(&config, &meta).await.unwrap();
        App::new(Role::Serve, config, meta, blobs)
    }

    async fn queue(app: &App, bytes: &'static [u8]) -> Place {
        let place = Place { tenant: app.tenant(), upload: UploadId::generate(), run: RunId::generate() };
        let stored_after = app.meta.time_mark().await.unwrap();
        app.blobs.put(place.original(), bytes.into()).await.unwrap();
        let new = NewUpload {
            id: place.upload,
            stored_after,
            tenant: place.tenant,
            name: "orders.csv".to_owned(),
            size_bytes: bytes.len() as u64,
            sha256: Sum::of(bytes).to_string(),
            media_type: None,
            key: None,
            run: place.run,
            settings: serde_json::json!({}),
            first: FirstRun::Queued(NewJob::default()),
            origin: Origin::worker(),
        };
        app.meta.create_upload(new).await.unwrap();
        place
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_worker_that_lost_its_lease_publishes_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let app = app(dir.path()).await;
        let place = queue(&app, b"id,price\n1,2.50\n2,3.75\n").await;
        let late = app.meta.claim_job("late", Duration::ZERO).await.unwrap().unwrap();
        let next = app.meta.claim_job("next", Duration::from_secs(60)).await.unwrap().unwrap();
        assert_eq!((late.job.id, next.job.attempts), (next.job.id, 2));

        let files = ObjectPrefix::Run { tenant: place.tenant, upload: place.upload, run: place.run };
        let live = app.live.begin(place.upload, place.run, Progress::queued(0));
        let stop = process(&app, &late.lease, place, &live).await.unwrap_err();
        assert!(matches!(stop, Stop::Store(StoreError::LeaseLost(_))), "{stop:?}");
        assert_eq!(app.blobs.list(&files).await.unwrap(), []);

        let (result, _) = process(&app, &next.lease, place, &live).await.unwrap();
        assert_eq!(result.state, UploadState::Completed);
        assert_eq!(app.blobs.list(&files).await.unwrap().len(), result.files.len());
    }
}
