//! Further runs over an upload, and stopping them.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};

use super::entity::{audit_event, job, run, upload};
use super::{Meta, create, db_error, finish, keys, list, rows};
use crate::error::{Entity, StoreError};
use crate::model::{
    IdempotencyKey, Job, JobState, NewRun, Origin, RunResult, Taken, TenantId, UploadId, UploadRecord,
    UploadState,
};

impl Meta {
    /// Queues a further run with other settings. What the current run published stays readable until the new run
    /// ends with a report. `Conflict` while a run is waiting or in work, or when the original is removed or lost. A second call with the same idempotency key
    /// changes nothing, or is `KeyReused` when it is another request.
    pub async fn start_run(&self, tenant: TenantId, id: UploadId, new: NewRun) -> Result<Taken, StoreError> {
        let new = &new;
        let done = self
            .write(|transaction, now| async move {
                let transaction = &*transaction;
                if let Some(record) = keys::find(transaction, tenant, new.key.as_ref()).await? {
                    return Ok(Taken::Repeated(record));
                }
                let before = list::get(transaction, tenant, id).await?;
                if !before.upload.state.is_final() || !before.upload.has_original() {
                    return Err(StoreError::Conflict(Entity::Upload(id)));
                }
                queue(transaction, &before, new, "upload.reprocess", now).await?;
                keys::remember(transaction, tenant, new.key.as_ref(), id, now).await?;
                let record = list::get(transaction, tenant, id).await?;
                Ok(Taken::New(record))
            })
            .await?;
        self.job_added().notify_one();
        Ok(done)
    }

    /// Asks for the run to be stopped. A waiting one is cancelled at once; a worker learns of it when it renews.
    /// `Conflict` when nothing is waiting or in work. The key is used as by [`Meta::start_run`].
    pub async fn request_cancel(
        &self,
        tenant: TenantId,
        id: UploadId,
        key: Option<&IdempotencyKey>,
        origin: &Origin,
    ) -> Result<Taken, StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            if let Some(record) = keys::find(transaction, tenant, key).await? {
                return Ok(Taken::Repeated(record));
            }
            list::get(transaction, tenant, id).await?;
            let Some(job) = active_job(transaction, id).await? else {
                return Err(StoreError::Conflict(Entity::Upload(id)));
            };
            let result = if job.state == JobState::Queued {
                end_job(transaction, &job, JobState::Cancelled, now).await?;
                finish::end_run(transaction, &job, cancelled(&job), now).await?;
                "cancelled"
            } else {
                job::Entity::update_many()
                    .col_expr(job::Column::CancelRequested, Expr::value(true))
                    .filter(job::Column::Id.eq(job.id.as_uuid()))
                    .exec(transaction)
                    .await
                    .map_err(db_error)?;
                "requested"
            };
            let audit = rows::audit_row(now, tenant, origin, "upload.cancel", id, result);
            audit_event::Entity::insert(audit).exec_without_returning(transaction).await.map_err(db_error)?;
            keys::remember(transaction, tenant, key, id, now).await?;
            let record = list::get(transaction, tenant, id).await?;
            Ok(Taken::New(record))
        })
        .await
    }
}

/// Writes a further run, its job and the audit event of this action.
pub(super) async fn queue(
    db: &impl ConnectionTrait,
    before: &UploadRecord,
    new: &NewRun,
    action: &str,
    now: i64,
) -> Result<(), StoreError> {
    let number = before.latest.number + 1;
    let (run, run_row) = rows::new_run(&before.upload, new.id, number, &new.settings)?;
    let job_row = create::new_job(&run, &new.job, now)?;
    let audit =
        rows::audit_row(now, before.upload.tenant, &new.origin, action, before.upload.id, run.state.as_str());
    run::Entity::insert(run_row).exec_without_returning(db).await.map_err(db_error)?;
    job::Entity::insert(job_row).exec_without_returning(db).await.map_err(db_error)?;
    audit_event::Entity::insert(audit).exec_without_returning(db).await.map_err(db_error)?;
    upload::Entity::update_many()
        .col_expr(upload::Column::State, Expr::value(UploadState::Queued.as_str()))
        .col_expr(upload::Column::LatestRun, Expr::value(new.id.as_uuid()))
        .col_expr(upload::Column::FinishedAt, Expr::value(None::<i64>))
        .filter(upload::Column::Id.eq(before.upload.id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

/// The result of a run that was stopped.
pub(super) fn cancelled(job: &Job) -> RunResult {
    RunResult {
        state: UploadState::Cancelled,
        summary: None,
        error: None,
        files: Vec::new(),
        progress: job.progress.clone(),
    }
}

/// The job of an upload that waits or is in work; there is at most one.
pub(super) async fn active_job(db: &impl ConnectionTrait, id: UploadId) -> Result<Option<Job>, StoreError> {
    let active = [JobState::Queued.as_str(), JobState::Running.as_str()];
    let row = job::Entity::find()
        .filter(job::Column::UploadId.eq(id.as_uuid()))
        .filter(job::Column::State.is_in(active))
        .one(db)
        .await
        .map_err(db_error)?;
    row.map(rows::job).transpose()
}

/// Ends a job without its worker. The lease number grows, so that a worker that still runs is refused.
pub(super) async fn end_job(
    db: &impl ConnectionTrait,
    job: &Job,
    state: JobState,
    now: i64,
) -> Result<(), StoreError> {
    job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(state.as_str()))
        .col_expr(job::Column::LeaseToken, Expr::col(job::Column::LeaseToken).add(1))
        .col_expr(job::Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(job::Column::FinishedAt, Expr::value(now))
        .filter(job::Column::Id.eq(job.id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}
