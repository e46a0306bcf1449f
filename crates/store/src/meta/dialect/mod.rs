//! All that differs between databases: connection options, locks, the claim, and error codes.

mod check;
mod postgres;
mod sqlite;

use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions, Value,
};
use uuid::Uuid;

use super::{Database, MetaOptions};
use crate::clock::Clock;
use crate::error::StoreError;

#[cfg(feature = "contract-tests")]
pub(super) use check::plant;
pub(super) use check::{CONTRADICTIONS, database_faults, write_out};

/// Any number that nobody else locks.
const MIGRATION_LOCK: i64 = 0x6373_7670;
/// Number of the lock of a process that shares its database with nobody.
const SOLE_LOCK: i64 = MIGRATION_LOCK + 1;

/// The connections that write: on SQLite it is one.
pub(super) async fn connect_writers(options: &MetaOptions) -> Result<DatabaseConnection, DbErr> {
    match &options.database {
        Database::Sqlite { file, max_bytes } => sqlite::connect(options, file, *max_bytes, 1, false).await,
        Database::Postgres { url } => postgres::connect(options, url, options.max_writers, false).await,
    }
}

/// The connections that read; they cannot write even by mistake.
pub(super) async fn connect_readers(options: &MetaOptions) -> Result<DatabaseConnection, DbErr> {
    match &options.database {
        Database::Sqlite { file, max_bytes } => {
            sqlite::connect(options, file, *max_bytes, options.max_readers, true).await
        }
        Database::Postgres { url } => postgres::connect(options, url, options.max_readers, true).await,
    }
}

/// Makes durable what can be read of the work of a process that has crashed. A server does that by itself.
pub(super) async fn settle(writer: &DatabaseConnection, options: &MetaOptions) -> Result<(), StoreError> {
    match &options.database {
        Database::Sqlite { file, .. } => sqlite::settle(writer, file).await,
        Database::Postgres { .. } => Ok(()),
    }
}

