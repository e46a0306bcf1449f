//! Rows to values and back. A row that cannot be read is an internal error, never a guess.

use sea_orm::{NotSet, Set};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::entity::{audit_event, job, run, upload};
use crate::error::StoreError;
use crate::model::{
    AuditEvent, Job, JobId, Lease, Origin, Progress, Run, RunId, StateError, TenantId, Upload, UploadId,
    UploadState,
};

/// Sizes and counts of the database are never negative.
pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|error| StoreError::Internal(error.into()))
}

/// The database counts in `i64`.
pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|error| StoreError::Internal(error.into()))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Internal(error.into()))
}

fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Internal(error.into()))
}

pub(super) fn word<T: std::str::FromStr<Err = StateError>>(word: &str) -> Result<T, StoreError> {
    word.parse().map_err(|error: StateError| StoreError::Internal(error.into()))
}

fn small(number: i32) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|error| StoreError::Internal(error.into()))
}

pub(super) fn upload(row: upload::Model) -> Result<Upload, StoreError> {
    Ok(Upload {
        id: UploadId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        name: row.name,
        size_bytes: unsigned(row.size_bytes)?,
        sha256: row.sha256,
        media_type: row.media_type,
        state: word(&row.state)?,
        created_at: row.created_at,
        finished_at: row.finished_at,
        current_run: row.current_run.map(RunId::from_uuid),
        latest_run: RunId::from_uuid(row.latest_run),
        original_removed_at: row.original_removed_at,
        results_removed_at: row.results_removed_at,
        lost_at: row.lost_at,
    })
}

pub(super) fn run(row: run::Model) -> Result<Run, StoreError> {
    Ok(Run {
        id: RunId::from_uuid(row.id),
        upload: UploadId::from_uuid(row.upload_id),
        tenant: TenantId::from_uuid(row.tenant_id),
        number: small(row.number)?,
        settings: row.settings,
        state: word(&row.state)?,
        started_at: row.started_at,
        finished_at: row.finished_at,
        summary: row.summary,
        error: row.error.map(from_json).transpose()?,
        files: from_json(row.files)?,
        progress: from_json(row.progress)?,
    })
}

/// The row of a run that nobody has worked on.
pub(super) fn new_run(
    upload: &Upload,
    id: RunId,
    number: u32,
    settings: &Value,
) -> Result<(Run, run::ActiveModel), StoreError> {
    let run = Run {
        id,
        upload: upload.id,
        tenant: upload.tenant,
        number,
        settings: settings.clone(),
        state: UploadState::Queued,
        started_at: None,
        finished_at: None,
        summary: None,
        error: None,
        files: Vec::new(),
        progress: Progress::queued(upload.size_bytes),
    };
    let row = run_row(&run)?;
    Ok((run, row))
}

pub(super) fn run_row(run: &Run) -> Result<run::ActiveModel, StoreError> {
    Ok(run::ActiveModel {
        id: Set(run.id.as_uuid()),
        tenant_id: Set(run.tenant.as_uuid()),
        upload_id: Set(run.upload.as_uuid()),
        number: Set(i32::try_from(run.number).map_err(|error| StoreError::Internal(error.into()))?),
        settings: Set(run.settings.clone()),
        state: Set(run.state.as_str().to_owned()),
        started_at: Set(run.started_at),
        finished_at: Set(run.finished_at),
        summary: Set(run.summary.clone()),
        error: Set(run.error.as_ref().map(to_json).transpose()?),
        files: Set(to_json(&run.files)?),
        progress: Set(to_json(&run.progress)?),
        replaced_at: NotSet,
    })
}

pub(super) fn job(row: job::Model) -> Result<Job, StoreError> {
    Ok(Job {
        id: JobId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        kind: word(&row.kind)?,
        upload: UploadId::from_uuid(row.upload_id),
        run: RunId::from_uuid(row.run_id),
        state: word(&row.state)?,
        priority: row.priority,
        run_at: row.run_at,
        attempts: small(row.attempts)?,
        max_attempts: small(row.max_attempts)?,
        lease_until: row.lease_until,
        lease_token: row.lease_token,
        worker: row.worker,
        heartbeat_at: row.heartbeat_at,
        progress: from_json(row.progress)?,
        cancel_requested: row.cancel_requested,
        error: row.error,
    })
}

/// The lease a row of a claimed job stands for.
pub(super) fn lease(job: &Job) -> Result<Lease, StoreError> {
    let until = job.lease_until.ok_or_else(|| StoreError::impossible("a claimed job has no lease"))?;
    Ok(Lease { job: job.id, token: job.lease_token, until })
}

pub(super) fn audit_event(row: audit_event::Model) -> AuditEvent {
    AuditEvent {
        seq: row.seq,
        tenant: TenantId::from_uuid(row.tenant_id),
        at: row.at,
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        result: row.result,
        request_id: row.request_id,
    }
}

/// The audit event of a change to an upload.
pub(super) fn audit_row(
    now: i64,
    tenant: TenantId,
    origin: &Origin,
    action: &str,
    upload: UploadId,
    result: &str,
) -> audit_event::ActiveModel {
    audit_event::ActiveModel {
        seq: NotSet,
        tenant_id: Set(tenant.as_uuid()),
        at: Set(now),
        actor: Set(origin.actor.clone()),
        action: Set(action.to_owned()),
        subject: Set(upload.to_string()),
        result: Set(result.to_owned()),
        request_id: Set(origin.request_id.clone()),
    }
}
