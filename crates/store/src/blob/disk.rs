//! A directory of objects on which "published" means "survives a power cut". Blocking calls only.
//!
//! A file is written under a temporary name, synced, renamed to its place, and then the directory is synced; every
//! directory made on the way is synced into its parent. Temporary files live in one place, `.tmp` under the root:
//! it is the same file system, so the rename is atomic, an unfinished write leaves nothing among the objects, and
//! a crash is cleaned up by emptying one directory. Small objects that come together wait for the disk together, see
//! [`super::journal`].

mod dirs;
mod packs;
mod staged;
mod sync;

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::SystemTime;

use bytes::Bytes;
use uuid::Uuid;

pub use self::dirs::make_dirs;
pub(super) use self::dirs::private_dir;
pub(super) use self::packs::Object;
pub(super) use self::staged::Staged;

use self::dirs::{make_dir, remove_empty_dirs, visit};
use self::packs::Locks;
use self::staged::write_chunks;
use self::sync::{Sync, sync_all, sync_dir};
use super::journal::{self, Journal};
use super::pack;
use super::placed::{Made, Placed};

pub(super) const TEMP_DIR: &str = ".tmp";
const JOURNAL_DIR: &str = ".journal";
const LOCK_FILE: &str = ".lock";
/// Directories remembered as durable; forgetting one costs a sync, nothing else.
const MAX_KNOWN_DIRS: usize = 10_000;

/// The directory of objects.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// Who makes a directory and puts a new file into it holds the lock, shared; who removes an empty directory, or
    /// looks at a file and then renames over it, holds it alone: so no directory goes away below a writer, and sizes
    /// are counted once. The journal holds it alone while it writes objects again. Nobody waits for the journal with it.
    dirs: Arc<RwLock<Dirs>>,
    packs: Locks,
    /// None when the directory was opened to read only.
    journal: Option<Journal>,
    /// Held by writers while the process lives: whoever gets it alone may empty the temporary directory.
    _lock: Option<File>,
}

#[derive(Debug, Default)]
pub(super) struct Dirs {
    /// Those that are known to be synced into their parents.
    durable: HashSet<PathBuf>,
    /// How often one was removed. What was made before a removal may have been made anew by someone else since.
    removals: u64,
}

impl Dirs {
    fn forget(&mut self, dir: &Path) {
        self.removals += 1;
        self.durable.retain(|known| !known.starts_with(dir));
    }
}

/// A file found by a walk.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path under the root, with `/` between the parts.
    pub(super) path: String,
    pub(super) size_bytes: u64,
    pub(super) modified: SystemTime,
}

