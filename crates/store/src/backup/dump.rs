//! Rows out of the database: one transaction, one file for each table.
//!
//! The format is our own and the same for both databases, so that there is one way back, and what was backed up from
//! SQLite can be restored into PostgreSQL. Each line is an object with all columns of a row: ids, texts and JSON as text,
//! numbers and truth values as they are.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, Value as Bound};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::BackupError;
use super::manifest::{NewestEvent, TableFile, dir};
use super::ndjson::LinesWriter;
use super::place::Place;
use super::schema::{Column, Kind, Table};
use crate::meta::{Meta, db_error};
use crate::model::BackupId;

/// Rows asked for at once.
const ROWS_PER_PAGE: usize = 1_000;

/// All rows as they were at one moment.
pub(super) struct Picture {
    pub(super) at_us: i64,
    pub(super) newest_event: Option<NewestEvent>,
    pub(super) tables: Vec<TableFile>,
}

/// Writes all rows.
pub(super) async fn write(
    meta: &Meta,
    place: &Place,
    id: BackupId,
    tables: &[Table],
) -> Result<Picture, BackupError> {
    let transaction = meta.begin_snapshot().await?;
    // The first look fixes the picture.
    let newest_event = meta.at_length(newest_event(&transaction)).await?;
    let at_us = meta.time_in(&transaction).await?;
    let mut files = Vec::with_capacity(tables.len());
    for table in tables {
        let mut file = LinesWriter::new(place, format!("{}/rows/{}.ndjson", dir(id), table.name));
        let mut after = None;
        loop {
            let rows = meta.at_length(page(&transaction, table, after.as_ref())).await?;
            for row in &rows {
                file.write(&line(row, table).map_err(db_error)?).await?;
            }
            match rows.last() {
                Some(row) if rows.len() == ROWS_PER_PAGE => after = Some(key(row, table).map_err(db_error)?),
                _ => break,
            }
        }
        files.push(TableFile { name: table.name.clone(), rows: file.finish().await? });
    }
    meta.at_length(transaction.rollback()).await?;
    Ok(Picture { at_us, newest_event, tables: files })
}

async fn newest_event(transaction: &DatabaseTransaction) -> Result<Option<NewestEvent>, DbErr> {
    let sql = "SELECT seq, at FROM audit_events ORDER BY seq DESC LIMIT 1";
    let row =
        transaction.query_one_raw(Statement::from_string(transaction.get_database_backend(), sql)).await?;
    row.map(|row| Ok(NewestEvent { seq: row.try_get("", "seq")?, at_us: row.try_get("", "at")? })).transpose()
}

/// The next rows in the order of the primary key. Each page is a short statement, however large the table is.
async fn page(
    transaction: &DatabaseTransaction,
    table: &Table,
    after: Option<&Vec<Bound>>,
) -> Result<Vec<QueryResult>, DbErr> {
    let columns: Vec<String> = table.columns.iter().map(selected).collect();
    let key: Vec<String> = table.key.iter().map(|&at| format!("t.\"{}\"", table.columns[at].name)).collect();
    let mut sql = format!("SELECT {} FROM \"{}\" AS t", columns.join(", "), table.name);
    if after.is_some() {
        let bound: Vec<String> = (1..=key.len()).map(|n| format!("${n}")).collect();
        let _ = write!(sql, " WHERE ({}) > ({})", key.join(", "), bound.join(", "));
    }
    let _ = write!(sql, " ORDER BY {} LIMIT {ROWS_PER_PAGE}", key.join(", "));
    let values = after.cloned().unwrap_or_default();
    transaction
        .query_all_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values))
        .await
}

/// The databases differ in how wide their integers are and in how they hand out JSON.
fn selected(column: &Column) -> String {
    let name = &column.name;
    match column.kind {
        Kind::Integer => format!("CAST(t.\"{name}\" AS BIGINT) AS \"{name}\""),
        Kind::Json => format!("CAST(t.\"{name}\" AS TEXT) AS \"{name}\""),
        _ => format!("t.\"{name}\" AS \"{name}\""),
    }
}

fn line(row: &QueryResult, table: &Table) -> Result<Map<String, Value>, DbErr> {
    table.columns.iter().map(|column| Ok((column.name.clone(), value(row, column)?))).collect()
}

fn value(row: &QueryResult, column: &Column) -> Result<Value, DbErr> {
    let name = column.name.as_str();
    Ok(match column.kind {
        Kind::Uuid => row.try_get::<Option<Uuid>>("", name)?.map(|id| id.to_string()).into(),
        Kind::Integer => row.try_get::<Option<i64>>("", name)?.into(),
        Kind::Real => row.try_get::<Option<f64>>("", name)?.into(),
        Kind::Boolean => row.try_get::<Option<bool>>("", name)?.into(),
        Kind::Text | Kind::Json => row.try_get::<Option<String>>("", name)?.into(),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>>("", name)?.map(|bytes| hex(&bytes)).into(),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Where the next page begins.
fn key(row: &QueryResult, table: &Table) -> Result<Vec<Bound>, DbErr> {
    let of = |&at: &usize| {
        let column = &table.columns[at];
        bound(column.kind, &value(row, column)?)
            .ok_or_else(|| DbErr::Custom(format!("`{}` of `{}` has no order", column.name, table.name)))
    };
    table.key.iter().map(of).collect()
}

/// A value of a line, to be given to the database; none when it is not of this kind.
pub(super) fn bound(kind: Kind, value: &Value) -> Option<Bound> {
    let is_null = value.is_null();
    Some(match kind {
        Kind::Uuid if is_null => Bound::Uuid(None),
        Kind::Uuid => value.as_str()?.parse::<Uuid>().ok()?.into(),
        Kind::Integer if is_null => Bound::BigInt(None),
        Kind::Integer => value.as_i64()?.into(),
        Kind::Real if is_null => Bound::Double(None),
        Kind::Real => value.as_f64()?.into(),
        Kind::Boolean if is_null => Bound::Bool(None),
        Kind::Boolean => value.as_bool()?.into(),
        Kind::Text | Kind::Json if is_null => Bound::String(None),
        Kind::Text | Kind::Json => value.as_str()?.into(),
        Kind::Bytes if is_null => Bound::Bytes(None),
        Kind::Bytes => from_hex(value.as_str()?)?.into(),
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Says which migrations are missing, if any are.
pub(super) async fn must_be_migrated(meta: &Meta) -> Result<(), BackupError> {
    let pending = meta.pending_migrations().await?;
    if pending.is_empty() { Ok(()) } else { Err(BackupError::NotMigrated { pending }) }
}
