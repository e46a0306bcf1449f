//! Backups and restores of the configured store.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use csvp_store::backup::{self, Entry, Made, Place, Pruned, Restored, Verified};
use csvp_store::{BackupId, S3Options};

use super::{Access, OperateError, Operator};
use crate::config::Config;
use crate::serve::{LOCK_FILE, ServeError};
use crate::services::storage;

/// What a person has named.
enum Named {
    Directory(PathBuf),
    Bucket(Box<S3Options>),
}

/// Where backups are written: `target`, or what the configuration says. This process has a directory alone until the value
/// is dropped.
///
/// # Errors
/// None is named, it lies in the store itself, it holds other things, or it cannot be written.
pub async fn place_to_write(config: &Config, target: Option<&str>) -> Result<Place, OperateError> {
    match named(config, target)? {
        Named::Directory(dir) => {
            let data_dir = config.store.data_dir();
            if plain(&dir).starts_with(plain(&data_dir)) {
                let (dir, data_dir) = (dir.display(), data_dir.display());
                return Err(inside(&format!("`{dir}` is in the data directory `{data_dir}`")));
            }
            Ok(Place::directory_to_write(&dir).await?)
        }
        Named::Bucket(options) => {
            if let Some(own) = config.s3_options().map_err(ServeError::from)?
                && (&own.bucket, &own.endpoint) == (&options.bucket, &options.endpoint)
                && is_below(&options.prefix, &own.prefix)
            {
                return Err(inside(&format!("bucket `{}` holds the store itself", own.bucket)));
            }
            Ok(Place::s3_to_write(&options).await?)
        }
    }
}

fn inside(what: &str) -> OperateError {
    OperateError::Refused {
        message: format!("{what}: backups there are lost together with it"),
        hints: vec!["name a place on another disk or machine, or another bucket".to_owned()],
    }
}

/// Whether one prefix is the other or begins with it.
fn is_below(inner: &str, outer: &str) -> bool {
    outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where backups are read: `source`, or what the configuration says. Nothing in it is changed.
///
/// # Errors
/// None is named, it cannot be read, or it holds no backups.
pub async fn place_to_read(config: &Config, source: Option<&str>) -> Result<Place, OperateError> {
    match named(config, source)? {
        Named::Directory(dir) => Ok(Place::directory_to_read(&dir).await?),
        Named::Bucket(options) => Ok(Place::s3_to_read(&options).await?),
    }
}

/// `s3://bucket/prefix` is a bucket at the server, and with the keys, of the section `s3`; everything else is a directory.
fn named(config: &Config, text: Option<&str>) -> Result<Named, OperateError> {
    let text = text.unwrap_or(&config.backup.target);
    let refused =
        |message: String, hint: &str| OperateError::Refused { message, hints: vec![hint.to_owned()] };
    let Some(address) = text.strip_prefix("s3://") else {
        return match text {
            "" => Err(refused(
                "no place for backups is named".to_owned(),
                "name a directory or `s3://bucket/prefix`, or set `backup.target`",
            )),
            path if path.starts_with("s3:") => Err(refused(
                format!("expected `s3://bucket/prefix`, found `{path}`"),
                "write two slashes behind `s3:`; a directory of this name is `./s3:...`",
            )),
            path => Ok(Named::Directory(PathBuf::from(path))),
        };
    };
    let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
    let mut config = config.clone();
    config.s3.bucket = bucket.to_owned();
    config.s3.prefix = prefix.to_owned();
    let options = config.s3_options().map_err(ServeError::from)?;
    let options = options.ok_or_else(|| {
        refused(format!("expected `s3://bucket/prefix`, found `{text}`"), "name the bucket behind `s3://`")
    })?;
    Ok(Named::Bucket(Box::new(options)))
}

/// A path without links, `.` and `..`, as far as it exists.
fn plain(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
        if let Ok(real) = plain.canonicalize() {
            plain = real;
        }
    }
    plain
}

impl Operator {
    /// Backs up all rows and every object that they name, beside a running service.
    ///
    /// # Errors
    /// See [`backup::create`].
    pub async fn backup(&self, place: &Place) -> Result<Made, OperateError> {
        Ok(backup::create(self.meta(), self.blobs(), place).await?)
    }
}

/// All complete backups, the oldest first.
///
/// # Errors
/// The place cannot be read.
pub async fn backups(place: &Place) -> Result<Vec<Entry>, OperateError> {
    Ok(backup::list(place).await?)
}

/// Reads a backup back, the newest one or the one that is asked for.
///
/// # Errors
/// See [`backup::verify`].
pub async fn verify(place: &Place, id: Option<BackupId>) -> Result<Verified, OperateError> {
    Ok(backup::verify(place, id).await?)
}

/// Reads a backup back as [`verify`] does, and removes contents that are wrong, so that the next backup copies them again.
///
/// # Errors
/// See [`backup::repair`].
pub async fn repair_backup(place: &Place, id: Option<BackupId>) -> Result<Verified, OperateError> {
    Ok(backup::repair(place, id).await?)
}

/// Keeps the newest backups and removes the others.
///
/// # Errors
/// See [`backup::prune`].
pub async fn prune(place: &Place, keep: usize) -> Result<Pruned, OperateError> {
    Ok(backup::prune(place, keep).await?)
}

