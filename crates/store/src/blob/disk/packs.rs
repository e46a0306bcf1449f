//! The small objects of an upload in one file, see [`pack`]. An object that has a file of its own counts before one in a
//! pack.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use super::super::pack::{self, Member};
use super::super::placed::Made;
use super::sync::sync_dir;
use super::{Disk, Found, parent};

/// The object that an upload always has had.
const ORIGINAL: &str = "original";
/// Locks for all packs together.
const LOCKS: usize = 64;

/// Who takes something out of a pack holds its lock: it is read and written anew as one step. Two packs may share one. One
/// process writes to a directory of objects at a time, so no other has to be kept out.
#[derive(Debug)]
pub(super) struct Locks([Mutex<()>; LOCKS]);

impl Default for Locks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Locks {
    fn lock(&self, pack: &Path) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        pack.hash(&mut hasher);
        let which = hasher.finish() as usize % LOCKS;
        self.0[which].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object, open to be read.
#[derive(Debug)]
pub(in crate::blob) struct Object {
    pub(in crate::blob) file: File,
    /// Its first byte in the file.
    pub(in crate::blob) start: u64,
    pub(in crate::blob) size_bytes: u64,
    pub(in crate::blob) modified: SystemTime,
    /// CRC-32 of its bytes as they were written, which a pack keeps.
    pub(in crate::blob) crc: Option<u32>,
}

impl Object {
    /// Compares its bytes with their sum, if a pack keeps one: what is damaged is not read as if it were whole.
    pub(in crate::blob) fn check(&self) -> io::Result<()> {
        self.crc.map_or(Ok(()), |crc| sound_bytes(&self.file, self.start, self.size_bytes, crc).map(|_| ()))
    }
}

impl Disk {
    /// Writes a pack of all these objects when they belong to one upload that has nothing else yet; gives its file, place and
    /// bytes. It is not durable yet.
    pub(super) fn create_pack(
        &self,
        objects: &[(Vec<Bytes>, PathBuf)],
    ) -> io::Result<Option<(Made, PathBuf, Bytes)>> {
        let [first, _, ..] = objects else { return Ok(None) };
        let Some((pack, _)) = self.pack_of(&first.1) else { return Ok(None) };
        let upload = pack.with_extension("");
        let mut named = Vec::with_capacity(objects.len());
        for (chunks, target) in objects {
            let Some(name) = target.strip_prefix(&upload).ok().and_then(Path::to_str) else {
                return Ok(None);
            };
            named.push((name, chunks.as_slice()));
        }
        if exists(&upload)? {
            return Ok(None);
        }
        let bytes = pack::write(named.into_iter())?;
        let mut file = match self.create(&pack) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            created => created?,
        };
        let mut made = Made::default();
        made.push(pack.clone());
        file.write_all(&bytes)?;
        Ok(Some((made, pack, bytes.into())))
    }

