//! The small objects of an upload in one file, see [`pack`]. An object that has a file of its own counts before one in a
//! pack.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;

use super::super::pack::{self, Member};
use super::super::placed::Made;
use super::sync::sync_dir;
use super::{Disk, Found, lock_file, parent};

/// Whoever writes a pack anew holds it alone, whatever process it is in.
const LOCK_FILE: &str = ".packs";

/// An object, open to be read.
#[derive(Debug)]
pub(in crate::blob) struct Object {
    pub(in crate::blob) file: File,
    /// Its first byte in the file.
    pub(in crate::blob) start: u64,
    pub(in crate::blob) size_bytes: u64,
    pub(in crate::blob) modified: SystemTime,
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
                Ok(Object { file, start: 0, size_bytes, modified })
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
        Ok(member.map(|Member { start, size_bytes, .. }| Object { file, start, size_bytes, modified }))
    }

    /// Bytes of the object that a pack has for this place.
    pub(super) fn packed_bytes(&self, place: &Path) -> io::Result<u64> {
        Ok(self.open_packed(place)?.map_or(0, |object| object.size_bytes))
    }

    /// Gives every object that a pack has at or below this place to `each`, until it returns false.
    pub(super) fn walk_packed(&self, place: &Path, each: &mut dyn FnMut(Found) -> bool) -> io::Result<bool> {
        let Some((pack, name)) = self.pack_of(place) else { return Ok(true) };
        let (file, members) = match open_pack(&pack) {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                // As with any object that is missing: whoever knows that it should be there says so.
                tracing::warn!(error = %crate::Chain(&error), pack = %pack.display(), "damaged");
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        let modified = file.metadata()?.modified()?;
        let upload = pack.with_extension("");
        let has_files = exists(&upload)?;
        for Member { name: member, size_bytes, .. } in members {
            let place = upload.join(&member);
            if !is_below(&member, &name) || has_files && exists(&place)? {
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

    /// Removes what a pack has at or below this place, durably, and gives the bytes of what could be seen of it. None when
    /// it has nothing there.
    pub(super) fn take_out(&self, place: &Path) -> io::Result<Option<u64>> {
        let Some((pack, name)) = self.pack_of(place) else { return Ok(None) };
        let journal = self.journal()?;
        if !exists(&pack)? {
            return Ok(None);
        }
        let lock = lock_file(&self.root().join(LOCK_FILE))?;
        lock.lock()?;
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
            let mut bytes = vec![0; usize::try_from(member.size_bytes).map_err(io::Error::other)?];
            file.read_exact_at(&mut bytes, member.start)?;
            contents.push([Bytes::from(bytes)]);
        }
        let named =
            kept.iter().zip(&contents).map(|(member, content)| (member.name.as_str(), content.as_slice()));
        let content = [Bytes::from(pack::write(named)?)];
        let mut staged = self.stage()?;
        staged.write_chunks(&content)?;
        // What stays is not to be lost between the old file and the new one: one record takes the place of all before it.
        let entry = self.below_root(&pack)?;
        journal.append(&[(entry, None), (entry, Some(&content))])?.wait()?;
        let _alone = self.dirs_alone();
        fs::rename(&staged.path, &pack)?;
        staged.published = true;
        Ok(Some(removed))
    }

    /// Removes a whole pack and gives the bytes of what could be seen of it. Its place has been made void.
    pub(super) fn take_all_out(&self, upload: &Path) -> io::Result<u64> {
        let Some((pack, _)) = self.pack_of(upload) else { return Ok(0) };
        if !exists(&pack)? {
            return Ok(0);
        }
        let lock = lock_file(&self.root().join(LOCK_FILE))?;
        lock.lock()?;
        let mut removed = 0;
        self.walk_packed(upload, &mut |found| {
            removed += found.size_bytes;
            true
        })?;
        self.remove_pack(&pack)?;
        Ok(removed)
    }

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

fn open_pack(pack: &Path) -> io::Result<Option<(File, Vec<Member>)>> {
    match File::open(pack) {
        Ok(file) => pack::read(file).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
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
