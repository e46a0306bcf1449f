//! What a directory of objects holds, read without the store.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Stands before the id of a run in the name of each of its files, also in a pack, where names are as they are.
const RUNS: &str = "runs/";
const ID_LENGTH: usize = 36;

/// The places of all uploads that have objects: a directory, a pack beside it, or both.
pub(super) fn uploads(objects: &Path) -> BTreeSet<PathBuf> {
    let tenants = names(objects).into_iter().filter(|path| path.is_dir());
    let uploads = tenants.flat_map(|tenant| names(&tenant.join("uploads")));
    uploads.map(|path| path.with_extension("")).collect()
}

/// The id of the upload of a place.
pub(super) fn id(upload: &Path) -> Option<String> {
    Some(upload.file_name()?.to_str()?.to_owned())
}

/// The runs of an upload that have files.
pub(super) fn runs(upload: &Path) -> BTreeSet<String> {
    let dirs = names(&upload.join("runs")).into_iter().filter(|run| !names(run).is_empty());
    let mut runs: BTreeSet<String> = dirs.filter_map(|run| id(&run)).collect();
    let pack = std::fs::read(upload.with_added_extension("zip")).unwrap_or_default();
    for (at, _) in pack.windows(RUNS.len()).enumerate().filter(|(_, part)| *part == RUNS.as_bytes()) {
        let rest = &pack[at + RUNS.len()..];
        if rest.get(ID_LENGTH) == Some(&b'/') {
            runs.insert(String::from_utf8_lossy(&rest[..ID_LENGTH]).into_owned());
        }
    }
    runs
}

fn names(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
