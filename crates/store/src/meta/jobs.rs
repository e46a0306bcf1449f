//! The queue: claim, renew, release, and what happens when a lease ends.
//!
//! A claim gives the job a new, larger lease number. Every later write of the worker names its number and takes
//! effect only while the job is running under just that number; the number, not the clock, decides, so a clock
//! that jumps can delay a job but never let two results in. On a server that many processes write to, the row of the job
//! is also their lock: whoever decides something about a job locks it first.
//!
//! Attempts are counted when a job is claimed: a job that kills its worker is given up after `max_attempts` like any other.

use std::time::Duration;

use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, UpdateMany,
};
use tokio::time::Instant;

use super::entity::{job, run, upload};
use super::rows::to_json;
use super::{Meta, db_error, dialect, finish, rows, runs};
use crate::clock::micros;
use crate::error::StoreError;
use crate::model::{
    ClaimedJob, Failure, Job, JobFate, JobState, Lease, Origin, Progress, Renewed, RunResult, UploadState,
};

/// Wait before a job is tried again whose objects are away; each further one is twice as long.
const FIRST_POSTPONED: Duration = Duration::from_secs(2);
/// Longest wait for objects that are away: so much later than they a job may come back.
const MAX_POSTPONED: Duration = Duration::from_secs(60);
/// Most ended leases dealt with in one claim.
const MAX_EXPIRED: u64 = 100;

impl Meta {
    /// Takes the next job for `lease_for`, or `None` when nothing is waiting. Jobs whose lease has ended are
    /// waiting again; those that were to be cancelled, or have no attempt left, are ended instead. A lease that has ended while
    /// the database was away gets the time of one more to be renewed.
    pub async fn claim_job(
        &self,
        worker: &str,
        lease_for: Duration,
    ) -> Result<Option<ClaimedJob>, StoreError> {
        let begun = Instant::now();
        let claimed = self.claim(worker, lease_for).await;
        self.outages().note(begun, &claimed);
        claimed
    }

    async fn claim(&self, worker: &str, lease_for: Duration) -> Result<Option<ClaimedJob>, StoreError> {
        // Looking first keeps idle workers away from the write lock.
        if !self.read(self.is_work_waiting()).await? {
            return Ok(None);
        }
        let spared = self.outages().spared(lease_for);
        self.write_locking(|transaction, now| async move {
            let transaction = &*transaction;
            expire_leases(transaction, now, now.saturating_sub(micros(spared))).await?;
            let claim = dialect::claim(transaction, worker, now, now.saturating_add(micros(lease_for)));
            let claimed = transaction.query_one_raw(claim).await.map_err(db_error)?;
            let claimed = match claimed {
                None => None,
                Some(row) => {
                    let job = rows::job(job::Model::from_query_result(&row, "").map_err(db_error)?)?;
                    set_state(transaction, &job, UploadState::Processing, Some(now)).await?;
                    Some(ClaimedJob { lease: rows::lease(&job)?, job })
                }
            };
            Ok(claimed)
        })
        .await
    }

    async fn is_work_waiting(&self) -> Result<bool, StoreError> {
        let db = self.reader();
        let now = dialect::now(db, self.clock()).await.map_err(db_error)?;
        Ok(db.query_one_raw(dialect::work_exists(db, now)).await.map_err(db_error)?.is_some())
    }

    /// A sign of life: the lease now ends `lease_for` from now, and the progress is shown to readers. `LeaseLost`
    /// when someone else has the job, or it was deleted: stop and throw the work away.
    pub async fn renew(
        &self,
        lease: &Lease,
        lease_for: Duration,
        progress: &Progress,
    ) -> Result<Renewed, StoreError> {
        let begun = Instant::now();
        let renewed = self.extend(lease, lease_for, progress).await;
        self.outages().note(begun, &renewed);
        renewed
    }

