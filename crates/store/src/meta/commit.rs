//! Group commit: uploads that arrive together share one transaction, and so one wait for the disk.
//!
//! A single task takes whatever is queued, writes it in one transaction and answers all of it. While it waits for
//! the disk the next group gathers; nobody waits for a timer. When a group fails, each of its members is tried
//! alone, so that one bad row cannot fail the others.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, SqlErr};
use tokio::sync::{Notify, mpsc, oneshot};

use super::create::{self, Now, Prepared};
use super::entity::{audit_event, idempotency_key, job, run, upload};
use super::fence::{self, Seen};
use super::keys::{self, Known};
use super::writer::Writer;
use super::{db_error, list, retention};
use crate::error::{Entity, StoreError};
use crate::model::{NewUpload, Taken, UploadId};

/// Most uploads of one transaction: enough to make the disk's wait cheap, little enough to stay under the
/// database's limit on bound values (17 per row of the widest table).
const MAX_GROUP: usize = 128;
/// Requests that may wait; beyond this, callers wait for room.
const MAX_WAITING: usize = 1_024;

/// The way to the committing task. The task ends when the last handle is gone.
#[derive(Debug)]
pub(super) struct Queue(mpsc::Sender<Request>);

struct Request {
    new: NewUpload,
    answer: oneshot::Sender<Result<Taken, StoreError>>,
}

impl Queue {
    pub(super) fn start(writer: Writer, job_added: Arc<Notify>, seen: Arc<Seen>) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        tokio::spawn(Committer { writer, job_added, seen }.run(receiver));
        Self(sender)
    }

    /// False when the task is gone and no upload can be created any more.
    pub(super) fn is_alive(&self) -> bool {
        !self.0.is_closed()
    }

    /// Queues one upload and waits until it is durable. Once queued it is written even if the caller goes away.
    pub(super) async fn create(&self, new: NewUpload) -> Result<Taken, StoreError> {
        let (answer, answered) = oneshot::channel();
        let gone = || StoreError::Unavailable("the committing task has ended".into());
        self.0.send(Request { new, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

struct Committer {
    writer: Writer,
    job_added: Arc<Notify>,
    seen: Arc<Seen>,
}

/// What a request became inside the transaction.
enum Outcome {
    /// A new row, at this place of the group.
    New(Box<Prepared>),
    /// The same request was sent before.
    Repeated(UploadId),
    /// Another request was sent before under the same key.
    KeyReused,
    /// Its objects were stored too long ago.
    TooLate(StoreError),
}

impl Committer {
    async fn run(self, mut requests: mpsc::Receiver<Request>) {
        let mut group = Vec::with_capacity(MAX_GROUP);
        while requests.recv_many(&mut group, MAX_GROUP).await > 0 {
            let uploads: Vec<&NewUpload> = group.iter().map(|request| &request.new).collect();
            match self.commit(&uploads).await {
                Ok(created) => {
                    for (request, created) in group.drain(..).zip(created) {
                        // A caller that went away has its upload all the same.
                        let _ = request.answer.send(created);
                    }
                }
                Err(error) => {
                    for request in group.drain(..) {
                        let answer = self.alone(&request.new, &error).await;
                        let _ = request.answer.send(answer);
                    }
                }
            }
        }
    }

    /// What a member of a failed group gets. When the database is away or full it is so for all; otherwise one of
    /// them may be to blame, or another process has taken a key between our look and our write, so each is tried
    /// once more by itself.
    async fn alone(&self, new: &NewUpload, failure: &StoreError) -> Result<Taken, StoreError> {
        match failure {
            StoreError::Full { used_bytes, max_bytes } => {
                Err(StoreError::Full { used_bytes: *used_bytes, max_bytes: *max_bytes })
            }
            StoreError::FullInDoubt(cause) => Err(StoreError::FullInDoubt(cause.to_string().into())),
            StoreError::Unavailable(cause) => Err(StoreError::Unavailable(cause.to_string().into())),
            _ => self.commit(&[new]).await?.remove(0),
        }
    }

    /// Writes all uploads or none, but for those whose keys were sent before, and answers in the same order.
    async fn commit(&self, uploads: &[&NewUpload]) -> Result<Vec<Result<Taken, StoreError>>, StoreError> {
        let write = |transaction: Arc<DatabaseTransaction>, database| async move {
            let time = Now { database, here: self.writer.clock.now_us() };
            self.seen.note(database);
            self.write(&transaction, uploads, time).await
        };
        let (created, jobs) = self.writer.write(write).await?;
        for _ in 0..jobs {
            self.job_added.notify_one();
        }
        Ok(created)
    }

    /// Gives also the number of jobs that were made.
    async fn write(
        &self,
        transaction: &DatabaseTransaction,
        uploads: &[&NewUpload],
        time: Now,
    ) -> Result<(Vec<Result<Taken, StoreError>>, usize), StoreError> {
        let mut keys = keys::known(transaction, uploads).await?;
        let floors = retention::known_times(transaction, uploads.iter().map(|new| new.tenant)).await?;
        let mut outcomes = Vec::with_capacity(uploads.len());
        for new in uploads {
            let floor = floors.get(&new.tenant).copied();
            outcomes.push(outcome(new, &mut keys, time, floor)?);
        }
        let rows: Vec<&Prepared> = outcomes.iter().filter_map(Outcome::new_rows).collect();
        insert(transaction, &rows).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict(Entity::Upload(uploads[0].id)),
            _ => db_error(error),
        })?;
        let jobs = rows.iter().filter(|rows| rows.job_row.is_some()).count();
        let mut created = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            created.push(match outcome {
                Outcome::New(rows) => Ok(Taken::New(rows.record)),
                Outcome::Repeated(id) => {
                    let record = list::find_any(transaction, id).await?;
                    Ok(Taken::Repeated(record.ok_or(StoreError::NotFound(Entity::Upload(id)))?))
                }
                Outcome::KeyReused => Err(StoreError::KeyReused),
                Outcome::TooLate(error) => Err(error),
            });
        }
        Ok((created, jobs))
    }
}

