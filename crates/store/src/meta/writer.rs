//! Writing transactions: all or nothing, as if they came one after the other, dated by the database.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, TransactionOptions, TransactionTrait,
};

use super::{Database, db_error, dialect};
use crate::clock::Clock;
use crate::error::{BoxError, StoreError};

/// How often work is done that crosses another one's each time.
const MAX_CROSSED: u32 = 20;

/// The connections that write.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) db: DatabaseConnection,
    pub(super) clock: Clock,
    pub(super) patience: Patience,
    pub(super) database: Database,
}

/// How long an answer of the database is waited for: a network that swallows everything gives none. None where the
/// database is part of this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience(pub(super) Option<Duration>);

impl Patience {
    /// Waits for an answer; `Unavailable` when none comes. Whether what was asked has happened is then not known.
    pub(super) fn wait<T, A>(self, answer: A) -> impl Future<Output = Result<T, StoreError>> + use<T, A>
    where
        A: Future<Output = Result<T, StoreError>>,
    {
        // On the heap: the futures of statements are large, and each layer around them would hold them once more.
        let answer = Box::pin(answer);
        async move {
            match self.0 {
                None => answer.await,
                Some(limit) => tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
                    Err(StoreError::Unavailable(
                        format!("the database has not answered for {limit:?}").into(),
                    ))
                }),
            }
        }
    }
}

impl Writer {
    /// Does some work in one writing transaction, all or nothing. It is given the time of the database. Work that
    /// crossed another one's is undone by the database, and done once more.
    pub(super) async fn write<T, W>(
        &self,
        work: impl Fn(Arc<DatabaseTransaction>, i64) -> W,
    ) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>,
    {
        self.write_in(dialect::write_transaction, work).await
    }

    /// The same with other options.
    pub(super) async fn write_in<T, W>(
        &self,
        options: fn(&DatabaseConnection) -> TransactionOptions,
        work: impl Fn(Arc<DatabaseTransaction>, i64) -> W,
    ) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>,
    {
        let mut attempt = 1;
        loop {
            match self.patience.wait(self.attempt(options, &work)).await {
                Err(error) if attempt < MAX_CROSSED && is_crossed(&error) => {
                    tokio::time::sleep(apart(attempt, uuid::Uuid::now_v7().as_bytes()[15])).await;
                    attempt += 1;
                }
                Err(error) => return Err(explained(error, &self.database).await),
                done => return done,
            }
        }
    }

    async fn attempt<T, W>(
        &self,
        options: fn(&DatabaseConnection) -> TransactionOptions,
        work: impl Fn(Arc<DatabaseTransaction>, i64) -> W,
    ) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>,
    {
        let transaction = Arc::new(self.db.begin_with_options(options(&self.db)).await.map_err(db_error)?);
        let done = async {
            let now = dialect::now(&*transaction, &self.clock).await.map_err(db_error)?;
            work(Arc::clone(&transaction), now).await
        };
        let done = done.await;
        let transaction = Arc::into_inner(transaction)
            .ok_or_else(|| StoreError::Internal("a transaction was kept beyond its work".into()))?;
        match done {
            Ok(done) => transaction.commit().await.map_err(db_error).map(|()| done),
            Err(error) => {
                // Nothing has happened whether this works or not: a connection that is lost takes its transaction along.
                let _ = transaction.rollback().await;
                Err(error)
            }
        }
    }
}

/// The wait of those that crossed, so that they do not meet again: exponential, with full jitter. All attempts together
/// wait for some six seconds: on a machine that is busy, transactions stay open for long.
fn apart(attempt: u32, random: u8) -> Duration {
    let longest = Duration::from_millis(4).saturating_mul(1 << attempt.min(8));
    longest * u32::from(random) / 255
}

fn is_crossed(error: &StoreError) -> bool {
    let StoreError::Unavailable(cause) = error else { return false };
    said_by_database(cause).is_some_and(dialect::is_crossed)
}

/// A call of the system that failed because the disk has no room is told as that. What of the work is done is then not
/// known: a log that could not be synced may hold all of it.
pub(super) async fn explained(error: StoreError, database: &Database) -> StoreError {
    let StoreError::Internal(cause) = error else { return error };
    let is_suspect = said_by_database(&cause).is_some_and(dialect::is_io_error);
    if is_suspect && dialect::has_no_room(database).await {
        StoreError::FullInDoubt(cause)
    } else {
        StoreError::Internal(cause)
    }
}

fn said_by_database(cause: &BoxError) -> Option<&sqlx::Error> {
    match cause.downcast_ref()? {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            Some(cause.as_ref())
        }
        _ => None,
    }
}