    async fn extend(
        &self,
        lease: &Lease,
        lease_for: Duration,
        progress: &Progress,
    ) -> Result<Renewed, StoreError> {
        self.write_locking(|transaction, now| async move {
            let transaction = &*transaction;
            let until = now.saturating_add(micros(lease_for));
            let updated = held(lease)
                .col_expr(job::Column::LeaseUntil, Expr::value(until))
                .col_expr(job::Column::HeartbeatAt, Expr::value(now))
                .col_expr(job::Column::Progress, Expr::value(to_json(progress)?))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            if updated.rows_affected == 0 {
                return Err(StoreError::LeaseLost(lease.job));
            }
            let job = get_job(transaction, lease).await?;
            Ok(Renewed { lease: Lease { until, ..lease.clone() }, cancel_requested: job.cancel_requested })
        })
        .await
    }

    /// Ends all leases, for a process that knows that no worker is alive: it has just started, and nobody else may use
    /// the database. Their jobs are waiting again with the next claim; the lost attempts count.
    pub async fn end_all_leases(&self) -> Result<(), StoreError> {
        self.write_locking(|transaction, now| async move {
            let transaction = &*transaction;
            job::Entity::update_many()
                .col_expr(job::Column::LeaseUntil, Expr::value(now))
                .filter(job::Column::State.eq(JobState::Running.as_str()))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            Ok(())
        })
        .await
    }

    /// Hands a job back, for a worker that shuts down: it is waiting again at once and the attempt is not counted.
    pub async fn release_job(&self, lease: &Lease) -> Result<(), StoreError> {
        self.write_locking(|transaction, now| async move {
            let transaction = &*transaction;
            let job = get_job(transaction, lease).await?;
            requeue(transaction, lease, now, i32::try_from(job.attempts).unwrap_or(1) - 1, None).await?;
            set_state(transaction, &job, UploadState::Queued, None).await?;
            Ok(())
        })
        .await?;
        self.job_added().notify_one();
        Ok(())
    }

    /// Hands a job back whose objects are away, by no fault of its own: the attempt is not counted, however long that
    /// lasts, and the job waits longer and longer, so that nobody does nothing else than try.
    pub async fn postpone_job(&self, lease: &Lease, why: &str) -> Result<JobFate, StoreError> {
        self.write_locking(|transaction, now| async move {
            let transaction = &*transaction;
            let job = get_job(transaction, lease).await?;
            if job.cancel_requested {
                finish::cancel(transaction, &job, now).await?;
                return Ok(JobFate::Cancelled);
            }
            let attempts = i32::try_from(job.attempts).unwrap_or(1) - 1;
            // Each claim has its number, also one that is not counted.
            let run_at =
                now.saturating_add(micros(postponed(job.lease_token.saturating_sub(attempts.into()))));
            requeue(transaction, lease, run_at, attempts, Some(why)).await?;
            set_state(transaction, &job, UploadState::Queued, None).await?;
            Ok(JobFate::Retried { run_at })
        })
        .await
    }
}

/// The wait of a job that was claimed so often without an attempt that counts.
fn postponed(uncounted: i64) -> Duration {
    let doublings = u32::try_from(uncounted.saturating_sub(1)).unwrap_or(0);
    FIRST_POSTPONED.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_POSTPONED)
}

/// An update of the job that takes effect only under this lease.
pub(super) fn held(lease: &Lease) -> UpdateMany<job::Entity> {
    job::Entity::update_many()
        .filter(job::Column::Id.eq(lease.job.as_uuid()))
        .filter(job::Column::LeaseToken.eq(lease.token))
        .filter(job::Column::State.eq(JobState::Running.as_str()))
}

/// The job, locked until the transaction ends, if the lease is still the newest one.
pub(super) async fn get_job(db: &impl ConnectionTrait, lease: &Lease) -> Result<Job, StoreError> {
    let row = job::Entity::find()
        .filter(job::Column::Id.eq(lease.job.as_uuid()))
        .filter(job::Column::LeaseToken.eq(lease.token))
        .filter(job::Column::State.eq(JobState::Running.as_str()))
        .lock_exclusive()
        .one(db)
        .await
        .map_err(db_error)?;
    row.map(rows::job).transpose()?.ok_or(StoreError::LeaseLost(lease.job))
}

