//! The database: every change of state is one transaction, and its audit event is part of it.
//!
//! One concrete type for every database. What differs between databases (connection options, claim and lock SQL)
//! stands in `dialect`; the rest is written once, as if transactions came one after the other. On SQLite they do: one
//! connection writes and several read. On PostgreSQL the database sees to it, and says when two have crossed.

mod commit;
mod create;
mod dead;
mod delete;
mod dialect;
mod entity;
mod fence;
mod finish;
mod holds;
pub(crate) mod identity;
mod inspect;
mod jobs;
mod keys;
mod list;
mod mend;
mod outages;
mod replaced;
pub(crate) mod restored;
mod retention;
mod rows;
mod runs;
mod turns;
mod writer;

pub use fence::MAX_UNRECORDED;
pub use inspect::{Contradiction, Inspected};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::migrations::Migrator;
use writer::{Patience, Writer};

/// Where the database is.
#[derive(Debug, Clone)]
pub struct MetaOptions {
    pub(crate) database: Database,
    pub(crate) max_readers: u32,
    pub(crate) max_writers: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) longest_statement: Duration,
}

#[derive(Clone)]
pub(crate) enum Database {
    Sqlite { file: PathBuf, max_bytes: Option<u64> },
    Postgres { url: String },
}

/// The address of a server may hold a password, so it is not shown.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite { file, max_bytes } => {
                f.debug_struct("Sqlite").field("file", file).field("max_bytes", max_bytes).finish()
            }
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}

impl MetaOptions {
    /// A SQLite file, made when it is missing. Its directory must exist and be on a local disk.
    pub fn sqlite_file(path: impl Into<PathBuf>) -> Self {
        let database = Database::Sqlite { file: path.into(), max_bytes: None };
        // One connection writes, so its callers queue for it, and that may take a while.
        Self { acquire_timeout: Duration::from_secs(30), ..Self::new(database, 4, 1) }
    }

    /// A PostgreSQL server, version 15 or newer, as `postgres://user:password@host/database`. Many processes may use it
    /// at the same time.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::new(Database::Postgres { url: url.into() }, 8, 8)
    }

    fn new(database: Database, max_readers: u32, max_writers: u32) -> Self {
        let (acquire_timeout, statement_timeout) = (Duration::from_secs(5), Duration::from_secs(15));
        let longest_statement = Duration::from_secs(10 * 60);
        Self { database, max_readers, max_writers, acquire_timeout, statement_timeout, longest_statement }
    }

    /// Sets how many connections there may be in all; half of them write.
    #[must_use]
    pub fn with_max_connections(self, max_connections: u32) -> Self {
        let writers = max_connections / 2;
        self.with_max_writers(writers).with_max_readers(max_connections - writers)
    }

    /// Sets how long a caller waits for a connection before the store counts as unavailable.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Sets the longest statement of a server. A call that gets no answer for so long, because the network has swallowed
    /// it, counts as unavailable a moment later.
    #[must_use]
    pub fn with_statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// Sets the longest statement of a backup and a restore, which are about all rows: in place of the limit of
    /// [`MetaOptions::with_statement_timeout`], which is made for requests.
    #[must_use]
    pub fn with_longest_statement(mut self, longest: Duration) -> Self {
        self.longest_statement = longest;
        self
    }

    /// Sets how many connections may read at the same time.
    #[must_use]
    pub fn with_max_readers(mut self, max_readers: u32) -> Self {
        self.max_readers = max_readers.max(1);
        self
    }

    /// Sets how many connections may write at the same time; SQLite has one.
    #[must_use]
    pub fn with_max_writers(mut self, max_writers: u32) -> Self {
        self.max_writers = max_writers.max(1);
        self
    }

    /// Sets a ceiling for the file of a SQLite database; what would exceed it fails with `Full`.
    #[must_use]
    pub fn with_max_bytes(mut self, ceiling: u64) -> Self {
        if let Database::Sqlite { max_bytes, .. } = &mut self.database {
            *max_bytes = Some(ceiling);
        }
        self
    }
}

/// What the service knows, in a database. Clones are cheap and share the connections.
///
/// Promises: a method that changes something has made it durable when it returns `Ok`; it changes everything it
/// says or nothing; it is done once more only when the database says that nothing of it has happened. Dropping the
/// future of a call before it ends leaves either all or nothing of it.
#[derive(Debug, Clone)]
pub struct Meta(Arc<Inner>);

