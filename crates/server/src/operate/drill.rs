//! The disaster recovery drill: restore the newest backup somewhere else, look whether it is all there and can be worked
//! with, and measure how much work would be lost and how long it takes.
//!
//! The scratch store is always SQLite and a directory, whatever the service runs on: rows of a backup are the same for all
//! databases, so nothing has to be allowed or cleaned up on a server.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use csvp_store::backup::{self, BackupError, Place};
use csvp_store::{BackupId, ListUploads, ObjectKey, Sum, UploadRecord, UploadState};
use futures::TryStreamExt as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::backup::{must_not_be_in, must_not_be_in_data};
use super::scratch::Scratch;
use super::{Access, OperateError, Operator};
use crate::api::Timestamp;
use crate::app::App;
use crate::app::Role;
use crate::config::Config;
use crate::services::{query, storage};

/// Newest completed uploads that are read through the engine.
const SAMPLES: u64 = 5;
/// Records of each that are read.
const RECORDS: u64 = 100;
/// What a database and its files take beside the bytes of the backup.
const SPARE_BYTES: u64 = 64 << 20;

/// What a drill is told.
#[derive(Debug, Clone)]
pub struct DrillOptions {
    /// The backup; the newest one when none is named.
    pub backup: Option<BackupId>,
    /// Directory in which the scratch store is made and removed.
    pub scratch: PathBuf,
    /// Most time of work that may be lost.
    pub max_rpo: Duration,
    /// Longest time that the restore may take.
    pub max_rto: Duration,
}

/// What a drill has found.
#[derive(Debug, Clone, Serialize)]
pub struct Drill {
    /// The backup that was restored.
    pub backup: BackupId,
    /// The moment whose rows it holds.
    pub picture_at: Timestamp,
    /// The last change of the living store; none when it cannot be read, as after a disaster.
    pub last_change_at: Option<Timestamp>,
    /// By how much the last change is newer than the backup, in seconds; where the living store cannot be read, the age of
    /// the backup.
    pub rpo_secs: f64,
    /// How long the restore took, from opening the backup to a store that can be served.
    pub rto_secs: f64,
    /// Rows that were restored.
    pub rows: u64,
    /// Objects that were restored, each compared with its sum.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of objects restored in a second.
    pub bytes_per_sec: f64,
    /// Uploads that were read through the service.
    pub samples: Vec<Sample>,
    /// Why it has failed; empty when it has passed.
    pub failures: Vec<String>,
}

/// An upload of the restored store as the service reads it.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Its id.
    pub upload: uuid::Uuid,
    /// Size of its original.
    pub size_bytes: u64,
    /// Records that it has.
    pub records: u64,
    /// Records that were read and shown.
    pub records_read: u64,
}

