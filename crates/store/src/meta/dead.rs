//! Jobs for the people who run the service: which there are, and trying again those that were given up.

use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{job, upload};
use super::{Meta, db_error, list, rows, runs};
use crate::error::{Entity, StoreError};
use crate::model::{Job, JobId, JobState, NewJob, NewRun, Origin, RunId, UploadRecord};

impl Meta {
    /// Jobs of all tenants, the newest first; of one state when one is asked for. A job that was given up is left out once
    /// its upload has had a further run, is deleted, or has no original any more: nothing is to be done about it.
    pub async fn list_jobs(&self, state: Option<JobState>, limit: u64) -> Result<Vec<Job>, StoreError> {
        let mut find = job::Entity::find().order_by_desc(job::Column::Id).limit(limit);
        if let Some(state) = state {
            find = find.filter(job::Column::State.eq(state.as_str()));
        }
        if state == Some(JobState::Dead) {
            let newest = Query::select()
                .column(upload::Column::LatestRun)
                .from(upload::Entity)
                .and_where(upload::Column::DeletedAt.is_null())
                .and_where(upload::Column::OriginalRemovedAt.is_null())
                .and_where(upload::Column::LostAt.is_null())
                .to_owned();
            find = find.filter(job::Column::RunId.in_subquery(newest));
        }
        let found = self.read(async { find.all(self.reader()).await.map_err(db_error) }).await?;
        found.into_iter().map(rows::job).collect()
    }

    /// Tries a job again that was given up: a further run of its upload with the same settings and all attempts.
    /// `Conflict` with the job when it was not given up, or its upload has had a further run since; `Conflict` with the upload
    /// when there is no original any more to run over; `NotFound` when there is no such job, or its upload was deleted.
    pub async fn retry_job(&self, id: JobId, origin: &Origin) -> Result<UploadRecord, StoreError> {
        let run = RunId::generate();
        let queued = self
            .write(|transaction, now| async move {
                let transaction = &*transaction;
                let found = job::Entity::find_by_id(id.as_uuid()).one(transaction).await.map_err(db_error)?;
                let job = found.map(rows::job).transpose()?.ok_or(StoreError::NotFound(Entity::Job(id)))?;
                let before = match list::get(transaction, job.tenant, job.upload).await {
                    Err(StoreError::NotFound(_)) => return Err(StoreError::NotFound(Entity::Job(id))),
                    before => before?,
                };
                if job.state != JobState::Dead || before.latest.id != job.run {
                    return Err(StoreError::Conflict(Entity::Job(id)));
                }
                if !before.upload.has_original() {
                    return Err(StoreError::Conflict(Entity::Upload(job.upload)));
                }
                let new = NewRun {
                    id: run,
                    settings: before.latest.settings.clone(),
                    job: NewJob { kind: job.kind, priority: job.priority, max_attempts: job.max_attempts },
                    key: None,
                    origin: origin.clone(),
                };
                runs::queue(transaction, &before, &new, "upload.retry", now).await?;
                list::get(transaction, job.tenant, job.upload).await
            })
            .await?;
        self.job_added().notify_one();
        Ok(queued)
    }
}