/// A database that one process has for itself, until this is dropped or the server ends the session.
#[derive(Debug)]
pub struct Sole(#[expect(dead_code, reason = "it is only held")] Option<dialect::Session>);

#[derive(Debug)]
struct Inner {
    writer: Writer,
    reader: DatabaseConnection,
    /// For work on all rows: of one statement.
    longest_statement: Duration,
    creates: commit::Queue,
    job_added: Arc<Notify>,
    outages: outages::Outages,
    seen: Arc<fence::Seen>,
}

impl Meta {
    /// Opens the database and its connections; it does not migrate. What a crashed process has left is durable when this
    /// returns. Needs a tokio runtime.
    pub async fn open(options: &MetaOptions, clock: Clock) -> Result<Self, StoreError> {
        let patience = Patience(dialect::patience(options));
        let db = patience.wait(async { dialect::connect_writers(options).await.map_err(db_error) }).await?;
        // After a crash, before anybody reads.
        patience.wait(dialect::settle(&db, options)).await?;
        let reader =
            patience.wait(async { dialect::connect_readers(options).await.map_err(db_error) }).await?;
        let writer = Writer { db, clock, patience, database: options.database.clone() };
        let job_added = Arc::new(Notify::new());
        let seen = Arc::default();
        let creates = commit::Queue::start(writer.clone(), Arc::clone(&job_added), Arc::clone(&seen));
        let longest_statement = options.longest_statement;
        let outages = outages::Outages::default();
        Ok(Self(Arc::new(Inner { writer, reader, longest_statement, creates, job_added, outages, seen })))
    }

    /// Brings the schema up to date and gives the names of the migrations it has run. All of them run in one
    /// transaction under the write lock; when one fails, none has happened.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        // The second of two processes must see what the first has done, not what was there when it began to wait: so no
        // serialisable transaction, whose view is fixed.
        let writer = &self.0.writer.db;
        let transaction =
            writer.begin_with_options(dialect::locking_transaction(writer)).await.map_err(db_error)?;
        dialect::lock_for_migration(&transaction).await.map_err(db_error)?;
        let pending = names(Migrator::get_pending_migrations(&transaction).await.map_err(db_error)?);
        Migrator::up(&transaction, None).await.map_err(db_error)?;
        transaction.commit().await.map_err(db_error)?;
        Ok(pending)
    }

    /// The names of the migrations that have not run yet; changes nothing. Fails when the database was made by a
    /// newer version of the program.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        let pending = Migrator::get_pending_migrations_read_only(&self.0.reader);
        Ok(names(self.read(async { pending.await.map_err(db_error) }).await?))
    }

    /// The same for a database that is not open, or not even there; it is not made.
    pub async fn pending_migrations_of(options: &MetaOptions) -> Result<Vec<String>, StoreError> {
        if let Database::Sqlite { file, .. } = &options.database
            && !file.try_exists().map_err(|error| StoreError::Unavailable(error.into()))?
        {
            return Ok(Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect());
        }
        let patience = Patience(dialect::patience(options));
        let pending = patience.wait(async {
            let reader =
                dialect::connect_readers(&options.clone().with_max_readers(1)).await.map_err(db_error)?;
            let pending = Migrator::get_pending_migrations_read_only(&reader).await.map_err(db_error)?;
            reader.close().await.map_err(db_error)?;
            Ok(names(pending))
        });
        pending.await
    }

    /// Asks the database, and the task that creates uploads, for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if !self.0.creates.is_alive() {
            return Err(StoreError::Unavailable("the committing task has ended".into()));
        }
        self.read(async { self.0.reader.ping().await.map_err(|error| StoreError::Unavailable(error.into())) })
            .await
    }

    /// Takes the database for this process alone, as long as the value lives; `None` when another process has done so. Whoever
    /// shares it does not ask. A SQLite file is kept by the lock of its directory.
    pub async fn claim_alone(&self) -> Result<Option<Sole>, StoreError> {
        let Database::Postgres { url } = &self.0.writer.database else { return Ok(Some(Sole(None))) };
        let session = self.read(async { dialect::hold_alone(url).await.map_err(db_error) }).await?;
        Ok(session.map(|session| Sole(Some(session))))
    }

    /// Ends all connections; calls that are under way finish first, later ones fail.
    pub async fn close(self) -> Result<(), StoreError> {
        self.0.reader.clone().close().await.map_err(db_error)?;
        self.0.writer.db.clone().close().await.map_err(db_error)
    }

    /// The clock of this process. Rows are dated by the database where several processes share one, since the clocks of
    /// their machines differ; this one is for measuring how long something took.
    pub fn clock(&self) -> &Clock {
        &self.0.writer.clock
    }

    /// The time that rows are dated by: that of the database, where several processes share one.
    pub async fn now(&self) -> Result<i64, StoreError> {
        self.read(async { dialect::now(self.reader(), self.clock()).await.map_err(db_error) }).await
    }

    /// Is notified once for each job that this process makes claimable. Jobs of other processes, and those that
    /// wait for their time or for a lease to end, are found by asking again every second or so.
    pub fn job_added(&self) -> &Notify {
        &self.0.job_added
    }

    /// The time of the database, by which rows are dated.
    pub(crate) async fn time_in(&self, transaction: &DatabaseTransaction) -> Result<i64, StoreError> {
        self.read(async { dialect::now(transaction, self.clock()).await.map_err(db_error) }).await
    }

    /// The kind of the database, for people.
    pub(crate) fn database_name(&self) -> &'static str {
        match self.reader().get_database_backend() {
            DatabaseBackend::Postgres => "postgresql",
            _ => "sqlite",
        }
    }

    /// All rows as they are at one moment; others go on writing. For reading only.
    pub(crate) async fn begin_snapshot(&self) -> Result<DatabaseTransaction, StoreError> {
        let reader = self.reader();
        let begin = async {
            let transaction = reader.begin_with_options(dialect::snapshot(reader)).await?;
            dialect::lengthen_timeouts(&transaction, self.0.longest_statement).await?;
            Ok(transaction)
        };
        self.read(async { begin.await.map_err(db_error) }).await
    }

    /// A writing transaction in which this process may change the schema; `None` while another one does.
    pub(crate) async fn begin_alone(&self) -> Result<Option<DatabaseTransaction>, StoreError> {
        let writer = &self.0.writer.db;
        let begin = async {
            let transaction = writer.begin_with_options(dialect::locking_transaction(writer)).await?;
            dialect::lengthen_timeouts(&transaction, self.0.longest_statement).await?;
            let taken = dialect::try_lock_for_migration(&transaction).await?;
            Ok(taken.then_some(transaction))
        };
        self.read(async { begin.await.map_err(db_error) }).await
    }

    /// Waits for the answer to a statement of such a transaction: long, but not for ever. The server gives up first, if it
    /// can be heard.
    pub(crate) async fn at_length<T, E: Into<MetaError>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, StoreError> {
        let Patience(usual) = self.0.writer.patience;
        let longest = Patience(usual.map(|usual| usual + self.0.longest_statement));
        longest.wait(async { answer.await.map_err(|error| error.into().0) }).await
    }

    /// Runs a statement without regard to references between rows, to plant a fault.
    #[cfg(feature = "contract-tests")]
    pub(crate) async fn plant(&self, sql: &str, values: Vec<sea_orm::Value>) -> Result<(), StoreError> {
        dialect::plant(&self.0.writer.db, sql, values).await.map_err(db_error)
    }

    fn outages(&self) -> &outages::Outages {
        &self.0.outages
    }

    fn reader(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// Waits for what is read, as long as is sensible.
    async fn read<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match self.0.writer.patience.wait(answer).await {
            // One that reads may have to make the index of the log larger.
            Err(error) => Err(writer::explained(error, &self.0.writer.database).await),
            read => read,
        }
    }

    /// Does some work in one writing transaction, all or nothing; it is given the time of the database.
    async fn write<T, W>(&self, work: impl Fn(Arc<DatabaseTransaction>, i64) -> W) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>,
    {
        self.0.writer.write(work).await
    }

    /// The same for the queue, where many processes change neighbouring rows at once and would cross for ever if nothing
    /// between them may change: each statement sees what others have committed, so the work locks the job that it is about
    /// before it decides anything, and whoever changes a run that has not ended changes its job first.
    async fn write_locking<T, W>(
        &self,
        work: impl Fn(Arc<DatabaseTransaction>, i64) -> W,
    ) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>,
    {
        self.0.writer.write_in(dialect::locking_transaction, work).await
    }
}

fn names(migrations: Vec<sea_orm_migration::Migration>) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().to_owned()).collect()
}

/// An error of the database, sorted or not yet.
pub(crate) struct MetaError(StoreError);

impl From<DbErr> for MetaError {
    fn from(error: DbErr) -> Self {
        Self(db_error(error))
    }
}

impl From<StoreError> for MetaError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

/// Sorts an error of the database by what the caller can do.
pub(crate) fn db_error(error: DbErr) -> StoreError {
    let unavailable = match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
            if dialect::is_damaged(cause) =>
        {
            return StoreError::Damaged(error.into());
        }
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            if dialect::is_disk_full(cause) {
                return StoreError::Full { used_bytes: 0, max_bytes: None };
            }
            dialect::is_unavailable(cause)
        }
        _ => false,
    };
    if unavailable { StoreError::Unavailable(error.into()) } else { StoreError::Internal(error.into()) }
}
