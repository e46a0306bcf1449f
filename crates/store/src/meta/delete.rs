//! Deleting uploads in two steps: the rows say at once that nobody may see it, then the objects go.

use std::collections::HashSet;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::entity::{audit_event, job, removal, run, upload};
use super::{Meta, db_error, keys, list, rows, runs};
use crate::blob::ObjectPrefix;
use crate::error::StoreError;
use crate::model::{Deleted, JobState, Origin, RunId, TenantId, UploadId, UploadRecord, UploadState};

/// Ids asked for in one query, well under the limit on bound values.
pub(super) const IDS_PER_QUERY: usize = 500;

impl Meta {
    /// Deletes an upload that nothing holds: from the return on nobody sees it, its name is gone, its job is stopped, and a worker
    /// that still runs it can publish nothing. The caller then removes `Deleted::objects` and calls
    /// [`Meta::finish_delete`].
    pub async fn delete_upload(
        &self,
        tenant: TenantId,
        id: UploadId,
        origin: &Origin,
    ) -> Result<Deleted, StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let record = list::get(transaction, tenant, id).await?;
            let deleted = delete_rows(transaction, &record, now).await?;
            let audit = rows::audit_row(now, tenant, origin, "upload.delete", id, "deleted");
            audit_event::Entity::insert(audit).exec_without_returning(transaction).await.map_err(db_error)?;
            Ok(deleted)
        })
        .await
    }

    /// Deletes an upload as [`Meta::delete_upload`] does; and what its rows say of its content, be it in settings,
    /// summaries, failures or the names of its holds, is gone at once and not only with the objects.
    pub async fn erase_upload(
        &self,
        tenant: TenantId,
        id: UploadId,
        origin: &Origin,
    ) -> Result<Deleted, StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let record = list::get(transaction, tenant, id).await?;
            let deleted = delete_rows(transaction, &record, now).await?;
            erase_rows(transaction, id).await?;
            let audit = rows::audit_row(now, tenant, origin, "upload.erase", id, "erased");
            audit_event::Entity::insert(audit).exec_without_returning(transaction).await.map_err(db_error)?;
            Ok(deleted)
        })
        .await
    }

    /// The same for an upload that was deleted already and whose objects may still be there; none when they are gone, or when
    /// there never was one.
    pub async fn erase_deleted(
        &self,
        tenant: TenantId,
        id: UploadId,
        origin: &Origin,
    ) -> Result<Option<Deleted>, StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let unfinished = upload::Entity::find_by_id(id.as_uuid())
                .filter(upload::Column::TenantId.eq(tenant.as_uuid()))
                .filter(upload::Column::DeletedAt.is_not_null())
                .filter(upload::Column::PurgedAt.is_null())
                .one(transaction)
                .await
                .map_err(db_error)?;
            if unfinished.is_none() {
                return Ok(None);
            }
            erase_rows(transaction, id).await?;
            let audit = rows::audit_row(now, tenant, origin, "upload.erase", id, "erased");
            audit_event::Entity::insert(audit).exec_without_returning(transaction).await.map_err(db_error)?;
            let objects = ObjectPrefix::Upload { tenant, upload: id };
            Ok(Some(Deleted { upload: id, tenant, objects, stopped_job: None }))
        })
        .await
    }

    /// Says that the objects of a deleted upload are gone. Its runs and jobs go too; what stays is a row without
    /// name or checksum, for the counts. Calling it again changes nothing.
    pub async fn finish_delete(&self, deleted: &Deleted) -> Result<(), StoreError> {
        let id = deleted.upload.as_uuid();
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let marked = upload::Entity::update_many()
                .col_expr(upload::Column::PurgedAt, Expr::value(now))
                .filter(upload::Column::Id.eq(id))
                .filter(upload::Column::DeletedAt.is_not_null())
                .filter(upload::Column::PurgedAt.is_null())
                .exec(transaction)
                .await
                .map_err(db_error)?;
            if marked.rows_affected > 0 {
                removal::Entity::delete_many()
                    .filter(removal::Column::UploadId.eq(id))
                    .exec(transaction)
                    .await
                    .map_err(db_error)?;
                job::Entity::delete_many()
                    .filter(job::Column::UploadId.eq(id))
                    .exec(transaction)
                    .await
                    .map_err(db_error)?;
                run::Entity::delete_many()
                    .filter(run::Column::UploadId.eq(id))
                    .exec(transaction)
                    .await
                    .map_err(db_error)?;
            }
            Ok(())
        })
        .await
    }

    /// Deleted uploads whose objects may still be there, the oldest first, from behind the first `skip` on.
    pub async fn list_unfinished_deletes(&self, skip: u64, limit: u64) -> Result<Vec<Deleted>, StoreError> {
        let find = upload::Entity::find()
            .select_only()
            .column(upload::Column::Id)
            .column(upload::Column::TenantId)
            .filter(upload::Column::PurgedAt.is_null())
            .filter(upload::Column::DeletedAt.is_not_null())
            .order_by_asc(upload::Column::DeletedAt)
            .order_by_asc(upload::Column::Id)
            .offset(skip)
            .limit(limit)
            .into_tuple()
            .all(self.reader());
        let found: Vec<(Uuid, Uuid)> = self.read(async { find.await.map_err(db_error) }).await?;
        let deleted = found.into_iter().map(|(id, tenant)| {
            let (upload, tenant) = (UploadId::from_uuid(id), TenantId::from_uuid(tenant));
            Deleted { upload, tenant, objects: ObjectPrefix::Upload { tenant, upload }, stopped_job: None }
        });
        Ok(deleted.collect())
    }

    /// Whether a tenant had this upload and it was deleted. Its row stays for ever.
    pub async fn was_deleted(&self, tenant: TenantId, id: UploadId) -> Result<bool, StoreError> {
        let find = upload::Entity::find_by_id(id.as_uuid())
            .filter(upload::Column::TenantId.eq(tenant.as_uuid()))
            .filter(upload::Column::DeletedAt.is_not_null())
            .one(self.reader());
        self.read(async { find.await.map_err(db_error) }).await.map(|found| found.is_some())
    }

    /// Which of these uploads have rows, deleted ones not counted.
    pub async fn existing_uploads(&self, ids: &[UploadId]) -> Result<HashSet<UploadId>, StoreError> {
        let mut existing = HashSet::new();
        for ids in ids.chunks(IDS_PER_QUERY) {
            let find = upload::Entity::find()
                .select_only()
                .column(upload::Column::Id)
                .filter(upload::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
                .filter(upload::Column::DeletedAt.is_null())
                .into_tuple()
                .all(self.reader());
            let found: Vec<Uuid> = self.read(async { find.await.map_err(db_error) }).await?;
            existing.extend(found.into_iter().map(UploadId::from_uuid));
        }
        Ok(existing)
    }

    /// Which of these runs still matter: the current run of an upload that is not deleted, and its newest one unless
    /// that ended without a report.
    pub async fn live_runs(&self, ids: &[RunId]) -> Result<HashSet<RunId>, StoreError> {
        let mut live = HashSet::new();
        for ids in ids.chunks(IDS_PER_QUERY) {
            let find = run::Entity::find()
                .select_only()
                .columns([run::Column::Id, run::Column::UploadId, run::Column::State])
                .filter(run::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
                .into_tuple()
                .all(self.reader());
            let asked: Vec<(Uuid, Uuid, String)> = self.read(async { find.await.map_err(db_error) }).await?;
            let find = upload::Entity::find()
                .select_only()
                .columns([upload::Column::CurrentRun, upload::Column::LatestRun])
                .filter(upload::Column::Id.is_in(asked.iter().map(|(_, upload, _)| *upload)))
                .filter(upload::Column::DeletedAt.is_null())
                .into_tuple()
                .all(self.reader());
            let served: Vec<(Option<Uuid>, Uuid)> = self.read(async { find.await.map_err(db_error) }).await?;
            let current: HashSet<Uuid> = served.iter().filter_map(|(current, _)| *current).collect();
            let latest: HashSet<Uuid> = served.iter().map(|(_, latest)| *latest).collect();
            for (id, _, state) in asked {
                let state: UploadState = rows::word(&state)?;
                let may_have_files = !state.is_final() || state.has_report();
                if current.contains(&id) || (latest.contains(&id) && may_have_files) {
                    live.insert(RunId::from_uuid(id));
                }
            }
        }
        Ok(live)
    }
}

/// What the rows of an upload say of its content goes.
async fn erase_rows(db: &DatabaseTransaction, id: UploadId) -> Result<(), StoreError> {
    run::Entity::update_many()
        .col_expr(run::Column::Settings, Expr::value(Value::Null))
        .col_expr(run::Column::Summary, Expr::value(None::<Value>))
        .col_expr(run::Column::Error, Expr::value(None::<Value>))
        .filter(run::Column::UploadId.eq(id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    job::Entity::update_many()
        .col_expr(job::Column::Error, Expr::value(None::<String>))
        .filter(job::Column::UploadId.eq(id.as_uuid()))
        .exec(db)
        .await
        .map_err(db_error)?;
    Ok(())
}

/// Makes an upload invisible: its name and checksum are gone, its job is stopped, its keys are used up. `Held` when a matter
/// holds it.
pub(super) async fn delete_rows(
    db: &DatabaseTransaction,
    record: &UploadRecord,
    now: i64,
) -> Result<Deleted, StoreError> {
    let (id, tenant) = (record.upload.id, record.upload.tenant);
    if let Some(hold) = record.holds.first() {
        return Err(StoreError::Held { upload: id, hold: hold.name.clone() });
    }
    let stopped_job = runs::active_job(db, id).await?;
    if let Some(job) = &stopped_job {
        runs::end_job(db, job, JobState::Cancelled, now).await?;
    }
    let mut update = upload::Entity::update_many()
        .col_expr(upload::Column::DeletedAt, Expr::value(now))
        .col_expr(upload::Column::Name, Expr::value(""))
        .col_expr(upload::Column::Sha256, Expr::value(""))
        .col_expr(upload::Column::MediaType, Expr::value(None::<String>));
    if !record.upload.state.is_final() {
        update = update.col_expr(upload::Column::State, Expr::value("cancelled"));
    }
    update.filter(upload::Column::Id.eq(id.as_uuid())).exec(db).await.map_err(db_error)?;
    keys::retire(db, id).await?;
    Ok(Deleted { upload: id, tenant, objects: ObjectPrefix::Upload { tenant, upload: id }, stopped_job })
}
