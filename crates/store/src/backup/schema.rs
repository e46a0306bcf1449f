//! The tables of each version of the schema, as the migrations make them: which columns they have and what is in them.
//!
//! The migrations are run in an empty database in memory and the result is looked at. So there is no second list of
//! tables that could be forgotten, a backup of an old version is read as what it was, and what others keep in the same
//! database is never touched.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, QueryResult, Statement};
use sea_orm_migration::MigratorTrait;

use crate::error::StoreError;
use crate::meta::db_error;
use crate::migrations::Migrator;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Integer,
    Real,
    Boolean,
    Text,
    /// Kept as the text it is: two databases may write the same value in two ways.
    Json,
    Bytes,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The primary key, as places in `columns`.
    pub(super) key: Vec<usize>,
    /// The column whose values the database counts up, if there is one.
    pub(super) counted: Option<String>,
}

/// The tables of the schema after its first `version` migrations, parents before their children.
pub(super) async fn tables(version: usize) -> Result<Vec<Table>, StoreError> {
    look(version).await.map_err(db_error)
}

async fn look(version: usize) -> Result<Vec<Table>, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    // A second connection would have a database of its own.
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await?;
    Migrator::up(&db, Some(u32::try_from(version).unwrap_or(u32::MAX))).await?;
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table' \
               AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations' ORDER BY name";
    let mut waiting = Vec::new();
    for row in query(&db, sql).await? {
        let (name, sql): (String, String) = (row.try_get("", "name")?, row.try_get("", "sql")?);
        let parents = query(&db, &format!("PRAGMA foreign_key_list(\"{name}\")")).await?;
        let parents = parents.iter().map(|row| row.try_get::<String>("", "table"));
        let parents = parents.collect::<Result<Vec<_>, _>>()?;
        waiting.push((table(&db, name, sql.contains("AUTOINCREMENT")).await?, parents));
    }
    db.close().await?;
    parents_first(waiting)
}

async fn query(db: &DatabaseConnection, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await
}

async fn table(db: &DatabaseConnection, name: String, is_counted: bool) -> Result<Table, DbErr> {
    let mut columns = Vec::new();
    let mut key = Vec::new();
    for row in query(db, &format!("PRAGMA table_info(\"{name}\")")).await? {
        let (column, declared): (String, String) = (row.try_get("", "name")?, row.try_get("", "type")?);
        let in_key: i32 = row.try_get("", "pk")?;
        if in_key > 0 {
            key.push((in_key, columns.len()));
        }
        let kind = kind(&declared).ok_or_else(|| {
            DbErr::Custom(format!("column `{column}` of `{name}` is `{declared}`, which backups do not know"))
        })?;
        columns.push(Column { name: column, kind });
    }
    key.sort_unstable();
    let key: Vec<usize> = key.into_iter().map(|(_, at)| at).collect();
    let counted = key.first().filter(|_| is_counted).map(|&at| columns[at].name.clone());
    Ok(Table { name, columns, key, counted })
}

/// Types as the migrations spell them on SQLite.
fn kind(declared: &str) -> Option<Kind> {
    let word = declared.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
    Some(match word.as_str() {
        "uuid_text" => Kind::Uuid,
        "integer" | "bigint" | "smallint" | "tinyint" | "int" => Kind::Integer,
        "double" | "float" | "real" => Kind::Real,
        "boolean" => Kind::Boolean,
        "text" | "varchar" | "char" => Kind::Text,
        "json_text" | "jsonb_text" => Kind::Json,
        "blob" | "varbinary_blob" | "binary_blob" => Kind::Bytes,
        _ => return None,
    })
}

fn parents_first(mut waiting: Vec<(Table, Vec<String>)>) -> Result<Vec<Table>, DbErr> {
    let mut sorted: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_there =
            |parent: &String, own: &str| parent == own || sorted.iter().any(|table| table.name == *parent);
        let next = waiting
            .iter()
            .position(|(table, parents)| parents.iter().all(|parent| is_there(parent, &table.name)));
        let next = next.ok_or_else(|| DbErr::Custom("tables refer to each other in a circle".to_owned()))?;
        sorted.push(waiting.remove(next).0);
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations;

    #[tokio::test]
    async fn every_version_is_understood() {
        for version in 1..=migrations::names().len() {
            let tables = tables(version).await.unwrap();
            for table in &tables {
                assert!(!table.key.is_empty(), "`{}` has no primary key, its rows have no order", table.name);
            }
            let at = |name: &str| tables.iter().position(|table| table.name == name).unwrap();
            assert!(at("tenants") < at("uploads") && at("uploads") < at("runs") && at("runs") < at("jobs"));
            assert_eq!(tables[at("audit_events")].counted.as_deref(), Some("seq"));
        }
        let first = tables(1).await.unwrap();
        assert!(first.iter().all(|table| table.name != "idempotency_keys"), "it came with the second");
    }
}
