//! Compares what the journal holds with what stands in its place. Changes nothing; a writer may be at work meanwhile.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::pack;
use super::{Void, is_inside, objects_of, records, segments_of};

/// How often the journal is read anew when segments are settled meanwhile.
const MAX_LOOKS: usize = 5;

/// Places of objects that the journal holds and that are not there, or are not the same; a pack stands for all in it.
pub(in crate::blob) fn misplaced(root: &Path, dir: &Path) -> io::Result<Vec<PathBuf>> {
    let first = look_again(root, dir)?;
    if first.is_empty() {
        return Ok(first);
    }
    // It may have been removed since its record was read; then a void record stands behind it by now.
    let second = look_again(root, dir)?;
    Ok(first.into_iter().filter(|place| second.contains(place)).collect())
}

fn look_again(root: &Path, dir: &Path) -> io::Result<Vec<PathBuf>> {
    for _ in 0..MAX_LOOKS {
        match look(root, dir) {
            // A segment was settled: what it held is in its place.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            looked => return looked,
        }
    }
    Ok(Vec::new())
}

fn look(root: &Path, dir: &Path) -> io::Result<Vec<PathBuf>> {
    let segments = segments_of(dir)?;
    let void = Void::of(&segments)?;
    let mut misplaced = Vec::new();
    for segment in &segments {
        let bytes = fs::read(segment)?;
        for (number, record) in records(&bytes).enumerate() {
            for (place, content) in objects_of(record) {
                let Some(content) = content else { continue };
                if is_inside(place)
                    && !void.includes(place, segment, number)
                    && !is_there(&root.join(place), content)?
                {
                    misplaced.extend(pack::places(place, content));
                }
            }
        }
    }
    Ok(misplaced)
}

fn is_there(target: &Path, content: &[u8]) -> io::Result<bool> {
    match fs::read(target) {
        Ok(found) => Ok(found == content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::record;
    use super::*;

    #[test]
    fn what_the_journal_holds_must_stand_in_its_place() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join(".journal");
        fs::create_dir(&dir).unwrap();
        assert_eq!(misplaced(root.path(), &dir).unwrap(), Vec::<PathBuf>::new());
        let content = [Bytes::from_static(b"12"), Bytes::from_static(b"345")];
        let places = ["kept", "changed", "missing", "removed"].map(Path::new);
        let written = record(&places.map(|place| (place, Some(&content[..])))).unwrap();
        fs::write(dir.join("1"), written).unwrap();
        fs::write(dir.join("2"), record(&[(Path::new("removed"), None)]).unwrap()).unwrap();
        fs::write(root.path().join("kept"), "12345").unwrap();
        fs::write(root.path().join("changed"), "12X45").unwrap();
        let expected = ["changed", "missing"].map(PathBuf::from);
        assert_eq!(misplaced(root.path(), &dir).unwrap(), expected);
    }
}
