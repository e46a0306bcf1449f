//! Opens the store, and keeps it free of what nobody needs.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use csvp_store::repair::{Repair, Repaired};
use csvp_store::{
    BindError, Blobs, Clock, Deleted, MAX_UNRECORDED, Meta, MetaOptions, Sole, StoreError, owner,
};

use crate::app::App;
use crate::config::{Config, Migrate, shown};
use crate::operate::NOT_REMOVED_HINT;
use crate::serve::{LOCK_FILE, ServeError};
use crate::services::told::Told;

/// Name of the database in the data directory.
const DATABASE: &str = "csvp.sqlite";
/// Directory of the objects in the data directory.
const OBJECTS: &str = "objects";
/// How long an object may be without a row before it counts as left behind.
const GRACE: Duration = Duration::from_secs(15 * 60);
const _: () = assert!(GRACE.as_secs() > MAX_UNRECORDED.as_secs(), "what is about to be recorded must stay");
/// How often deleted uploads and replaced runs are looked for, at least.
const KNOWN_EVERY: Duration = Duration::from_secs(60);
/// What a look says that has removed something.
const REMOVED: &str = "objects without use were removed";
/// How often all objects are looked through.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// Why the store of this configuration cannot be opened.
pub(crate) fn failed(config: &Config, source: StoreError) -> ServeError {
    ServeError::Store { path: config.store.data_dir(), source }
}

/// Whether a store has a file or directory of this name in its data directory.
pub(crate) fn is_own(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(DATABASE) || name == OBJECTS || name == LOCK_FILE
}

/// Refuses when there is no store, so that a mistyped directory is not made.
pub(crate) fn must_exist(config: &Config) -> Result<(), ServeError> {
    let path = config.store.data_dir();
    if database_place(config).is_some() {
        return Ok(());
    }
    match std::fs::metadata(path.join(DATABASE)) {
        Ok(facts) if facts.is_file() => Ok(()),
        Ok(_) => Err(ServeError::NoStore { path }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(ServeError::NoStore { path })
        }
        // There may well be one, which this user must not see.
        Err(source) => Err(ServeError::DataDir { path, source }),
    }
}

/// Opens the database as it is; refuses when its schema is older than the program.
pub(crate) async fn open_migrated_meta(config: &Config) -> Result<Meta, ServeError> {
    let pending = crate::migrate::pending_migrations(config).await?;
    if pending.is_empty() { connect(config).await } else { Err(ServeError::MigrationsPending(pending)) }
}

/// Host, port and name of the database; none when it is a file in the data directory.
pub(crate) fn database_place(config: &Config) -> Option<String> {
    config.database.address().ok().flatten().map(|url| shown(&url))
}

/// Why the database of this configuration cannot be used.
pub(crate) fn database_failed(config: &Config, source: StoreError) -> ServeError {
    match database_place(config) {
        Some(place) => ServeError::Database { place, source },
        None => failed(config, source),
    }
}

/// Opens the database as it is.
pub(crate) async fn connect(config: &Config) -> Result<Meta, ServeError> {
    let options = meta_options(config)?;
    Meta::open(&options, Clock::system()).await.map_err(|source| database_failed(config, source))
}

/// Opens the database and brings it up to date, if that is wanted; gives the names of the migrations that ran.
pub(crate) async fn open_meta(config: &Config) -> Result<(Meta, Vec<String>), ServeError> {
    let failed = |source| database_failed(config, source);
    let meta = connect(config).await?;
    if config.database.migrate == Migrate::Auto {
        let migrated = meta.migrate().await.map_err(failed)?;
        return Ok((meta, migrated));
    }
    let pending = meta.pending_migrations().await.map_err(failed)?;
    if pending.is_empty() { Ok((meta, pending)) } else { Err(ServeError::MigrationsPending(pending)) }
}

/// Ends the connections of a database that is not used after all: whoever looks at its files next finds them at rest.
pub(crate) async fn or_close<T>(meta: &Meta, opened: Result<T, ServeError>) -> Result<T, ServeError> {
    if opened.is_err()
        && let Err(error) = meta.clone().close().await
    {
        tracing::warn!(%error, "the database was not closed");
    }
    opened
}

/// Takes the store for the service. One that others are at work in is bound only; any other is taken for this process alone,
/// and cleaned of what a crash left behind.
pub(crate) async fn take(
    config: &Config,
    meta: &Meta,
    blobs: &Blobs,
    is_alone: bool,
) -> Result<Option<Sole>, ServeError> {
    if !is_alone {
        bind(config, meta, blobs).await?;
        return Ok(None);
    }
    let sole = claim_alone(config, meta).await?;
    bind(config, meta, blobs).await?;
    recover(config, meta, blobs).await?;
    Ok(Some(sole))
}

/// Takes the database for this process alone: its files are in a directory that no other machine sees, and two processes over
/// one database would each take what the other has for lost.
async fn claim_alone(config: &Config, meta: &Meta) -> Result<Sole, ServeError> {
    let claimed = meta.claim_alone().await.map_err(|source| database_failed(config, source))?;
    claimed.ok_or_else(|| ServeError::DatabaseBusy { place: database_place(config).unwrap_or_default() })
}

