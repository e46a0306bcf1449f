//! Ending a job: result, run, upload and audit event together, under the lease that did the work.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::entity::{audit_event, job, run, upload};
use super::rows::to_json;
use super::{Meta, db_error, jobs, list, replaced, rows, runs};
use crate::clock::micros;
use crate::error::{Entity, StoreError};
use crate::model::{Failure, Job, JobFate, JobState, Lease, Origin, RunResult, UploadRecord, UploadState};

/// Wait before the second attempt; each further one waits four times as long.
const FIRST_BACKOFF: Duration = Duration::from_secs(2);
/// Longest wait between attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(300);

impl Meta {
    /// Publishes the result of a job whose files are durable: job, run, upload (`current_run` moves if there is a
    /// report) and audit event in one transaction, if the lease is still the newest; otherwise `LeaseLost` and
    /// nothing has changed. `Conflict` when the state of the result is not a final one.
    pub async fn finish_job(
        &self,
        lease: &Lease,
        result: RunResult,
        origin: &Origin,
    ) -> Result<UploadRecord, StoreError> {
        if !result.state.is_final() {
            return Err(StoreError::Conflict(Entity::Job(lease.job)));
        }
        let result = &result;
        self.write_locking(|transaction, now| async move {
            let transaction = &*transaction;
            let job = jobs::get_job(transaction, lease).await?;
            let state = match result.state {
                UploadState::Cancelled => JobState::Cancelled,
                UploadState::Failed => JobState::Dead,
                _ => JobState::Done,
            };
            let upload_state = result.state;
            close_job(transaction, lease, state, result, now).await?;
            end_run(transaction, &job, result.clone(), now).await?;
            audit_end(transaction, &job, origin, upload_state, now).await?;
            let record = list::get(transaction, job.tenant, job.upload).await?;
            Ok(record)
        })
        .await
    }

    /// Reports that an attempt failed by no fault of the upload. The job waits longer and longer and is tried
    /// again, or is given up after its last attempt: then its run and upload are failed with this failure.
    pub async fn fail_job(&self, lease: &Lease, failure: &Failure) -> Result<JobFate, StoreError> {
        self.write_locking(|transaction, now| async move {
            let transaction = &*transaction;
            let job = jobs::get_job(transaction, lease).await?;
            let fate = if job.cancel_requested {
                cancel(transaction, &job, now).await?;
                JobFate::Cancelled
            } else if job.attempts >= job.max_attempts {
                jobs::bury(transaction, &job, failure.clone(), now).await?;
                JobFate::Dead
            } else {
                let run_at = now.saturating_add(micros(backoff(job.attempts)));
                let attempts = i32::try_from(job.attempts).unwrap_or(i32::MAX);
                jobs::requeue(transaction, lease, run_at, attempts, Some(&failure.detail)).await?;
                jobs::set_state(transaction, &job, UploadState::Queued, None).await?;
                JobFate::Retried { run_at }
            };
            Ok(fate)
        })
        .await
    }
}

/// Ends a job that somebody wanted to be stopped.
pub(super) async fn cancel(db: &impl ConnectionTrait, job: &Job, now: i64) -> Result<(), StoreError> {
    runs::end_job(db, job, JobState::Cancelled, now).await?;
    end_run(db, job, runs::cancelled(job), now).await?;
    audit_end(db, job, &Origin::worker(), UploadState::Cancelled, now).await
}

/// The wait after this many attempts.
fn backoff(attempts: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(4_u32.saturating_pow(attempts.saturating_sub(1))).min(MAX_BACKOFF)
}

async fn close_job(
    db: &impl ConnectionTrait,
    lease: &Lease,
    state: JobState,
    result: &RunResult,
    now: i64,
) -> Result<(), StoreError> {
    let updated = jobs::held(lease)
        .col_expr(job::Column::State, Expr::value(state.as_str()))
        .col_expr(job::Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(job::Column::Progress, Expr::value(to_json(&result.progress)?))
        .col_expr(job::Column::Error, Expr::value(result.error.as_ref().map(|error| error.detail.clone())))
        .col_expr(job::Column::FinishedAt, Expr::value(now))
        .exec(db)
        .await
        .map_err(db_error)?;
    if updated.rows_affected == 0 { Err(StoreError::LeaseLost(lease.job)) } else { Ok(()) }
}

/// Writes how a run ended into the run and its upload.
pub(super) async fn end_run(
    db: &impl ConnectionTrait,
    job: &Job,
    result: RunResult,
    now: i64,
) -> Result<(), StoreError> {
    let find = run::Entity::find_by_id(job.run.as_uuid()).lock_exclusive();
    let row = find.one(db).await.map_err(db_error)?;
    let mut run = rows::run(row.ok_or(StoreError::NotFound(Entity::Run(job.run)))?)?;
    let has_report = result.state.has_report();
    run.state = result.state;
    run.finished_at = Some(now);
    run.summary = result.summary;
    run.error = result.error;
    run.files = result.files;
    run.progress = result.progress;
    run::Entity::update(rows::run_row(&run)?).exec(db).await.map_err(db_error)?;

    let processing_us = run.started_at.map(|started_at| (now - started_at).max(0));
    let mut update = upload::Entity::update_many()
        .col_expr(upload::Column::State, Expr::value(run.state.as_str()))
        .col_expr(upload::Column::FinishedAt, Expr::value(now))
        .col_expr(upload::Column::ProcessingUs, Expr::value(processing_us));
    if has_report {
        update = update
            .col_expr(upload::Column::CurrentRun, Expr::value(job.run.as_uuid()))
            // There are results again, whose time will be over too.
            .col_expr(upload::Column::ResultsRemovedAt, Expr::value(None::<i64>));
    }
    update.filter(upload::Column::Id.eq(job.upload.as_uuid())).exec(db).await.map_err(db_error)?;
    replaced::mark(db, job, now).await
}

/// The audit event of the end of a run.
pub(super) async fn audit_end(
    db: &impl ConnectionTrait,
    job: &Job,
    origin: &Origin,
    state: UploadState,
    now: i64,
) -> Result<(), StoreError> {
    let audit = rows::audit_row(now, job.tenant, origin, "upload.process", job.upload, state.as_str());
    audit_event::Entity::insert(audit).exec_without_returning(db).await.map_err(db_error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<_> = (1..=6).map(|attempts| backoff(attempts).as_secs()).collect();
        assert_eq!(waits, [2, 8, 32, 128, 300, 300]);
        assert_eq!(backoff(u32::MAX), MAX_BACKOFF);
    }
}