impl Disk {
    /// Opens the directory, making it when it is missing. Unless another process uses the directory too, small objects
    /// are written again from the journal of a crashed process, and its temporary files and empty directories removed.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        make_dirs(&root.join(TEMP_DIR))?;
        let root = root.canonicalize()?;
        make_dir(&root.join(JOURNAL_DIR))?;
        sync_dir(&root)?;
        let lock = lock_file(&root)?;
        share_recovered(&root, &lock)?;
        let dirs = Arc::default();
        let journal = Journal::start(&root, &root.join(JOURNAL_DIR), &dirs)?;
        Ok(Self { root, dirs, packs: Locks::default(), journal: Some(journal), _lock: Some(lock) })
    }

    /// Opens a directory that must exist, to read only. Small objects stand in their places before the journal has them,
    /// so a living writer hides nothing; only the journal of a crashed one has to be written out, as the next writer
    /// would. No lock is held afterwards: a writer that starts meanwhile may clean up, nothing a reader needs goes.
    pub(super) fn open_to_read(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if journal::is_pending(&root.join(JOURNAL_DIR))? {
            let lock = lock_file(&root)?;
            if lock.try_lock().is_ok() {
                recover(&root)?;
            }
        }
        Ok(Self { root, dirs: Arc::default(), packs: Locks::default(), journal: None, _lock: None })
    }

    /// The directory itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Objects that the journal holds and that do not stand in their places as they were written.
    pub(super) fn misplaced(&self) -> io::Result<Vec<PathBuf>> {
        journal::misplaced(&self.root, &self.root.join(JOURNAL_DIR))
    }

    fn journal(&self) -> io::Result<&Journal> {
        self.journal.as_ref().ok_or_else(|| {
            io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "the objects were opened to read only")
        })
    }

    /// Writes small new objects to their places and hands them to the journal: they are durable after one wait for the
    /// disk that all callers of the same moment share. After an error none is there that was not there before.
    pub(super) fn place_small(&self, objects: &[(Vec<Bytes>, PathBuf)]) -> io::Result<Placed> {
        match self.create_pack(objects)? {
            Some((made, pack, bytes)) => {
                let answer = self.journal()?.append(&[(self.below_root(&pack)?, Some(&[bytes]))])?;
                Ok(Placed::new(made, 0, Some(answer)))
            }
            None => self.place_files(objects),
        }
    }

    /// The same, each in a file of its own.
    fn place_files(&self, objects: &[(Vec<Bytes>, PathBuf)]) -> io::Result<Placed> {
        let mut made = Made::default();
        let mut replaced = 0;
        let mut entries = Vec::with_capacity(objects.len());
        for (chunks, target) in objects {
            let packed_bytes = self.packed_bytes(target)?;
            match self.create(target) {
                Ok(mut file) => {
                    made.push(target.clone());
                    write_chunks(&mut file, chunks)?;
                    entries.push((self.below_root(target)?, Some(chunks.as_slice())));
                    replaced += packed_bytes;
                }
                // Someone may be reading the old one, so the new one takes its place as a whole, and durable.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let mut staged = self.stage()?;
                    staged.write_chunks(chunks)?;
                    replaced += self.publish(vec![(staged, target.clone())])?;
                }
                Err(error) => return Err(error),
            }
        }
        let answer = if entries.is_empty() { None } else { Some(self.journal()?.append(&entries)?) };
        Ok(Placed::new(made, replaced, answer))
    }

    fn below_root<'a>(&self, place: &'a Path) -> io::Result<&'a Path> {
        place.strip_prefix(&self.root).map_err(io::Error::other)
    }

    /// Begins a new file in its place, with the directories above it.
    fn create(&self, target: &Path) -> io::Result<File> {
        self.journal()?;
        let _nobody_removes = self.dirs.read().unwrap_or_else(PoisonError::into_inner);
        let open = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(target);
        match open() {
            // Only the first object of a directory has to make it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private_dir().recursive(true).create(parent(target)?)?;
                open()
            }
            opened => opened,
        }
    }

    /// Begins a file that nobody can see.
    pub(super) fn stage(&self) -> io::Result<Staged> {
        self.journal()?;
        let path = self.temp_path();
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Staged::new(file, path))
    }

    /// Appends to the staged file, which is made when there is none.
    pub(super) fn write_on(&self, staged: Option<Staged>, chunks: &[Bytes]) -> io::Result<Staged> {
        let mut staged = match staged {
            Some(staged) => staged,
            None => self.stage()?,
        };
        staged.write_chunks(chunks)?;
        Ok(staged)
    }

    /// Makes staged files visible and durable, in this order for each: content, name. Gives the bytes of all
    /// that they replaced. After an error some may be visible, none half written.
    ///
    /// The waits for the disk go side by side: a file system gathers syncs that come together into one.
    pub(super) fn publish(&self, files: Vec<(Staged, PathBuf)>) -> io::Result<u64> {
        sync_all(files.iter().map(|(staged, _)| Sync::File(&staged.file)).collect())?;
        self.make_void(files.iter().map(|(_, target)| target.as_path()))?;
        let mut replaced = 0;
        let (mut made, mut changed) = (Vec::new(), BTreeSet::new());
        let removals = self.dirs_alone().removals;
        for (mut staged, target) in files {
            let dir = parent(&target)?;
            let dirs = self.dirs_alone();
            self.make_dirs(dir, &dirs, &mut made)?;
            replaced += match fs::symlink_metadata(&target) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.packed_bytes(&target)?,
                Err(error) => return Err(error),
            };
            fs::rename(&staged.path, &target)?;
            drop(dirs);
            staged.published = true;
            changed.insert(dir.to_owned());
        }
        changed.extend(made.iter().filter_map(|dir| dir.parent()).map(Path::to_owned));
        sync_all(changed.iter().map(|dir| Sync::Dir(dir)).collect())?;
        let mut dirs = self.dirs_alone();
        if dirs.removals == removals {
            if dirs.durable.len() >= MAX_KNOWN_DIRS {
                dirs.durable.clear();
            }
            dirs.durable.extend(made);
        }
        Ok(replaced)
    }

    /// Makes a directory under the root and adds every level to `made` whose name is not known to be durable. A
    /// level that was already there counts too unless we synced it before: another writer may have made it and
    /// not yet synced it.
    fn make_dirs(&self, dir: &Path, dirs: &Dirs, made: &mut Vec<PathBuf>) -> io::Result<()> {
        if dir == self.root || dirs.durable.contains(dir) {
            return Ok(());
        }
        self.make_dirs(parent(dir)?, dirs, made)?;
        make_dir(dir)?;
        made.push(dir.to_owned());
        Ok(())
    }

    /// Removes one object and the directories it leaves empty; gives its size.
    pub(super) fn remove(&self, target: &Path) -> io::Result<u64> {
        let packed = self.take_out(target)?;
        self.make_void(std::iter::once(target))?;
        let taken = match (self.take_away(target), packed) {
            (Err(error), Some(size_bytes)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(size_bytes);
            }
            (taken, _) => taken?,
        };
        let dir = parent(target)?;
        sync_dir(dir)?;
        self.remove_empty(dir)?;
        let size_bytes = fs::symlink_metadata(&taken)?.len();
        fs::remove_file(taken)?;
        Ok(size_bytes)
    }

    /// Removes a directory and those above it, up to the first one that is not empty.
    fn remove_empty(&self, mut dir: &Path) -> io::Result<()> {
        while dir != self.root {
            let mut dirs = self.dirs_alone();
            if fs::remove_dir(dir).is_err() {
                break;
            }
            dirs.forget(dir);
            dir = parent(dir)?;
        }
        Ok(())
    }

    /// Removes everything under a directory and the directories it leaves empty, files as one step for readers and what is in
    /// a pack as another; gives the bytes removed. Nothing there is not an error.
    pub(super) fn remove_all(&self, dir: &Path) -> io::Result<u64> {
        let pack = self.pack_of(dir).filter(|(_, name)| name.is_empty()).map(|(pack, _)| pack);
        let mut removed = match pack {
            Some(pack) => self.take_all_out(dir, &pack)?,
            None => {
                let packed = self.take_out(dir)?;
                self.make_void(std::iter::once(dir))?;
                packed.unwrap_or(0)
            }
        };
        let taken = match self.take_away(dir) {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(removed),
            Err(error) => return Err(error),
        };
        sync_dir(parent(dir)?)?;
        self.remove_empty(parent(dir)?)?;
        visit(&taken, &mut |_, metadata| {
            removed += metadata.len();
            Ok(true)
        })?;
        fs::remove_dir_all(taken)?;
        Ok(removed)
    }

    /// Moves something out of sight whose place has been made void. To give back the blocks of a large file takes seconds;
    /// nobody waits for that under the lock, and after a crash the next start does it.
    fn take_away(&self, from: &Path) -> io::Result<PathBuf> {
        let taken = self.temp_path();
        let mut dirs = self.dirs_alone();
        fs::rename(from, &taken)?;
        dirs.forget(from);
        Ok(taken)
    }

    /// What the journal holds for these places must not come back after a crash.
    fn make_void<'a>(&'a self, places: impl Iterator<Item = &'a Path>) -> io::Result<()> {
        self.journal()?.make_void(places.filter_map(|place| place.strip_prefix(&self.root).ok()))
    }

    fn temp_path(&self) -> PathBuf {
        self.root.join(TEMP_DIR).join(Uuid::now_v7().as_simple().to_string())
    }

    /// Gives every object under a directory to `each` until it returns false. Nothing there is not an error.
    pub(super) fn walk(&self, dir: &Path, each: &mut dyn FnMut(Found) -> bool) -> io::Result<()> {
        let root = self.root.clone();
        let visited = visit(dir, &mut |path, metadata| {
            let Ok(relative) = path.strip_prefix(&root) else { return Ok(true) };
            if relative.as_os_str().as_encoded_bytes().starts_with(b".") {
                return Ok(true);
            }
            if let Some(upload) = pack::upload_of(relative) {
                return self.walk_pack(&root.join(upload), metadata, each);
            }
            let path = relative.to_string_lossy().into_owned();
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Ok(each(Found { path, size_bytes: metadata.len(), modified }))
        });
        let goes_on = match visited {
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            visited => visited?,
        };
        // The pack of an upload lies beside its directory.
        if goes_on {
            self.walk_packed(dir, each)?;
        }
        Ok(())
    }

    /// Bytes of all objects.
    pub(super) fn used_bytes(&self) -> io::Result<u64> {
        let mut used = 0;
        self.walk(&self.root, &mut |found| {
            used += found.size_bytes;
            true
        })?;
        Ok(used)
    }

    /// The file that holds an object. `None` for a path that is no place for objects.
    pub(super) fn file_path(&self, path: &object_store::path::Path) -> Option<PathBuf> {
        if pack::upload_of(Path::new(path.as_ref())).is_some() {
            return None;
        }
        let mut file = self.root.clone();
        for part in path.parts() {
            // `.tmp` and `.lock` are ours, and `..` never passes `Path`.
            if part.as_ref().starts_with('.') {
                return None;
            }
            file.push(part.as_ref());
        }
        Some(file)
    }

    fn dirs_alone(&self) -> RwLockWriteGuard<'_, Dirs> {
        // The set is right after any panic: at worst it knows too little.
        self.dirs.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock_file(root: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(root.join(LOCK_FILE))
}

/// Takes the lock as one of several, and puts right what a crashed process left unless another one lives. A reader that
/// does so at this moment holds the lock too, for a while only, and may fail: then it is our turn.
fn share_recovered(root: &Path, lock: &File) -> io::Result<()> {
    for _ in 0..2 {
        let is_alone = lock.try_lock().is_ok();
        if is_alone {
            recover(root)?;
        }
        lock.lock_shared()?;
        if is_alone || !journal::is_pending(&root.join(JOURNAL_DIR))? {
            break;
        }
    }
    Ok(())
}

/// Puts right what a crashed process left. For the only process that uses the directory.
fn recover(root: &Path) -> io::Result<()> {
    // First what gives room: the journal needs some, and the disk may be full.
    empty_temp(root)?;
    let objects = journal::recover(root, &root.join(JOURNAL_DIR))?;
    if objects > 0 {
        tracing::info!(objects, "small objects were written again from the journal");
    }
    remove_empty_dirs(root)
}

fn empty_temp(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root.join(TEMP_DIR))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}
