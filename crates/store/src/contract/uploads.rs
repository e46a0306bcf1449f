//! What every database promises about uploads and runs.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::{LEASE, MetaSetup, actions, claim, create, finished, key, queued, result};
use crate::blob::{Blobs, ObjectKey, ObjectPrefix, RunFile};
use crate::error::{Entity, StoreError};
use crate::meta::MAX_UNRECORDED;
use crate::model::{
    IdempotencyKey, ListUploads, NewJob, NewRun, NewUpload, Origin, Progress, RunId, Stats, Sum, Taken,
    TenantId, UploadId, UploadState,
};
use crate::repair::{Repair, Repaired};

const TENANT: TenantId = TenantId::DEFAULT;

pub(super) fn rerun() -> NewRun {
    NewRun {
        id: RunId::generate(),
        settings: json!({ "on_bad": "null" }),
        job: NewJob::default(),
        key: None,
        origin: Origin::anonymous("request-2"),
    }
}

/// All rows of an upload come together.
pub async fn queued_upload_is_there_with_job_and_audit(setup: MetaSetup) {
    let new = queued("orders.csv");
    let created = create(&setup, new.clone()).await;
    let record = setup.meta.get_upload(TENANT, new.id).await.unwrap();
    assert_eq!(created, record);
    assert_eq!(record.upload.state, UploadState::Queued);
    assert_eq!((record.upload.name.as_str(), record.upload.size_bytes), ("orders.csv", 1_000));
    assert_eq!((record.latest.id, record.latest.number), (new.run, 1));
    assert_eq!(record.latest.settings, new.settings);
    assert_eq!(record.current(), None);
    assert_eq!(actions(&setup, new.id).await, ["upload.create queued"]);
    let events = setup.meta.list_audit_events(TENANT, 0, 10).await.unwrap();
    assert_eq!(events[0].request_id.as_deref(), Some("request-1"));
    assert_eq!(claim(&setup, "w").await.job.run, new.run);
}

/// Small files have no job at all.
pub async fn finished_upload_is_published_at_once(setup: MetaSetup) {
    let started_at = setup.clock.now_us();
    setup.clock.advance(Duration::from_millis(250));
    let new = finished("small.csv", started_at, UploadState::Completed);
    assert_eq!(setup.meta.original_bytes().await.unwrap(), 0);
    let created = create(&setup, new.clone()).await;
    assert_eq!(setup.meta.original_bytes().await.unwrap(), new.size_bytes);
    let record = setup.meta.get_upload(TENANT, new.id).await.unwrap();
    assert_eq!(created, record);
    let current = record.current().unwrap();
    assert_eq!((current.id, current.processing_ms()), (new.run, Some(250)));
    assert_eq!(current.file(RunFile::CleanCsv).unwrap().size_bytes, 900);
    assert_eq!(current.file(RunFile::CleanParquet), None);
    assert_eq!(record.upload.created_at, started_at);
    assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
    let failed = create(&setup, finished("bad.csv", started_at, UploadState::Failed)).await;
    assert_eq!(failed.current(), None);
}

/// In one moment, and later.
pub async fn retries_with_one_key_make_one_upload(setup: MetaSetup) {
    let meta = Arc::new(setup.meta.clone());
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..32 {
        let meta = Arc::clone(&meta);
        let new = NewUpload { key: Some(key("key-1", "same")), ..queued(&format!("{i}")) };
        tasks.spawn(async move { meta.create_upload(new).await.unwrap() });
    }
    let created = tasks.join_all().await;
    let new: Vec<_> = created.iter().filter(|created| matches!(created, Taken::New(_))).collect();
    assert_eq!(new.len(), 1);
    let first = new[0].clone().into_record();
    let ids: HashSet<_> = created.into_iter().map(|created| created.into_record().upload.id).collect();
    assert_eq!(ids, HashSet::from([first.upload.id]));
    assert_eq!(setup.meta.list_audit_events(TENANT, 0, 100).await.unwrap().len(), 1);
    // Another request under the same key does nothing.
    let other_request = NewUpload { key: Some(key("key-1", "other")), ..queued("other") };
    let reused = setup.meta.create_upload(other_request).await;
    assert!(matches!(reused, Err(StoreError::KeyReused)), "{reused:?}");
    assert_eq!(setup.meta.stats(TENANT).await.unwrap().total, 1);
    // A late retry does not bring back what was deleted; and once more, as a deleted key is read otherwise than it was written.
    setup.meta.delete_upload(TENANT, first.upload.id, &Origin::worker()).await.unwrap();
    for _ in 0..2 {
        let late = NewUpload { key: Some(key("key-1", "same")), ..queued("late") };
        let refused = setup.meta.create_upload(late).await;
        assert!(matches!(refused, Err(StoreError::KeyReused)), "{refused:?}");
    }
    // Another tenant may use the same word.
    let other = TenantId::generate();
    setup.meta.ensure_tenant(other, "other").await.unwrap();
    let new = NewUpload { tenant: other, key: Some(key("key-1", "same")), ..queued("other") };
    assert!(matches!(setup.meta.create_upload(new).await.unwrap(), Taken::New(_)));
}

