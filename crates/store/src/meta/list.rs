//! Reading uploads: one, many, counts, audit events.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::entity::{audit_event, job, run, upload};
use super::rows::{self, unsigned};
use super::{Meta, db_error, dialect, holds};
use crate::error::{Entity, StoreError};
use crate::model::{
    AuditEvent, JobState, ListUploads, Page, Run, RunId, Stats, TenantId, Upload, UploadId, UploadRecord,
    UploadState,
};

/// Most items of one page, whatever is asked for.
const MAX_PAGE: u64 = 1_000;
/// A page ends behind settings of this size: whoever uploads chooses how long they are.
const PAGE_SETTINGS_BYTES: usize = 4 << 20;
/// Uploads whose runs are read together.
const LOADED_TOGETHER: usize = 16;

impl Meta {
    /// One upload with its runs. `NotFound` also for another tenant's upload and for a deleted one.
    pub async fn get_upload(&self, tenant: TenantId, id: UploadId) -> Result<UploadRecord, StoreError> {
        self.read(get(self.reader(), tenant, id)).await
    }

    /// A page of uploads, the one begun last first. Going from page to page gives none twice and leaves none out
    /// that was there from the start. A page is shorter than asked for when its uploads have long settings, or were deleted
    /// while it was read.
    pub async fn list_uploads(
        &self,
        tenant: TenantId,
        list: &ListUploads,
    ) -> Result<Page<UploadRecord>, StoreError> {
        let limit = list.limit.clamp(1, MAX_PAGE);
        let mut query = visible(tenant).order_by_desc(upload::Column::Id).limit(limit + 1);
        if let Some(before) = list.before {
            query = query.filter(upload::Column::Id.lt(before.as_uuid()));
        }
        if let Some(state) = list.state {
            query = query.filter(upload::Column::State.eq(state.as_str()));
        }
        self.read(async {
            let mut rows = query.all(self.reader()).await.map_err(db_error)?;
            let mut more = rows.len() as u64 > limit;
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let (mut items, mut last, mut settings_bytes) = (Vec::with_capacity(rows.len()), None, 0);
            let mut rows = rows.into_iter().peekable();
            while rows.peek().is_some() && settings_bytes < PAGE_SETTINGS_BYTES {
                let group: Vec<upload::Model> = rows.by_ref().take(LOADED_TOGETHER).collect();
                last = group.last().map(|row| UploadId::from_uuid(row.id)).or(last);
                let loaded = load(self.reader(), group).await?;
                settings_bytes += loaded.iter().map(|it| it.latest.settings.to_string().len()).sum::<usize>();
                items.extend(loaded);
            }
            more |= rows.peek().is_some();
            Ok(Page { items, next: last.filter(|_| more) })
        })
        .await
    }

    /// When the last change was made, in microseconds; none when there was none yet.
    pub async fn last_event_at(&self) -> Result<Option<i64>, StoreError> {
        let last = audit_event::Entity::find().order_by_desc(audit_event::Column::Seq).one(self.reader());
        let last = self.read(async { last.await.map_err(db_error) }).await?;
        Ok(last.map(|event| event.at))
    }

    /// All runs over an upload, the first one first.
    pub async fn list_runs(&self, tenant: TenantId, id: UploadId) -> Result<Vec<Run>, StoreError> {
        self.get_upload(tenant, id).await?;
        let find = run::Entity::find()
            .filter(run::Column::UploadId.eq(id.as_uuid()))
            .order_by_asc(run::Column::Number)
            .all(self.reader());
        let rows = self.read(async { find.await.map_err(db_error) }).await?;
        rows.into_iter().map(rows::run).collect()
    }

    /// Counts and times over all uploads the tenant ever sent.
    pub async fn stats(&self, tenant: TenantId) -> Result<Stats, StoreError> {
        let db = self.reader();
        let statement = dialect::stats(db, tenant.as_uuid());
        let count = StateCount::find_by_statement(statement).all(db);
        let counts = self.read(async { count.await.map_err(db_error) }).await?;
        let mut stats = Stats::default();
        let (mut timed, mut processing_us) = (0.0, 0.0);
        for count in counts {
            let uploads = unsigned(count.uploads)?;
            stats.total += uploads;
            let state: UploadState = count
                .state
                .parse()
                .map_err(|error: crate::model::StateError| StoreError::Internal(error.into()))?;
            *match state {
                UploadState::Queued => &mut stats.queued,
                UploadState::Processing => &mut stats.processing,
                UploadState::Completed => &mut stats.completed,
                UploadState::Refused => &mut stats.refused,
                UploadState::Failed => &mut stats.failed,
                UploadState::Cancelled => &mut stats.cancelled,
            } += uploads;
            timed += count.timed as f64;
            processing_us += count.timed as f64 * count.average_us;
            stats.last_activity = stats.last_activity.max(count.created_at).max(count.finished_at);
        }
        stats.average_processing_ms = (timed > 0.0).then(|| processing_us / timed / 1_000.0);
        Ok(stats)
    }