/// Puts a running job back into the queue.
pub(super) async fn requeue(
    db: &impl ConnectionTrait,
    lease: &Lease,
    run_at: i64,
    attempts: i32,
    error: Option<&str>,
) -> Result<(), StoreError> {
    let updated = held(lease)
        .col_expr(job::Column::State, Expr::value(JobState::Queued.as_str()))
        .col_expr(job::Column::RunAt, Expr::value(run_at))
        .col_expr(job::Column::Attempts, Expr::value(attempts))
        .col_expr(job::Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(job::Column::Error, Expr::value(error.map(str::to_owned)))
        .exec(db)
        .await
        .map_err(db_error)?;
    if updated.rows_affected == 0 { Err(StoreError::LeaseLost(lease.job)) } else { Ok(()) }
}

/// Shows readers where the run of a job stands while it has not ended.
pub(super) async fn set_state(
    db: &impl ConnectionTrait,
    job: &Job,
    state: UploadState,
    started_at: Option<i64>,
) -> Result<(), StoreError> {
    run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(state.as_str()))
        .col_expr(run::Column::StartedAt, Expr::value(started_at))
        .filter(run::Column::Id.eq(job.run.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    upload::Entity::update_many()
        .col_expr(upload::Column::State, Expr::value(state.as_str()))
        .filter(upload::Column::Id.eq(job.upload.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

/// Makes all running jobs wait again, for rows that come from a backup: their workers are not of this store. The attempts
/// that were under way do not count.
pub(super) async fn requeue_all(db: &impl ConnectionTrait, now: i64) -> Result<(), StoreError> {
    let running = job::Entity::find()
        .filter(job::Column::State.eq(JobState::Running.as_str()))
        .all(db)
        .await
        .map_err(db_error)?;
    for row in running {
        let job = rows::job(row)?;
        let attempts = i32::try_from(job.attempts).unwrap_or(1) - 1;
        requeue(db, &rows::lease(&job)?, now, attempts, None).await?;
        set_state(db, &job, UploadState::Queued, None).await?;
    }
    Ok(())
}

/// Deals with jobs whose workers have not been heard of: whose leases have ended by a time.
async fn expire_leases(db: &impl ConnectionTrait, now: i64, ended_by: i64) -> Result<(), StoreError> {
    let expired = job::Entity::find()
        .filter(job::Column::State.eq(JobState::Running.as_str()))
        .filter(job::Column::LeaseUntil.lte(ended_by))
        .limit(MAX_EXPIRED)
        // What another process is just dealing with, or a worker is just renewing, is none of ours.
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(db)
        .await
        .map_err(db_error)?;
    for row in expired {
        let job = rows::job(row)?;
        tracing::warn!(job = %job.id, worker = job.worker, attempts = job.attempts, "lease has ended without a result");
        if job.cancel_requested {
            finish::cancel(db, &job, now).await?;
        } else if job.attempts >= job.max_attempts {
            bury(db, &job, Failure::workers_lost(job.attempts), now).await?;
        } else {
            let attempts = i32::try_from(job.attempts).unwrap_or(i32::MAX);
            requeue(db, &rows::lease(&job)?, now, attempts, Some("the worker was lost")).await?;
            set_state(db, &job, UploadState::Queued, None).await?;
        }
    }
    Ok(())
}

/// Gives a job up: the job is dead, its run and upload have failed.
pub(super) async fn bury(
    db: &impl ConnectionTrait,
    job: &Job,
    failure: Failure,
    now: i64,
) -> Result<(), StoreError> {
    runs::end_job(db, job, JobState::Dead, now).await?;
    // For whoever looks through the jobs that were given up.
    job::Entity::update_many()
        .col_expr(job::Column::Error, Expr::value(failure.detail.as_str()))
        .filter(job::Column::Id.eq(job.id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    let result = RunResult {
        state: UploadState::Failed,
        summary: None,
        error: Some(failure),
        files: Vec::new(),
        progress: job.progress.clone(),
    };
    finish::end_run(db, job, result, now).await?;
    finish::audit_end(db, job, &Origin::worker(), UploadState::Failed, now).await
}
