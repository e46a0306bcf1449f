//! Brings the database up to date, or says what there is to do.

use csvp_store::Meta;

use crate::config::Config;
use crate::serve::{ServeError, lock_data_dir};
use crate::services::storage;

/// Brings the database up to date and returns the names of the migrations that ran.
///
/// # Errors
/// When the data directory or the database cannot be used.
pub async fn migrate(config: &Config) -> Result<Vec<String>, ServeError> {
    config.validate()?;
    let _lock = match config.database.address()? {
        Some(_) => None,
        None => Some(lock_data_dir(&config.store.data_dir())?),
    };
    let failed = |source| storage::database_failed(config, source);
    let meta = storage::connect(config).await?;
    let migrated = meta.migrate().await.map_err(failed)?;
    meta.close().await.map_err(failed)?;
    Ok(migrated)
}

/// Whether there is no store in the data directory of a configuration: then [`migrate`] makes one, as the first start does. A
/// database of a server is there already.
pub fn has_no_store(config: &Config) -> bool {
    matches!(storage::must_exist(config), Err(ServeError::NoStore { .. }))
}

/// The names of the migrations that have not run yet. Changes nothing: a database that is not there is not made.
///
/// # Errors
/// When it cannot be told: the database cannot be read, or a newer version of the program has made it.
pub async fn pending_migrations(config: &Config) -> Result<Vec<String>, ServeError> {
    config.validate()?;
    let failed = |source| storage::database_failed(config, source);
    Meta::pending_migrations_of(&storage::meta_options(config)?).await.map_err(failed)
}
