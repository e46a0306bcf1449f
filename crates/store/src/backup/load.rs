//! Rows into an empty database, in one transaction that the caller commits when everything else is there.
//!
//! The schema is made as it was when the backup was made, the rows go in as they were, and then the same migrations run
//! over them that ran over the living database.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, Statement, Value as Bound};
use sea_orm_migration::{MigratorTrait, SchemaManager};
use serde_json::{Map, Value};

use super::dump::bound;
use super::error::BackupError;
use super::manifest::{Manifest, TableFile};
use super::ndjson::{LinesReader, damaged};
use super::place::Place;
use super::schema::{self, Table};
use crate::meta::restored::Own;
use crate::meta::{Meta, identity};
use crate::migrations::{self, Migrator};

/// Values given to the database with one statement; both take more.
const VALUES_PER_STATEMENT: usize = 4_000;
/// Text given to the database with one statement.
const BYTES_PER_STATEMENT: usize = 4 << 20;

/// Refuses a database that somebody has used; gives what an empty one may have of its own.
pub(super) async fn must_be_empty(
    meta: &Meta,
    transaction: &DatabaseTransaction,
) -> Result<Own, BackupError> {
    // That a store was opened once is no data.
    let opened = format!("WHERE action <> '{}'", identity::ACTION);
    let look = async {
        let (mut found, mut is_made) = (Vec::new(), false);
        for (table, but, what) in [("uploads", "", "uploads"), ("audit_events", &opened, "audit events")] {
            if SchemaManager::new(transaction).has_table(table).await? {
                is_made = true;
                keep_to_ourselves(transaction, table).await?;
                match count(transaction, table, but).await? {
                    0 => {}
                    rows => found.push(format!("{rows} {what}")),
                }
            }
        }
        if SchemaManager::new(transaction).has_table("turns").await? {
            keep_to_ourselves(transaction, "turns").await?;
        }
        Ok::<_, DbErr>((found, is_made))
    };
    let (found, is_made) = meta.at_length(look).await?;
    if !found.is_empty() {
        return Err(BackupError::NotEmpty { what: found.join(" and ") });
    }
    if is_made { Ok(meta.at_length(Own::read(transaction)).await?) } else { Ok(Own::default()) }
}

/// Waits for those who are writing into a table, and keeps others out until the end: a service that runs all the same must
/// not acknowledge what is then replaced. SQLite has one writer.
async fn keep_to_ourselves(transaction: &DatabaseTransaction, table: &str) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    run(transaction, &format!("LOCK TABLE \"{table}\" IN ACCESS EXCLUSIVE MODE")).await
}

/// Fills the database; gives the number of rows.
pub(super) async fn fill(
    meta: &Meta,
    transaction: &DatabaseTransaction,
    place: &Place,
    manifest: &Manifest,
) -> Result<u64, BackupError> {
    let version = manifest.schema_version()?;
    let tables = schema::tables(version).await?;
    make_schema(meta, transaction, version).await?;
    for table in tables.iter().rev() {
        // What a migration puts into a new table is among the rows.
        let sql = format!("DELETE FROM \"{}\"", table.name);
        meta.at_length(run(transaction, &sql)).await?;
    }
    if manifest.tables.len() != tables.len() {
        let what = format!("has {} tables, its schema has {}", manifest.tables.len(), tables.len());
        return Err(damaged("manifest.json", what));
    }
    let mut rows = 0;
    for table in &tables {
        let file = manifest.tables.iter().find(|file| file.name == table.name);
        let file = file.ok_or_else(|| damaged("manifest.json", format!("has no table `{}`", table.name)))?;
        insert(meta, transaction, place, table, file).await?;
        let found = meta.at_length(count(transaction, &table.name, "")).await?;
        if found != file.rows.lines {
            let what = format!("gave {found} rows, expected {}", file.rows.lines);
            return Err(damaged(&file.rows.file, what));
        }
        rows += found;
    }
    migrate(meta, transaction, usize::MAX).await?;
    go_on_counting(meta, transaction).await?;
    Ok(rows)
}

