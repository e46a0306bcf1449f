//! The small objects of one upload in one file beside its directory: a ZIP archive in which nothing is compressed.
//!
//! A small upload has about six objects. A file for each of them, in directories of their own, costs a file system more
//! than all their bytes, and nine inodes for ever. An object has a name in the archive, that of its path below the
//! upload, and its bytes lie there as they are, so any part of it can be read by itself; and people can look into it
//! with what they have. Format: PKWARE APPNOTE 6.3.10, method 0 (stored).

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rawzip::{CompressionMethod, ErrorKind, FileReader, ZipArchive, ZipArchiveWriter};

const EXTENSION: &str = "zip";
/// The parts of a path that lead to an upload: tenant, `uploads`, upload.
const UPLOAD_PARTS: usize = 3;
/// More than the names of all objects of an upload take.
const BUFFER: usize = 16 << 10;
/// More than an archive needs for an object beside its bytes and, twice, its name.
const ENTRY_BYTES: usize = 128;

/// Where an object lies in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its path below the upload, with `/` between the parts.
    pub(super) name: String,
    /// Its first byte, from the beginning of the file.
    pub(super) start: u64,
    pub(super) size_bytes: u64,
    /// CRC-32 of its bytes.
    pub(super) crc: u32,
}

/// The pack that objects at or below this place may be in, and their path below the upload; that is empty for all of them.
/// Both places are paths under the directory of objects. None above the uploads.
pub(super) fn of(place: &Path) -> Option<(PathBuf, &Path)> {
    let mut parts = place.components();
    let upload: PathBuf = parts.by_ref().take(UPLOAD_PARTS).collect();
    let is_deep = upload.components().count() == UPLOAD_PARTS;
    is_deep.then(|| (upload.with_added_extension(EXTENSION), parts.as_path()))
}

/// The directory of the upload whose pack a file is. None for any other file.
pub(super) fn upload_of(place: &Path) -> Option<PathBuf> {
    let is_pack = place.components().count() == UPLOAD_PARTS
        && place.extension().is_some_and(|extension| extension == EXTENSION);
    is_pack.then(|| place.with_extension(""))
}

/// The bytes of a pack of these objects.
pub(super) fn write<'a>(objects: impl Iterator<Item = (&'a str, &'a [Bytes])>) -> io::Result<Vec<u8>> {
    let objects: Vec<_> = objects.collect();
    let size_of = |(name, chunks): &(&str, &[Bytes])| {
        ENTRY_BYTES + 2 * name.len() + chunks.iter().map(Bytes::len).sum::<usize>()
    };
    let size = ENTRY_BYTES + objects.iter().map(size_of).sum::<usize>();
    let mut archive = ZipArchiveWriter::new(Vec::with_capacity(size));
    for (name, chunks) in objects {
        let (mut entry, config) = archive.new_file(name).start().map_err(io::Error::other)?;
        let mut writer = config.wrap(&mut entry);
        chunks.iter().try_for_each(|chunk| writer.write_all(chunk))?;
        let (_, descriptor) = writer.finish().map_err(io::Error::other)?;
        entry.finish(descriptor).map_err(io::Error::other)?;
    }
    archive.finish().map_err(io::Error::other)
}

/// What is in a pack; gives the file back.
pub(super) fn read(file: File) -> io::Result<(File, Vec<Member>)> {
    let file_bytes = file.metadata()?.len();
    let mut buffer = [0; BUFFER];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(unreadable)?;
    let mut members = Vec::new();
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(unreadable)? {
        if entry.compression_method() != CompressionMethod::STORE {
            return Err(damaged("an object is compressed"));
        }
        let (name, crc) =
            (entry.file_path().try_normalize().map_err(unreadable)?.as_ref().to_owned(), entry.crc32());
        let (start, end) = archive.get_entry(entry.wayfinder()).map_err(unreadable)?.compressed_data_range();
        match end.checked_sub(start) {
            Some(size_bytes) if end <= file_bytes => members.push(Member { name, start, size_bytes, crc }),
            _ => return Err(damaged("an object ends behind the file")),
        }
    }
    if members.len() as u64 != archive.entries_hint() {
        return Err(damaged(format!("expected {} objects, found {}", archive.entries_hint(), members.len())));
    }
    Ok((FileReader::into_inner(archive.into_inner()), members))
}

