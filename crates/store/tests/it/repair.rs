//! Removal goes on behind what cannot be removed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use csvp_store::repair::Repair;
use csvp_store::{
    Blobs, Clock, Ended, Ending, Meta, MetaOptions, NewRun, ObjectKey, ObjectPrefix, Origin, RetentionPolicy,
    RunFile, RunId, TenantId, UploadId, UploadState, contract,
};
use futures::FutureExt as _;
use object_store::Error;
use tempfile::TempDir;

use crate::hooked::{Hook, Hooked};

const TENANT: TenantId = TenantId::DEFAULT;

/// Two tenants; nothing of `locked` can be removed, and it comes first everywhere.
struct World {
    meta: Meta,
    blobs: Blobs,
    locked: TenantId,
    _dir: TempDir,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = MetaOptions::sqlite_file(dir.path().join("meta"));
        let meta = Meta::open(&options, Clock::system()).await.unwrap();
        meta.migrate().await.unwrap();
        let locked = TenantId::generate();
        meta.ensure_tenant(locked, "locked").await.unwrap();
        // Somebody has locked what one tenant has.
        let name = locked.to_string();
        let hook: Hook = Arc::new(move |path| {
            let path = path.to_string();
            let kept = Err(Error::PermissionDenied { path: path.clone(), source: "it is locked".into() });
            std::future::ready(if path.contains(&name) { kept } else { Ok(()) }).boxed()
        });
        let store = Hooked { inner: Arc::default(), before_delete: hook };
        Self { meta, blobs: Blobs::over(Arc::new(store), None).await.unwrap(), locked, _dir: dir }
    }

    fn tenants(&self) -> [TenantId; 2] {
        [self.locked, TENANT]
    }

    async fn object(&self, key: ObjectKey) {
        self.blobs.put(key, Bytes::from_static(b"a\n1\n")).await.unwrap();
    }

    /// An upload with its original and one file.
    async fn finished(&self, tenant: TenantId) -> (UploadId, RunId) {
        let mut new = contract::finished("a.csv", 1_700_000_000_000_000, UploadState::Completed);
        new.tenant = tenant;
        let (upload, run) = (new.id, new.run);
        self.object(ObjectKey::Original { tenant, upload }).await;
        self.object(ObjectKey::RunFile { tenant, upload, run, file: RunFile::CleanCsv }).await;
        self.meta.create_upload(new).await.unwrap();
        (upload, run)
    }

    /// Whose objects are still there.
    async fn left(&self, keeps: impl Fn(&ObjectKey) -> bool) -> Vec<TenantId> {
        let keys = self.blobs.list(&ObjectPrefix::All).await.unwrap();
        let mut left: Vec<TenantId> = keys
            .into_iter()
            .filter(|(key, _)| !keeps(key))
            .map(|(key, _)| match key {
                ObjectKey::Original { tenant, .. } | ObjectKey::RunFile { tenant, .. } => tenant,
            })
            .collect();
        left.dedup();
        left
    }
}

#[tokio::test]
async fn a_deleted_upload_that_cannot_be_removed_does_not_keep_the_others() {
    let world = World::new().await;
    for tenant in world.tenants() {
        let (upload, _) = world.finished(tenant).await;
        world.meta.delete_upload(tenant, upload, &Origin::worker()).await.unwrap();
    }
    let said = Repair::finish_deletes(&world.meta, &world.blobs).await.unwrap_err();
    assert!(format!("{said:?}").contains("it is locked"), "{said:?}");
    assert_eq!(world.left(|_| false).await, [world.locked]);
    let unfinished = world.meta.list_unfinished_deletes(0, 10).await.unwrap();
    assert_eq!(unfinished.iter().map(|deleted| deleted.tenant).collect::<Vec<_>>(), [world.locked]);
    assert_eq!(world.meta.list_unfinished_deletes(1, 10).await.unwrap(), []);
}

#[tokio::test]
async fn an_ended_original_that_cannot_be_removed_does_not_keep_the_others() {
    let world = World::new().await;
    for tenant in world.tenants() {
        let (upload, _) = world.finished(tenant).await;
        let (policy, origin) =
            (RetentionPolicy { keep_original_days: Some(0), keep_results_days: None }, Origin::worker());
        world.meta.set_retention(tenant, policy, &origin).await.unwrap();
        let judged = world.meta.retention(tenant).await.unwrap().unwrap();
        let ended =
            world.meta.end_by_policy(tenant, &judged, upload, Ending::Original, &origin).await.unwrap();
        assert_eq!(ended, Ended::Done);
    }
    Repair::finish_removals(&world.meta, &world.blobs).await.unwrap_err();
    let is_result = |key: &ObjectKey| matches!(key, ObjectKey::RunFile { .. });
    assert_eq!(world.left(is_result).await, [world.locked]);
    assert_eq!(world.meta.list_removals(0, 10).await.unwrap().len(), 1);
    assert_eq!(world.meta.list_removals(1, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_replaced_run_that_cannot_be_removed_does_not_keep_the_others() {
    let world = World::new().await;
    let mut replaced = Vec::new();
    for tenant in world.tenants() {
        let (upload, run) = world.finished(tenant).await;
        replaced.push(run);
        let new = NewRun {
            id: RunId::generate(),
            settings: serde_json::json!({}),
            job: csvp_store::NewJob::default(),
            key: None,
            origin: Origin::anonymous("again"),
        };
        world.meta.start_run(tenant, upload, new).await.unwrap();
        let job = world.meta.claim_job("w", contract::LEASE).await.unwrap().unwrap();
        let result = contract::result(UploadState::Completed);
        world.meta.finish_job(&job.lease, result, &Origin::worker()).await.unwrap();
    }
    Repair::remove_replaced(&world.meta, &world.blobs, Duration::ZERO).await.unwrap_err();
    let is_original = |key: &ObjectKey| matches!(key, ObjectKey::Original { .. });
    assert_eq!(world.left(is_original).await, [world.locked]);
    let left = world.meta.list_replaced_runs(Duration::ZERO, 0, 10).await.unwrap();
    assert_eq!(left.iter().map(|left| left.run).collect::<Vec<_>>(), [replaced[0]]);
    assert_eq!(world.meta.list_replaced_runs(Duration::ZERO, 1, 10).await.unwrap(), []);
}

#[tokio::test]
async fn objects_without_use_that_cannot_be_removed_do_not_keep_the_others() {
    let world = World::new().await;
    for _ in 0..20 {
        for tenant in world.tenants() {
            let upload = UploadId::generate();
            world.object(ObjectKey::Original { tenant, upload }).await;
            let file = RunFile::CleanCsv;
            world.object(ObjectKey::RunFile { tenant, upload, run: RunId::generate(), file }).await;
        }
    }
    let mut repair = Repair::new(Duration::ZERO);
    repair.remove_unused(&world.meta, &world.blobs).await.unwrap_err();
    assert_eq!(world.left(|_| false).await, [world.locked]);
    assert_eq!(repair.left_bytes(), Some(20 * 2 * 4), "what is left is counted all the same");
}