impl Drill {
    /// Whether everything was as it should be.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Restores a backup into a scratch store, judges it, and removes the scratch store.
///
/// # Errors
/// The drill could not be run: no backup, no room. A backup that is damaged, late or slow is a drill that has failed, and in
/// the result.
pub async fn drill(config: &Config, place: &Place, options: &DrillOptions) -> Result<Drill, OperateError> {
    must_not_be_in(&options.scratch, place)?;
    if !config.is_shared() {
        must_not_be_in_data(&options.scratch, config)?;
    }
    let begun = Instant::now();
    let entry = newest(place, options.backup).await?;
    let last_change_at = last_change(config).await;
    let mut drill = Drill {
        backup: entry.id,
        picture_at: Timestamp(0),
        last_change_at,
        rpo_secs: 0.0,
        rto_secs: 0.0,
        rows: 0,
        objects: 0,
        bytes: 0,
        bytes_per_sec: 0.0,
        samples: vec![],
        failures: vec![],
    };
    let manifest = match entry.manifest {
        Ok(manifest) => manifest,
        Err(error) => {
            drill.failures.push(error.to_string());
            return Ok(drill);
        }
    };
    drill.picture_at = Timestamp(manifest.picture_at_us);
    drill.rpo_secs = rpo_secs(manifest.picture_at_us, last_change_at.unwrap_or_else(Timestamp::now).0);
    let rows_bytes: u64 = manifest.tables.iter().map(|table| table.rows.size_bytes).sum();
    Scratch::remove_old(&options.scratch);
    must_have_room(&options.scratch, manifest.objects.bytes + 2 * rows_bytes + SPARE_BYTES)?;
    let scratch = Scratch::new(&options.scratch)?;
    let into = scratch.config(config);
    match restore_and_read(&into, place, &mut drill, begun).await {
        Ok(()) => {}
        // The place can be read, what lies there is the matter.
        Err(OperateError::Backup(error @ (BackupError::Damaged { .. } | BackupError::Newer { .. }))) => {
            drill.failures.push(error.to_string());
        }
        Err(error) => return Err(error),
    }
    judge(&mut drill, options);
    Ok(drill)
}

async fn newest(place: &Place, id: Option<BackupId>) -> Result<backup::Entry, OperateError> {
    let mut entries = backup::list(place).await?;
    match id {
        Some(id) => {
            let found = entries.into_iter().find(|entry| entry.id == id);
            found.ok_or_else(|| BackupError::NotFound { id, place: place.name().to_owned() }.into())
        }
        None => entries.pop().ok_or_else(|| BackupError::NoBackups { place: place.name().to_owned() }.into()),
    }
}

/// The last change of the living store. That it cannot be read is what drills are for.
async fn last_change(config: &Config) -> Option<Timestamp> {
    let look = async {
        storage::must_exist(config)?;
        let meta = storage::connect(config).await?;
        let at = meta.last_event_at().await;
        meta.close().await?;
        Ok::<_, OperateError>(at?)
    };
    match look.await {
        Ok(at) => at.map(Timestamp),
        Err(error) => {
            tracing::warn!(error = %csvp_store::Chain(&error), "the living store cannot be read");
            None
        }
    }
}

fn rpo_secs(picture_at_us: i64, last_change_us: i64) -> f64 {
    last_change_us.saturating_sub(picture_at_us).max(0) as f64 / 1e6
}

fn must_have_room(dir: &Path, needed: u64) -> Result<(), OperateError> {
    match storage::free_bytes(dir) {
        Some(free) if free < needed => Err(OperateError::Refused {
            message: format!("`{}` has {free} bytes free, the drill needs {needed}", dir.display()),
            hints: vec!["name a directory on a larger disk with `--scratch DIR`".to_owned()],
        }),
        _ => Ok(()),
    }
}

async fn restore_and_read(
    into: &Config,
    place: &Place,
    drill: &mut Drill,
    begun: Instant,
) -> Result<(), OperateError> {
    let operator = Operator::open(into, Access::New).await?;
    let restored = backup::restore(place, Some(drill.backup), operator.meta(), operator.blobs()).await?;
    let took = begun.elapsed().as_secs_f64();
    drill.rto_secs = took;
    (drill.rows, drill.objects, drill.bytes) = (restored.rows, restored.objects, restored.bytes);
    drill.bytes_per_sec = if took > 0.0 { restored.bytes as f64 / took } else { 0.0 };
    if restored.manifest.objects.lost > 0 {
        let lost = restored.manifest.objects.lost;
        drill.failures.push(format!("the store had lost {lost} objects when the backup was made"));
    }
    let app = App::new(Role::Serve, into.clone(), operator.meta().clone(), operator.blobs().clone());
    let query = ListUploads { limit: SAMPLES, before: None, state: Some(UploadState::Completed) };
    for record in app.meta.list_uploads(app.tenant(), &query).await?.items {
        match sample(&app, &record).await {
            Ok(sample) => drill.samples.push(sample),
            Err(why) => drill.failures.push(format!("upload `{}` {why}", record.upload.id)),
        }
    }
    operator.close().await
}

/// Reads an upload as the service does; else says what is wrong with it.
async fn sample(app: &App, record: &UploadRecord) -> Result<Sample, String> {
    let upload = &record.upload;
    let key = ObjectKey::Original { tenant: upload.tenant, upload: upload.id };
    let mut hash = Sha256::new();
    let read = async {
        let mut stream = app.blobs.read(&key, 0, None).await?;
        while let Some(bytes) = stream.try_next().await? {
            hash.update(&bytes);
        }
        Ok::<_, csvp_store::StoreError>(())
    };
    read.await.map_err(|error| format!("cannot be read: {error}"))?;
    let sum = Sum::finish(hash).to_string();
    if sum != upload.sha256 {
        return Err(format!("has the SHA-256 {sum}, expected {}", upload.sha256));
    }
    let page = query::records(app, upload.id.as_uuid(), 0, RECORDS).await;
    let page = page.map_err(|error| {
        let why = error.cause.as_ref().map_or_else(|| error.detail.clone(), ToString::to_string);
        format!("cannot be shown: {why}")
    })?;
    let expected = page.total.min(RECORDS);
    let records_read = page.records.len() as u64;
    if records_read != expected {
        return Err(format!("shows {records_read} records, expected {expected}"));
    }
    Ok(Sample {
        upload: upload.id.as_uuid(),
        size_bytes: upload.size_bytes,
        records: page.total,
        records_read,
    })
}

fn judge(drill: &mut Drill, options: &DrillOptions) {
    for (what, found, most) in [
        ("work since the backup", drill.rpo_secs, options.max_rpo.as_secs_f64()),
        ("time of the restore", drill.rto_secs, options.max_rto.as_secs_f64()),
    ] {
        if found > most {
            drill.failures.push(format!("{what} is {found:.1} s, at most {most:.1} s are wanted"));
        }
    }
}
