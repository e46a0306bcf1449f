//! How data ends: holds, retention, erasure.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{MetaSetup, create, finished, queued};
use crate::blob::{Blobs, ObjectKey, ObjectPrefix, RunFile};
use crate::error::{Entity, StoreError};
use crate::model::{
    Due, Ended, Ending, Failure, FirstRun, Hold, JobFate, JobState, NewJob, NewUpload, Origin, PolicyRecord,
    RetentionPolicy, RunId, TenantId, UploadId, UploadState,
};
use crate::repair::Repair;

const TENANT: TenantId = TenantId::DEFAULT;
const DAY: Duration = Duration::from_secs(86_400);

fn operator() -> Origin {
    Origin { actor: "operator".to_owned(), request_id: None }
}

fn hold(upload: UploadId, name: &str) -> Hold {
    Hold {
        upload,
        name: name.to_owned(),
        reason: "a dispute".to_owned(),
        held_by: "legal".to_owned(),
        created_at: 0,
    }
}

fn policy(originals: Option<u32>, results: Option<u32>) -> RetentionPolicy {
    RetentionPolicy { keep_original_days: originals, keep_results_days: results }
}

/// What is due by the time that is known, and by the clock.
async fn due(setup: &MetaSetup) -> Vec<Due> {
    let record = setup.meta.retention(TENANT).await.unwrap().unwrap();
    let time = record.time(setup.meta.now().await.unwrap());
    let mut all = Vec::new();
    let mut after = None;
    // Pages of one, so that going from page to page is tested too.
    loop {
        let page = setup.meta.list_due(TENANT, record.policy, time, after, 1).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = Some((last.created_at, last.upload));
        all.extend(page);
    }
}

async fn pass(setup: &MetaSetup, days: u32) {
    setup.clock.advance(DAY * days);
    setup.meta.advance_known_time(TENANT, setup.clock.now_us()).await.unwrap();
}

/// Ends what was judged by the policy as it is now.
async fn end(setup: &MetaSetup, due: &Due) -> Ended {
    let judged = setup.meta.retention(TENANT).await.unwrap().unwrap();
    end_judged(setup, &judged, due).await
}

async fn end_judged(setup: &MetaSetup, judged: &PolicyRecord, due: &Due) -> Ended {
    setup.meta.end_by_policy(TENANT, judged, due.upload, due.ending, &operator()).await.unwrap()
}

/// Objects of an upload as they would be there.
async fn objects(setup: &MetaSetup, id: UploadId, run: RunId) -> Blobs {
    let blobs = Blobs::over(Arc::new(object_store::memory::InMemory::new()), None).await.unwrap();
    let file = |file| ObjectKey::RunFile { tenant: TENANT, upload: id, run, file };
    let keys = [
        ObjectKey::Original { tenant: TENANT, upload: id },
        file(RunFile::CleanCsv),
        file(RunFile::ReportJson),
    ];
    for key in keys {
        blobs.put(key, Bytes::from_static(b"12345678")).await.unwrap();
    }
    assert_eq!(Repair::finish_removals(&setup.meta, &blobs).await.unwrap().removed, 0);
    blobs
}

