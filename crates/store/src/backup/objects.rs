//! Which objects belong to a backup: those that its rows name, in one fixed order.
//!
//! The order is originals by upload, then files by run and name. Two lists can therefore be compared line by line, with
//! no memory for either.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::manifest::TableFile;
use super::ndjson::{LinesFile, LinesReader, damaged};
use super::place::Place;
use crate::blob::{ObjectKey, RunFile};
use crate::model::Sum;
use crate::model::{RunId, StoredFile, TenantId, UploadId};

/// An object as the list of a backup has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// The key, as the store spells it.
    pub(super) key: String,
    pub(super) size_bytes: u64,
    #[serde(flatten)]
    pub(super) state: State,
}

/// Whether a backup has the bytes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It has them, under this sum.
    Sha256(Sum),
    /// The upload was deleted before they were copied.
    LeftOut(LeftOut),
}

/// Why a backup does not have an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LeftOut {
    /// Its upload was deleted meanwhile.
    Deleted,
    /// A newer run has replaced its run meanwhile.
    Replaced,
    /// The store has lost it.
    Missing,
    /// The store has other bytes than its rows say.
    Damaged,
}

impl Listed {
    /// The key as the store knows it.
    pub(super) fn key(&self, list: &LinesFile) -> Result<ObjectKey, BackupError> {
        ObjectKey::parse(&self.key)
            .ok_or_else(|| damaged(&list.file, format!("`{}` is no object key", self.key)))
    }
}

/// An object that rows name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) key: ObjectKey,
    pub(super) size_bytes: u64,
    /// When the rows know it.
    pub(super) sha256: Option<Sum>,
}

/// The place of an object in every list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Original(UploadId),
    RunFile(RunId, RunFile),
}

fn rank(key: &ObjectKey) -> Rank {
    match *key {
        ObjectKey::Original { upload, .. } => Rank::Original(upload),
        ObjectKey::RunFile { run, file, .. } => Rank::RunFile(run, file),
    }
}

#[derive(Deserialize)]
struct UploadRow {
    id: UploadId,
    tenant_id: TenantId,
    size_bytes: u64,
    sha256: String,
    deleted_at: Option<i64>,
    // These came with version 3.
    original_removed_at: Option<i64>,
    lost_at: Option<i64>,
}

#[derive(Deserialize)]
struct RunRow {
    id: RunId,
    tenant_id: TenantId,
    upload_id: UploadId,
    files: String,
    // Came with version 2.
    replaced_at: Option<i64>,
}

/// The objects that the rows of a backup name, one after the other. Memory: the ids of uploads whose deletion is under way.
pub(super) struct NamedObjects {
    uploads: LinesReader,
    runs: LinesReader,
    runs_file: String,
    uploads_are_read: bool,
    deleted: HashSet<UploadId>,
    ready: VecDeque<Named>,
}

impl NamedObjects {
    pub(super) async fn open(place: &Place, tables: &[TableFile]) -> Result<Self, BackupError> {
        let file = |name: &str| {
            let found = tables.iter().find(|table| table.name == name);
            found.ok_or_else(|| damaged("manifest.json", format!("has no table `{name}`")))
        };
        let runs = &file("runs")?.rows;
        Ok(Self {
            uploads: LinesReader::open(place, &file("uploads")?.rows).await?,
            runs: LinesReader::open(place, runs).await?,
            runs_file: runs.file.clone(),
            uploads_are_read: false,
            deleted: HashSet::new(),
            ready: VecDeque::new(),
        })
    }

    pub(super) async fn next(&mut self) -> Result<Option<Named>, BackupError> {
        loop {
            if let Some(named) = self.ready.pop_front() {
                return Ok(Some(named));
            }
            if !self.uploads_are_read {
                match self.uploads.next::<UploadRow>().await? {
                    Some(row) => self.of_upload(&row),
                    None => self.uploads_are_read = true,
                }
                continue;
            }
            match self.runs.next::<RunRow>().await? {
                Some(row) => self.of_run(&row)?,
                None => return Ok(None),
            }
        }
    }

    fn of_upload(&mut self, row: &UploadRow) {
        if row.deleted_at.is_some() {
            self.deleted.insert(row.id);
        }
        if [row.deleted_at, row.original_removed_at, row.lost_at].iter().any(Option::is_some) {
            return;
        }
        let key = ObjectKey::Original { tenant: row.tenant_id, upload: row.id };
        self.ready.push_back(Named { key, size_bytes: row.size_bytes, sha256: row.sha256.parse().ok() });
    }

    fn of_run(&mut self, row: &RunRow) -> Result<(), BackupError> {
        if row.replaced_at.is_some() || self.deleted.contains(&row.upload_id) {
            return Ok(());
        }
        let files: Vec<StoredFile> =
            serde_json::from_str(&row.files).map_err(|error| damaged(&self.runs_file, error))?;
        let mut named: Vec<Named> = files
            .iter()
            .map(|stored| Named {
                key: ObjectKey::RunFile {
                    tenant: row.tenant_id,
                    upload: row.upload_id,
                    run: row.id,
                    file: stored.file,
                },
                size_bytes: stored.size_bytes,
                sha256: None,
            })
            .collect();
        named.sort_by_key(|named| rank(&named.key));
        self.ready.extend(named);
        Ok(())
    }
}

/// The sums that an earlier list has, asked for in the order of lists.
pub(super) struct Known {
    list: Option<(LinesReader, LinesFile)>,
    next: Option<(Rank, u64, Sum)>,
}

impl Known {
    /// A list that is not what was written is not used.
    pub(super) async fn open(place: &Place, list: Option<&LinesFile>) -> Result<Self, BackupError> {
        let Some(list) = list else { return Ok(Self { list: None, next: None }) };
        let whole = match LinesReader::open(place, list).await {
            Ok(reader) => reader.check().await,
            Err(error) => Err(error),
        };
        match whole {
            Ok(()) => {
                let reader = LinesReader::open(place, list).await?;
                let mut known = Self { list: Some((reader, list.clone())), next: None };
                known.go_on().await?;
                Ok(known)
            }
            Err(BackupError::Damaged { file, what }) => {
                tracing::warn!(file, what, "an earlier backup is damaged; all objects are read again");
                Ok(Self { list: None, next: None })
            }
            Err(error) => Err(error),
        }
    }

    async fn go_on(&mut self) -> Result<(), BackupError> {
        self.next = None;
        let Some((reader, list)) = &mut self.list else { return Ok(()) };
        while let Some(listed) = reader.next::<Listed>().await? {
            if let State::Sha256(sum) = listed.state {
                self.next = Some((rank(&listed.key(list)?), listed.size_bytes, sum));
                return Ok(());
            }
        }
        self.list = None;
        Ok(())
    }

    /// The sum of an object if the list has it.
    pub(super) async fn find(&mut self, named: &Named) -> Result<Option<Sum>, BackupError> {
        let wanted = rank(&named.key);
        while self.next.is_some_and(|(rank, ..)| rank < wanted) {
            self.go_on().await?;
        }
        let found =
            self.next.filter(|&(rank, size_bytes, _)| rank == wanted && size_bytes == named.size_bytes);
        Ok(found.map(|(.., sum)| sum))
    }
}