/// Where the database is.
pub(crate) fn meta_options(config: &Config) -> Result<MetaOptions, ServeError> {
    let database = &config.database;
    Ok(match database.address()? {
        None => MetaOptions::sqlite_file(config.store.data_dir().join(DATABASE)),
        Some(url) => MetaOptions::postgres(url.reveal())
            .with_max_connections(database.max_connections)
            .with_acquire_timeout(database.acquire_timeout.0)
            .with_statement_timeout(database.statement_timeout.0),
    })
}

/// Opens the bucket, or the directory of objects.
pub(crate) async fn open_blobs(config: &Config, meta: &Meta) -> Result<Blobs, ServeError> {
    let blobs = open_unbound_blobs(config).await?;
    bind(config, meta, &blobs).await?;
    Ok(blobs)
}

/// Opens the bucket, or the directory of objects, whosever they are: nothing that was published may be removed before
/// [`bind`]. What unfinished writes have left in a directory goes, and gives room on a full disk.
pub(crate) async fn open_unbound_blobs(config: &Config) -> Result<Blobs, ServeError> {
    let max_bytes = Some(config.store.max_disk.0);
    if let Some(options) = config.s3_options()? {
        return Ok(Blobs::open_s3(&options, max_bytes).await?);
    }
    let root = config.store.data_dir().join(OBJECTS);
    Blobs::open_local(&root, max_bytes).await.map_err(|source| failed(config, source))
}

/// Makes sure that the objects are this database's: nothing is safe from another one.
async fn bind(config: &Config, meta: &Meta, blobs: &Blobs) -> Result<(), ServeError> {
    if blobs.is_remote() {
        // The results are counted too when all objects are looked through: where the store is shared, behind the start.
        blobs.recounted(meta.original_bytes().await.map_err(|source| database_failed(config, source))?);
    }
    Ok(owner::bind(meta, blobs).await?)
}

/// Opens the bucket, or the directory of objects, to read only, beside a process that writes. That they are this database's
/// is looked at and not written down.
pub(crate) async fn open_blobs_to_read(config: &Config, meta: &Meta) -> Result<Blobs, ServeError> {
    let blobs = match config.s3_options()? {
        Some(options) => Blobs::open_s3_to_read(&options).await?,
        None => {
            let root = config.store.data_dir().join(OBJECTS);
            Blobs::open_local_to_read(&root).await.map_err(|source| failed(config, source))?
        }
    };
    owner::check(meta, &blobs).await?;
    Ok(blobs)
}

/// Puts right what a crash left behind: jobs whose workers are gone, objects whose upload was deleted or was never
/// acknowledged. The data directory is locked, so nobody else works or reads there at this moment: no lease holds, and no
/// object in it needs a grace period. A bucket has no lock: a copy of the directory may be in use over the same one.
async fn recover(config: &Config, meta: &Meta, blobs: &Blobs) -> Result<(), ServeError> {
    meta.end_all_leases().await.map_err(|source| failed(config, source))?;
    // What cannot be removed takes room and does no harm: whoever waits for the service is not to wait for it.
    let mut told = Told::default();
    let known = remove_known(meta, blobs, Duration::ZERO, &mut told).await;
    tell("objects of deleted uploads and replaced runs were removed", known);
    let mut repair = Repair::new(if blobs.is_remote() { GRACE } else { Duration::ZERO });
    let unused = repair.remove_unused(meta, blobs).await;
    recount(blobs, &repair);
    let unused = unused.unwrap_or_else(|error| tell_left(&error, &mut told));
    tell("objects that a crash left behind were removed", unused);
    Ok(())
}

/// Looks after the store while the service runs, until it is to stop; what a look has not done is done by the next one.
/// Every process does, whether it runs jobs or not: the policy that it shows, the time that it knows to have come and the
/// bytes that it counts are its own, and nobody else can keep them right. What is removed is everybody's, which is
/// harmless: what one has removed is gone for the others.
pub(crate) async fn look_after(app: App) {
    tokio::select! {
        () = app.stopping.cancelled() => {}
        // Side by side: to look through a large bucket takes long, and what is known of the time must not stand still.
        ((), ()) = async { tokio::join!(look_for_known(&app), look_through_all(&app)) } => {}
    }
}

async fn look_for_known(app: &App) {
    let kept_for = app.config.store.keep_replaced.0;
    let mut every = tokio::time::interval(kept_for.clamp(Duration::from_secs(1), KNOWN_EVERY));
    let mut told = Told::default();
    loop {
        every.tick().await;
        app.retention.read(app).await;
        tell(REMOVED, remove_known(&app.meta, &app.blobs, kept_for, &mut told).await);
        // Every minute: a copy of the database is found out before it has removed anything.
        are_ours(app).await;
    }
}

