//! Directories: made, looked through, removed.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use super::sync::sync_dir;

/// Directories that only the service's own user can look into: they hold other people's data.
pub(in crate::blob) fn private_dir() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

/// Makes a directory and those above it that are missing, and their names durable. Only the service's own user can look
/// into those that are made.
///
/// Directories that are there already are synced too, up to the mount point: a process that was killed may have made them
/// and not yet synced them, and a power cut later would take everything in them along.
pub fn make_dirs(dir: &Path) -> io::Result<()> {
    make_missing(dir)?;
    let dir = dir.canonicalize()?;
    let device = fs::metadata(&dir)?.dev();
    for above in dir.ancestors().skip(1) {
        if fs::metadata(above)?.dev() != device {
            break;
        }
        match sync_dir(above) {
            // We can look into all that we make.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}

fn make_missing(dir: &Path) -> io::Result<()> {
    // What is relative begins in the working directory, whose path is empty.
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty() && !dir.is_dir());
    if let Some(above) = above {
        make_missing(above)?;
    }
    make_dir(dir)
}

/// Makes a directory; one that is there is fine.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    match private_dir().create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Removes the directories below this one that hold no file; those with a leading dot stay.
pub(super) fn remove_empty_dirs(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            remove_empty_dirs(&entry.path())?;
            // One that is not empty refuses, and stays.
            let _ = fs::remove_dir(entry.path());
        }
    }
    Ok(())
}

/// Depth-first over all files; directories that vanish meanwhile are skipped. False when `each` wanted to stop.
pub(super) fn visit(
    dir: &Path,
    each: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<bool>,
) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let goes_on = if entry.file_type()?.is_dir() {
            visit(&path, each).or_else(gone)?
        } else {
            entry.metadata().and_then(|metadata| each(&path, &metadata)).or_else(gone)?
        };
        if !goes_on {
            return Ok(false);
        }
    }
    Ok(true)
}

fn gone(error: io::Error) -> io::Result<bool> {
    if error.kind() == io::ErrorKind::NotFound { Ok(true) } else { Err(error) }
}