/// Makes the tables of a version. Those that are there are ours, and empty: the schema may be newer than the rows.
async fn make_schema(
    meta: &Meta,
    transaction: &DatabaseTransaction,
    version: usize,
) -> Result<(), BackupError> {
    let manager = SchemaManager::new(transaction);
    if meta.at_length(manager.has_table("schema_migrations")).await? {
        for table in schema::tables(migrations::names().len()).await?.iter().rev() {
            let sql = format!("DROP TABLE IF EXISTS \"{}\"", table.name);
            meta.at_length(run(transaction, &sql)).await?;
        }
        meta.at_length(run(transaction, "DROP TABLE schema_migrations")).await?;
    }
    migrate(meta, transaction, version).await
}

/// At most so many migrations, one after the other: each has the time of a statement.
async fn migrate(meta: &Meta, transaction: &DatabaseTransaction, most: usize) -> Result<(), BackupError> {
    let pending = meta.at_length(Migrator::get_pending_migrations(transaction)).await?.len();
    for _ in 0..pending.min(most) {
        meta.at_length(Migrator::up(transaction, Some(1))).await?;
    }
    Ok(())
}

async fn insert(
    meta: &Meta,
    transaction: &DatabaseTransaction,
    place: &Place,
    table: &Table,
    file: &TableFile,
) -> Result<(), BackupError> {
    let per_statement = (VALUES_PER_STATEMENT / table.columns.len().max(1)).max(1);
    let mut reader = LinesReader::open(place, &file.rows).await?;
    let (mut values, mut rows, mut bytes) = (Vec::new(), 0, 0);
    while let Some(line) = reader.next::<Map<String, Value>>().await? {
        bytes += add(table, &line, &mut values)
            .ok_or_else(|| damaged(&file.rows.file, "has a row with other columns than its table"))?;
        rows += 1;
        if rows == per_statement || bytes >= BYTES_PER_STATEMENT {
            let values = std::mem::take(&mut values);
            meta.at_length(insert_rows(transaction, table, rows, values)).await?;
            (rows, bytes) = (0, 0);
        }
    }
    if rows > 0 {
        meta.at_length(insert_rows(transaction, table, rows, values)).await?;
    }
    Ok(())
}

/// Adds the values of a row; gives the bytes of its texts.
fn add(table: &Table, line: &Map<String, Value>, values: &mut Vec<Bound>) -> Option<usize> {
    if line.len() != table.columns.len() {
        return None;
    }
    let mut bytes = 0;
    for column in &table.columns {
        let value = line.get(&column.name)?;
        bytes += value.as_str().map_or(0, str::len);
        values.push(bound(column.kind, value)?);
    }
    Some(bytes)
}

async fn insert_rows(
    transaction: &DatabaseTransaction,
    table: &Table,
    rows: usize,
    values: Vec<Bound>,
) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let names: Vec<String> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let mut sql = format!("INSERT INTO \"{}\" ({}) VALUES ", table.name, names.join(", "));
    for row in 0..rows {
        let place_of = |at: usize| {
            let number = row * table.columns.len() + at + 1;
            match (backend, table.columns[at].kind) {
                (DatabaseBackend::Postgres, schema::Kind::Json) => format!("CAST(${number} AS json)"),
                _ => format!("${number}"),
            }
        };
        let places: Vec<String> = (0..table.columns.len()).map(place_of).collect();
        let _ = write!(sql, "{}({})", if row == 0 { "" } else { ", " }, places.join(", "));
    }
    transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(|_| ())
}

/// Numbers that the database counts up go on behind the largest one. SQLite sees to it by itself.
async fn go_on_counting(meta: &Meta, transaction: &DatabaseTransaction) -> Result<(), BackupError> {
    if transaction.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    for table in schema::tables(migrations::names().len()).await? {
        let Some(column) = &table.counted else { continue };
        let name = &table.name;
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('\"{name}\"', '{column}'), MAX(\"{column}\")) FROM \"{name}\" \
             HAVING MAX(\"{column}\") IS NOT NULL"
        );
        meta.at_length(run(transaction, &sql)).await?;
    }
    Ok(())
}

async fn count(transaction: &DatabaseTransaction, table: &str, but: &str) -> Result<u64, DbErr> {
    let sql = format!("SELECT COUNT(*) AS found FROM \"{table}\" {but}");
    let backend = transaction.get_database_backend();
    let row = transaction.query_one_raw(Statement::from_string(backend, sql)).await?;
    let rows: i64 = row.map_or(Ok(0), |row| row.try_get("", "found"))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

async fn run(transaction: &DatabaseTransaction, sql: &str) -> Result<(), DbErr> {
    transaction.execute_unprepared(sql).await.map(|_| ())
}
