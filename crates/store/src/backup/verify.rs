//! Reading a backup back, every byte of it.

use std::collections::HashSet;
use std::fmt;

use futures::{TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::error::BackupError;
use super::manifest::{Manifest, find};
use super::ndjson::LinesReader;
use super::objects::{Listed, NamedObjects, State};
use super::place::{Place, object_path};
use super::schema;
use super::turn::Turn;
use crate::model::BackupId;
use crate::model::Sum;

/// Objects read at the same time.
const PARALLEL: usize = 4;
/// Most faults that are named; all are counted.
const MAX_NAMED: usize = 1_000;

/// What was found in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What should be in it.
    pub manifest: Manifest,
    /// Rows that were read.
    pub rows: u64,
    /// Different contents that were read; objects that are alike share one.
    pub contents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are not what was written, and how; at most a thousand.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub fault_count: u64,
    /// Contents that were wrong and are removed now.
    pub removed: u64,
}

/// A file of a backup that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its path, from the place of the backups on.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// Reads a backup, the newest one or the one that is asked for, and compares every byte with its sum, and the list of
/// objects with the rows.
///
/// # Errors
/// `Damaged` when the manifest itself cannot be relied on; the place cannot be read. Everything else that is wrong is in
/// the result.
pub async fn verify(place: &Place, id: Option<BackupId>) -> Result<Verified, BackupError> {
    read(place, id, None).await
}

/// The same, and removes contents of objects that are wrong. A later backup takes a content for whole that has its name and
/// size, so it would name the wrong bytes too; what is not there is copied from the store again.
///
/// # Errors
/// As [`verify`]; `Busy` while another process writes there: a backup relies on what is there.
pub async fn repair(place: &Place, id: Option<BackupId>) -> Result<Verified, BackupError> {
    let turn = Turn::take(place).await?;
    turn.spend(read(place, id, Some(&turn))).await
}

/// Removes contents that are wrong if it has the right to.
async fn read(place: &Place, id: Option<BackupId>, turn: Option<&Turn<'_>>) -> Result<Verified, BackupError> {
    let manifest = find(place, id).await?;
    let tables = schema::tables(manifest.schema_version()?).await?;
    let mut found =
        Verified { manifest, rows: 0, contents: 0, bytes: 0, faults: vec![], fault_count: 0, removed: 0 };
    for table in &tables {
        if !found.manifest.tables.iter().any(|file| file.name == table.name) {
            found.fault("manifest.json", format!("has no table `{}`", table.name));
        }
    }
    for file in found.manifest.tables.clone() {
        let checked = async { LinesReader::open(place, &file.rows).await?.check().await };
        if found.take(checked.await)?.is_some() {
            found.rows += file.rows.lines;
        }
    }
    let listed = async { LinesReader::open(place, &found.manifest.objects.list).await?.check().await };
    let listed = listed.await;
    // Damaged lines name the wrong objects.
    if found.take(listed)?.is_some() && found.fault_count == 0 {
        compare(place, &mut found).await?;
    }
    if found.fault_count == 0
        || found.faults.iter().all(|fault| fault.file != found.manifest.objects.list.file)
    {
        contents(place, &mut found, turn).await?;
    }
    Ok(found)
}

impl Verified {
    fn fault(&mut self, file: &str, what: impl Into<String>) {
        self.fault_count += 1;
        if self.faults.len() < MAX_NAMED {
            self.faults.push(Fault { file: file.to_owned(), what: what.into() });
        }
    }

    /// Damage is noted, everything else ends the work.
    fn take<T>(&mut self, result: Result<T, BackupError>) -> Result<Option<T>, BackupError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(BackupError::Damaged { file, what }) => {
                self.fault(&file, what);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The list must have the objects that the rows name, no more and no less.
async fn compare(place: &Place, found: &mut Verified) -> Result<(), BackupError> {
    let list = found.manifest.objects.list.clone();
    let mut named = NamedObjects::open(place, &found.manifest.tables).await?;
    let mut listed = LinesReader::open(place, &list).await?;
    loop {
        let pair = async { Ok((named.next().await?, listed.next::<Listed>().await?)) };
        let Some(pair) = found.take(pair.await)? else { return Ok(()) };
        match pair {
            (None, None) => return Ok(()),
            (Some(named), Some(listed))
                if named.key.to_string() == listed.key && named.size_bytes == listed.size_bytes => {}
            (named, listed) => {
                let named = named.map_or("nothing more".to_owned(), |named| format!("`{}`", named.key));
                let listed = listed.map_or("nothing more".to_owned(), |listed| format!("`{}`", listed.key));
                found.fault(&list.file, format!("lists {listed} where the rows name {named}"));
                return Ok(());
            }
        }
    }
}

/// Reads what is listed, each content once; removes those that are wrong, if it may.
async fn contents(place: &Place, found: &mut Verified, turn: Option<&Turn<'_>>) -> Result<(), BackupError> {
    let listed = LinesReader::open(place, &found.manifest.objects.list).await?;
    let wanted = stream::try_unfold((listed, HashSet::new()), |(mut listed, mut seen)| async {
        while let Some(object) = listed.next::<Listed>().await? {
            if let State::Sha256(sum) = object.state
                && seen.insert(sum)
            {
                return Ok(Some(((sum, object), (listed, seen))));
            }
        }
        Ok::<_, BackupError>(None)
    });
    let read = wanted.map_ok(|(sum, object)| async move {
        let wrong = wrong(place, &sum, object.size_bytes).await?;
        Ok::<_, BackupError>((sum, object, wrong))
    });
    let mut read = std::pin::pin!(read.try_buffered(PARALLEL));
    while let Some((sum, object, wrong)) = read.try_next().await? {
        match wrong {
            None => {
                found.contents += 1;
                found.bytes += object.size_bytes;
            }
            Some(wrong) => {
                let path = object_path(&sum);
                if let Some(turn) = turn
                    && wrong != Wrong::Missing
                {
                    turn.must_hold().await?;
                    place.delete(&path).await?;
                    found.removed += 1;
                }
                found.fault(&path, format!("{wrong}; it is `{}`", object.key));
            }
        }
    }
    Ok(())
}

/// What is wrong with the bytes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Missing,
    Size { found: u64, expected: u64 },
    Bytes,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Size { found, expected } => write!(f, "has {found} bytes, expected {expected}"),
            Self::Bytes => f.write_str("has other bytes than its name says"),
        }
    }
}

async fn wrong(place: &Place, sum: &Sum, expected: u64) -> Result<Option<Wrong>, BackupError> {
    let Some(mut stream) = place.read(&object_path(sum)).await? else {
        return Ok(Some(Wrong::Missing));
    };
    let (mut hash, mut found) = (Sha256::new(), 0);
    while let Some(bytes) = stream.try_next().await? {
        hash.update(&bytes);
        found += bytes.len() as u64;
    }
    if found != expected {
        return Ok(Some(Wrong::Size { found, expected }));
    }
    Ok((Sum::finish(hash) != *sum).then_some(Wrong::Bytes))
}
