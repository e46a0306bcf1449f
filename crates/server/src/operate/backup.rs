//! Backups and restores of the configured store.

use std::path::{Component, Path, PathBuf};

use csvp_store::backup::{self, Entry, Made, Place, Pruned, Restored, Verified};
use csvp_store::{BackupId, Clock};

use super::{Access, OperateError, Operator};
use crate::config::Config;

/// Where backups are written: `target`, or what the configuration says. This process has a directory alone until the value
/// is dropped.
///
/// # Errors
/// None is named, it lies in the data directory, it holds other things, or it cannot be written.
pub async fn place_to_write(config: &Config, target: Option<&str>) -> Result<Place, OperateError> {
    let dir = directory(config, target)?;
    let data_dir = config.store.data_dir();
    if plain(&dir).starts_with(plain(&data_dir)) {
        return Err(OperateError::Refused {
            message: format!(
                "`{}` is in the data directory `{}`: backups there are lost together with it",
                dir.display(),
                data_dir.display()
            ),
            hints: vec!["name a directory on another disk or machine".to_owned()],
        });
    }
    Ok(Place::directory_to_write(&dir).await?)
}

/// Where backups are read: `source`, or what the configuration says. Nothing in it is changed.
///
/// # Errors
/// None is named, it cannot be read, or it holds no backups.
pub async fn place_to_read(config: &Config, source: Option<&str>) -> Result<Place, OperateError> {
    Ok(Place::directory_to_read(&directory(config, source)?).await?)
}

fn directory(config: &Config, named: Option<&str>) -> Result<PathBuf, OperateError> {
    match named.unwrap_or(&config.backup.target) {
        "" => Err(OperateError::Refused {
            message: "no place for backups is named".to_owned(),
            hints: vec!["name a directory, or set `backup.target`".to_owned()],
        }),
        path => Ok(PathBuf::from(path)),
    }
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

/// Keeps the newest backups and removes the others.
///
/// # Errors
/// See [`backup::prune`].
pub async fn prune(place: &Place, keep: usize) -> Result<Pruned, OperateError> {
    Ok(backup::prune(place, keep, &Clock::system()).await?)
}

/// Restores a backup into the store of the configuration, which must be empty.
///
/// # Errors
/// The store is not empty or in use, the backup is damaged or of a newer program. Nothing is restored then.
pub async fn restore(config: &Config, place: &Place, id: Option<BackupId>) -> Result<Restored, OperateError> {
    let operator = Operator::open(config, Access::New).await?;
    let restored = backup::restore(place, id, operator.meta(), operator.blobs()).await;
    operator.close().await?;
    Ok(restored?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn backups_do_not_lie_in_the_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
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