/// Each part when its time has come, all of it when both have; and every step is in the audit log.
pub async fn data_ends_when_its_time_has_come(setup: MetaSetup) {
    assert_eq!(setup.meta.retention(TENANT).await.unwrap(), None);
    let now = setup.clock.now_us();
    let record = create(&setup, finished("a.csv", now, UploadState::Completed)).await;
    let (id, run) = (record.upload.id, record.latest.id);
    let blobs = objects(&setup, id, run).await;
    setup.meta.set_retention(TENANT, policy(Some(30), Some(60)), &operator()).await.unwrap();
    assert_eq!(due(&setup).await, []);
    pass(&setup, 29).await;
    assert_eq!(due(&setup).await, []);
    pass(&setup, 1).await;
    let first = due(&setup).await;
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].upload, first[0].ending, first[0].bytes), (id, Ending::Original, 1_000));
    assert_eq!(end(&setup, &first[0]).await, Ended::Done);
    assert_eq!(end(&setup, &first[0]).await, Ended::Gone, "once is enough");
    assert_eq!(Repair::finish_removals(&setup.meta, &blobs).await.unwrap().removed_bytes, 8);
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap().len(), 2, "the results stay");
    let record = setup.meta.get_upload(TENANT, id).await.unwrap();
    assert!(!record.upload.has_original() && record.current().is_some());
    assert_eq!(due(&setup).await, []);
    pass(&setup, 30).await;
    let second = due(&setup).await;
    assert_eq!((second[0].ending, second[0].bytes), (Ending::Upload, 1_000));
    assert_eq!(end(&setup, &second[0]).await, Ended::Done);
    assert!(matches!(setup.meta.get_upload(TENANT, id).await, Err(StoreError::NotFound(_))));
    Repair::finish_deletes(&setup.meta, &blobs).await.unwrap();
    assert_eq!(blobs.list(&ObjectPrefix::All).await.unwrap(), []);
    let actions = super::actions(&setup, id).await;
    assert_eq!(actions, ["upload.create completed", "upload.retention original", "upload.retention upload"]);
    setup.meta.clear_retention(TENANT, &operator()).await.unwrap();
    assert_eq!(setup.meta.retention(TENANT).await.unwrap(), None);
}

/// A person who clears or changes a policy means it for what is being ended at that moment too.
pub async fn a_policy_that_was_changed_ends_nothing_more(setup: MetaSetup) {
    let now = setup.clock.now_us();
    let id = create(&setup, finished("a.csv", now, UploadState::Completed)).await.upload.id;
    setup.meta.set_retention(TENANT, policy(Some(1), Some(1)), &operator()).await.unwrap();
    pass(&setup, 2).await;
    let (judged, due_then) = (setup.meta.retention(TENANT).await.unwrap().unwrap(), due(&setup).await);
    assert_eq!(due_then[0].ending, Ending::Upload);
    setup.meta.clear_retention(TENANT, &operator()).await.unwrap();
    assert_eq!(end_judged(&setup, &judged, &due_then[0]).await, Ended::PolicyChanged);
    setup.meta.set_retention(TENANT, policy(Some(1), None), &operator()).await.unwrap();
    assert_eq!(end_judged(&setup, &judged, &due_then[0]).await, Ended::PolicyChanged);
    // The same days, judged by a time that a person says was wrong.
    setup.meta.set_retention(TENANT, policy(Some(1), Some(1)), &operator()).await.unwrap();
    let ahead = PolicyRecord { known_time: judged.known_time + 1, ..judged };
    assert_eq!(end_judged(&setup, &ahead, &due_then[0]).await, Ended::PolicyChanged);
    assert!(setup.meta.get_upload(TENANT, id).await.unwrap().upload.has_original());
    assert_eq!(super::actions(&setup, id).await, ["upload.create completed"]);
    // Set again as it was, it is the same policy.
    assert_eq!(end_judged(&setup, &judged, &due_then[0]).await, Ended::Done);
}

/// The original stays and can be processed again.
pub async fn results_end_without_their_original(setup: MetaSetup) {
    let now = setup.clock.now_us();
    let record = create(&setup, finished("a.csv", now, UploadState::Completed)).await;
    let (id, run) = (record.upload.id, record.latest.id);
    let blobs = objects(&setup, id, run).await;
    setup.meta.set_retention(TENANT, policy(None, Some(10)), &operator()).await.unwrap();
    pass(&setup, 10).await;
    let due_now = due(&setup).await;
    assert_eq!((due_now[0].ending, due_now[0].bytes), (Ending::Results, 1_000));
    // A run has begun since the plan was made.
    setup.meta.start_run(TENANT, id, super::uploads::rerun()).await.unwrap();
    assert_eq!(end(&setup, &due_now[0]).await, Ended::Busy);
    assert!(due(&setup).await[0].is_busy);
    setup.meta.request_cancel(TENANT, id, None, &operator()).await.unwrap();
    assert_eq!(end(&setup, &due_now[0]).await, Ended::Done);
    Repair::finish_removals(&setup.meta, &blobs).await.unwrap();
    let left = blobs.list(&ObjectPrefix::All).await.unwrap();
    assert_eq!(left, [(ObjectKey::Original { tenant: TENANT, upload: id }, 8)]);
    let record = setup.meta.get_upload(TENANT, id).await.unwrap();
    assert_eq!((record.current(), record.upload.has_original()), (None, true));
    assert_eq!(due(&setup).await, []);
    // A new run makes results again, whose time is over too.
    setup.meta.start_run(TENANT, id, super::uploads::rerun()).await.unwrap();
    let job = super::claim(&setup, "w").await;
    let done = super::result(UploadState::Completed);
    setup.meta.finish_job(&job.lease, done, &Origin::worker()).await.unwrap();
    let record = setup.meta.get_upload(TENANT, id).await.unwrap();
    assert_eq!((record.upload.results_removed_at, record.current().is_some()), (None, true));
    let again = due(&setup).await;
    assert_eq!((again.len(), again[0].ending), (1, Ending::Results));
    assert_eq!(end(&setup, &again[0]).await, Ended::Done);
}