    /// Audit events of a tenant with a number above `after_seq`, in order.
    pub async fn list_audit_events(
        &self,
        tenant: TenantId,
        after_seq: i64,
        limit: u64,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let find = audit_event::Entity::find()
            .filter(audit_event::Column::TenantId.eq(tenant.as_uuid()))
            .filter(audit_event::Column::Seq.gt(after_seq))
            .order_by_asc(audit_event::Column::Seq)
            .limit(limit.clamp(1, MAX_PAGE))
            .all(self.reader());
        let rows = self.read(async { find.await.map_err(db_error) }).await?;
        Ok(rows.into_iter().map(rows::audit_event).collect())
    }
}

#[derive(Debug, FromQueryResult)]
struct StateCount {
    state: String,
    uploads: i64,
    timed: i64,
    average_us: f64,
    created_at: Option<i64>,
    finished_at: Option<i64>,
}

fn visible(tenant: TenantId) -> Select<upload::Entity> {
    upload::Entity::find()
        .filter(upload::Column::TenantId.eq(tenant.as_uuid()))
        .filter(upload::Column::DeletedAt.is_null())
}

/// One upload of a tenant, inside a transaction or outside.
pub(super) async fn get(
    db: &impl ConnectionTrait,
    tenant: TenantId,
    id: UploadId,
) -> Result<UploadRecord, StoreError> {
    let query = visible(tenant).filter(upload::Column::Id.eq(id.as_uuid()));
    let rows = query.all(db).await.map_err(db_error)?;
    load(db, rows).await?.pop().ok_or(StoreError::NotFound(Entity::Upload(id)))
}

/// One upload of any tenant, unless it is deleted.
pub(super) async fn find_any(
    db: &impl ConnectionTrait,
    id: UploadId,
) -> Result<Option<UploadRecord>, StoreError> {
    let query = upload::Entity::find()
        .filter(upload::Column::Id.eq(id.as_uuid()))
        .filter(upload::Column::DeletedAt.is_null());
    let rows = query.all(db).await.map_err(db_error)?;
    Ok(load(db, rows).await?.pop())
}

/// Uploads with their newest and current runs, in three queries however many there are. Those that were deleted since their
/// row was read are left out: their runs go with them.
async fn load(db: &impl ConnectionTrait, rows: Vec<upload::Model>) -> Result<Vec<UploadRecord>, StoreError> {
    let uploads = rows.into_iter().map(rows::upload).collect::<Result<Vec<Upload>, _>>()?;
    let ids: Vec<UploadId> = uploads.iter().map(|upload| upload.id).collect();
    let mut holds = holds::of_uploads(db, &ids).await?;
    let wanted = uploads.iter().flat_map(|upload| [Some(upload.latest_run), upload.current_run]).flatten();
    let mut runs = load_runs(db, wanted.map(RunId::as_uuid).collect()).await?;
    load_progress(db, &mut runs).await?;
    let without_run = uploads.iter().filter(|upload| !runs.contains_key(&upload.latest_run));
    must_be_deleted(db, without_run.map(|upload| upload.id.as_uuid()).collect()).await?;
    let mut records = Vec::with_capacity(uploads.len());
    for upload in uploads {
        let previous = match upload.current_run {
            Some(id) if id != upload.latest_run => runs.remove(&id),
            _ => None,
        };
        let Some(latest) = runs.remove(&upload.latest_run) else { continue };
        let holds = holds.remove(&upload.id).unwrap_or_default();
        records.push(UploadRecord { upload, latest, previous, holds });
    }
    Ok(records)
}

/// An upload has a run as long as it is not deleted.
async fn must_be_deleted(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let living = upload::Entity::find()
        .filter(upload::Column::Id.is_in(ids))
        .filter(upload::Column::DeletedAt.is_null())
        .one(db)
        .await
        .map_err(db_error)?;
    let no_run = |row: upload::Model| Err(StoreError::impossible(format!("upload {} has no run", row.id)));
    living.map_or(Ok(()), no_run)
}

pub(super) async fn load_runs(
    db: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashMap<RunId, Run>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = run::Entity::find().filter(run::Column::Id.is_in(ids)).all(db).await.map_err(db_error)?;
    rows.into_iter().map(|row| rows::run(row).map(|run| (run.id, run))).collect()
}

/// While a run is in work its progress stands in its job, where the worker writes under its lease.
async fn load_progress(db: &impl ConnectionTrait, runs: &mut HashMap<RunId, Run>) -> Result<(), StoreError> {
    let in_work: Vec<Uuid> = runs
        .values()
        .filter(|run| run.state == UploadState::Processing)
        .map(|run| run.id.as_uuid())
        .collect();
    if in_work.is_empty() {
        return Ok(());
    }
    let jobs = job::Entity::find()
        .filter(job::Column::RunId.is_in(in_work))
        .filter(job::Column::State.eq(JobState::Running.as_str()))
        .all(db)
        .await
        .map_err(db_error)?;
    for row in jobs {
        let job = rows::job(row)?;
        if let Some(run) = runs.get_mut(&job.run) {
            run.progress = job.progress;
        }
    }
    Ok(())
}
