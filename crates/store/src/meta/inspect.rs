//! What a check of the store asks the database: rows as they are, broken ones too.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{job, removal, run, upload};
use super::{Meta, db_error, dialect, list, rows};
use crate::error::StoreError;
use crate::model::{JobId, JobState, Run, RunId, TenantId, Upload, UploadId};

/// An upload with the rows it points to, those that are missing left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// The upload.
    pub upload: Upload,
    /// Its newest run.
    pub latest: Option<Run>,
    /// The run whose files are served, when it names one.
    pub current: Option<Run>,
    /// Whether a job waits or is in work.
    pub has_job: bool,
}

/// Rows that contradict each other, whatever the objects say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contradiction {
    /// A job without its upload or run.
    JobOfNothing(JobId),
    /// A job that waits or is in work, though its upload is deleted, has ended, or has a newer run.
    JobForNobody(JobId),
    /// A run without its upload.
    RunOfNothing(RunId),
    /// A run that is served, and marked as replaced: it would be removed.
    ServedAndReplaced(RunId),
    /// A run that nobody is shown, and that is not marked as replaced: it would stay for ever.
    ReplacedAndKept(RunId),
}

impl Meta {
    /// Uploads of all tenants in the order of their ids, deleted ones left out, from behind `after` on.
    pub async fn inspect_uploads(
        &self,
        after: Option<UploadId>,
        limit: u64,
    ) -> Result<Vec<Inspected>, StoreError> {
        let mut query = upload::Entity::find()
            .filter(upload::Column::DeletedAt.is_null())
            .order_by_asc(upload::Column::Id)
            .limit(limit);
        if let Some(after) = after {
            query = query.filter(upload::Column::Id.gt(after.as_uuid()));
        }
        let look = async { inspect(self.reader(), query.all(self.reader()).await.map_err(db_error)?).await };
        self.read(look).await
    }

    /// The same for one upload; `None` when it is not there or deleted.
    pub async fn inspect_upload(&self, id: UploadId) -> Result<Option<Inspected>, StoreError> {
        let query = upload::Entity::find()
            .filter(upload::Column::Id.eq(id.as_uuid()))
            .filter(upload::Column::DeletedAt.is_null());
        let look = async { inspect(self.reader(), query.all(self.reader()).await.map_err(db_error)?).await };
        Ok(self.read(look).await?.pop())
    }

    /// All contradictions between rows, at most some thousand of each kind; with the upload they are about.
    pub async fn contradictions(&self) -> Result<Vec<(Contradiction, UploadId)>, StoreError> {
        let db = self.reader();
        let mut found = Vec::new();
        for (sql, kind) in dialect::CONTRADICTIONS {
            let statement = sea_orm::Statement::from_string(db.get_database_backend(), *sql);
            let rows = self.read(async { db.query_all_raw(statement).await.map_err(db_error) }).await?;
            for row in rows {
                let id: Uuid = row.try_get("", "id").map_err(db_error)?;
                let upload: Uuid = row.try_get("", "upload_id").map_err(db_error)?;
                found.push((kind(id), UploadId::from_uuid(upload)));
            }
        }
        Ok(found)
    }

    /// What the database says about its own file; empty when all is well. A server looks after its files itself.
    pub async fn database_faults(&self, deep: bool) -> Result<Vec<String>, StoreError> {
        self.read(async { dialect::database_faults(self.reader(), deep).await.map_err(db_error) }).await
    }

    /// Makes the database forget what its log still holds of rows that were overwritten.
    pub async fn write_out(&self) -> Result<(), StoreError> {
        self.read(async { dialect::write_out(&self.0.writer.db).await.map_err(db_error) }).await
    }

    /// Which of these uploads are deleted, with their objects still to be removed.
    pub async fn uploads_on_their_way_out(&self, ids: &[UploadId]) -> Result<HashSet<UploadId>, StoreError> {
        let find = upload::Entity::find()
            .select_only()
            .column(upload::Column::Id)
            .filter(upload::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
            .filter(upload::Column::DeletedAt.is_not_null())
            .filter(upload::Column::PurgedAt.is_null())
            .into_tuple()
            .all(self.reader());
        let found: Vec<Uuid> = self.read(async { find.await.map_err(db_error) }).await?;
        Ok(found.into_iter().map(UploadId::from_uuid).collect())
    }

    /// Which of these runs are replaced or to be removed, with their objects still there.
    pub async fn runs_on_their_way_out(&self, ids: &[RunId]) -> Result<HashSet<RunId>, StoreError> {
        let uuids = || ids.iter().map(|id| id.as_uuid());
        let find = run::Entity::find()
            .select_only()
            .column(run::Column::Id)
            .filter(run::Column::Id.is_in(uuids()))
            .filter(run::Column::ReplacedAt.is_not_null())
            .into_tuple()
            .all(self.reader());
        let replaced: Vec<Uuid> = self.read(async { find.await.map_err(db_error) }).await?;
        let find = removal::Entity::find()
            .select_only()
            .column(removal::Column::RunId)
            .filter(removal::Column::RunId.is_in(uuids()))
            .into_tuple()
            .all(self.reader());
        let removed: Vec<Uuid> = self.read(async { find.await.map_err(db_error) }).await?;
        Ok(replaced.into_iter().chain(removed).map(RunId::from_uuid).collect())
    }

    /// Uploads that were deleted before this time and whose objects may still be there.
    pub async fn deletes_begun_before(&self, time: i64) -> Result<Vec<(TenantId, UploadId)>, StoreError> {
        let find = upload::Entity::find()
            .select_only()
            .columns([upload::Column::TenantId, upload::Column::Id])
            .filter(upload::Column::DeletedAt.lte(time))
            .filter(upload::Column::PurgedAt.is_null())
            .order_by_asc(upload::Column::Id)
            .into_tuple()
            .all(self.reader());
        let found: Vec<(Uuid, Uuid)> = self.read(async { find.await.map_err(db_error) }).await?;
        let ids =
            found.into_iter().map(|(tenant, id)| (TenantId::from_uuid(tenant), UploadId::from_uuid(id)));
        Ok(ids.collect())
    }
}

pub(super) async fn inspect(
    db: &impl ConnectionTrait,
    found: Vec<upload::Model>,
) -> Result<Vec<Inspected>, StoreError> {
    let uploads = found.into_iter().map(rows::upload).collect::<Result<Vec<Upload>, _>>()?;
    let wanted = uploads.iter().flat_map(|upload| [Some(upload.latest_run), upload.current_run]).flatten();
    let runs: HashMap<RunId, Run> = list::load_runs(db, wanted.map(RunId::as_uuid).collect()).await?;
    let active = [JobState::Queued.as_str(), JobState::Running.as_str()];
    let busy: Vec<Uuid> = job::Entity::find()
        .select_only()
        .column(job::Column::UploadId)
        .filter(job::Column::UploadId.is_in(uploads.iter().map(|upload| upload.id.as_uuid())))
        .filter(job::Column::State.is_in(active))
        .into_tuple()
        .all(db)
        .await
        .map_err(db_error)?;
    let busy: HashSet<Uuid> = busy.into_iter().collect();
    let inspected = uploads.into_iter().map(|upload| Inspected {
        latest: runs.get(&upload.latest_run).cloned(),
        current: upload.current_run.and_then(|id| runs.get(&id).cloned()),
        has_job: busy.contains(&upload.id.as_uuid()),
        upload,
    });
    Ok(inspected.collect())
}
