//! All that differs between databases: connection options, locks, the claim, and error codes.

use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::Connection as _;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, Value,
};
use uuid::Uuid;

use super::MetaOptions;

/// The size of a page; SQLite's own default.
const PAGE_BYTES: u64 = 4_096;
/// How long a writer of another process is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller waits for a free connection before the store counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// The one connection that writes. `synchronous=FULL` makes a commit wait for the disk: that is what an answer to
/// the sender stands on.
pub(super) async fn connect_writer(options: &MetaOptions) -> Result<DatabaseConnection, DbErr> {
    connect(options, 1, false).await
}

/// The connections that read; they cannot write even by mistake.
pub(super) async fn connect_readers(options: &MetaOptions) -> Result<DatabaseConnection, DbErr> {
    connect(options, options.max_readers, true).await
}

async fn connect(
    options: &MetaOptions,
    connections: u32,
    reads_only: bool,
) -> Result<DatabaseConnection, DbErr> {
    let file = options.sqlite_file.clone();
    let max_pages = options.max_bytes.map(|bytes| (bytes / PAGE_BYTES).max(1));
    let mut connect = ConnectOptions::new("sqlite://set-below");
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(false)
        // The path is set as a path: as part of a URL, `?` and `%` in it would have a meaning.
        .map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
            let sqlite = sqlite
                .filename(&file)
                .create_if_missing(!reads_only)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
                // Rows of deleted uploads are overwritten, not left in free pages.
                .pragma("secure_delete", "fast");
            let sqlite = match max_pages {
                Some(pages) => sqlite.pragma("max_page_count", pages.to_string()),
                None => sqlite,
            };
            if reads_only { sqlite.pragma("query_only", "on") } else { sqlite }
        })
        .map_sqlx_sqlite_before_acquire(|connection, _| Box::pin(is_outside_transactions(connection)));
    Database::connect(connect).await
}

/// False for a connection that must not be used again.
///
/// On a full disk or a failed write SQLite rolls the transaction back by itself. The driver does not notice, its
/// own rollback then fails, and it goes on counting itself one level deep: from then on it would begin with
/// `SAVEPOINT` inside a transaction that nobody ever commits, and say `Ok` to commits that a restart undoes. Such
/// a connection is closed, which rolls back whatever is open, and a fresh one takes its place.
async fn is_outside_transactions(connection: &mut sqlx::SqliteConnection) -> Result<bool, sqlx::Error> {
    Ok(!connection.is_in_transaction())
}

/// A writing transaction takes the lock at once: one that reads first and writes later could not wait for it.
pub(super) fn write_transaction() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// Keeps a second process from migrating at the same time. On SQLite the writing transaction is that lock.
#[expect(clippy::unused_async, reason = "other databases ask for an advisory lock here")]
pub(super) async fn lock_for_migration(_transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    Ok(())
}

/// Is there any job to be claimed, or any lease that has ended?
pub(super) fn work_exists(db: &impl ConnectionTrait, now: i64) -> Statement {
    let sql = "SELECT 1 AS found FROM jobs WHERE (state = 'queued' AND run_at <= $1) \
               OR (state = 'running' AND lease_until <= $1) LIMIT 1";
    Statement::from_sql_and_values(db.get_database_backend(), sql, [Value::from(now)])
}

/// Picks the next job and takes it in one statement, inside a writing transaction.
///
/// Tenants take turns: the one with the fewest running jobs goes first, then the one that has waited longest.
/// Within a tenant the priority decides, then the time. The small inner queries keep this fast while one tenant
/// has a hundred thousand jobs waiting.
pub(super) fn claim(db: &impl ConnectionTrait, worker: &str, now: i64, lease_until: i64) -> Statement {
    let sql = "\
        UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = lease_token + 1, \
            lease_until = $1, heartbeat_at = $2, worker = $3 \
        WHERE id = ( \
            SELECT job FROM ( \
                SELECT (SELECT j.id FROM jobs j WHERE j.tenant_id = t.id AND j.state = 'queued' AND j.run_at <= $2 \
                        ORDER BY j.priority DESC, j.run_at, j.id LIMIT 1) AS job, \
                    (SELECT COUNT(*) FROM jobs r WHERE r.tenant_id = t.id AND r.state = 'running') AS busy \
                FROM tenants t) AS next \
            JOIN jobs n ON n.id = next.job \
            ORDER BY next.busy, n.run_at, n.id LIMIT 1) \
        RETURNING *";
    let values = [Value::from(lease_until), Value::from(now), Value::from(worker)];
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// Counts and times of all uploads of a tenant, one row per state.
pub(super) fn stats(db: &impl ConnectionTrait, tenant: Uuid) -> Statement {
    let sql = "SELECT state, COUNT(*) AS uploads, COUNT(processing_us) AS timed, \
               CAST(COALESCE(AVG(processing_us), 0) AS DOUBLE PRECISION) AS average_us, \
               MAX(created_at) AS created_at, MAX(finished_at) AS finished_at \
               FROM uploads WHERE tenant_id = $1 GROUP BY state";
    Statement::from_sql_and_values(db.get_database_backend(), sql, [Value::from(tenant)])
}

/// No room on the disk under the database.
pub(super) fn is_disk_full(error: &sqlx::Error) -> bool {
    const SQLITE_FULL: u32 = 13;
    sqlite_code(error) == Some(SQLITE_FULL)
}

/// The database is away or another process holds it for too long; trying again later may help.
pub(super) fn is_unavailable(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    const SQLITE_LOCKED: u32 = 6;
    const SQLITE_CANNOT_OPEN: u32 = 14;
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_) => true,
        _ => matches!(sqlite_code(error), Some(SQLITE_BUSY | SQLITE_LOCKED | SQLITE_CANNOT_OPEN)),
    }
}

/// The primary result code, without its extended part.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(cause) = error else { return None };
    let extended: u32 = cause.code()?.parse().ok()?;
    Some(extended & 0xff)
}
