//! What a check of the store may put right in the rows: each in one transaction, with its audit event. Nothing is
//! invented: what cannot be had again is said to be lost.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::entity::{audit_event, job, run, upload};
use super::inspect::Contradiction;
use super::rows::to_json;
use super::{Meta, create, db_error, finish, rows, runs};
use crate::blob::RunFile;
use crate::error::{Entity, StoreError};
use crate::model::{
    Failure, JobState, NewJob, Origin, Progress, Run, RunId, RunResult, TenantId, Upload, UploadId,
    UploadState,
};

/// The action of the audit events of this file.
const ACTION: &str = "upload.repair";

impl Meta {
    /// Says that the original of an upload is not what was sent any more: it has failed, its job is stopped, its runs and
    /// files stay. Calling it again changes nothing.
    pub async fn mark_lost(&self, id: UploadId, why: &str, origin: &Origin) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let upload = find(transaction, id).await?;
            if upload.lost_at.is_some() {
                return Ok(());
            }
            let failure = Failure { code: "original-lost".to_owned(), detail: why.to_owned() };
            if let Some(job) = runs::active_job(transaction, id).await? {
                runs::end_job(transaction, &job, JobState::Dead, now).await?;
                let result = RunResult {
                    state: UploadState::Failed,
                    summary: None,
                    error: Some(failure.clone()),
                    files: Vec::new(),
                    progress: job.progress.clone(),
                };
                finish::end_run(transaction, &job, result, now).await?;
            }
            run::Entity::update_many()
                .col_expr(run::Column::State, Expr::value(UploadState::Failed.as_str()))
                .col_expr(run::Column::Error, Expr::value(to_json(&failure)?))
                .filter(run::Column::Id.eq(upload.latest_run.as_uuid()))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            upload::Entity::update_many()
                .col_expr(upload::Column::State, Expr::value(UploadState::Failed.as_str()))
                .col_expr(upload::Column::LostAt, Expr::value(now))
                .filter(upload::Column::Id.eq(id.as_uuid()))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            audit(transaction, upload.tenant, id, "original-lost", origin, now).await
        })
        .await
    }

    /// Takes files out of the list of a run that cannot be made again.
    pub async fn forget_files(
        &self,
        run: RunId,
        lost: &[RunFile],
        origin: &Origin,
    ) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let row = run::Entity::find_by_id(run.as_uuid()).one(transaction).await.map_err(db_error)?;
            let mut run = rows::run(row.ok_or(StoreError::NotFound(Entity::Run(run)))?)?;
            run.files.retain(|stored| !lost.contains(&stored.file));
            run::Entity::update_many()
                .col_expr(run::Column::Files, Expr::value(to_json(&run.files)?))
                .filter(run::Column::Id.eq(run.id.as_uuid()))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            audit(transaction, run.tenant, run.upload, "files-lost", origin, now).await
        })
        .await
    }

    /// Gives an upload that waits, and that no job is about, a job again.
    pub async fn requeue(&self, id: UploadId, new: &NewJob, origin: &Origin) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let upload = find(transaction, id).await?;
            if upload.state.is_final() || runs::active_job(transaction, id).await?.is_some() {
                return Err(StoreError::Conflict(Entity::Upload(id)));
            }
            let row = run::Entity::find_by_id(upload.latest_run.as_uuid());
            let row = row.one(transaction).await.map_err(db_error)?;
            let run = rows::run(row.ok_or(StoreError::NotFound(Entity::Run(upload.latest_run)))?)?;
            queue(transaction, &upload, &run, new, now).await?;
            audit(transaction, upload.tenant, id, "requeued", origin, now).await
        })
        .await?;
        self.job_added().notify_one();
        Ok(())
    }

    /// Points an upload to runs that exist: what is shown is a run that has ended with a report, the newest run is the one
    /// with the largest number; neither is to be removed as replaced any more. Without any run it gets a first one, with the
    /// settings of a file that nobody has said anything about, and waits.
    pub async fn find_runs_again(
        &self,
        id: UploadId,
        new: &NewJob,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let upload = find(transaction, id).await?;
            let found = run::Entity::find()
                .filter(run::Column::UploadId.eq(id.as_uuid()))
                .order_by_desc(run::Column::Number)
                .all(transaction)
                .await
                .map_err(db_error)?;
            let known = found.into_iter().map(rows::run).collect::<Result<Vec<Run>, _>>()?;
            let latest = match known.first() {
                Some(run) => run.clone(),
                None => {
                    let settings = serde_json::Value::Object(serde_json::Map::new());
                    let (run, row) = rows::new_run(&upload, RunId::generate(), 1, &settings)?;
                    run::Entity::insert(row).exec_without_returning(transaction).await.map_err(db_error)?;
                    run
                }
            };
            let shown = upload.current_run.filter(|id| known.iter().any(|run| run.id == *id));
            let shown = shown.or_else(|| known.iter().find(|run| run.state.has_report()).map(|run| run.id));
            upload::Entity::update_many()
                .col_expr(upload::Column::LatestRun, Expr::value(latest.id.as_uuid()))
                .col_expr(upload::Column::CurrentRun, Expr::value(shown.map(RunId::as_uuid)))
                .col_expr(upload::Column::State, Expr::value(latest.state.as_str()))
                .filter(upload::Column::Id.eq(id.as_uuid()))
                .exec(transaction)
                .await
                .map_err(db_error)?;
            for run in [Some(latest.id), shown].into_iter().flatten() {
                set_replaced(transaction, run, None).await?;
            }
            let is_waiting = !latest.state.is_final();
            if is_waiting && runs::active_job(transaction, id).await?.is_none() {
                queue(transaction, &upload, &latest, new, now).await?;
            }
            audit(transaction, upload.tenant, id, "runs-found-again", origin, now).await
        })
        .await
    }

    /// Ends a contradiction between rows in favour of what is served.
    pub async fn settle(&self, found: Contradiction, origin: &Origin) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let db = &*transaction;
            let about = about(db, found).await?;
            match found {
                Contradiction::JobOfNothing(id) => {
                    let gone = job::Entity::delete_by_id(id.as_uuid());
                    gone.exec(db).await.map_err(db_error)?;
                }
                Contradiction::JobForNobody(id) => {
                    let row = job::Entity::find_by_id(id.as_uuid()).one(db).await.map_err(db_error)?;
                    if let Some(row) = row {
                        runs::end_job(db, &rows::job(row)?, JobState::Cancelled, now).await?;
                    }
                }
                Contradiction::RunOfNothing(id) => {
                    let of_run = job::Entity::delete_many().filter(job::Column::RunId.eq(id.as_uuid()));
                    of_run.exec(db).await.map_err(db_error)?;
                    run::Entity::delete_by_id(id.as_uuid()).exec(db).await.map_err(db_error)?;
                }
                Contradiction::ServedAndReplaced(id) => set_replaced(db, id, None).await?,
                Contradiction::ReplacedAndKept(id) => set_replaced(db, id, Some(now)).await?,
            }
            match about {
                Some((tenant, upload)) => audit(db, tenant, upload, "rows-settled", origin, now).await,
                None => Ok(()),
            }
        })
        .await
    }
}