async fn look_through_all(app: &App) {
    let config = &app.config;
    let longest_write =
        config.processing.job_timeout.0.max(config.upload.wait_timeout.0 + config.upload.timeout.0);
    let mut repair = Repair::new(GRACE).with_longest_write(GRACE + longest_write);
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        every.tick().await;
        app.retention.end_what_is_due(app).await;
        if !are_ours(app).await {
            continue;
        }
        let removed = repair.remove_unused(&app.meta, &app.blobs).await;
        recount(&app.blobs, &repair);
        tell(REMOVED, removed.unwrap_or_else(|error| tell_left(&error, &mut Told::default())));
    }
}

/// Whether what the database does not know may be removed: not when a copy of the database is in use with the objects, nor when
/// that cannot be told just now.
async fn are_ours(app: &App) -> bool {
    match owner::renew(&app.meta, &app.blobs).await {
        Ok(()) => true,
        Err(BindError::Store(error)) => {
            tracing::warn!(error = %csvp_store::Chain(&error), "whose the objects are cannot be told; trying again");
            false
        }
        Err(error) => {
            tracing::error!(
                error = %csvp_store::Chain(&error),
                hint = error.hints().join("; "),
                "the objects may be in use with another database: what this one does not know stays"
            );
            false
        }
    }
}

/// Takes over how many bytes a look has seen. A directory counts its own at the start; nobody else writes there.
fn recount(blobs: &Blobs, repair: &Repair) {
    if let Some(left) = repair.left_bytes().filter(|_| blobs.is_remote()) {
        blobs.recounted(left);
    }
}

/// Says why objects without use are still there. What one upload has is said once an hour: a person has to do something.
fn tell_left(error: &StoreError, told: &mut Told) -> Repaired {
    let why = csvp_store::Chain(error).to_string();
    if !matches!(error, StoreError::NotRemoved { .. }) {
        tracing::warn!(error = why, "the store could not be looked after; trying again");
    } else if told.is_due(&why, Instant::now()) {
        tracing::warn!(error = why, hint = NOT_REMOVED_HINT, "bytes that should be gone are still there");
    }
    Repaired::default()
}

/// Removes what the database knows to be without use, and says what it cannot remove.
async fn remove_known(meta: &Meta, blobs: &Blobs, kept_for: Duration, told: &mut Told) -> Repaired {
    // What cannot be removed of one kind does not keep the others.
    let all = [
        Repair::finish_deletes(meta, blobs).await,
        Repair::finish_removals(meta, blobs).await,
        Repair::remove_replaced(meta, blobs, kept_for).await,
    ];
    let all = all.map(|done| done.unwrap_or_else(|error| tell_left(&error, told)));
    Repaired {
        removed: all.iter().map(|repaired| repaired.removed).sum(),
        removed_bytes: all.iter().map(|repaired| repaired.removed_bytes).sum(),
        ..Repaired::default()
    }
}

fn tell(what: &str, repaired: Repaired) {
    if repaired.aborted > 0 {
        tracing::info!(writes = repaired.aborted, "parts of objects that nobody would finish were removed");
    }
    if repaired.removed > 0 {
        tracing::info!(groups = repaired.removed, bytes = repaired.removed_bytes, "{what}");
    }
}

/// Removes the bytes of a deleted upload. When that fails, the next look does it.
pub(crate) async fn remove_deleted(app: &App, deleted: &Deleted) {
    let remove = async {
        app.blobs.delete_prefix(&deleted.objects).await?;
        app.meta.finish_delete(deleted).await
    };
    if let Err(error) = remove.await {
        tracing::warn!(error = %csvp_store::Chain(&error), upload = %deleted.upload, "bytes of a deleted upload are still there; trying again later");
    }
}

/// Bytes that uploads and results take.
pub(crate) fn used_bytes(app: &App) -> u64 {
    app.blobs.used_bytes()
}

/// Whether the disk has so little room left that no upload should be begun.
pub(crate) fn is_nearly_full(config: &Config) -> bool {
    is_nearly_full_at(&config.store.data_dir(), config.store.min_free_disk.0)
}

/// Whether the disk that holds the path has less than so many bytes left.
pub(crate) fn is_nearly_full_at(path: &Path, min_free: u64) -> bool {
    free_bytes(path).is_some_and(|free| free < min_free)
}

/// Free bytes of the disk that holds the path; none where that cannot be told.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    rustix::fs::statvfs(path).ok().map(|facts| facts.f_bavail.saturating_mul(facts.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be looked at is not the same as what is not there: a person would look for a typing error.
    #[test]
    fn a_store_that_cannot_be_looked_at_is_not_a_missing_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.store.data_dir = dir.path().join("nothing").display().to_string();
        assert!(matches!(must_exist(&config), Err(ServeError::NoStore { .. })));
        config.store.data_dir = dir.path().display().to_string();
        assert!(matches!(must_exist(&config), Err(ServeError::NoStore { .. })));
        // Stands for missing rights, which a test that runs as root has everywhere.
        std::os::unix::fs::symlink(DATABASE, dir.path().join(DATABASE)).unwrap();
        assert!(matches!(must_exist(&config), Err(ServeError::DataDir { .. })));
    }
}
