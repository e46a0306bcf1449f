//! Creating uploads: upload, first run, job and audit event, all in one transaction.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, NotSet, Set};

use super::entity::{audit_event, idempotency_key, job, run, tenant, upload};
use super::rows::{self, signed, to_json};
use super::{Meta, db_error, keys};
use crate::error::StoreError;
use crate::model::{
    FirstRun, JobId, JobState, NewJob, NewUpload, Run, Taken, TenantId, Upload, UploadRecord, UploadState,
};

/// The rows of one new upload, and what the caller is told.
pub(super) struct Prepared {
    pub(super) record: UploadRecord,
    pub(super) upload_row: upload::ActiveModel,
    pub(super) run_row: run::ActiveModel,
    pub(super) job_row: Option<job::ActiveModel>,
    pub(super) audit_row: audit_event::ActiveModel,
    pub(super) key_row: Option<idempotency_key::ActiveModel>,
}

impl Meta {
    /// Makes a tenant known; one that is known stays as it is.
    pub async fn ensure_tenant(&self, id: TenantId, name: &str) -> Result<(), StoreError> {
        self.write(|transaction, now| async move {
            let transaction = &*transaction;
            let row = tenant::ActiveModel {
                id: Set(id.as_uuid()),
                name: Set(name.to_owned()),
                created_at: Set(now),
            };
            tenant::Entity::insert(row)
                .on_conflict(OnConflict::column(tenant::Column::Id).do_nothing().to_owned())
                .exec_without_returning(transaction)
                .await
                .map_err(db_error)?;
            Ok(())
        })
        .await
    }

    /// Records an upload whose original is durable already: upload, first run, job and audit event in one
    /// transaction, shared with other uploads that come at the same moment.
    ///
    /// A second call with the same idempotency key changes nothing and gives the first upload, or `KeyReused` when it
    /// is another request. `Conflict` when the id is in use. `Unavailable` also when its objects were stored so long ago
    /// that they may have been taken for leftovers.
    pub async fn create_upload(&self, new: NewUpload) -> Result<Taken, StoreError> {
        self.0.creates.create(new).await
    }
}

/// The time of the database, and that of this process at the same moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) database: i64,
    pub(super) here: i64,
}

impl Now {
    /// When something began for the database that began at this time here, but never after now.
    fn began(self, here: i64) -> i64 {
        self.database.saturating_sub(self.here.saturating_sub(here).max(0))
    }
}

/// Makes all rows of an upload; nothing is written yet. It is not dated before `floor`, the known time of its policy: a clock
/// that is behind would make it old.
pub(super) fn prepare(new: &NewUpload, time: Now, floor: Option<i64>) -> Result<Prepared, StoreError> {
    let now = time.database;
    let mut upload = Upload {
        id: new.id,
        tenant: new.tenant,
        name: new.name.clone(),
        size_bytes: new.size_bytes,
        sha256: new.sha256.clone(),
        media_type: new.media_type.clone(),
        state: UploadState::Queued,
        created_at: now,
        finished_at: None,
        current_run: None,
        latest_run: new.run,
        original_removed_at: None,
        results_removed_at: None,
        lost_at: None,
    };
    let (mut run, mut run_row) = rows::new_run(&upload, new.run, 1, &new.settings)?;
    let mut job_row = None;
    match &new.first {
        FirstRun::Queued(job) => job_row = Some(new_job(&run, job, now)?),
        FirstRun::Finished { started_at, result } => {
            let started_at = time.began(*started_at);
            upload.created_at = started_at;
            upload.state = result.state;
            upload.finished_at = Some(now);
            upload.current_run = result.state.has_report().then_some(new.run);
            run.state = result.state;
            run.started_at = Some(started_at);
            run.finished_at = Some(now);
            run.summary = result.summary.clone();
            run.error = result.error.clone();
            run.files = result.files.clone();
            run.progress = result.progress.clone();
            run_row = rows::run_row(&run)?;
        }
    }
    upload.created_at = upload.created_at.max(floor.unwrap_or(i64::MIN));
    let audit_row =
        rows::audit_row(now, new.tenant, &new.origin, "upload.create", new.id, upload.state.as_str());
    let upload_row = upload_row(&upload, &run)?;
    Ok(Prepared {
        record: UploadRecord { upload, latest: run, previous: None, holds: Vec::new() },
        upload_row,
        run_row,
        job_row,
        audit_row,
        key_row: new.key.as_ref().map(|key| keys::row(new.tenant, key, new.id, now)),
    })
}

fn upload_row(upload: &Upload, run: &Run) -> Result<upload::ActiveModel, StoreError> {
    let processing_us = run.finished_at.zip(run.started_at).map(|(end, start)| (end - start).max(0));
    Ok(upload::ActiveModel {
        id: Set(upload.id.as_uuid()),
        tenant_id: Set(upload.tenant.as_uuid()),
        name: Set(upload.name.clone()),
        size_bytes: Set(signed(upload.size_bytes)?),
        sha256: Set(upload.sha256.clone()),
        media_type: Set(upload.media_type.clone()),
        state: Set(upload.state.as_str().to_owned()),
        created_at: Set(upload.created_at),
        finished_at: Set(upload.finished_at),
        processing_us: Set(processing_us),
        current_run: Set(upload.current_run.map(crate::model::RunId::as_uuid)),
        latest_run: Set(upload.latest_run.as_uuid()),
        deleted_at: NotSet,
        purged_at: NotSet,
        original_removed_at: NotSet,
        results_removed_at: NotSet,
        lost_at: NotSet,
    })
}

/// The row of a job for a run that waits.
pub(super) fn new_job(run: &Run, job: &NewJob, now: i64) -> Result<job::ActiveModel, StoreError> {
    let max_attempts = i32::try_from(job.max_attempts.max(1)).unwrap_or(i32::MAX);
    Ok(job::ActiveModel {
        id: Set(JobId::generate().as_uuid()),
        tenant_id: Set(run.tenant.as_uuid()),
        kind: Set(job.kind.as_str().to_owned()),
        upload_id: Set(run.upload.as_uuid()),
        run_id: Set(run.id.as_uuid()),
        state: Set(JobState::Queued.as_str().to_owned()),
        priority: Set(job.priority),
        created_at: Set(now),
        run_at: Set(now),
        attempts: Set(0),
        max_attempts: Set(max_attempts),
        lease_until: Set(None),
        lease_token: Set(0),
        worker: Set(None),
        heartbeat_at: Set(None),
        progress: Set(to_json(&run.progress)?),
        cancel_requested: Set(false),
        error: Set(None),
        finished_at: Set(None),
    })
}
