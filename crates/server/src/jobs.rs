//! The queue for the people who run the service: jobs that were given up, and trying them again. Works beside a running
//! service: the queue is made for several processes, whatever the database.

use csvp_store::{Entity, Job, JobId, JobState, Origin, StoreError};
use serde::Serialize;

use crate::config::Config;
use crate::serve::ServeError;
use crate::services::storage;

/// Most jobs of one look, and of one order to try again.
const MOST: u64 = 10_000;

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobLine {
    /// Its id, for `csvp jobs retry`.
    pub id: String,
    /// The upload it works on.
    pub upload: String,
    /// `queued`, `running`, `done`, `dead` or `cancelled`.
    pub state: String,
    /// Tries so far.
    pub attempts: u32,
    /// Tries before it is given up.
    pub max_attempts: u32,
    /// Who has it, or had it last.
    pub worker: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// What became of one order to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// It is queued.
    Queued,
    /// It was not given up, or its upload has had a further run since.
    NotDead,
    /// The original of its upload is removed or lost.
    NoOriginal,
    /// There is no such job, or its upload was deleted.
    Unknown,
}

/// The newest jobs, of one state when one is asked for.
///
/// # Errors
/// When the database cannot be used.
pub async fn list(config: &Config, state: Option<JobState>) -> Result<Vec<JobLine>, ServeError> {
    let meta = storage::open_migrated_meta(config).await?;
    let jobs =
        meta.list_jobs(state, MOST).await.map_err(|source| storage::database_failed(config, source))?;
    Ok(jobs.into_iter().map(line).collect())
}

/// Tries these jobs again; all that were given up when none is named. Gives what became of each.
///
/// # Errors
/// When the database cannot be used.
pub async fn retry(config: &Config, ids: &[JobId]) -> Result<Vec<(JobId, Retried)>, ServeError> {
    let failed = |source| storage::database_failed(config, source);
    let meta = storage::open_migrated_meta(config).await?;
    let mut wanted = ids.to_vec();
    if wanted.is_empty() {
        let dead = meta.list_jobs(Some(JobState::Dead), MOST).await.map_err(failed)?;
        wanted = dead.into_iter().map(|job| job.id).collect();
    }
    let mut done = Vec::with_capacity(wanted.len());
    for id in wanted {
        done.push((
            id,
            match meta.retry_job(id, &Origin::operator()).await {
                Ok(_) => Retried::Queued,
                Err(StoreError::Conflict(Entity::Upload(_))) => Retried::NoOriginal,
                Err(StoreError::Conflict(_)) => Retried::NotDead,
                Err(StoreError::NotFound(_)) => Retried::Unknown,
                Err(error) => return Err(failed(error)),
            },
        ));
    }
    Ok(done)
}

fn line(job: Job) -> JobLine {
    JobLine {
        id: job.id.to_string(),
        upload: job.upload.to_string(),
        state: job.state.to_string(),
        attempts: job.attempts,
        max_attempts: job.max_attempts,
        worker: job.worker,
        error: job.error,
    }
}