/// Neither a policy nor a user gets past it, until the last matter has released the upload.
pub async fn what_is_held_stays(setup: MetaSetup) {
    let now = setup.clock.now_us();
    let id = create(&setup, finished("a.csv", now, UploadState::Completed)).await.upload.id;
    setup.meta.set_retention(TENANT, policy(Some(1), Some(1)), &operator()).await.unwrap();
    setup.meta.set_hold(TENANT, &hold(id, "case-17"), &operator()).await.unwrap();
    setup.clock.advance(Duration::from_secs(1));
    setup.meta.set_hold(TENANT, &hold(id, "audit"), &operator()).await.unwrap();
    // Again it changes nothing; what it says is not written over.
    setup.meta.set_hold(TENANT, &hold(id, "case-17"), &operator()).await.unwrap();
    let others = [
        Hold { reason: "two disputes".to_owned(), ..hold(id, "case-17") },
        Hold { held_by: "somebody".to_owned(), ..hold(id, "case-17") },
    ];
    for other in others {
        let refused = setup.meta.set_hold(TENANT, &other, &operator()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    }
    let held = setup.meta.list_holds(TENANT).await.unwrap();
    let names: Vec<_> = held.iter().map(|hold| (hold.name.as_str(), hold.reason.as_str())).collect();
    assert_eq!(names, [("case-17", "a dispute"), ("audit", "a dispute")]);
    assert!(held.iter().all(|hold| hold.held_by == "legal"));
    assert_eq!(setup.meta.get_upload(TENANT, id).await.unwrap().holds, held);
    pass(&setup, 2).await;
    let due_now = due(&setup).await;
    assert_eq!(due_now[0].holds, ["case-17", "audit"]);
    let is_held = |error: StoreError| matches!(error, StoreError::Held { hold, .. } if hold == "case-17");
    assert!(is_held(setup.meta.delete_upload(TENANT, id, &operator()).await.unwrap_err()));
    assert!(is_held(setup.meta.erase_upload(TENANT, id, &operator()).await.unwrap_err()));
    assert_eq!(end(&setup, &due_now[0]).await, Ended::Held("case-17".to_owned()));
    let origin = operator();
    setup.meta.release_hold(TENANT, id, "case-17", &origin).await.unwrap();
    let again = setup.meta.release_hold(TENANT, id, "case-17", &origin).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))));
    assert_eq!(end(&setup, &due_now[0]).await, Ended::Held("audit".to_owned()));
    setup.meta.release_hold(TENANT, id, "audit", &origin).await.unwrap();
    assert_eq!(end(&setup, &due_now[0]).await, Ended::Done);
    let unknown = setup.meta.set_hold(TENANT, &hold(UploadId::generate(), "x"), &origin).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    let actions = super::actions(&setup, id).await;
    let expected = [
        "upload.create completed",
        "hold.set held for `case-17` by `legal`",
        "hold.set held for `audit` by `legal`",
        "hold.release released from `case-17`",
        "hold.release released from `audit`",
        "upload.retention upload",
    ];
    assert_eq!(actions, expected);
}

