//! Starts the store from what a power cut has left, as the service does, and compares it with what was acknowledged.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use csvp_store::repair::Repair;
use csvp_store::{
    Blobs, BoxError, Clock, ListUploads, Meta, MetaOptions, ObjectKey, ObjectPrefix, StoreError, TenantId,
    UploadRecord,
};

use super::expected::{Expected, unpack};

const MOST_BYTES: u64 = 64 << 20;
const TENANT: TenantId = TenantId::DEFAULT;

/// What was found.
struct Found {
    objects: PathBuf,
    meta: Meta,
    blobs: Blobs,
    uploads: BTreeMap<String, UploadRecord>,
    /// Objects that were there although the database says that they have been removed.
    came_back: Vec<ObjectKey>,
}

/// Gives every invariant that does not hold, by its number.
pub(super) async fn check(data: &Path, expected: &Expected) -> Result<(), Vec<String>> {
    let found = match start(data, expected).await {
        Ok(found) => found,
        Err(error) => return Err(vec![format!("the store does not start: {}", chain(error.as_ref()))]),
    };
    let mut faults = Vec::new();
    for (id, name) in &expected.uploads {
        match found.uploads.get(id) {
            Some(record) => faults.extend(found.look_at(record, name, expected).await),
            None => faults.push(format!("I1: acknowledged {id} `{name}` is gone")),
        }
    }
    let mut names = HashSet::new();
    for (id, record) in &found.uploads {
        if !names.insert(&record.upload.name) {
            faults.push(format!("I6: `{}` is there twice", record.upload.name));
        }
        if expected.deleted.contains(id) {
            faults.push(format!("I9: {id} `{}` was deleted and is there", record.upload.name));
        } else if !expected.uploads.contains_key(id) {
            faults.extend(found.look_at(record, &record.upload.name, expected).await);
        }
    }
    faults.extend(found.came_back.iter().map(|key| format!("I9: {key} was removed and has come back")));
    faults.extend(found.left_over().await);
    faults.extend(found.audit(expected).await);
    // The files go away with their directory.
    let _ = found.meta.close().await;
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The same steps in the same order as the start of the service.
async fn start(data: &Path, expected: &Expected) -> Result<Found, BoxError> {
    csvp_store::make_dirs(data).map_err(StoreError::from_io)?;
    let meta = Meta::open(&MetaOptions::sqlite_file(data.join("csvp.sqlite")), Clock::system()).await?;
    meta.migrate().await?;
    let blobs = Blobs::open_local(&data.join("objects"), None).await?;
    csvp_store::owner::bind(&meta, &blobs).await?;
    let came_back = came_back(&meta, &blobs, expected).await?;
    meta.end_all_leases().await?;
    Repair::finish_deletes(&meta, &blobs).await?;
    Repair::finish_removals(&meta, &blobs).await?;
    Repair::remove_replaced(&meta, &blobs, Duration::ZERO).await?;
    Repair::new(Duration::ZERO).remove_unused(&meta, &blobs).await?;
    let uploads = uploads(&meta).await?;
    Ok(Found { objects: data.join("objects"), meta, blobs, uploads, came_back })
}

async fn uploads(meta: &Meta) -> Result<BTreeMap<String, UploadRecord>, StoreError> {
    let list = ListUploads { limit: 1_000, ..ListUploads::default() };
    let page = meta.list_uploads(TENANT, &list).await?;
    Ok(page.items.into_iter().map(|record| (record.upload.id.to_string(), record)).collect())
}

/// Before the repair, which would remove most of them again.
async fn came_back(meta: &Meta, blobs: &Blobs, expected: &Expected) -> Result<Vec<ObjectKey>, StoreError> {
    let unfinished = meta.list_unfinished_deletes(0, 1_000).await?;
    let events = meta.list_audit_events(TENANT, 0, 1_000).await?;
    let is_deleted = |id: &str| events.iter().any(|it| it.action == "upload.delete" && it.subject == id);
    let removals = meta.list_removals(0, 1_000).await?;
    let replaced = meta.list_replaced_runs(Duration::ZERO, 0, 1_000).await?;
    let uploads = uploads(meta).await?;
    let mut came_back = Vec::new();
    for (key, _) in blobs.list(&ObjectPrefix::All).await? {
        let id = key.upload().to_string();
        let is_back = match (key, uploads.get(&id)) {
            (_, None) => unfinished.iter().all(|deleted| deleted.upload != key.upload()) && is_deleted(&id),
            (ObjectKey::Original { upload, .. }, Some(record)) => {
                let goes = removals.iter().any(|removal| removal.upload == upload && removal.run.is_none());
                record.upload.original_removed_at.is_some() && !goes
            }
            (ObjectKey::RunFile { run, .. }, Some(_)) => {
                let goes = replaced.iter().any(|replaced| replaced.run == run);
                let is_known = goes || meta.live_runs(&[run]).await?.contains(&run);
                expected.replaced.contains(&run.to_string()) && !is_known
            }
        };
        if is_back {
            came_back.push(key);
        }
    }
    Ok(came_back)
}

impl Found {
    /// An upload that can be seen is whole, in all its files.
    async fn look_at(&self, record: &UploadRecord, name: &str, expected: &Expected) -> Vec<String> {
        let mut faults = Vec::new();
        let upload = &record.upload;
        let original = ObjectKey::Original { tenant: TENANT, upload: upload.id };
        match self.blobs.read_all(&original, MOST_BYTES).await {
            Ok(bytes) if expected.sent.get(name).is_some_and(|sent| *sent == bytes) => {}
            Ok(bytes) => faults.push(format!("I2: the {} bytes of `{name}` are altered", bytes.len())),
            Err(StoreError::NotFound(_)) if upload.original_removed_at.is_some() => {}
            Err(error) => faults.push(format!("I1: the bytes of `{name}`: {}", chain(&error))),
        }
        let Some(run) = record.current() else { return faults };
        // Read as plain files: thousands of states are looked at.
        let folder = self.objects.join(TENANT.to_string()).join("uploads").join(upload.id.to_string());
        let packed = std::fs::read(folder.with_added_extension("zip")).ok();
        let packed = packed.and_then(|bytes| unpack(&bytes)).unwrap_or_default();
        for stored in &run.files {
            let place = format!("runs/{}/{}", run.id, stored.file.as_str());
            let before = expected.objects.get(&Path::new(&upload.id.to_string()).join(&place));
            let read = match packed.get(Path::new(&place)) {
                Some(bytes) => Ok(bytes.to_vec()),
                None => std::fs::read(folder.join(&place)),
            };
            match read {
                Ok(bytes) if bytes.len() as u64 != stored.size_bytes => {
                    let (has, size) = (bytes.len(), stored.size_bytes);
                    faults.push(format!("I3: {place} of `{name}` has {has} of {size} bytes"));
                }
                Ok(bytes) if before.is_some_and(|before| **before != bytes) => {
                    faults.push(format!("I2: {place} of `{name}` is altered"));
                }
                Ok(_) => {}
                Err(error) => faults.push(format!("I3: {place} of `{name}`: {error}")),
            }
        }
        faults
    }

    /// Every object belongs to an upload that can be seen.
    async fn left_over(&self) -> Vec<String> {
        match self.blobs.list(&ObjectPrefix::All).await {
            Err(error) => vec![format!("I4: objects cannot be listed: {}", chain(&error))],
            Ok(keys) => {
                let left =
                    keys.iter().filter(|(key, _)| !self.uploads.contains_key(&key.upload().to_string()));
                left.map(|(key, _)| format!("I8: {key} belongs to no upload")).collect()
            }
        }
    }

    /// One event for each change that was acknowledged.
    async fn audit(&self, expected: &Expected) -> Vec<String> {
        let events = match self.meta.list_audit_events(TENANT, 0, 1_000).await {
            Ok(events) => events,
            Err(error) => return vec![format!("I7: events cannot be read: {}", chain(&error))],
        };
        let count = |action: &str, id: &String| {
            events.iter().filter(|it| it.action == action && it.subject == *id).count()
        };
        let created = self.uploads.keys().filter(|id| count("upload.create", id) != 1);
        let deleted = expected.deleted.iter().filter(|id| count("upload.delete", id) != 1);
        created.chain(deleted).map(|id| format!("I7: {id} has not exactly one event")).collect()
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