/// The owner and the upload of the row at fault, none when it has gone meanwhile.
async fn about(
    db: &DatabaseTransaction,
    found: Contradiction,
) -> Result<Option<(TenantId, UploadId)>, StoreError> {
    let ids = match found {
        Contradiction::JobOfNothing(id) | Contradiction::JobForNobody(id) => {
            let row = job::Entity::find_by_id(id.as_uuid()).one(db).await.map_err(db_error)?;
            row.map(|row| (row.tenant_id, row.upload_id))
        }
        Contradiction::RunOfNothing(id)
        | Contradiction::ServedAndReplaced(id)
        | Contradiction::ReplacedAndKept(id) => {
            let row = run::Entity::find_by_id(id.as_uuid()).one(db).await.map_err(db_error)?;
            row.map(|row| (row.tenant_id, row.upload_id))
        }
    };
    Ok(ids.map(|(tenant, upload)| (TenantId::from_uuid(tenant), UploadId::from_uuid(upload))))
}

async fn set_replaced(db: &DatabaseTransaction, id: RunId, at: Option<i64>) -> Result<(), StoreError> {
    run::Entity::update_many()
        .col_expr(run::Column::ReplacedAt, Expr::value(at))
        .filter(run::Column::Id.eq(id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

async fn find(db: &impl ConnectionTrait, id: UploadId) -> Result<Upload, StoreError> {
    let row = upload::Entity::find_by_id(id.as_uuid())
        .filter(upload::Column::DeletedAt.is_null())
        .one(db)
        .await
        .map_err(db_error)?;
    row.map(rows::upload).transpose()?.ok_or(StoreError::NotFound(Entity::Upload(id)))
}

/// The run waits for a worker, from the start.
async fn queue(
    db: &impl ConnectionTrait,
    upload: &Upload,
    run: &Run,
    new: &NewJob,
    now: i64,
) -> Result<(), StoreError> {
    let fresh = Run { progress: Progress::queued(upload.size_bytes), ..run.clone() };
    let row = create::new_job(&fresh, new, now)?;
    job::Entity::insert(row).exec_without_returning(db).await.map_err(db_error)?;
    for_waiting(db, upload.id, run.id).await
}

async fn for_waiting(db: &impl ConnectionTrait, upload: UploadId, run: RunId) -> Result<(), StoreError> {
    let queued = UploadState::Queued.as_str();
    run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(queued))
        .filter(run::Column::Id.eq(run.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    upload::Entity::update_many()
        .col_expr(upload::Column::State, Expr::value(queued))
        .filter(upload::Column::Id.eq(upload.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

async fn audit(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    upload: UploadId,
    result: &str,
    origin: &Origin,
    now: i64,
) -> Result<(), StoreError> {
    let row = rows::audit_row(now, tenant, origin, ACTION, upload, result);
    audit_event::Entity::insert(row).exec_without_returning(db).await.map_err(db_error)?;
    Ok(())
}
