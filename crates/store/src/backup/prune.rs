//! Removing old backups, and the bytes that no other backup names.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;

use super::error::BackupError;
use super::manifest::{Found, Manifest, TableFile, dir};
use super::ndjson::{LinesReader, damaged};
use super::objects::{Listed, State};
use super::place::{Place, object_path};
use super::turn::Turn;
use crate::model::BackupId;
use crate::model::Sum;

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Backups, unfinished ones included.
    pub backups: Vec<BackupId>,
    /// Contents of objects.
    pub contents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Backups that stay.
    pub kept: Vec<BackupId>,
}

/// Keeps the newest `keep` complete backups and removes the others, those that were never finished, and all contents that
/// none of the kept names.
///
/// # Errors
/// `Damaged` when a backup that is to be kept cannot be read, or one of its files is missing or has another size: then
/// nothing is removed, as its contents are not known and an older one may be the last that is whole. `Busy` while another
/// process writes there.
pub async fn prune(place: &Place, keep: usize) -> Result<Pruned, BackupError> {
    let turn = Turn::take(place).await?;
    turn.spend(prune_alone(place, keep, &turn)).await
}

async fn prune_alone(place: &Place, keep: usize, turn: &Turn<'_>) -> Result<Pruned, BackupError> {
    let found = Found::look(place).await?;
    let (old, kept) = found.complete.split_at(found.complete.len().saturating_sub(keep.max(1)));
    let named = named(place, kept).await?;
    let mut pruned = Pruned { kept: kept.to_vec(), ..Pruned::default() };
    for &id in old.iter().chain(&found.unfinished) {
        turn.must_hold().await?;
        remove(place, id).await?;
        pruned.backups.push(id);
    }
    for (sum, size_bytes) in place.objects().await? {
        if !named.contains(&sum) {
            turn.must_hold().await?;
            place.delete(&object_path(&sum)).await?;
            pruned.contents += 1;
            pruned.bytes += size_bytes;
        }
    }
    Ok(pruned)
}

async fn named(place: &Place, kept: &[BackupId]) -> Result<HashSet<Sum>, BackupError> {
    let mut named = HashSet::new();
    for &id in kept {
        let manifest = Manifest::read(place, id).await?;
        compare_sizes(place, &manifest).await?;
        let mut list = LinesReader::open(place, &manifest.objects.list).await?;
        while let Some(listed) = list.next::<Listed>().await? {
            if let State::Sha256(sum) = listed.state {
                named.insert(sum);
            }
        }
    }
    Ok(named)
}

/// Whether all rows are there, by their size: a listing costs next to nothing however many rows there are.
async fn compare_sizes(place: &Place, manifest: &Manifest) -> Result<(), BackupError> {
    let sizes: HashMap<String, u64> = place.list(&dir(manifest.id)).try_collect().await?;
    for TableFile { rows, .. } in &manifest.tables {
        match sizes.get(&rows.file) {
            None => return Err(damaged(&rows.file, "is missing")),
            Some(&size) if size != rows.size_bytes => {
                return Err(damaged(&rows.file, format!("has {size} bytes, expected {}", rows.size_bytes)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Removes the manifest first: what is left after a crash is an unfinished backup.
async fn remove(place: &Place, id: BackupId) -> Result<(), BackupError> {
    let mut files = Vec::new();
    let mut listed = place.list(&dir(id));
    while let Some((path, _)) = listed.try_next().await? {
        files.push(path);
    }
    files.sort_by_key(|path| !path.ends_with("/manifest.json"));
    for path in files {
        place.delete(&path).await?;
    }
    Ok(())
}