/// A jump ends nothing early, and a clock that is behind makes nothing old.
pub async fn a_wrong_clock_ends_nothing_early(setup: MetaSetup) {
    let now = setup.clock.now_us();
    let id = create(&setup, finished("a.csv", now, UploadState::Completed)).await.upload.id;
    setup.meta.set_retention(TENANT, policy(Some(30), Some(30)), &operator()).await.unwrap();
    setup.clock.advance(DAY * 3_650);
    assert_eq!(due(&setup).await, [], "nobody has seen ten years pass");
    setup.meta.advance_known_time(TENANT, now - 1).await.unwrap();
    assert_eq!(known_time(&setup).await, now, "never back");
    setup.meta.set_retention(TENANT, policy(Some(40), Some(40)), &operator()).await.unwrap();
    assert_eq!(known_time(&setup).await, now, "another policy is no word about the clock");
    setup.meta.trust_clock(TENANT, &operator()).await.unwrap();
    assert_eq!(due(&setup).await.len(), 1, "a person says that they have passed");
    // From here on the clock is known to be at least there; one that shows less is behind, and makes nothing old.
    let known = known_time(&setup).await;
    setup.clock.set(now + 1);
    setup.meta.advance_known_time(TENANT, known + 1).await.unwrap();
    assert_eq!(known_time(&setup).await, known, "never beyond the clock");
    let late = create(&setup, finished("late.csv", now, UploadState::Completed)).await;
    assert_eq!(late.upload.created_at, known);
    assert_eq!(setup.meta.get_upload(TENANT, late.upload.id).await.unwrap().upload.created_at, known);
    assert_eq!(due(&setup).await, []);
    setup.clock.set(known + 1);
    assert_eq!(due(&setup).await.iter().map(|due| due.upload).collect::<Vec<_>>(), [id], "it is right again");
}

async fn known_time(setup: &MetaSetup) -> i64 {
    setup.meta.retention(TENANT).await.unwrap().unwrap().known_time
}

/// The first policy is set while the clock is ahead: what it takes for known ends nothing once the clock is right.
pub async fn a_policy_of_a_wrong_clock_ends_nothing_early(setup: MetaSetup) {
    let right = setup.clock.now_us();
    let before = create(&setup, finished("before.csv", right, UploadState::Completed)).await.upload;
    setup.clock.advance(DAY * 400);
    setup.meta.set_retention(TENANT, policy(Some(365), Some(365)), &operator()).await.unwrap();
    let judged = setup.meta.retention(TENANT).await.unwrap().unwrap();
    let planned = due(&setup).await;
    assert_eq!(planned.iter().map(|due| due.upload).collect::<Vec<_>>(), [before.id]);
    setup.clock.set(right + 1);
    let after = create(&setup, finished("after.csv", right, UploadState::Completed)).await.upload;
    assert_eq!(due(&setup).await, []);
    assert_eq!(end_judged(&setup, &judged, &planned[0]).await, Ended::NotYet, "planned by the wrong clock");
    let planned = Due { upload: after.id, ..planned[0].clone() };
    for ending in [Ending::Original, Ending::Results, Ending::Upload] {
        let planned = Due { ending, ..planned.clone() };
        assert_eq!(end_judged(&setup, &judged, &planned).await, Ended::NotYet);
    }
    // A person looks at the clock: uploads are dated by it again, and a jump counts for nothing.
    setup.meta.trust_clock(TENANT, &operator()).await.unwrap();
    assert_eq!(known_time(&setup).await, right + 1);
    let later = create(&setup, finished("later.csv", right, UploadState::Completed)).await.upload;
    assert_eq!(later.created_at, right + 1);
    setup.clock.advance(DAY * 400);
    assert_eq!(due(&setup).await, [], "nobody has seen a year pass");
    // Each lives its whole time, and no longer than it said.
    setup.clock.set(right + 1);
    pass(&setup, 365).await;
    let ended: Vec<_> = due(&setup).await.iter().map(|due| due.upload).collect();
    assert_eq!(ended, [before.id, later.id]);
    pass(&setup, 400).await;
    assert_eq!(due(&setup).await.len(), 3);
}

