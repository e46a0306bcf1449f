//! The database: every change of state is one transaction, and its audit event is part of it.
//!
//! One concrete type for every database. What differs between databases (connection options, claim and lock SQL)
//! stands in `dialect`; the rest is written once. On SQLite one connection writes and several read; a writing
//! transaction takes the lock when it begins, so it never fails halfway because another was faster.

mod commit;
mod create;
mod delete;
mod dialect;
mod entity;
mod finish;
mod jobs;
mod keys;
mod list;
mod replaced;
mod rows;
mod runs;

use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::migrations::Migrator;

/// Where the database is.
#[derive(Debug, Clone)]
pub struct MetaOptions {
    pub(crate) sqlite_file: PathBuf,
    pub(crate) max_readers: u32,
    pub(crate) max_bytes: Option<u64>,
}

impl MetaOptions {
    /// A SQLite file, made when it is missing. Its directory must exist and be on a local disk.
    pub fn sqlite_file(path: impl Into<PathBuf>) -> Self {
        Self { sqlite_file: path.into(), max_readers: 4, max_bytes: None }
    }

    /// Sets how many connections may read at the same time.
    #[must_use]
    pub fn with_max_readers(mut self, max_readers: u32) -> Self {
        self.max_readers = max_readers.max(1);
        self
    }

    /// Sets a ceiling for the database file; what would exceed it fails with `Full`.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = Some(max_bytes);
        self
    }
}

/// What the service knows, in a database. Clones are cheap and share the connections.
///
/// Promises: a method that changes something has made it durable when it returns `Ok`; it changes everything it
/// says or nothing; it is never retried in silence. Dropping the future of a call before it ends leaves either all
/// or nothing of it.
#[derive(Debug, Clone)]
pub struct Meta(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    clock: Clock,
    creates: commit::Queue,
    job_added: Arc<Notify>,
}

impl Meta {
    /// Opens the database and its connections; it does not migrate. Needs a tokio runtime.
    pub async fn open(options: &MetaOptions, clock: Clock) -> Result<Self, StoreError> {
        let writer = dialect::connect_writer(options).await.map_err(db_error)?;
        let reader = dialect::connect_readers(options).await.map_err(db_error)?;
        let job_added = Arc::new(Notify::new());
        let creates = commit::Queue::start(writer.clone(), clock.clone(), Arc::clone(&job_added));
        Ok(Self(Arc::new(Inner { writer, reader, clock, creates, job_added })))
    }

    /// Brings the schema up to date and gives the names of the migrations it has run. All of them run in one
    /// transaction under the write lock; when one fails, none has happened.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let transaction = self.begin().await?;
        dialect::lock_for_migration(&transaction).await.map_err(db_error)?;
        let pending = names(Migrator::get_pending_migrations(&transaction).await.map_err(db_error)?);
        Migrator::up(&transaction, None).await.map_err(db_error)?;
        transaction.commit().await.map_err(db_error)?;
        Ok(pending)
    }

    /// The names of the migrations that have not run yet; changes nothing. Fails when the database was made by a
    /// newer version of the program.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        Ok(names(Migrator::get_pending_migrations_read_only(&self.0.reader).await.map_err(db_error)?))
    }

    /// Asks the database, and the task that creates uploads, for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if !self.0.creates.is_alive() {
            return Err(StoreError::Unavailable("the committing task has ended".into()));
        }
        self.0.reader.ping().await.map_err(|error| StoreError::Unavailable(error.into()))
    }

    /// Ends all connections; calls that are under way finish first, later ones fail.
    pub async fn close(self) -> Result<(), StoreError> {
        self.0.reader.clone().close().await.map_err(db_error)?;
        self.0.writer.clone().close().await.map_err(db_error)
    }

    /// The clock that all rows are dated by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Is notified once for each job that this process makes claimable. Jobs of other processes, and those that
    /// wait for their time or for a lease to end, are found by asking again every second or so.
    pub fn job_added(&self) -> &Notify {
        &self.0.job_added
    }

    fn reader(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// Begins a writing transaction. When it is dropped without a commit nothing has happened.
    async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        begin(&self.0.writer).await
    }
}

async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    writer.begin_with_options(dialect::write_transaction()).await.map_err(db_error)
}

fn names(migrations: Vec<sea_orm_migration::Migration>) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().to_owned()).collect()
}

/// Sorts an error of the database by what the caller can do.
fn db_error(error: DbErr) -> StoreError {
    let unavailable = match &error {
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
