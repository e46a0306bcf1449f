//! What every database promises about jobs and leases.

use std::collections::HashSet;
use std::time::Duration;

use super::{LEASE, MetaSetup, actions, claim, create, queued, result};
use crate::error::StoreError;
use crate::model::{
    ClaimedJob, Failure, FirstRun, JobFate, JobState, NewJob, NewUpload, Origin, Progress, Stage, TenantId,
    UploadId, UploadState,
};

const TENANT: TenantId = TenantId::DEFAULT;

fn failure() -> Failure {
    Failure { code: "internal".to_owned(), detail: "the disk said no".to_owned() }
}

fn with_job(job: NewJob) -> NewUpload {
    NewUpload { first: FirstRun::Queued(job), ..queued("a") }
}

async fn state(setup: &MetaSetup, id: UploadId) -> UploadState {
    let record = setup.meta.get_upload(TENANT, id).await.unwrap();
    assert_eq!(record.upload.state, record.latest.state);
    record.upload.state
}

async fn assert_lost(setup: &MetaSetup, job: &ClaimedJob) {
    let (meta, lease) = (&setup.meta, &job.lease);
    let lost = |error: StoreError| matches!(error, StoreError::LeaseLost(id) if id == job.job.id);
    let progress = Progress { stage: Stage::Checking, bytes_done: 999, bytes_total: 1_000, records: 9 };
    assert!(lost(meta.renew(lease, LEASE, &progress).await.unwrap_err()));
    assert!(lost(meta.fail_job(lease, &failure()).await.unwrap_err()));
    assert!(lost(meta.release_job(lease).await.unwrap_err()));
    let finished = meta.finish_job(lease, result(UploadState::Completed), &Origin::worker()).await;
    assert!(lost(finished.unwrap_err()));
}

/// Eight workers over a hundred jobs.
pub async fn two_claimers_never_get_the_same_job(setup: MetaSetup) {
    let mut ids = HashSet::new();
    for i in 0..100 {
        ids.insert(create(&setup, queued(&format!("{i}"))).await.upload.id);
    }
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let meta = setup.meta.clone();
        workers.spawn(async move {
            let mut mine = Vec::new();
            while let Some(claimed) = meta.claim_job(&format!("w{worker}"), LEASE).await.unwrap() {
                assert_eq!((claimed.job.attempts, claimed.job.state), (1, JobState::Running));
                mine.push(claimed.job.upload);
            }
            mine
        });
    }
    let claimed: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 100);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>(), ids);
}