/// A person has trusted a clock that was ahead.
pub async fn a_wrong_clock_that_was_trusted_ends_nothing_early(setup: MetaSetup) {
    let right = setup.clock.now_us();
    setup.meta.set_retention(TENANT, policy(Some(30), Some(30)), &operator()).await.unwrap();
    let first = create(&setup, finished("first.csv", right, UploadState::Completed)).await.upload.id;
    setup.clock.advance(DAY * 40);
    setup.meta.trust_clock(TENANT, &operator()).await.unwrap();
    let (judged, planned) = (setup.meta.retention(TENANT).await.unwrap().unwrap(), due(&setup).await);
    assert_eq!(planned.len(), 1);
    setup.clock.set(right);
    let second = create(&setup, finished("second.csv", right, UploadState::Completed)).await.upload.id;
    assert_eq!(due(&setup).await, []);
    assert_eq!(end_judged(&setup, &judged, &planned[0]).await, Ended::NotYet);
    // Nobody takes it back: each stays as long as it was said, by the clock.
    pass(&setup, 29).await;
    assert_eq!(due(&setup).await, []);
    pass(&setup, 1).await;
    let planned = due(&setup).await;
    assert_eq!(planned.iter().map(|due| due.upload).collect::<Vec<_>>(), [first]);
    assert_eq!(end(&setup, &planned[0]).await, Ended::Done);
    pass(&setup, 40).await;
    let planned = due(&setup).await;
    assert_eq!(planned.iter().map(|due| due.upload).collect::<Vec<_>>(), [second]);
    assert_eq!(end(&setup, &planned[0]).await, Ended::Done);
}

/// The original may have gone after somebody looked for it and before the run was queued.
pub async fn without_an_original_no_run_begins(setup: MetaSetup) {
    let now = setup.clock.now_us();
    let done = create(&setup, finished("done.csv", now, UploadState::Completed)).await.upload.id;
    let once = FirstRun::Queued(NewJob { max_attempts: 1, ..NewJob::default() });
    let given_up = create(&setup, NewUpload { first: once, ..queued("given-up.csv") }).await.upload.id;
    let job = super::claim(&setup, "w").await;
    let failure = Failure { code: "internal".to_owned(), detail: "the disk said no".to_owned() };
    assert_eq!(setup.meta.fail_job(&job.lease, &failure).await.unwrap(), JobFate::Dead);
    let lost = create(&setup, finished("lost.csv", now, UploadState::Completed)).await.upload.id;
    setup.meta.mark_lost(lost, "it is not there", &operator()).await.unwrap();
    setup.meta.set_retention(TENANT, policy(Some(1), None), &operator()).await.unwrap();
    pass(&setup, 2).await;
    for due in due(&setup).await {
        assert_eq!((due.ending, end(&setup, &due).await), (Ending::Original, Ended::Done));
    }
    for id in [done, given_up, lost] {
        let refused = setup.meta.start_run(TENANT, id, super::uploads::rerun()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(Entity::Upload(of))) if of == id), "{refused:?}");
    }
    let refused = setup.meta.retry_job(job.job.id, &operator()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(Entity::Upload(_)))), "{refused:?}");
    assert_eq!(setup.meta.list_jobs(Some(JobState::Dead), 10).await.unwrap(), [], "nothing is to be done");
    assert_eq!(setup.meta.get_upload(TENANT, done).await.unwrap().upload.state, UploadState::Completed);
}

/// It is deleted, and what its rows said of its content is gone before its objects are.
pub async fn erasing_leaves_ids_only(setup: MetaSetup) {
    let secret =
        NewUpload { settings: serde_json::json!({ "null": "Ann Smith" }), ..queued("ann smith.csv") };
    let id = create(&setup, secret).await.upload.id;
    let erased = setup.meta.erase_upload(TENANT, id, &operator()).await.unwrap();
    assert!(erased.stopped_job.is_some());
    assert!(matches!(setup.meta.get_upload(TENANT, id).await, Err(StoreError::NotFound(_))));
    let events = setup.meta.list_audit_events(TENANT, 0, 100).await.unwrap();
    assert!(!format!("{events:?}").to_lowercase().contains("smith"));
    assert_eq!(super::actions(&setup, id).await, ["upload.create queued", "upload.erase erased"]);
    setup.meta.finish_delete(&erased).await.unwrap();
}