    /// Opens an object.
    pub(in crate::blob) fn open_object(&self, place: &Path) -> io::Result<Object> {
        match File::open(place) {
            Ok(file) => {
                let metadata = file.metadata()?;
                let (size_bytes, modified) = (metadata.len(), metadata.modified()?);
                Ok(Object { file, start: 0, size_bytes, modified, crc: None })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.open_packed(place)?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    fn open_packed(&self, place: &Path) -> io::Result<Option<Object>> {
        let Some((pack, name)) = self.pack_of(place) else { return Ok(None) };
        let Some((file, members)) = open_pack(&pack)? else { return Ok(None) };
        let modified = file.metadata()?.modified()?;
        let member = members.into_iter().find(|member| member.name == name);
        let object = |Member { start, size_bytes, crc, .. }| Object {
            file,
            start,
            size_bytes,
            modified,
            crc: Some(crc),
        };
        Ok(member.map(object))
    }

    /// Bytes of the object that a pack has for this place, as far as it can be read.
    pub(super) fn packed_bytes(&self, place: &Path) -> io::Result<u64> {
        match self.open_packed(place) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(0),
            opened => Ok(opened?.map_or(0, |object| object.size_bytes)),
        }
    }

    /// Gives every object that a pack has at or below this place to `each`, until it returns false.
    pub(super) fn walk_packed(&self, place: &Path, each: &mut dyn FnMut(Found) -> bool) -> io::Result<bool> {
        let Some((pack, name)) = self.pack_of(place) else { return Ok(true) };
        let Some((file, members)) = open_pack(&pack)? else { return Ok(true) };
        let modified = file.metadata()?.modified()?;
        let upload = pack.with_extension("");
        let has_files = exists(&upload)?;
        for Member { name: member, size_bytes, .. } in members {
            let place = upload.join(&member);
            if member == name || !is_below(&member, &name) || has_files && exists(&place)? {
                continue;
            }
            let Ok(path) = place.strip_prefix(self.root()) else { continue };
            let path = path.to_string_lossy().into_owned();
            if !each(Found { path, size_bytes, modified }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives all objects of a pack that was found. A damaged one counts as its original, so that it is not without a name:
    /// when no row knows its upload, it is a write that a crash has broken off.
    pub(super) fn walk_pack(
        &self,
        upload: &Path,
        metadata: &fs::Metadata,
        each: &mut dyn FnMut(Found) -> bool,
    ) -> io::Result<bool> {
        match self.walk_packed(upload, each) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::warn!(error = %crate::Chain(&error), upload = %upload.display(), "damaged");
                let path = self.below_root(upload)?.join(ORIGINAL).to_string_lossy().into_owned();
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                Ok(each(Found { path, size_bytes: metadata.len(), modified }))
            }
            walked => walked,
        }
    }

    /// Removes what a pack has at or below this place, durably, and gives the bytes of what could be seen of it. None when
    /// it has nothing there. Nothing is taken out of a damaged one: what stays would count as whole.
    pub(super) fn take_out(&self, place: &Path) -> io::Result<Option<u64>> {
        let Some((pack, name)) = self.pack_of(place) else { return Ok(None) };
        let journal = self.journal()?;
        if !exists(&pack)? {
            return Ok(None);
        }
        let _alone_with_it = self.packs.lock(&pack);
        let Some((file, members)) = open_pack(&pack)? else { return Ok(None) };
        let (out, kept): (Vec<Member>, Vec<Member>) =
            members.into_iter().partition(|member| is_below(&member.name, &name));
        if out.is_empty() {
            return Ok(None);
        }
        let upload = pack.with_extension("");
        let mut removed = 0;
        for member in out {
            removed += if exists(&upload.join(&member.name))? { 0 } else { member.size_bytes };
        }
        if kept.is_empty() {
            self.make_void(std::iter::once(pack.as_path()))?;
            self.remove_pack(&pack)?;
            return Ok(Some(removed));
        }
        let mut contents = Vec::with_capacity(kept.len());
        for member in &kept {
            let bytes = sound_bytes(&file, member.start, member.size_bytes, member.crc)
                .map_err(|error| in_pack(&pack, error))?;
            contents.push([Bytes::from(bytes)]);
        }
        let named =
            kept.iter().zip(&contents).map(|(member, content)| (member.name.as_str(), content.as_slice()));
        let content = [Bytes::from(pack::write(named)?)];
        let mut staged = self.stage()?;
        staged.write_chunks(&content)?;
        staged.file.sync_data()?;
        // What stays is not to be lost between the old file and the new one: one record takes the place of all before it.
        let entry = self.below_root(&pack)?;
        journal.append(&[(entry, None), (entry, Some(&content))])?.wait()?;
        let alone = self.dirs_alone();
        fs::rename(&staged.path, &pack)?;
        staged.published = true;
        drop(alone);
        // The segment may be settled before the name is changed, and then holds nothing back any more.
        sync_dir(parent(&pack)?)?;
        Ok(Some(removed))
    }

    /// Makes the places of an upload and its pack void, removes the whole pack, and gives the bytes of what could be seen of
    /// it.
    pub(super) fn take_all_out(&self, upload: &Path, pack: &Path) -> io::Result<u64> {
        // First the lock: what somebody else takes out just now must not stand behind the void record.
        let _alone_with_it = self.packs.lock(pack);
        self.make_void([upload, pack].into_iter())?;
        let metadata = match fs::symlink_metadata(pack) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            metadata => metadata?,
        };
        let mut removed = 0;
        self.walk_pack(upload, &metadata, &mut |found| {
            removed += found.size_bytes;
            true
        })?;
        self.remove_pack(pack)?;
        Ok(removed)
    }

    /// Removes a pack whose place has been made void.
    fn remove_pack(&self, pack: &Path) -> io::Result<()> {
        let taken = match self.take_away(pack) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            taken => taken?,
        };
        let dir = parent(pack)?;
        sync_dir(dir)?;
        self.remove_empty(dir)?;
        fs::remove_file(taken)
    }

    /// The pack that the object of a place may be in, and its name there.
    pub(super) fn pack_of(&self, place: &Path) -> Option<(PathBuf, String)> {
        let (pack, name) = pack::of(place.strip_prefix(self.root()).ok()?)?;
        Some((self.root().join(pack), name.to_str()?.to_owned()))
    }
}

/// The bytes of an object in a pack, if they have the sum that they were written with.
fn sound_bytes(file: &File, start: u64, size_bytes: u64, crc: u32) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size_bytes).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, start)?;
    let found = crc32fast::hash(&bytes);
    if found != crc {
        let what = "the bytes of one are not those that were written";
        return Err(pack::damaged(format!("{what}: expected CRC-32 {crc:08x}, found {found:08x}")));
    }
    Ok(bytes)
}

fn open_pack(pack: &Path) -> io::Result<Option<(File, Vec<Member>)>> {
    match File::open(pack) {
        Ok(file) => pack::read(file).map(Some).map_err(|error| in_pack(pack, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says which file is damaged: a person has to put it back or take it away.
fn in_pack(pack: &Path, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            io::Error::new(io::ErrorKind::InvalidData, format!("`{}` is damaged: {error}", pack.display()))
        }
        _ => error,
    }
}

/// Whether this is the name of an object at or below another name; the empty one is above all.
fn is_below(name: &str, above: &str) -> bool {
    Path::new(name).starts_with(above)
}

fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