/// Whatever a sender calls its keys.
pub async fn no_key_keeps_an_upload_from_being_deleted(setup: MetaSetup) {
    let with_key = |name: &str| NewUpload { key: Some(key(name, "same")), ..queued(name) };
    let deleted = create(&setup, with_key("abc")).await.upload.id;
    let used_up = format!("deleted:{}", Sum::of(b"abc"));
    assert!(IdempotencyKey::is_reserved(&used_up));
    for free in ["abc", "deleted:abc", &used_up.to_uppercase(), &used_up[1..]] {
        assert!(!IdempotencyKey::is_reserved(free), "{free}");
    }
    create(&setup, with_key(&used_up)).await;
    setup.meta.delete_upload(TENANT, deleted, &Origin::worker()).await.unwrap();
    let late = setup.meta.create_upload(with_key("abc")).await;
    assert!(matches!(late, Err(StoreError::KeyReused)), "{late:?}");
}

/// Between the look at an upload and that at its run anything may happen.
pub async fn reading_goes_on_while_uploads_are_deleted(setup: MetaSetup) {
    let mut ids = Vec::new();
    for number in 0..40 {
        let new = finished(&format!("{number}"), 0, UploadState::Completed);
        ids.push(create(&setup, new).await.upload.id);
    }
    let is_done = Cell::new(false);
    let deleting = async {
        for &id in &ids {
            let deleted = setup.meta.delete_upload(TENANT, id, &Origin::worker()).await.unwrap();
            setup.meta.finish_delete(&deleted).await.unwrap();
        }
        is_done.set(true);
    };
    let reading = async {
        while !is_done.get() {
            setup
                .meta
                .list_uploads(TENANT, &ListUploads { limit: 7, ..ListUploads::default() })
                .await
                .unwrap();
            for &id in &ids {
                let read = setup.meta.get_upload(TENANT, id).await;
                assert!(matches!(read, Ok(_) | Err(StoreError::NotFound(_))), "{read:?}");
            }
        }
    };
    let ((), ()) = tokio::join!(reading, deleting);
    assert_eq!(setup.meta.list_uploads(TENANT, &ListUploads::default()).await.unwrap().items, []);
    assert!(setup.meta.was_deleted(TENANT, ids[0]).await.unwrap());
    assert!(!setup.meta.was_deleted(TENANT, UploadId::generate()).await.unwrap());
}

