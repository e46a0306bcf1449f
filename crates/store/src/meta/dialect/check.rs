//! What a check of the store asks in words of its own: joins over rows that may not fit together.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement};
use uuid::Uuid;

use crate::meta::inspect::Contradiction;
use crate::model::{JobId, RunId};

/// Finds rows of one kind: each gives an `id` and the `upload_id` it is about.
pub(in crate::meta) type Search = (&'static str, fn(Uuid) -> Contradiction);

/// Everything that rows can contradict each other in, jobs before the runs they are about.
pub(in crate::meta) const CONTRADICTIONS: &[Search] = &[
    (
        "SELECT j.id, j.upload_id FROM jobs j LEFT JOIN uploads u ON u.id = j.upload_id \
         LEFT JOIN runs r ON r.id = j.run_id WHERE u.id IS NULL OR r.id IS NULL ORDER BY j.id LIMIT 1000",
        |id| Contradiction::JobOfNothing(JobId::from_uuid(id)),
    ),
    (
        "SELECT j.id, j.upload_id FROM jobs j JOIN uploads u ON u.id = j.upload_id \
         JOIN runs r ON r.id = j.run_id WHERE j.state IN ('queued', 'running') \
         AND (u.deleted_at IS NOT NULL OR u.latest_run <> j.run_id OR u.state NOT IN ('queued', 'processing')) \
         ORDER BY j.id LIMIT 1000",
        |id| Contradiction::JobForNobody(JobId::from_uuid(id)),
    ),
    (
        "SELECT r.id, r.upload_id FROM runs r LEFT JOIN uploads u ON u.id = r.upload_id \
         WHERE u.id IS NULL ORDER BY r.id LIMIT 1000",
        |id| Contradiction::RunOfNothing(RunId::from_uuid(id)),
    ),
    (
        "SELECT r.id, r.upload_id FROM runs r JOIN uploads u ON u.id = r.upload_id \
         WHERE r.replaced_at IS NOT NULL AND u.deleted_at IS NULL AND (u.current_run = r.id OR u.latest_run = r.id) \
         ORDER BY r.id LIMIT 1000",
        |id| Contradiction::ServedAndReplaced(RunId::from_uuid(id)),
    ),
    (
        "SELECT r.id, r.upload_id FROM runs r JOIN uploads u ON u.id = r.upload_id \
         WHERE r.replaced_at IS NULL AND u.deleted_at IS NULL AND u.state NOT IN ('queued', 'processing') \
         AND u.latest_run <> r.id AND (u.current_run IS NULL OR u.current_run <> r.id) \
         AND EXISTS (SELECT 1 FROM runs l WHERE l.id = u.latest_run) ORDER BY r.id LIMIT 1000",
        |id| Contradiction::ReplacedAndKept(RunId::from_uuid(id)),
    ),
];

/// What SQLite finds in its own file; the deep form compares tables with their indexes too. A server has tools of its own.
pub(in crate::meta) async fn database_faults(
    db: &DatabaseConnection,
    deep: bool,
) -> Result<Vec<String>, DbErr> {
    if db.get_database_backend() != DatabaseBackend::Sqlite {
        return Ok(Vec::new());
    }
    let sql = if deep { "PRAGMA integrity_check" } else { "PRAGMA quick_check" };
    let rows = db.query_all_raw(Statement::from_string(DatabaseBackend::Sqlite, sql)).await?;
    let said = rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(said.into_iter().filter(|line| line != "ok").collect())
}

/// Writes what the log of the database holds into its file and empties the log, so that rows which were overwritten do
/// not stay there. A server does so by itself.
pub(in crate::meta) async fn write_out(db: &DatabaseConnection) -> Result<(), DbErr> {
    if db.get_database_backend() == DatabaseBackend::Sqlite {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        db.query_all_raw(Statement::from_string(DatabaseBackend::Sqlite, sql)).await?;
    }
    Ok(())
}

/// Runs a statement without regard to references between rows.
#[cfg(feature = "contract-tests")]
pub(in crate::meta) async fn plant(
    db: &DatabaseConnection,
    sql: &str,
    values: Vec<sea_orm::Value>,
) -> Result<(), DbErr> {
    use sea_orm::TransactionTrait as _;

    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, values);
    if backend == DatabaseBackend::Sqlite {
        // It has one connection that writes, and no effect inside of a transaction.
        db.execute_unprepared("PRAGMA foreign_keys = OFF").await?;
        let done = db.execute_raw(statement).await;
        db.execute_unprepared("PRAGMA foreign_keys = ON").await?;
        return done.map(drop);
    }
    let transaction = db.begin().await?;
    transaction.execute_unprepared("SET LOCAL session_replication_role = replica").await?;
    transaction.execute_raw(statement).await?;
    transaction.commit().await
}
