//! PostgreSQL: many processes write at the same time.
//!
//! Writing transactions are serialisable, so that code which reads first and writes later is right on both databases;
//! what the database refuses because two of them crossed is done once more. Those of the queue lock its rows instead
//! (decision 18).

use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::Connection as _;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, RuntimeErr,
    Statement,
};

use crate::meta::MetaOptions;

/// Longest pause inside a transaction, in milliseconds: a process that was stopped in the middle must not hold its locks.
const LONGEST_PAUSE: &str = "60000";
/// Oldest server whose behaviour is tested.
const OLDEST_SERVER: i32 = 150_000;

/// Opens connections to a server. Those that only read cannot write even by mistake.
pub(super) async fn connect(
    options: &MetaOptions,
    url: &str,
    connections: u32,
    reads_only: bool,
) -> Result<DatabaseConnection, DbErr> {
    let sign_of_life = options.acquire_timeout;
    let statement = options.statement_timeout.as_millis().to_string();
    // A statement that waits for a lock ends before its own time does: the message then names the lock.
    let lock = (options.statement_timeout / 2).as_millis().to_string();
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout)
        // A server that was restarted must be noticed before a request is given a dead connection.
        .test_before_acquire(true)
        .sqlx_logging(false)
        .map_sqlx_postgres_pool_opts(move |pool: PgPoolOptions| {
            // The pool itself waits without end for the sign of life of a connection that comes back to it, and keeps its
            // place: a network that swallows everything would use up all places for a quarter of an hour.
            pool.after_release(move |connection, _| {
                Box::pin(async move {
                    match tokio::time::timeout(sign_of_life, connection.ping()).await {
                        Ok(answer) => answer.map(|()| true),
                        Err(_) => Err(sqlx::Error::PoolTimedOut),
                    }
                })
            })
        })
        .map_sqlx_postgres_opts(move |options: PgConnectOptions| {
            let options = options.application_name("csvp").options([
                ("statement_timeout", statement.as_str()),
                ("lock_timeout", lock.as_str()),
                ("idle_in_transaction_session_timeout", LONGEST_PAUSE),
            ]);
            if reads_only { options.options([("default_transaction_read_only", "on")]) } else { options }
        });
    let db = match Database::connect(connect).await {
        Ok(db) => db,
        // The pool tries until its time is over, and then says only that.
        Err(error) => return Err(why(url, options.acquire_timeout).await.unwrap_or(error)),
    };
    refuse_what_is_not_durable(&db).await?;
    Ok(db)
}

/// What one plain connection says is the matter, if it says anything in this time.
async fn why(url: &str, timeout: Duration) -> Option<DbErr> {
    let options: PgConnectOptions = url.parse().ok()?;
    match tokio::time::timeout(timeout, sqlx::PgConnection::connect_with(&options)).await {
        Ok(Err(error)) => Some(DbErr::Conn(RuntimeErr::SqlxError(error.into()))),
        _ => None,
    }
}

/// A session that has the lock until it ends; `None` when another session has it. The server ends it soon after the machine
/// of this process has gone.
pub(super) async fn hold(url: &str, lock: i64) -> Result<Option<sqlx::PgConnection>, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name("csvp").options([
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
    ]);
    let mut session = sqlx::PgConnection::connect_with(&options).await?;
    let taken =
        sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(lock).fetch_one(&mut session).await?;
    Ok(if taken { Some(session) } else { None })
}

/// An answer to a sender stands on commits that wait for the disk.
async fn refuse_what_is_not_durable(db: &DatabaseConnection) -> Result<(), DbErr> {
    let sql = "SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync, \
               current_setting('synchronous_commit') AS synchronous_commit";
    let row = db.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, sql)).await?;
    let row = row.ok_or_else(|| DbErr::Custom("the server does not tell its settings".to_owned()))?;
    let version: i32 = row.try_get("", "version")?;
    if version < OLDEST_SERVER {
        let found = version / 10_000;
        return Err(DbErr::Custom(format!(
            "expected PostgreSQL 15 or newer, found {found}; update the server"
        )));
    }
    for setting in ["fsync", "synchronous_commit"] {
        let value: String = row.try_get("", setting)?;
        if value == "off" {
            return Err(DbErr::Custom(format!(
                "expected a server whose commits wait for the disk, found `{setting} = off`; switch it on"
            )));
        }
    }
    Ok(())
}

/// The five letters that say what went wrong.
pub(super) fn code(error: &sqlx::Error) -> Option<String> {
    let sqlx::Error::Database(cause) = error else { return None };
    cause.code().filter(|code| code.len() == 5).map(std::borrow::Cow::into_owned)
}

/// No room on the disk under the database.
pub(super) fn is_full(code: &str) -> bool {
    const DISK_FULL: &str = "53100";
    code == DISK_FULL
}

/// The server stops, starts, has no connection free, or something waited too long.
pub(super) fn is_unavailable(code: &str) -> bool {
    const CONNECTION: &str = "08";
    const OPERATOR: &str = "57";
    const TOO_MANY_CONNECTIONS: &str = "53300";
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    const READ_ONLY: &str = "25006";
    code.starts_with(CONNECTION)
        || code.starts_with(OPERATOR)
        || matches!(code, TOO_MANY_CONNECTIONS | LOCK_NOT_AVAILABLE | READ_ONLY)
}

/// The transaction crossed another one; nothing of it has happened.
pub(super) fn is_crossed(code: &str) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK: &str = "40P01";
    matches!(code, SERIALIZATION_FAILURE | DEADLOCK)
}