/// Whoever uploads chooses the settings: a page of long ones is shorter, and no upload is left out or given twice.
pub async fn pages_of_long_settings_are_short(setup: MetaSetup) {
    let mut expected = Vec::new();
    for number in 0..50 {
        let settings = json!({ "schema": { "description": "x".repeat(200_000) } });
        let new = NewUpload { settings, ..finished(&format!("{number}"), 0, UploadState::Completed) };
        expected.push(create(&setup, new).await.upload.id);
    }
    expected.reverse();
    let (mut found, mut query) = (Vec::new(), ListUploads { limit: 1_000, ..ListUploads::default() });
    loop {
        let page = setup.meta.list_uploads(TENANT, &query).await.unwrap();
        assert!((1..=36).contains(&page.items.len()), "{} uploads on a page", page.items.len());
        found.extend(page.items.iter().map(|record| record.upload.id));
        query.before = page.next;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
}

/// A run and its end are asked for once, however often the request comes.
pub async fn retries_with_one_key_start_and_stop_one_run(setup: MetaSetup) {
    let (meta, origin) = (&setup.meta, Origin::worker());
    let id = create(&setup, finished("a.csv", 0, UploadState::Completed)).await.upload.id;
    let run = |fingerprint| NewRun { key: Some(key("run", fingerprint)), ..rerun() };
    assert!(matches!(meta.start_run(TENANT, id, run("same")).await.unwrap(), Taken::New(_)));
    let again = meta.start_run(TENANT, id, run("same")).await.unwrap();
    assert!(matches!(&again, Taken::Repeated(record) if record.latest.number == 2), "{again:?}");
    let other = meta.start_run(TENANT, id, run("other")).await;
    assert!(matches!(other, Err(StoreError::KeyReused)), "{other:?}");
    let stop = key("stop", "same");
    let stopped = meta.request_cancel(TENANT, id, Some(&stop), &origin).await.unwrap();
    assert!(matches!(stopped, Taken::New(_)));
    meta.start_run(TENANT, id, rerun()).await.unwrap();
    let again = meta.request_cancel(TENANT, id, Some(&stop), &origin).await.unwrap();
    assert!(
        matches!(&again, Taken::Repeated(record) if record.upload.state == UploadState::Queued),
        "{again:?}"
    );
}

/// Its objects may be gone, as those of an upload that nobody has recorded.
pub async fn what_was_stored_long_ago_is_refused(setup: MetaSetup) {
    let mark = setup.meta.time_mark().await.unwrap();
    let longest = i64::try_from(MAX_UNRECORDED.as_micros()).unwrap();
    let key = || Some(key("key", "same"));
    let late = NewUpload { stored_after: mark - longest - 1, key: key(), ..queued("late") };
    let refused = setup.meta.create_upload(late.clone()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(setup.meta.stats(TENANT).await.unwrap().total, 0);
    // A minute before is in time; whoever sends it again under its key hears of it.
    let in_time = NewUpload { stored_after: mark - longest + 60_000_000, key: key(), ..queued("in time") };
    assert!(matches!(setup.meta.create_upload(in_time).await.unwrap(), Taken::New(_)));
    assert!(matches!(setup.meta.create_upload(late).await.unwrap(), Taken::Repeated(_)));
}

/// Uploads share a transaction, not their fate.
pub async fn bad_neighbour_does_not_spoil_the_group(setup: MetaSetup) {
    let taken = create(&setup, queued("first")).await.upload.id;
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..40 {
        let meta = setup.meta.clone();
        let id = if i == 20 { taken } else { UploadId::generate() };
        let new = NewUpload { id, ..queued(&format!("{i}")) };
        tasks.spawn(async move { (id, meta.create_upload(new).await) });
    }
    for (id, created) in tasks.join_all().await {
        if id == taken {
            assert!(matches!(created, Err(StoreError::Conflict(Entity::Upload(id))) if id == taken));
        } else {
            assert_eq!(created.unwrap().into_record().upload.id, id);
        }
    }
    assert_eq!(setup.meta.stats(TENANT).await.unwrap().total, 40);
    assert_eq!(setup.meta.list_audit_events(TENANT, 0, 100).await.unwrap().len(), 40);
}

/// Another tenant's upload does not exist.
pub async fn tenants_do_not_see_each_other(setup: MetaSetup) {
    let other = TenantId::generate();
    setup.meta.ensure_tenant(other, "other").await.unwrap();
    setup.meta.ensure_tenant(other, "again").await.unwrap();
    let id = create(&setup, queued("mine")).await.upload.id;
    let (meta, origin) = (&setup.meta, Origin::anonymous("r"));
    let hidden =
        |error: StoreError| matches!(error, StoreError::NotFound(Entity::Upload(hidden)) if hidden == id);
    assert!(hidden(meta.get_upload(other, id).await.unwrap_err()));
    assert!(hidden(meta.list_runs(other, id).await.unwrap_err()));
    assert!(hidden(meta.start_run(other, id, rerun()).await.unwrap_err()));
    assert!(hidden(meta.request_cancel(other, id, None, &origin).await.unwrap_err()));
    assert!(hidden(meta.delete_upload(other, id, &origin).await.unwrap_err()));
    assert_eq!(meta.list_uploads(other, &ListUploads::default()).await.unwrap().items, []);
    assert_eq!(meta.stats(other).await.unwrap(), Stats::default());
    assert_eq!(meta.list_audit_events(other, 0, 10).await.unwrap(), []);
    assert_eq!(actions(&setup, id).await, ["upload.create queued"]);
}

/// Every page size, with uploads that come and go meanwhile.
pub async fn pages_are_complete(setup: MetaSetup) {
    let mut ids = Vec::new();
    for i in 0..25 {
        let state = if i % 3 == 0 { UploadState::Completed } else { UploadState::Refused };
        ids.push(create(&setup, finished(&format!("{i}"), 0, state)).await.upload.id);
    }
    ids.reverse();
    for limit in [1, 4, 5, 24, 25, 26, 1_000_000] {
        let mut list = ListUploads { limit, ..ListUploads::default() };
        let mut found = Vec::new();
        loop {
            let page = setup.meta.list_uploads(TENANT, &list).await.unwrap();
            assert!(page.items.len() as u64 <= limit);
            found.extend(page.items.iter().map(|record| record.upload.id));
            list.before = page.next;
            if page.next.is_none() {
                break;
            }
            let extra = create(&setup, finished("late", 0, UploadState::Failed)).await.upload.id;
            setup.meta.delete_upload(TENANT, extra, &Origin::worker()).await.unwrap();
        }
        assert_eq!(found, ids, "limit {limit}");
    }
    let completed = ListUploads { state: Some(UploadState::Completed), ..ListUploads::default() };
    assert_eq!(setup.meta.list_uploads(TENANT, &completed).await.unwrap().items.len(), 9);
    let empty = ListUploads { limit: 0, ..ListUploads::default() };
    assert_eq!(setup.meta.list_uploads(TENANT, &empty).await.unwrap().items.len(), 1);
}

/// Deleted uploads count too.
pub async fn stats_count_every_state(setup: MetaSetup) {
    assert_eq!(setup.meta.stats(TENANT).await.unwrap(), Stats::default());
    let started_at = setup.clock.now_us();
    setup.clock.advance(Duration::from_millis(100));
    for state in [UploadState::Completed, UploadState::Completed, UploadState::Refused, UploadState::Failed] {
        create(&setup, finished("x", started_at, state)).await;
    }
    let deleted = create(&setup, queued("y")).await.upload.id;
    setup.meta.delete_upload(TENANT, deleted, &Origin::worker()).await.unwrap();
    create(&setup, queued("z")).await;
    let stats = setup.meta.stats(TENANT).await.unwrap();
    let expected = Stats {
        total: 6,
        queued: 1,
        processing: 0,
        completed: 2,
        refused: 1,
        failed: 1,
        cancelled: 1,
        average_processing_ms: Some(100.0),
        last_activity: Some(setup.clock.now_us()),
    };
    assert_eq!(stats, expected);
}

/// Readers keep what they had until there is something better.
pub async fn reprocessing_keeps_the_old_run_until_the_new_one_ends(setup: MetaSetup) {
    let first = create(&setup, finished("a.csv", 0, UploadState::Completed)).await;
    let id = first.upload.id;
    let second = rerun();
    let queued = setup.meta.start_run(TENANT, id, second.clone()).await.unwrap().into_record();
    assert_eq!((queued.upload.state, queued.upload.finished_at), (UploadState::Queued, None));
    assert_eq!((queued.latest.id, queued.latest.number), (second.id, 2));
    assert_eq!(queued.current().unwrap(), &first.latest);
    let again = setup.meta.start_run(TENANT, id, rerun()).await;
    assert!(matches!(again, Err(StoreError::Conflict(Entity::Upload(_)))));

    let job = claim(&setup, "w").await;
    let done =
        setup.meta.finish_job(&job.lease, result(UploadState::Completed), &Origin::worker()).await.unwrap();
    assert_eq!((done.current().unwrap().id, done.previous), (second.id, None));

    // A run that ends without a report changes nothing for readers.
    let third = rerun();
    setup.meta.start_run(TENANT, id, third.clone()).await.unwrap();
    let failed = setup.meta.request_cancel(TENANT, id, None, &Origin::worker()).await.unwrap().into_record();
    assert_eq!((failed.upload.state, failed.latest.id), (UploadState::Cancelled, third.id));
    assert_eq!(failed.current().unwrap().id, second.id);
    let numbers: Vec<_> =
        setup.meta.list_runs(TENANT, id).await.unwrap().into_iter().map(|run| (run.number, run.id)).collect();
    assert_eq!(numbers, [(1, first.latest.id), (2, second.id), (3, third.id)]);
    let audit = actions(&setup, id).await;
    assert_eq!(
        audit,
        [
            "upload.create completed",
            "upload.reprocess queued",
            "upload.process completed",
            "upload.reprocess queued",
            "upload.cancel cancelled"
        ]
    );
}

/// Its name and checksum are gone at once.
pub async fn deleted_upload_is_gone_for_everyone(setup: MetaSetup) {
    let new =
        NewUpload { key: Some(key("key", "same")), ..finished("secret.csv", 0, UploadState::Completed) };
    let id = create(&setup, new).await.upload.id;
    let (meta, origin) = (&setup.meta, Origin::anonymous("r"));
    let deleted = meta.delete_upload(TENANT, id, &origin).await.unwrap();
    assert_eq!(deleted.objects, ObjectPrefix::Upload { tenant: TENANT, upload: id });
    assert!(matches!(meta.get_upload(TENANT, id).await, Err(StoreError::NotFound(_))));
    assert!(matches!(meta.delete_upload(TENANT, id, &origin).await, Err(StoreError::NotFound(_))));
    assert!(matches!(meta.start_run(TENANT, id, rerun()).await, Err(StoreError::NotFound(_))));
    let again = NewUpload { key: Some(key("key", "other")), ..queued("again") };
    assert!(matches!(meta.create_upload(again).await, Err(StoreError::KeyReused)), "a late retry");
    assert_eq!(meta.list_uploads(TENANT, &ListUploads::default()).await.unwrap().items, []);
    assert_eq!(meta.list_unfinished_deletes(0, 10).await.unwrap().len(), 1);
    meta.finish_delete(&deleted).await.unwrap();
    meta.finish_delete(&deleted).await.unwrap();
    assert_eq!(meta.list_unfinished_deletes(0, 10).await.unwrap(), []);
    assert_eq!(actions(&setup, id).await, ["upload.create completed", "upload.delete deleted"]);
}

/// Its bytes may be there still, and what its rows say of them.
pub async fn what_was_deleted_can_be_erased_until_it_is_gone(setup: MetaSetup) {
    let (meta, origin) = (&setup.meta, Origin::operator());
    let id = create(&setup, finished("secret.csv", 0, UploadState::Completed)).await.upload.id;
    assert_eq!(meta.erase_deleted(TENANT, id, &origin).await.unwrap(), None, "it is not deleted");
    meta.delete_upload(TENANT, id, &origin).await.unwrap();
    assert_eq!(meta.erase_deleted(TenantId::generate(), id, &origin).await.unwrap(), None);
    for _ in 0..2 {
        let deleted = meta.erase_deleted(TENANT, id, &origin).await.unwrap().unwrap();
        assert_eq!(deleted.objects, ObjectPrefix::Upload { tenant: TENANT, upload: id });
    }
    let deleted = meta.list_unfinished_deletes(0, 10).await.unwrap().remove(0);
    meta.finish_delete(&deleted).await.unwrap();
    assert_eq!(meta.erase_deleted(TENANT, id, &origin).await.unwrap(), None);
    let erased = "upload.erase erased".to_owned();
    assert_eq!(actions(&setup, id).await.iter().filter(|action| **action == erased).count(), 2);
}

/// The worker learns of it, and can publish nothing any more.
pub async fn deleting_stops_the_job(setup: MetaSetup) {
    let id = create(&setup, queued("a")).await.upload.id;
    let job = claim(&setup, "w").await;
    let deleted = setup.meta.delete_upload(TENANT, id, &Origin::worker()).await.unwrap();
    assert_eq!(deleted.stopped_job.as_ref().map(|stopped| stopped.id), Some(job.job.id));
    let progress = Progress::queued(1);
    let lost = |error: StoreError| matches!(error, StoreError::LeaseLost(lost) if lost == job.job.id);
    assert!(lost(setup.meta.renew(&job.lease, LEASE, &progress).await.unwrap_err()));
    let finish = setup.meta.finish_job(&job.lease, result(UploadState::Completed), &Origin::worker()).await;
    assert!(lost(finish.unwrap_err()));
    setup.meta.finish_delete(&deleted).await.unwrap();
    assert!(lost(setup.meta.release_job(&job.lease).await.unwrap_err()));
    setup.clock.advance(LEASE * 2);
    assert!(setup.meta.claim_job("w", LEASE).await.unwrap().is_none());
}

fn removed(removed_bytes: u64) -> Repaired {
    Repaired { removed: 1, removed_bytes, ..Repaired::default() }
}

/// Orphans wait for the grace period; what is in use stays.
pub async fn repair_removes_only_what_is_unused(setup: MetaSetup) {
    let blobs = Blobs::over(Arc::new(object_store::memory::InMemory::new()), None).await.unwrap();
    let content = Bytes::from_static(b"a,b\n1,2\n");
    let original = |upload| ObjectKey::Original { tenant: TENANT, upload };
    let file = |upload, run| ObjectKey::RunFile { tenant: TENANT, upload, run, file: RunFile::CleanCsv };
    let kept = create(&setup, finished("kept", 0, UploadState::Completed)).await;
    let (kept_id, first_run) = (kept.upload.id, kept.latest.id);
    let run = rerun();
    setup.meta.start_run(TENANT, kept_id, run.clone()).await.unwrap();
    let job = claim(&setup, "w").await;
    let gone = create(&setup, finished("gone", 0, UploadState::Completed)).await.upload.id;
    let coming = queued("coming");
    let orphan = UploadId::generate();
    for id in [kept_id, gone, coming.id, orphan] {
        blobs.put(original(id), content.clone()).await.unwrap();
    }
    for key in [file(kept_id, first_run), file(kept_id, run.id), file(orphan, RunId::generate())] {
        blobs.put(key, content.clone()).await.unwrap();
    }
    // Deleted, but the process died before the objects went.
    setup.meta.delete_upload(TENANT, gone, &Origin::worker()).await.unwrap();
    let repaired = Repair::finish_deletes(&setup.meta, &blobs).await.unwrap();
    assert_eq!(repaired, removed(8));
    assert_eq!(Repair::finish_deletes(&setup.meta, &blobs).await.unwrap(), Repaired::default());

    let mut patient = Repair::new(Duration::from_secs(900));
    assert_eq!(patient.remove_unused(&setup.meta, &blobs).await.unwrap(), Repaired::default());
    create(&setup, coming.clone()).await;
    assert_eq!(patient.remove_unused(&setup.meta, &blobs).await.unwrap(), Repaired::default());
    assert_eq!(patient.left_bytes(), Some(48));
    let mut at_once = Repair::new(Duration::ZERO);
    let repaired = at_once.remove_unused(&setup.meta, &blobs).await.unwrap();
    assert_eq!(repaired, removed(16), "the orphan goes, both runs stay");
    assert_eq!(at_once.left_bytes(), Some(32));
    setup.meta.finish_job(&job.lease, result(UploadState::Completed), &Origin::worker()).await.unwrap();
    let kept_for = Duration::from_secs(60);
    let replaced = async || Repair::remove_replaced(&setup.meta, &blobs, kept_for).await.unwrap();
    assert_eq!(replaced().await, Repaired::default(), "a reader may still want it");
    setup.clock.advance(kept_for);
    assert_eq!(replaced().await, removed(8), "the replaced run goes");
    assert_eq!(replaced().await, Repaired::default());
    let runs = setup.meta.list_runs(TENANT, kept_id).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.number).collect::<Vec<_>>(), [2], "and its row");
    let mut left: Vec<_> =
        blobs.list(&ObjectPrefix::All).await.unwrap().into_iter().map(|(key, _)| key).collect();
    left.sort();
    let mut expected = vec![original(kept_id), file(kept_id, run.id), original(coming.id)];
    expected.sort();
    assert_eq!(left, expected);
}

/// And says so.
pub async fn migrating_twice_changes_nothing(setup: MetaSetup) {
    assert_eq!(setup.meta.pending_migrations().await.unwrap(), Vec::<String>::new());
    let id = create(&setup, queued("a")).await.upload.id;
    assert_eq!(setup.meta.migrate().await.unwrap(), Vec::<String>::new());
    setup.meta.get_upload(TENANT, id).await.unwrap();
    setup.meta.ping().await.unwrap();
}
