//! The manifest: what belongs to a backup. It is written last, and its SHA-256 stands beside it.

use bytes::Bytes;
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::ndjson::{LinesFile, damaged};
use super::place::{BACKUPS, Place};
use crate::migrations;
use crate::model::BackupId;
use crate::model::Sum;

/// Version of the layout of a backup. A program refuses a higher one.
pub const FORMAT: u32 = 1;

/// What belongs to a backup. Times are microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// The backup; later ones sort later.
    pub id: BackupId,
    /// Version of the program that made it.
    pub program: String,
    /// When it was begun.
    pub begun_at_us: i64,
    /// The moment whose rows it holds.
    pub picture_at_us: i64,
    /// When everything but the manifest was durable.
    pub finished_at_us: i64,
    /// The database it was made from, for people: rows are the same for all.
    pub database: String,
    /// Migrations that its rows have behind them, the first one first.
    pub schema: Vec<String>,
    /// The newest audit event in it.
    pub newest_event: Option<NewestEvent>,
    /// The rows, one file for each table, parents before their children.
    pub tables: Vec<TableFile>,
    /// The objects that the rows name.
    pub objects: Objects,
}

/// The last change that a backup knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestEvent {
    /// Its number.
    pub seq: i64,
    /// When it happened.
    pub at_us: i64,
}

/// The rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    /// The table.
    pub name: String,
    /// Its rows; each line is one.
    #[serde(flatten)]
    pub rows: LinesFile,
}

/// The objects of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// Which they are; each line is one.
    #[serde(flatten)]
    pub list: LinesFile,
    /// Their bytes, in all. What several have in common counts for each.
    pub bytes: u64,
    /// Objects of uploads that were deleted before they were copied. They are restored as deleted.
    pub deleted: u64,
    /// Objects that rows name and the store has lost, or holds with other bytes than the rows say.
    pub lost: u64,
}

impl Manifest {
    pub(super) async fn write(&self, place: &Place) -> Result<(), BackupError> {
        let mut json = serde_json::to_vec_pretty(self).expect("a manifest is plain data, written to memory");
        json.push(b'\n');
        let sum = format!("{}  manifest.json\n", Sum::of(&json));
        place.put(&sum_path(self.id), sum.into()).await?;
        place.put(&path(self.id), json.into()).await
    }

    /// Reads the manifest of a backup, and refuses one that was changed or that this program does not know all of.
    pub(super) async fn read(place: &Place, id: BackupId) -> Result<Self, BackupError> {
        let json = place.read_small(&path(id)).await?;
        let json = json.ok_or_else(|| BackupError::NotFound { id, place: place.name().to_owned() })?;
        let sum = place.read_small(&sum_path(id)).await?;
        let sum = sum.ok_or_else(|| damaged(&sum_path(id), "is missing"))?;
        Self::decode(id, &json, &sum)
    }

    fn decode(id: BackupId, json: &Bytes, sum: &Bytes) -> Result<Self, BackupError> {
        if *sum != format!("{}  manifest.json\n", Sum::of(json)) {
            return Err(damaged(&path(id), "has another SHA-256 than `manifest.sha256` says"));
        }
        /// Enough to know whether the rest is understood.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let misread = |error: serde_json::Error| damaged(&path(id), error);
        let version: Version = serde_json::from_slice(json).map_err(misread)?;
        if version.format > FORMAT {
            let what = format!("its format is {}, this program knows up to {FORMAT}", version.format);
            return Err(BackupError::Newer { what });
        }
        let manifest: Self = serde_json::from_slice(json).map_err(misread)?;
        if manifest.id != id {
            return Err(damaged(&path(id), format!("is that of backup `{}`", manifest.id)));
        }
        Ok(manifest)
    }

    /// How many of the program's migrations the rows have behind them.
    pub(super) fn schema_version(&self) -> Result<usize, BackupError> {
        let known = migrations::names();
        match self.schema.iter().zip(&known).position(|(theirs, ours)| theirs != ours) {
            Some(at) => {
                Err(BackupError::Newer { what: format!("it has the migration `{}`", self.schema[at]) })
            }
            None if self.schema.len() > known.len() => Err(BackupError::Newer {
                what: format!("it has the migration `{}`", self.schema[known.len()]),
            }),
            None => Ok(self.schema.len()),
        }
    }
}

fn path(id: BackupId) -> String {
    format!("{}/manifest.json", dir(id))
}

fn sum_path(id: BackupId) -> String {
    format!("{}/manifest.sha256", dir(id))
}

/// The directory of a backup.
pub(super) fn dir(id: BackupId) -> String {
    format!("{BACKUPS}/{id}")
}

/// What is in the directory of backups: those that are complete, and those that were never finished; the oldest first.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) complete: Vec<BackupId>,
    pub(super) unfinished: Vec<BackupId>,
}

impl Found {
    pub(super) async fn look(place: &Place) -> Result<Self, BackupError> {
        let mut all = std::collections::BTreeMap::<BackupId, bool>::new();
        let mut files = place.list(BACKUPS);
        while let Some((path, _)) = files.try_next().await? {
            let mut parts = path.split('/').skip(1);
            if let (Some(Ok(id)), Some(file)) = (parts.next().map(str::parse), parts.next()) {
                *all.entry(id).or_default() |= file == "manifest.json";
            }
        }
        let (complete, unfinished): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, complete)| *complete);
        let ids = |found: Vec<(BackupId, bool)>| found.into_iter().map(|(id, _)| id).collect();
        Ok(Self { complete: ids(complete), unfinished: ids(unfinished) })
    }
}

/// The newest complete backup, or the one that is asked for.
pub(super) async fn find(place: &Place, id: Option<BackupId>) -> Result<Manifest, BackupError> {
    let newest = || async {
        let newest = Found::look(place).await?.complete.last().copied();
        newest.ok_or_else(|| BackupError::NoBackups { place: place.name().to_owned() })
    };
    let id = match id {
        Some(id) => id,
        None => newest().await?,
    };
    Manifest::read(place, id).await
}
