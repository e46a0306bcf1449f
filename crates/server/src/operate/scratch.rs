//! The directory that a drill restores into. It goes away with the drill; what a drill has left that was killed, the next
//! one removes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::OperateError;
use crate::api::Timestamp;
use crate::config::{Bytes, Config};

/// What the names begin with; an id follows that says when it was made.
const NAME: &str = "csvp-drill-";
/// A directory that is younger may not be locked yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A directory that goes away with the value.
pub(super) struct Scratch {
    path: PathBuf,
    /// Locked as long as the drill lives. The operating system lets go of it with the process, also after `kill -9`.
    _lock: File,
}

impl Scratch {
    pub(super) fn new(parent: &Path) -> Result<Self, OperateError> {
        let path = parent.join(format!("{NAME}{}", Uuid::now_v7().as_simple()));
        let failed = |source| OperateError::File { path: path.display().to_string(), source };
        csvp_store::make_dirs(&path).map_err(failed)?;
        let lock = File::open(&path).map_err(failed)?;
        if let Err(error) = lock.try_lock() {
            // A file system that knows no locks: then nobody can take it either, and what a killed drill leaves stays.
            tracing::debug!(%error, dir = %path.display(), "the scratch store of a drill cannot be locked");
        }
        Ok(Self { path, _lock: lock })
    }

    /// Removes what drills have left here that were killed. What cannot be removed stays, and is said.
    pub(super) fn remove_old(parent: &Path) {
        let entries = fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
        for entry in entries.filter(|entry| is_old(&entry.file_name().to_string_lossy())) {
            let path = entry.path();
            // No link is followed: it is somebody else's.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let Ok(lock) = File::open(&path) else { continue };
            if lock.try_lock().is_err() {
                continue;
            }
            match fs::remove_dir_all(&path) {
                Ok(()) => {
                    tracing::info!(dir = %path.display(), "the scratch store of a drill that was killed was removed")
                }
                Err(error) => left(&path, &error),
            }
        }
    }

    /// Nothing of the living store: a drill must not be able to reach it.
    pub(super) fn config(&self, living: &Config) -> Config {
        let mut config = Config {
            upload: living.upload.clone(),
            processing: living.processing.clone(),
            limits: living.limits.clone(),
            ..Config::default()
        };
        config.store.data_dir = self.path.display().to_string();
        config.store.max_disk = Bytes(u64::MAX);
        config
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            left(&self.path, &error);
        }
    }
}

fn left(path: &Path, error: &std::io::Error) {
    tracing::warn!(%error, dir = %path.display(), "the scratch store of a drill stays");
}

/// Whether it is the name of a scratch store that was made a while ago.
fn is_old(name: &str) -> bool {
    let id = name.strip_prefix(NAME).and_then(|id| Uuid::try_parse(id).ok());
    let Some(made) = id.and_then(|id| id.get_timestamp()) else { return false };
    let (secs, nanos) = made.to_unix();
    let age = Duration::from_micros(Timestamp::now().0.try_into().unwrap_or(0))
        .saturating_sub(Duration::new(secs, nanos));
    age >= YOUNG
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour ago.
    fn old(parent: &Path, number: u64) -> PathBuf {
        let secs = u64::try_from(Timestamp::now().0 / 1_000_000).unwrap() - 3_600;
        let made = uuid::Timestamp::from_unix(uuid::NoContext, secs + number, 0);
        let path = parent.join(format!("{NAME}{}", Uuid::new_v7(made).as_simple()));
        fs::create_dir_all(path.join("objects")).unwrap();
        fs::write(path.join("csvp.sqlite"), "rows").unwrap();
        path
    }

    #[test]
    fn what_a_killed_drill_has_left_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (left, held) = (old(dir.path(), 0), old(dir.path(), 1));
        let lock = File::open(&held).unwrap();
        lock.try_lock().unwrap();
        let living = Scratch::new(dir.path()).unwrap();
        // It has just been made by another process, which has not come to its lock yet.
        let young = dir.path().join(format!("{NAME}{}", Uuid::now_v7().as_simple()));
        let foreign = dir.path().join("csvp-drill-notes");
        for path in [&young, &foreign] {
            fs::create_dir(path).unwrap();
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let target = old(elsewhere.path(), 2);
        let link = dir.path().join(target.file_name().unwrap());
        std::os::unix::fs::symlink(&target, &link).unwrap();

        Scratch::remove_old(dir.path());
        assert!(!left.exists());
        for path in [&held, &young, &foreign, &link, &target.join("csvp.sqlite"), &living.path] {
            assert!(path.exists(), "{}", path.display());
        }
        drop(lock);
        Scratch::remove_old(dir.path());
        assert!(!held.exists(), "its process has ended");
        let path = living.path.clone();
        drop(living);
        assert!(!path.exists());
    }
}