impl Outcome {
    fn new_rows(&self) -> Option<&Prepared> {
        match self {
            Self::New(rows) => Some(rows),
            Self::Repeated(_) | Self::KeyReused | Self::TooLate(_) => None,
        }
    }
}

/// One statement for each table, however many uploads there are.
async fn insert(db: &impl ConnectionTrait, rows: &[&Prepared]) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let uploads = rows.iter().map(|rows| rows.upload_row.clone());
    upload::Entity::insert_many(uploads).exec_without_returning(db).await?;
    let runs = rows.iter().map(|rows| rows.run_row.clone());
    run::Entity::insert_many(runs).exec_without_returning(db).await?;
    let jobs: Vec<_> = rows.iter().filter_map(|rows| rows.job_row.clone()).collect();
    if !jobs.is_empty() {
        job::Entity::insert_many(jobs).exec_without_returning(db).await?;
    }
    let keys: Vec<_> = rows.iter().filter_map(|rows| rows.key_row.clone()).collect();
    if !keys.is_empty() {
        idempotency_key::Entity::insert_many(keys).exec_without_returning(db).await?;
    }
    let audits = rows.iter().map(|rows| rows.audit_row.clone());
    audit_event::Entity::insert_many(audits).exec_without_returning(db).await?;
    Ok(())
}

/// Decides for one upload of a group; a key may also have been taken by an earlier member of the same group.
fn outcome(new: &NewUpload, known: &mut Known, time: Now, floor: Option<i64>) -> Result<Outcome, StoreError> {
    if let Some(key) = &new.key {
        match keys::same_request(known, new.tenant, key) {
            Ok(Some(existing)) => return Ok(Outcome::Repeated(existing)),
            Ok(None) => {}
            Err(_) => return Ok(Outcome::KeyReused),
        }
    }
    if let Err(error) = fence::check(new, time.database) {
        return Ok(Outcome::TooLate(error));
    }
    if let Some(key) = &new.key {
        known.insert((new.tenant, key.key.clone()), (key.fingerprint.clone(), new.id));
    }
    create::prepare(new, time, floor).map(|rows| Outcome::New(Box::new(rows)))
}