/// As if transactions came one after the other. SQLite takes the lock at once: a transaction that reads first and writes
/// later could not wait for it; it knows no levels, and the library warns when one is asked for.
pub(super) fn write_transaction(db: &DatabaseConnection) -> TransactionOptions {
    let has_levels = db.get_database_backend() == DatabaseBackend::Postgres;
    TransactionOptions {
        isolation_level: has_levels.then_some(IsolationLevel::Serializable),
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// A transaction in which each statement sees what others have committed before it: for work that takes a lock first, or
/// locks each row that it decides by.
pub(super) fn locking_transaction(db: &DatabaseConnection) -> TransactionOptions {
    let one_by_one = write_transaction(db);
    let isolation_level = one_by_one.isolation_level.map(|_| IsolationLevel::ReadCommitted);
    TransactionOptions { isolation_level, ..one_by_one }
}

/// The time that rows are dated by and leases are judged by. Where processes on several machines share a database it is
/// the time of the database: their own clocks differ, and a lease that has ended on one of them would still run on another.
pub(super) async fn now(db: &impl ConnectionTrait, clock: &Clock) -> Result<i64, DbErr> {
    if db.get_database_backend() != DatabaseBackend::Postgres || clock.is_manual() {
        return Ok(clock.now_us());
    }
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
    let row = db.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await?;
    row.ok_or_else(|| DbErr::Custom("the server does not tell the time".to_owned()))?.try_get("", "now")
}

/// How long a call waits for its answer, a free connection and a moment for the way included. SQLite always answers.
pub(super) fn patience(options: &MetaOptions) -> Option<Duration> {
    let answer = options.acquire_timeout + options.statement_timeout + Duration::from_secs(1);
    matches!(options.database, Database::Postgres { .. }).then_some(answer)
}

/// Keeps a second process from migrating at the same time, until the transaction ends. On SQLite the writing transaction
/// is that lock.
pub(super) async fn lock_for_migration(transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DatabaseBackend::Postgres {
        // The other process may take its time, and so may a change of a large table; but one that waits for a table
        // keeps everybody else from it, so it waits a moment only.
        let sql = format!(
            "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
             SELECT pg_advisory_xact_lock({MIGRATION_LOCK}); SET LOCAL lock_timeout = '5s'"
        );
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// A transaction that sees all rows as they were when it first looked, whatever others commit meanwhile.
pub(super) fn snapshot(db: &impl ConnectionTrait) -> TransactionOptions {
    match db.get_database_backend() {
        DatabaseBackend::Postgres => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            sqlite_transaction_mode: None,
        },
        _ => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            ..TransactionOptions::default()
        },
    }
}

/// The limits on time are made for requests; a transaction over all rows has longer statements, and waits for a disk or a
/// network in between. A lock is waited for half as long, so that the message names it.
pub(super) async fn lengthen_timeouts(
    transaction: &impl ConnectionTrait,
    longest: Duration,
) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DatabaseBackend::Postgres {
        let (statement, lock) = (longest.as_millis(), (longest / 2).as_millis());
        let sql = format!(
            "SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; \
             SET LOCAL idle_in_transaction_session_timeout = '1h'"
        );
        transaction.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Takes the lock of migrations if nobody has it. On SQLite the writing transaction is that lock.
pub(super) async fn try_lock_for_migration(transaction: &impl ConnectionTrait) -> Result<bool, DbErr> {
    if transaction.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(true);
    }
    let sql = format!("SELECT pg_try_advisory_xact_lock({MIGRATION_LOCK}) AS taken");
    let row = transaction.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await?;
    row.map_or(Ok(false), |row| row.try_get("", "taken"))
}

/// A session of a server that keeps other processes away which ask for the same.
pub(super) type Session = sqlx::PgConnection;

/// Takes a server for one process alone; `None` when another process has it.
pub(super) async fn hold_alone(url: &str) -> Result<Option<Session>, DbErr> {
    let held = postgres::hold(url, SOLE_LOCK).await;
    held.map_err(|error| DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into())))
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
/// has a hundred thousand jobs waiting. On PostgreSQL a job that another process is just taking is passed over.
pub(super) fn claim(db: &impl ConnectionTrait, worker: &str, now: i64, lease_until: i64) -> Statement {
    let passing_over = match db.get_database_backend() {
        DatabaseBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let sql = format!(
        "\
        UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = lease_token + 1, \
            lease_until = $1, heartbeat_at = $2, worker = $3 \
        WHERE state = 'queued' AND id = ( \
            SELECT job FROM ( \
                SELECT (SELECT j.id FROM jobs j WHERE j.tenant_id = t.id AND j.state = 'queued' AND j.run_at <= $2 \
                        ORDER BY j.priority DESC, j.run_at, j.id LIMIT 1 {passing_over}) AS job, \
                    (SELECT COUNT(*) FROM jobs r WHERE r.tenant_id = t.id AND r.state = 'running') AS busy \
                FROM tenants t) AS next \
            JOIN jobs n ON n.id = next.job \
            ORDER BY next.busy, n.run_at, n.id LIMIT 1) \
        RETURNING *"
    );
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
    match postgres::code(error) {
        Some(code) => postgres::is_full(&code),
        None => sqlite::code(error).is_some_and(sqlite::is_full),
    }
}

/// What is in the file is no database, or one that contradicts itself. A server looks after its files itself.
pub(super) fn is_damaged(error: &sqlx::Error) -> bool {
    postgres::code(error).is_none() && sqlite::code(error).is_some_and(sqlite::is_damaged)
}

/// A call of the system has failed under the database, which does not say why.
pub(super) fn is_io_error(error: &sqlx::Error) -> bool {
    postgres::code(error).is_none() && sqlite::code(error).is_some_and(sqlite::is_io_error)
}

/// Whether the disk under a database of this process has no room.
pub(super) async fn has_no_room(options: &Database) -> bool {
    match options {
        Database::Sqlite { file, .. } => sqlite::has_no_room(file).await,
        Database::Postgres { .. } => false,
    }
}

/// The database is away or another process holds it for too long; trying again later may help.
pub(super) fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Tls(_)
        | sqlx::Error::Io(_) => true,
        _ => match postgres::code(error) {
            Some(code) => postgres::is_unavailable(&code) || postgres::is_crossed(&code),
            None => sqlite::code(error).is_some_and(sqlite::is_unavailable),
        },
    }
}

/// The transaction crossed another one: nothing of it has happened, and it may be done once more.
pub(super) fn is_crossed(error: &sqlx::Error) -> bool {
    postgres::code(error).is_some_and(|code| postgres::is_crossed(&code))
}