/// The places of the objects that a file of the directory holds: its own, or those in the pack which these are the bytes of.
pub(super) fn places(file: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let Some(upload) = upload_of(file) else { return vec![file.to_owned()] };
    let Ok(archive) = ZipArchive::from_slice(bytes) else { return Vec::new() };
    let names = archive
        .entries()
        .map_while(Result::ok)
        .filter_map(|entry| Some(upload.join(entry.file_path().try_normalize().ok()?.as_ref() as &str)));
    names.collect()
}

/// A disk that cannot be read is no damage: the next try may go well. A place that no file has comes from damaged numbers.
fn unreadable(error: rawzip::Error) -> io::Error {
    match error.kind() {
        ErrorKind::IO(io) if io.raw_os_error().is_some() && io.kind() != io::ErrorKind::InvalidInput => {
            io::Error::new(io.kind(), error)
        }
        _ => damaged(error),
    }
}

/// What is there is not what was written. Its kind is `InvalidData`.
pub(super) fn damaged(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    let cause = cause.into();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the small objects of an upload cannot be read: {cause}"),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packs_lie_beside_the_directory_of_their_upload() {
        let pack = PathBuf::from("t/uploads/u.zip");
        assert_eq!(of(Path::new("t/uploads/u/original")), Some((pack.clone(), Path::new("original"))));
        assert_eq!(of(Path::new("t/uploads/u/runs/r")), Some((pack.clone(), Path::new("runs/r"))));
        assert_eq!(of(Path::new("t/uploads/u")), Some((pack.clone(), Path::new(""))));
        assert_eq!(of(Path::new("t/uploads")), None);
        assert_eq!(upload_of(&pack), Some(PathBuf::from("t/uploads/u")));
        for other in ["t/uploads/u", "t/uploads/u/a.zip", "u.zip"] {
            assert_eq!(upload_of(Path::new(other)), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn objects_are_read_back_from_where_they_lie(
            objects in prop::collection::btree_map("[a-z]{1,8}(/[a-z.]{1,8}[a-z]){0,2}", prop::collection::vec(any::<u8>(), 0..300), 1..8),
        ) {
            let chunks: Vec<(&str, Vec<Bytes>)> = objects
                .iter()
                .map(|(name, bytes)| (name.as_str(), bytes.chunks(70).map(Bytes::copy_from_slice).collect()))
                .collect();
            let bytes = write(chunks.iter().map(|(name, chunks)| (*name, chunks.as_slice()))).unwrap();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let (file, members) = read(file).unwrap();
            let found: std::collections::BTreeMap<String, Vec<u8>> = members
                .iter()
                .map(|member| {
                    let mut bytes = vec![0; member.size_bytes as usize];
                    file.read_exact_at(&mut bytes, member.start).unwrap();
                    (member.name.clone(), bytes)
                })
                .collect();
            let upload = Path::new("t/uploads/u");
            let expected: Vec<PathBuf> = objects.keys().map(|name| upload.join(name)).collect();
            let mut places = places(Path::new("t/uploads/u.zip"), &bytes);
            places.sort();
            let mut sorted = expected;
            sorted.sort();
            prop_assert_eq!(places, sorted);
            prop_assert_eq!(found, objects);
        }

        #[test]
        fn a_damaged_pack_is_an_error_or_has_its_names(at in any::<prop::sample::Index>(), flip in 1_u8.., cut in any::<bool>()) {
            let content = [Bytes::from_static(b"a,b\n1,2\n")];
            let mut bytes = write([("original", content.as_slice()), ("runs/r/report.json", &content)].into_iter()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if cut {
                bytes.truncate(at);
            }
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            match read(file) {
                Ok((_, members)) => prop_assert!(members.len() <= 2),
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::InvalidData),
            }
        }
    }
}
