//! Waits for the disk.

use std::fs::File;
use std::io;
use std::path::Path;

use super::parent;

/// Something to be made durable.
#[derive(Clone, Copy)]
pub(super) enum Sync<'a> {
    /// The content of a file, with what is needed to read it.
    File(&'a File),
    /// The names in a directory.
    Dir(&'a Path),
}

impl Sync<'_> {
    fn run(self) -> io::Result<()> {
        match self {
            Self::File(file) => file.sync_data(),
            Self::Dir(dir) => sync_dir(dir),
        }
    }
}

/// Waits for all of them at the same time; there are about ten when a run publishes its files.
pub(super) fn sync_all(mut syncs: Vec<Sync<'_>>) -> io::Result<()> {
    let Some(last) = syncs.pop() else { return Ok(()) };
    std::thread::scope(|scope| {
        let mut threads = Vec::with_capacity(syncs.len());
        let mut result = Ok(());
        for sync in syncs {
            match std::thread::Builder::new().spawn_scoped(scope, move || sync.run()) {
                Ok(thread) => threads.push(thread),
                // No thread to be had: then one after the other.
                Err(_) => result = result.and(sync.run()),
            }
        }
        result = result.and(last.run());
        for thread in threads {
            let synced = thread.join();
            result = result.and(
                synced.unwrap_or_else(|_| Err(io::Error::other("a thread that synced a file has panicked"))),
            );
        }
        result
    })
}

/// Makes the names in a directory durable; when the directory has gone meanwhile, that it has gone.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    match File::open(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => sync_dir(parent(dir)?),
        opened => opened?.sync_all(),
    }
}