/// Workers, people who cancel and people who delete, all at once over the same jobs.
pub async fn a_job_ends_once_whoever_ends_it(setup: MetaSetup) {
    let mut ids = Vec::new();
    for i in 0..60 {
        ids.push(create(&setup, queued(&format!("{i}"))).await.upload.id);
    }
    let mut busy = tokio::task::JoinSet::new();
    for worker in 0..6 {
        let meta = setup.meta.clone();
        busy.spawn(async move {
            while let Some(ClaimedJob { lease, job }) =
                meta.claim_job(&format!("w{worker}"), LEASE).await.unwrap()
            {
                let ended = async {
                    let renewed = meta.renew(&lease, LEASE, &job.progress).await?;
                    let state = match renewed.cancel_requested {
                        true => UploadState::Cancelled,
                        false => UploadState::Completed,
                    };
                    meta.finish_job(&lease, result(state), &Origin::worker()).await
                };
                match ended.await {
                    Ok(_) | Err(StoreError::LeaseLost(_) | StoreError::NotFound(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    for (at, id) in ids.clone().into_iter().enumerate() {
        let meta = setup.meta.clone();
        busy.spawn(async move {
            let origin = Origin::anonymous("request-3");
            if at % 3 == 0 {
                match meta.request_cancel(TENANT, id, None, &origin).await {
                    Ok(_) | Err(StoreError::Conflict(_) | StoreError::NotFound(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            if at % 5 == 0 {
                meta.delete_upload(TENANT, id, &origin).await.unwrap();
            }
        });
    }
    busy.join_all().await;
    for (at, id) in ids.into_iter().enumerate() {
        let actions = actions(&setup, id).await;
        let ends = actions.iter().filter(|action| action.starts_with("upload.process ")).count();
        let cancels = actions.iter().filter(|action| *action == "upload.cancel cancelled").count();
        let deletes = actions.iter().filter(|action| action.starts_with("upload.delete ")).count();
        assert_eq!(deletes, usize::from(at % 5 == 0), "{actions:?}");
        // A deleted upload may have ended before.
        let ended = ends + cancels;
        assert!(ended == 1 || (ended == 0 && deletes == 1), "{actions:?}");
        if deletes == 0 {
            assert!(state(&setup, id).await.is_final());
        }
    }
    let open = |job: &crate::model::Job| matches!(job.state, JobState::Queued | JobState::Running);
    assert!(!setup.meta.list_jobs(None, 100).await.unwrap().iter().any(open));
}

/// A tenant with many jobs does not keep the others waiting.
pub async fn tenants_take_turns(setup: MetaSetup) {
    let small = TenantId::generate();
    setup.meta.ensure_tenant(small, "small").await.unwrap();
    for i in 0..4 {
        create(&setup, with_job(NewJob { priority: 100, ..NewJob::default() })).await;
        setup.clock.advance(Duration::from_secs(1));
        if i == 3 {
            create(&setup, NewUpload { tenant: small, ..queued("late") }).await;
        }
    }
    let mut order = Vec::new();
    for _ in 0..5 {
        order.push(claim(&setup, "w").await.job.tenant);
    }
    assert_eq!(order, [TENANT, small, TENANT, TENANT, TENANT]);
}

/// Within a tenant.
pub async fn priority_then_time_decide(setup: MetaSetup) {
    let mut jobs = Vec::new();
    for priority in [0, 5, 0, 5] {
        jobs.push(create(&setup, with_job(NewJob { priority, ..NewJob::default() })).await.upload.id);
        setup.clock.advance(Duration::from_millis(1));
    }
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(claim(&setup, "w").await.job.upload);
    }
    assert_eq!(order, [jobs[1], jobs[3], jobs[0], jobs[2]]);
    assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
}

/// The heart of it: the old worker comes back and nothing it says counts.
pub async fn lost_lease_can_write_nothing(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    let old = claim(&setup, "old").await;
    assert!(setup.meta.claim_job("new", LEASE).await.unwrap().is_none());
    setup.clock.advance(LEASE);
    let new = claim(&setup, "new").await;
    assert_eq!((new.job.id, new.job.attempts), (old.job.id, 2));
    assert!(new.lease.token > old.lease.token);
    assert_lost(&setup, &old).await;
    assert_eq!(state(&setup, id).await, UploadState::Processing);
    let done =
        setup.meta.finish_job(&new.lease, result(UploadState::Completed), &Origin::worker()).await.unwrap();
    assert_eq!(done.upload.state, UploadState::Completed);
    // Neither of them can write after the end.
    assert_lost(&setup, &old).await;
    assert_lost(&setup, &new).await;
    assert_eq!(setup.meta.get_upload(TENANT, id).await.unwrap(), done);
    assert_eq!(actions(&setup, id).await, ["upload.create queued", "upload.process completed"]);
}

/// The number decides, not the clock: a clock that jumps does not throw work away.
pub async fn ended_lease_nobody_took_still_counts(setup: MetaSetup) {
    create(&setup, queued("a")).await;
    let job = claim(&setup, "w").await;
    setup.clock.advance(LEASE * 100);
    let renewed = setup.meta.renew(&job.lease, LEASE, &Progress::queued(1)).await.unwrap();
    assert!(renewed.lease.until > setup.clock.now_us());
    setup.clock.advance(LEASE * 100);
    setup.meta.finish_job(&renewed.lease, result(UploadState::Completed), &Origin::worker()).await.unwrap();
}

/// A file that makes the process run out of memory is not tried for ever.
pub async fn job_that_kills_workers_dies(setup: MetaSetup) {
    let id = create(&setup, queued("bomb")).await.upload.id;
    for attempt in 1..=3 {
        assert_eq!(claim(&setup, "w").await.job.attempts, attempt);
        setup.clock.advance(LEASE);
    }
    assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
    let record = setup.meta.get_upload(TENANT, id).await.unwrap();
    assert_eq!(record.upload.state, UploadState::Failed);
    assert_eq!(record.latest.error.unwrap().detail, "processing stopped 3 times without a result");
    assert_eq!(actions(&setup, id).await, ["upload.create queued", "upload.process failed"]);
}

/// Two seconds, then eight, then no more.
pub async fn failed_attempts_wait_longer_then_die(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    for wait in [2, 8] {
        let job = claim(&setup, "w").await;
        let run_at = setup.clock.now_us() + wait * 1_000_000;
        assert_eq!(setup.meta.fail_job(&job.lease, &failure()).await.unwrap(), JobFate::Retried { run_at });
        assert_eq!(state(&setup, id).await, UploadState::Queued);
        assert_lost(&setup, &job).await;
        setup.clock.advance(Duration::from_secs(wait.unsigned_abs()) - Duration::from_micros(1));
        assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
        setup.clock.advance(Duration::from_micros(1));
    }
    let job = claim(&setup, "w").await;
    assert_eq!(job.job.error.as_deref(), Some("the disk said no"));
    assert_eq!(setup.meta.fail_job(&job.lease, &failure()).await.unwrap(), JobFate::Dead);
    let record = setup.meta.get_upload(TENANT, id).await.unwrap();
    assert_eq!((record.upload.state, record.latest.error), (UploadState::Failed, Some(failure())));
    assert_lost(&setup, &job).await;
}

/// A restart of the service is no fault of the upload.
pub async fn released_job_is_not_counted(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    for _ in 0..5 {
        let job = claim(&setup, "w").await;
        assert_eq!(job.job.attempts, 1);
        setup.meta.release_job(&job.lease).await.unwrap();
        assert_eq!(state(&setup, id).await, UploadState::Queued);
        assert_lost(&setup, &job).await;
    }
}

/// However long the objects are away; and it does not spin.
pub async fn postponed_job_waits_longer_and_is_not_counted(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    for wait in [2, 4, 8, 16, 32, 60, 60] {
        let job = claim(&setup, "w").await;
        assert_eq!(job.job.attempts, 1);
        let run_at = setup.clock.now_us() + wait * 1_000_000;
        let postponed = setup.meta.postpone_job(&job.lease, "nobody answers").await.unwrap();
        assert_eq!(postponed, JobFate::Retried { run_at });
        assert_eq!(state(&setup, id).await, UploadState::Queued);
        assert_lost(&setup, &job).await;
        setup.clock.advance(Duration::from_secs(wait.unsigned_abs()) - Duration::from_micros(1));
        assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
        setup.clock.advance(Duration::from_micros(1));
    }
    let job = claim(&setup, "w").await;
    assert_eq!(job.job.error.as_deref(), Some("nobody answers"));
    // An attempt that counts changes nothing about the waits, and is counted on.
    setup.meta.fail_job(&job.lease, &failure()).await.unwrap();
    setup.clock.advance(Duration::from_secs(2));
    let job = claim(&setup, "w").await;
    assert_eq!(job.job.attempts, 2);
    // Nobody waits for a job that is not wanted any more.
    setup.meta.request_cancel(TENANT, id, None, &Origin::anonymous("r")).await.unwrap();
    assert_eq!(setup.meta.postpone_job(&job.lease, "nobody answers").await.unwrap(), JobFate::Cancelled);
    assert_eq!(state(&setup, id).await, UploadState::Cancelled);
    assert_lost(&setup, &job).await;
}

/// No worker is needed for it.
pub async fn waiting_job_is_cancelled_at_once(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    let taken = setup.meta.request_cancel(TENANT, id, None, &Origin::anonymous("r")).await.unwrap();
    let record = taken.into_record();
    assert_eq!(record.upload.state, UploadState::Cancelled);
    assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
    let again = setup.meta.request_cancel(TENANT, id, None, &Origin::anonymous("r")).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    assert_eq!(actions(&setup, id).await, ["upload.create queued", "upload.cancel cancelled"]);
}

/// It learns of it when it renews, and ends it itself.
pub async fn running_job_is_asked_to_stop(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    let job = claim(&setup, "w").await;
    let progress = Progress::queued(1_000);
    assert!(!setup.meta.renew(&job.lease, LEASE, &progress).await.unwrap().cancel_requested);
    let taken = setup.meta.request_cancel(TENANT, id, None, &Origin::anonymous("r")).await.unwrap();
    let record = taken.into_record();
    assert_eq!(record.upload.state, UploadState::Processing);
    assert!(setup.meta.renew(&job.lease, LEASE, &progress).await.unwrap().cancel_requested);
    setup.meta.finish_job(&job.lease, result(UploadState::Cancelled), &Origin::worker()).await.unwrap();
    assert_eq!(state(&setup, id).await, UploadState::Cancelled);
    // A failure counts as the end, too.
    let id = create(&setup, queued("b")).await.upload.id;
    let job = claim(&setup, "w").await;
    setup.meta.request_cancel(TENANT, id, None, &Origin::anonymous("r")).await.unwrap();
    assert_eq!(setup.meta.fail_job(&job.lease, &failure()).await.unwrap(), JobFate::Cancelled);
    assert_eq!(state(&setup, id).await, UploadState::Cancelled);
}

/// Nobody has to start it again only to stop it.
pub async fn lost_worker_of_a_cancelled_job_ends_it(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    claim(&setup, "w").await;
    setup.meta.request_cancel(TENANT, id, None, &Origin::anonymous("r")).await.unwrap();
    setup.clock.advance(LEASE);
    assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
    assert_eq!(state(&setup, id).await, UploadState::Cancelled);
    let expected = ["upload.create queued", "upload.cancel requested", "upload.process cancelled"];
    assert_eq!(actions(&setup, id).await, expected);
}

/// Readers see the worker's last word.
pub async fn progress_is_shown_while_it_runs(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    assert_eq!(setup.meta.get_upload(TENANT, id).await.unwrap().latest.progress, Progress::queued(1_000));
    let started_at = setup.clock.now_us();
    let job = claim(&setup, "w").await;
    let progress = Progress { stage: Stage::Converting, bytes_done: 500, bytes_total: 1_000, records: 17 };
    setup.clock.advance(Duration::from_secs(10));
    let renewed = setup.meta.renew(&job.lease, LEASE, &progress).await.unwrap();
    assert_eq!(renewed.lease.until, job.lease.until + 10_000_000);
    let run = setup.meta.get_upload(TENANT, id).await.unwrap().latest;
    assert_eq!((run.progress, run.started_at), (progress, Some(started_at)));
    let done = setup
        .meta
        .finish_job(&renewed.lease, result(UploadState::Completed), &Origin::worker())
        .await
        .unwrap();
    assert_eq!((done.latest.progress.stage, done.latest.processing_ms()), (Stage::Done, Some(10_000)));
}

/// A worker that says "still queued" has a bug.
pub async fn result_must_be_final(setup: MetaSetup) {
    create(&setup, queued("a")).await;
    let job = claim(&setup, "w").await;
    for state in [UploadState::Queued, UploadState::Processing] {
        let finished = setup.meta.finish_job(&job.lease, result(state), &Origin::worker()).await;
        assert!(matches!(finished, Err(StoreError::Conflict(_))));
    }
    setup.meta.finish_job(&job.lease, result(UploadState::Refused), &Origin::worker()).await.unwrap();
}

/// Nobody waits for a worker that is known to be dead.
pub async fn ended_leases_free_their_jobs_at_once(setup: MetaSetup) {
    create(&setup, queued("a")).await;
    let job = claim(&setup, "before the crash").await;
    setup.meta.end_all_leases().await.unwrap();
    let again = claim(&setup, "after the crash").await;
    assert_eq!((again.job.id, again.job.attempts), (job.job.id, 2));
    assert!(setup.meta.release_job(&job.lease).await.is_err(), "the old lease holds no more");
}

/// A tenant with a thousand jobs and another with one: the one waits for no more than those that run already.
pub async fn thousand_jobs_do_not_starve_one(setup: MetaSetup) {
    let (small, other) = (TenantId::generate(), TenantId::generate());
    for (tenant, name) in [(small, "small"), (other, "other")] {
        setup.meta.ensure_tenant(tenant, name).await.unwrap();
    }
    let mut creates = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let meta = setup.meta.clone();
        creates.spawn(async move {
            meta.create_upload(with_job(NewJob { priority: 9, ..NewJob::default() })).await.unwrap();
        });
    }
    creates.join_all().await;
    let mut running = vec![claim(&setup, "w").await, claim(&setup, "w").await];
    setup.clock.advance(Duration::from_secs(1));
    for tenant in [small, other] {
        create(&setup, NewUpload { tenant, ..queued("late") }).await;
    }
    for expected in [small, other, TENANT] {
        running.push(claim(&setup, "w").await);
        assert_eq!(running.last().unwrap().job.tenant, expected);
    }
}

/// The dead letter is sent once more, with all its attempts; once.
pub async fn given_up_job_is_tried_again(setup: MetaSetup) {
    let id = create(&setup, with_job(NewJob { max_attempts: 1, ..NewJob::default() })).await.upload.id;
    let job = claim(&setup, "w").await;
    let retry = async || setup.meta.retry_job(job.job.id, &Origin::operator()).await;
    assert!(matches!(retry().await, Err(StoreError::Conflict(_))), "it still runs");
    assert_eq!(setup.meta.fail_job(&job.lease, &failure()).await.unwrap(), JobFate::Dead);
    let dead = setup.meta.list_jobs(Some(JobState::Dead), 10).await.unwrap();
    assert_eq!(dead.iter().map(|job| job.upload).collect::<Vec<_>>(), [id]);
    assert_eq!(dead[0].error.as_deref(), Some("the disk said no"));
    let record = retry().await.unwrap();
    assert_eq!((record.upload.state, record.latest.number), (UploadState::Queued, 2));
    assert!(matches!(retry().await, Err(StoreError::Conflict(_))), "once is enough");
    assert_eq!(setup.meta.list_jobs(Some(JobState::Dead), 10).await.unwrap(), []);
    assert_lost(&setup, &job).await;
    let again = claim(&setup, "w").await;
    assert_eq!((again.job.upload, again.job.attempts, again.job.max_attempts), (id, 1, 1));
    setup.meta.finish_job(&again.lease, result(UploadState::Completed), &Origin::worker()).await.unwrap();
    assert_eq!(state(&setup, id).await, UploadState::Completed);
    let expected =
        ["upload.create queued", "upload.process failed", "upload.retry queued", "upload.process completed"];
    assert_eq!(actions(&setup, id).await, expected);
    let unknown = setup.meta.retry_job(crate::model::JobId::generate(), &Origin::operator()).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
}
