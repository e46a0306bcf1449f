//! Group commit: uploads that arrive together share one transaction, and so one wait for the disk.
//!
//! A single task takes whatever is queued, writes it in one transaction and answers all of it. While it waits for
//! the disk the next group gathers, under load for some milliseconds. When a group fails, each of its members is
//! tried alone, so that one bad row cannot fail the others.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, SqlErr};
use tokio::sync::{Notify, mpsc, oneshot};

use super::create::{self, Now, Prepared};
use super::entity::{audit_event, idempotency_key, job, run, upload};
use super::fence::{self, Seen};
use super::keys::{self, Known};
use super::writer::Writer;
use super::{db_error, list, retention};
use crate::error::{Entity, StoreError};
use crate::group_pace::GroupPace;
use crate::model::{NewUpload, Taken, UploadId, UploadRecord};

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
    /// A new upload.
    New(Box<UploadRecord>),
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
        let mut pace = GroupPace::default();
        while requests.recv_many(&mut group, MAX_GROUP).await > 0 {
            gather(&mut requests, &mut group, pace.gather_for()).await;
            pace.begin(group.len());
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
        let mut rows = Rows::default();
        for new in uploads {
            let floor = floors.get(&new.tenant).copied();
            outcomes.push(outcome(new, &mut keys, time, floor, &mut rows)?);
        }
        let jobs = rows.jobs.len();
        rows.insert(transaction).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict(Entity::Upload(uploads[0].id)),
            _ => db_error(error),
        })?;
        let mut created = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            created.push(match outcome {
                Outcome::New(record) => Ok(Taken::New(*record)),
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

/// Waits so long for more members, if it waits at all.
async fn gather(requests: &mut mpsc::Receiver<Request>, group: &mut Vec<Request>, wait: Duration) {
    if wait.is_zero() {
        return;
    }
    tokio::time::sleep(wait).await;
    while group.len() < MAX_GROUP
        && let Ok(request) = requests.try_recv()
    {
        group.push(request);
    }
}

/// The rows of all uploads of a group, table by table.
#[derive(Default)]
struct Rows {
    uploads: Vec<upload::ActiveModel>,
    runs: Vec<run::ActiveModel>,
    jobs: Vec<job::ActiveModel>,
    keys: Vec<idempotency_key::ActiveModel>,
    audits: Vec<audit_event::ActiveModel>,
}

impl Rows {
    fn add(&mut self, rows: Prepared) -> UploadRecord {
        self.uploads.push(rows.upload_row);
        self.runs.push(rows.run_row);
        self.jobs.extend(rows.job_row);
        self.keys.extend(rows.key_row);
        self.audits.push(rows.audit_row);
        rows.record
    }

    /// One statement for each table, however many uploads there are.
    async fn insert(self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        if self.uploads.is_empty() {
            return Ok(());
        }
        upload::Entity::insert_many(self.uploads).exec_without_returning(db).await?;
        run::Entity::insert_many(self.runs).exec_without_returning(db).await?;
        if !self.jobs.is_empty() {
            job::Entity::insert_many(self.jobs).exec_without_returning(db).await?;
        }
        if !self.keys.is_empty() {
            idempotency_key::Entity::insert_many(self.keys).exec_without_returning(db).await?;
        }
        audit_event::Entity::insert_many(self.audits).exec_without_returning(db).await?;
        Ok(())
    }
}

/// Decides for one upload of a group; a key may also have been taken by an earlier member of the same group.
fn outcome(
    new: &NewUpload,
    known: &mut Known,
    time: Now,
    floor: Option<i64>,
    rows: &mut Rows,
) -> Result<Outcome, StoreError> {
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
    Ok(Outcome::New(Box::new(rows.add(create::prepare(new, time, floor)?))))
}
