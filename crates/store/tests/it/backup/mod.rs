//! Backups over both databases and both kinds of objects, and from one into the other.

mod bucket;
mod changes;
mod damage;
mod load;
mod place;
mod round_trip;
mod slow;
mod turns;
mod upgrade;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use csvp_store::backup::{self, Place};
use csvp_store::contract::{self, LEASE};
use csvp_store::{
    AuditEvent, Blobs, Clock, FirstRun, ListUploads, Meta, MetaOptions, NewRun, NewUpload, ObjectKey,
    ObjectPrefix, Origin, RunFile, RunId, StoredFile, Sum, TenantId, UploadId, UploadRecord, UploadState,
};
use csvp_testkit::servers::Postgres;
use object_store::memory::InMemory;
use tempfile::TempDir;

const TENANT: TenantId = TenantId::DEFAULT;
/// More than one part of a large file.
const LARGE: usize = (8 << 20) + 12_345;

/// A store of either kind.
struct Store {
    meta: Meta,
    blobs: Blobs,
    _dir: Option<TempDir>,
}

impl Store {
    /// SQLite and a directory.
    async fn local() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let meta = MetaOptions::sqlite_file(dir.path().join("meta.db"));
        let meta = Meta::open(&meta, Clock::system()).await.unwrap();
        meta.migrate().await.unwrap();
        let blobs = Blobs::open_local(&dir.path().join("objects"), None).await.unwrap();
        Self { meta, blobs, _dir: Some(dir) }
    }

    /// PostgreSQL and an object store.
    async fn remote(server: &Postgres) -> Self {
        let meta = Meta::open(&MetaOptions::postgres(server.new_database()), Clock::system()).await.unwrap();
        meta.migrate().await.unwrap();
        let blobs = Blobs::over(Arc::new(InMemory::new()), None).await.unwrap();
        Self { meta, blobs, _dir: None }
    }

    async fn restore(&self, place: &Place) -> Result<backup::Restored, backup::BackupError> {
        backup::restore(place, None, &self.meta, &self.blobs).await
    }

    /// An upload whose original and files are there.
    async fn finished(&self, name: &str, bytes: &[u8]) -> UploadId {
        let mut new = contract::finished(name, 1_700_000_000_000_000, UploadState::Completed);
        let files = [
            (RunFile::CleanCsv, Bytes::copy_from_slice(bytes)),
            (RunFile::ReportJson, Bytes::from(format!("{{\"name\": \"{name}\"}}"))),
        ];
        if let FirstRun::Finished { result, .. } = &mut new.first {
            result.files = files
                .iter()
                .map(|(file, bytes)| StoredFile { file: *file, size_bytes: bytes.len() as u64 })
                .collect();
        }
        let run = new.run;
        let upload = self.create(new, bytes).await;
        for (file, bytes) in files {
            self.blobs.put(ObjectKey::RunFile { tenant: TENANT, upload, run, file }, bytes).await.unwrap();
        }
        upload
    }

    /// An upload that waits for a worker.
    async fn queued(&self, name: &str, bytes: &[u8]) -> UploadId {
        self.create(contract::queued(name), bytes).await
    }

    /// Object first, then rows: as the service does it.
    async fn create(&self, mut new: NewUpload, bytes: &[u8]) -> UploadId {
        new.size_bytes = bytes.len() as u64;
        new.sha256 = Sum::of(bytes).to_string();
        new.key = Some(contract::key(&format!("key of {}", new.id), "a request"));
        let key = ObjectKey::Original { tenant: TENANT, upload: new.id };
        self.blobs.put(key, Bytes::copy_from_slice(bytes)).await.unwrap();
        self.meta.create_upload(new).await.unwrap().into_record().upload.id
    }

    async fn delete(&self, upload: UploadId) {
        let deleted = self.meta.delete_upload(TENANT, upload, &Origin::anonymous("delete")).await.unwrap();
        self.blobs.delete_prefix(&deleted.objects).await.unwrap();
        self.meta.finish_delete(&deleted).await.unwrap();
    }

    /// One of everything that rows can say.
    async fn fill(&self) {
        self.finished("größe \"1\".csv", "name,größe\nä,1\n".as_bytes()).await;
        self.finished("empty.csv", b"").await;
        self.finished("large.csv", &vec![b'x'; LARGE]).await;
        self.queued("running.csv", b"a\n1\n").await;
        self.meta.claim_job("a worker that is gone later", LEASE).await.unwrap().unwrap();
        self.queued("waiting.csv", b"a\n2\n").await;
        let gone = self.finished("gone.csv", b"a\n3\n").await;
        self.delete(gone).await;
        // Deleted, and its objects are still there.
        let going = self.finished("going.csv", b"a\n4\n").await;
        self.meta.delete_upload(TENANT, going, &Origin::anonymous("delete")).await.unwrap();
        // Two runs that wait to be removed or worked on.
        let again = self.finished("again.csv", b"a\n5\n").await;
        let new = NewRun {
            id: RunId::generate(),
            settings: serde_json::json!({"encoding": "latin1", "number": 1.5e300, "text": "\u{1F980}\n\"'"}),
            job: csvp_store::NewJob::default(),
            key: Some(contract::key("again", "a request")),
            origin: Origin::anonymous("again"),
        };
        self.meta.start_run(TENANT, again, new).await.unwrap();
    }

    async fn facts(&self) -> Facts {
        let page = ListUploads { limit: 1_000, ..ListUploads::default() };
        let uploads = self.meta.list_uploads(TENANT, &page).await.unwrap().items;
        let mut objects = BTreeMap::new();
        for record in &uploads {
            let prefix = ObjectPrefix::Upload { tenant: TENANT, upload: record.upload.id };
            for (key, _) in self.blobs.list(&prefix).await.unwrap() {
                let bytes = self.blobs.read_all(&key, u64::MAX).await.unwrap();
                objects.insert(key, Sum::of(&bytes));
            }
        }
        let events = self.meta.list_audit_events(TENANT, 0, 10_000).await.unwrap();
        Facts { uploads, objects, events, total: self.meta.stats(TENANT).await.unwrap().total }
    }
}

/// What a user can find out about a store.
#[derive(Debug, PartialEq)]
struct Facts {
    uploads: Vec<UploadRecord>,
    objects: BTreeMap<ObjectKey, Sum>,
    events: Vec<AuditEvent>,
    total: u64,
}

/// A directory of backups.
async fn to_write(dir: &Path) -> Place {
    Place::directory_to_write(dir).await.unwrap()
}

/// All files of a place, without those of the process that writes.
fn files_in(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                dirs.push(entry.path())
            } else {
                files.push(entry.path())
            }
        }
    }
    files.sort();
    files
}