/// Restores a backup into the store of the configuration, which must be empty.
///
/// # Errors
/// The store is not empty or in use, its directory is none to restore into, the backup is damaged or of a newer program.
/// Nothing is restored then, and a directory that was empty holds no store.
pub async fn restore(config: &Config, place: &Place, id: Option<BackupId>) -> Result<Restored, OperateError> {
    let data_dir = config.store.data_dir();
    let mut is_ours = false;
    if !config.is_shared() {
        must_not_be_in(&data_dir, place)?;
        is_ours = is_free(&data_dir)?;
    }
    backup::must_be_restorable(place, id).await?;
    let operator = Operator::open(config, Access::New).await?;
    let restored = backup::restore(place, id, operator.meta(), operator.blobs()).await;
    if restored.is_ok() || !is_ours {
        operator.close().await?;
        return Ok(restored?);
    }
    let Operator { meta, blobs, lock, .. } = operator;
    let closed = meta.close().await;
    drop(blobs);
    // Under the lock: no service can have started over it.
    for entry in fs::read_dir(&data_dir).into_iter().flatten().filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name());
        let removed = match storage::is_own(&name) && name != LOCK_FILE {
            false => continue,
            true if path.is_dir() => fs::remove_dir_all(&path),
            true => fs::remove_file(&path),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, path = %path.display(), "a part of a restore that failed stays");
        }
    }
    drop(lock);
    closed?;
    Ok(restored?)
}

/// Refuses a path in the directory of the backups: what is made there is foreign to them, and is lost together with them.
pub(super) fn must_not_be_in(path: &Path, place: &Place) -> Result<(), OperateError> {
    match place.directory() {
        Some(dir) if plain(path).starts_with(plain(dir)) => Err(OperateError::refused(
            format!(
                "expected a directory apart from the backups, found `{}` in `{}`",
                path.display(),
                dir.display()
            ),
            "name another directory",
        )),
        _ => Ok(()),
    }
}

/// Refuses a path in the data directory, which is the service's alone.
pub(super) fn must_not_be_in_data(path: &Path, config: &Config) -> Result<(), OperateError> {
    let data_dir = config.store.data_dir();
    match plain(path).starts_with(plain(&data_dir)) {
        true => Err(OperateError::refused(
            format!(
                "expected a directory apart from the living store, found `{}` in `{}`",
                path.display(),
                data_dir.display()
            ),
            "name another directory with `--scratch DIR`",
        )),
        false => Ok(()),
    }
}

/// Whether a data directory holds nothing of a store. Refuses one that holds anything else.
fn is_free(dir: &Path) -> Result<bool, OperateError> {
    let failed = |source| OperateError::File { path: dir.display().to_string(), source };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed(error)),
    };
    let mut is_free = true;
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if name == "lost+found" || name == LOCK_FILE {
            continue;
        }
        if !storage::is_own(&name) {
            return Err(OperateError::refused(
                format!(
                    "expected an empty directory or one of a store, found `{}` in `{}`",
                    name.to_string_lossy(),
                    dir.display()
                ),
                "name a new directory with `--data`; nothing was changed",
            ));
        }
        is_free = false;
    }
    Ok(is_free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn backups_do_not_lie_in_the_bucket_of_the_store() {
        let mut config = Config::default();
        config.s3.bucket = "files".to_owned();
        config.s3.prefix = "csvp".to_owned();
        config.s3.endpoint = "http://127.0.0.1:9".to_owned();
        config.s3.access_key_id = "key".to_owned();
        config.s3.secret_access_key = "secret".parse().unwrap();
        for inside in ["s3://files/csvp", "s3://files/csvp/backups", "s3://files/csvp/"] {
            let refused = place_to_write(&config, Some(inside)).await.unwrap_err();
            assert!(matches!(refused, OperateError::Refused { .. }), "{inside}: {refused:?}");
        }
        for other in ["s3://files/csvp-backups", "s3://backups"] {
            assert!(matches!(named(&config, Some(other)), Ok(Named::Bucket(_))), "{other}");
        }
        for mistyped in ["s3://", "s3:/files/other", "s3:files"] {
            assert!(
                matches!(named(&config, Some(mistyped)), Err(OperateError::Refused { .. })),
                "{mistyped}"
            );
        }
        assert!(!is_below("csvp-backups", "csvp") && is_below("any", ""));
    }

    #[tokio::test]
    async fn backups_do_not_lie_in_the_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        std::os::unix::fs::symlink(&data, dir.path().join("link")).unwrap();
        let mut config = Config::default();
        config.store.data_dir = data.display().to_string();
        for inside in ["data", "data/backups", "link/backups", "other/../data/new/deep"] {
            let target = dir.path().join(inside).display().to_string();
            let refused = place_to_write(&config, Some(&target)).await.unwrap_err();
            assert!(matches!(refused, OperateError::Refused { .. }), "{inside}: {refused:?}");
        }
        let target = dir.path().join("data-backups").display().to_string();
        place_to_write(&config, Some(&target)).await.unwrap();
        assert!(matches!(place_to_read(&config, None).await, Err(OperateError::Refused { .. })));
    }
}
