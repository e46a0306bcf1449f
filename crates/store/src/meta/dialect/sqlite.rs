//! SQLite: one connection writes, several read; a commit waits for the disk.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::Connection as _;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbErr};

use crate::error::StoreError;

use crate::meta::MetaOptions;

/// The size of a page; SQLite's own default.
const PAGE_BYTES: u64 = 4_096;
/// The mode of a file for its owner alone, and the rights of everybody else in a mode.
const PRIVATE: u32 = 0o600;
const OTHERS: u32 = 0o077;
/// What is written to find out whether a disk has room: as much as SQLite takes at once, for the index of its log.
const PROBE_BYTES: usize = 32 << 10;
/// How long a writer of another process is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens connections to a file. `synchronous=FULL` makes a commit wait for the disk: that is what an answer to the sender
/// stands on. Those that only read cannot write even by mistake.
pub(super) async fn connect(
    options: &MetaOptions,
    file: &Path,
    max_bytes: Option<u64>,
    connections: u32,
    reads_only: bool,
) -> Result<DatabaseConnection, DbErr> {
    let file = file.to_owned();
    if !reads_only {
        let file = file.clone();
        // What fails in there SQLite says itself.
        let _ = tokio::task::spawn_blocking(move || make_private(&file)).await;
    }
    let max_pages = max_bytes.map(|bytes| (bytes / PAGE_BYTES).max(1));
    let mut connect = ConnectOptions::new("sqlite://set-below");
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
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

/// Keeps other users of the machine from the files of a database: it names what was uploaded, and its log holds what was
/// in rows before.
///
/// SQLite gives its log the mode of the database, so that file is made here, empty, which SQLite takes for a new one. Files
/// that an earlier version has made are closed. A file that is there is never opened: closing it would let go of the locks
/// that SQLite in this process has on it.
fn make_private(file: &Path) {
    if std::fs::File::options().write(true).create_new(true).mode(PRIVATE).open(file).is_ok() {
        return;
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        let is_open = |facts: std::fs::Metadata| facts.is_file() && facts.mode() & OTHERS != 0;
        if std::fs::metadata(&path).is_ok_and(is_open) {
            // Those of another user stay as they are.
            let _ = std::fs::set_permissions(&path, Permissions::from_mode(PRIVATE));
        }
    }
}

/// Makes durable what can be read.
///
/// A process that was killed between writing a transaction into the log and syncing it leaves the transaction in the cache
/// of the system: SQLite finds it whole and shows it, and a sender who tries again is told that it is done, but a power
/// cut would still take it. A checkpoint syncs the log, moves everything into the database and syncs that. The names of
/// both files are in their directory.
pub(super) async fn settle(writer: &DatabaseConnection, file: &Path) -> Result<(), StoreError> {
    let moved = writer.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await;
    match moved.map_err(super::super::db_error) {
        // The log was synced before, and stays what is read from. A full disk must not keep the service from starting.
        Err(StoreError::Full { .. }) => tracing::warn!("the disk has no room to tidy up the database"),
        moved => {
            moved?;
        }
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    let synced = tokio::task::spawn_blocking(move || std::fs::File::open(folder)?.sync_all()).await;
    synced.map_err(|error| StoreError::Internal(error.into()))?.map_err(StoreError::from_io)
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

/// The primary result code of an error, without its extended part.
pub(super) fn code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(cause) = error else { return None };
    let extended: u32 = cause.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// No room on the disk under the database.
pub(super) fn is_full(code: u32) -> bool {
    const FULL: u32 = 13;
    code == FULL
}

/// A call of the system has failed: on a full quota too, and where a disk says only when it is synced that it is full.
pub(super) fn is_io_error(code: u32) -> bool {
    const IO_ERROR: u32 = 10;
    code == IO_ERROR
}

/// The file is no database, or its pages contradict each other.
pub(super) fn is_damaged(code: u32) -> bool {
    const CORRUPT: u32 = 11;
    const NOT_A_DATABASE: u32 = 26;
    matches!(code, CORRUPT | NOT_A_DATABASE)
}

/// Whether the disk under a database has no room: SQLite does not tell why a call failed, so it is tried.
pub(super) async fn has_no_room(file: &Path) -> bool {
    let mut probe = file.as_os_str().to_owned();
    probe.push("-probe");
    let probe = PathBuf::from(probe);
    let tried = tokio::task::spawn_blocking(move || {
        let tried = try_to_write(&probe);
        // What is left of it, by a process that was killed too, goes with the next one.
        let _ = std::fs::remove_file(&probe);
        tried
    });
    let full =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    tried.await.is_ok_and(|tried| tried.as_ref().is_err_and(full))
}

fn try_to_write(probe: &Path) -> io::Result<()> {
    let mut file = std::fs::File::create(probe)?;
    file.write_all(&vec![0; PROBE_BYTES])?;
    file.sync_data()
}

/// Another process holds the file for too long, or it cannot be opened now.
pub(super) fn is_unavailable(code: u32) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const CANNOT_OPEN: u32 = 14;
    matches!(code, BUSY | LOCKED | CANNOT_OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_calls_are_known_by_their_primary_code() {
        // From sqlite3.h: a write, a sync, a larger index of the log; not: full, busy, cannot be opened.
        let io_errors = [778, 1_034, 4_874];
        assert!(io_errors.iter().all(|extended| is_io_error(extended & 0xff)));
        assert!([13, 5, 14].into_iter().all(|code| !is_io_error(code)));
    }

    #[tokio::test]
    async fn a_disk_with_room_is_not_full_and_nothing_stays_of_the_probe() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("csvp.sqlite");
        assert!(!has_no_room(&file).await);
        assert!(!has_no_room(&dir.path().join("not/there.sqlite")).await, "another error is none of room");
        assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 0);
    }
}
