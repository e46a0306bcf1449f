//! Random orders of claims, failures, cancels, deletes and time: every job ends at most once, under its newest lease.

use std::collections::HashMap;
use std::time::Duration;

use csvp_store::contract::{LEASE, queued, result};
use csvp_store::{
    ClaimedJob, Clock, Failure, Meta, MetaOptions, Origin, Progress, StoreError, TenantId, UploadId,
    UploadState,
};
use proptest::prelude::*;

const TENANT: TenantId = TenantId::DEFAULT;

/// One event; numbers pick among what exists at that time.
#[derive(Debug, Clone)]
enum Event {
    Create,
    Claim,
    Renew(usize),
    Finish(usize),
    Fail(usize),
    Release(usize),
    Cancel(usize),
    Delete(usize),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::Create),
        4 => Just(Event::Claim),
        2 => any::<usize>().prop_map(Event::Renew),
        3 => any::<usize>().prop_map(Event::Finish),
        2 => any::<usize>().prop_map(Event::Fail),
        1 => any::<usize>().prop_map(Event::Release),
        1 => any::<usize>().prop_map(Event::Cancel),
        1 => any::<usize>().prop_map(Event::Delete),
        3 => (0_u64..60).prop_map(Event::Wait),
    ]
}

/// What has happened, as an outsider knows it.
#[derive(Default)]
struct World {
    uploads: Vec<UploadId>,
    /// Every lease ever given, dead ones too: old workers come back.
    leases: Vec<ClaimedJob>,
    newest: HashMap<UploadId, i64>,
    finished: HashMap<UploadId, usize>,
    deleted: Vec<UploadId>,
}

async fn step(meta: &Meta, clock: &Clock, world: &mut World, event: Event) {
    let lease = |at: usize, world: &World| {
        (!world.leases.is_empty()).then(|| world.leases[at % world.leases.len()].clone())
    };
    let upload = |at: usize, world: &World| {
        (!world.uploads.is_empty()).then(|| world.uploads[at % world.uploads.len()])
    };
    match event {
        Event::Create => {
            world.uploads.push(meta.create_upload(queued("x")).await.unwrap().into_record().upload.id)
        }
        Event::Claim => {
            if let Some(claimed) = meta.claim_job("w", LEASE).await.unwrap() {
                let id = claimed.job.upload;
                assert!(!world.deleted.contains(&id), "a deleted upload is not processed");
                assert!(!world.finished.contains_key(&id), "a finished upload is not processed again");
                let before = world.newest.insert(id, claimed.lease.token);
                assert!(before.is_none_or(|before| before < claimed.lease.token), "numbers grow");
                world.leases.push(claimed);
            }
        }
        Event::Renew(at) => {
            let Some(held) = lease(at, world) else { return };
            check(world, &held, meta.renew(&held.lease, LEASE, &Progress::queued(1)).await.map(|_| ()));
        }
        Event::Finish(at) => {
            let Some(held) = lease(at, world) else { return };
            let finished =
                meta.finish_job(&held.lease, result(UploadState::Completed), &Origin::worker()).await;
            let ok = finished.is_ok();
            check(world, &held, finished.map(|_| ()));
            if ok {
                *world.finished.entry(held.job.upload).or_default() += 1;
            }
        }
        Event::Fail(at) => {
            let Some(held) = lease(at, world) else { return };
            let failure = Failure { code: "internal".to_owned(), detail: "no".to_owned() };
            check(world, &held, meta.fail_job(&held.lease, &failure).await.map(|_| ()));
        }
        Event::Release(at) => {
            let Some(held) = lease(at, world) else { return };
            check(world, &held, meta.release_job(&held.lease).await);
        }
        Event::Cancel(at) => {
            let Some(id) = upload(at, world) else { return };
            match meta.request_cancel(TENANT, id, None, &Origin::worker()).await {
                Ok(_) | Err(StoreError::Conflict(_)) => {}
                Err(StoreError::NotFound(_)) => assert!(world.deleted.contains(&id)),
                Err(error) => panic!("{error:?}"),
            }
        }
        Event::Delete(at) => {
            let Some(id) = upload(at, world) else { return };
            match meta.delete_upload(TENANT, id, &Origin::worker()).await {
                Ok(_) => world.deleted.push(id),
                Err(StoreError::NotFound(_)) => assert!(world.deleted.contains(&id)),
                Err(error) => panic!("{error:?}"),
            }
        }
        Event::Wait(secs) => clock.advance(Duration::from_secs(secs)),
    }
}

/// A write that took effect was made under the newest lease of an upload that still is.
fn check(world: &World, held: &ClaimedJob, written: Result<(), StoreError>) {
    match written {
        Ok(()) => {
            assert_eq!(world.newest[&held.job.upload], held.lease.token, "an old lease wrote");
            assert!(!world.deleted.contains(&held.job.upload), "a deleted upload was written");
            assert!(!world.finished.contains_key(&held.job.upload), "a finished job was written");
        }
        Err(StoreError::LeaseLost(job)) => assert_eq!(job, held.job.id),
        Err(error) => panic!("{error:?}"),
    }
}

async fn run(events: Vec<Event>) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(1_800_000_000_000_000);
    let meta =
        Meta::open(&MetaOptions::sqlite_file(dir.path().join("meta.db")), clock.clone()).await.unwrap();
    meta.migrate().await.unwrap();
    let mut world = World::default();
    for event in events {
        step(&meta, &clock, &mut world, event).await;
    }
    assert!(world.finished.values().all(|&times| times == 1), "exactly one result each");
    let events = meta.list_audit_events(TENANT, 0, 1_000).await.unwrap();
    for id in world.finished.keys() {
        let ends =
            events.iter().filter(|it| it.subject == id.to_string() && it.action == "upload.process").count();
        assert_eq!(ends, 1, "exactly one audit event each");
    }
    // Whatever happened, time and workers bring every upload to an end.
    for _ in 0..world.uploads.len() * 4 + 1 {
        clock.advance(LEASE * 20);
        while let Some(claimed) = meta.claim_job("last", LEASE).await.unwrap() {
            meta.finish_job(&claimed.lease, result(UploadState::Completed), &Origin::worker()).await.unwrap();
        }
    }
    let stats = meta.stats(TENANT).await.unwrap();
    assert_eq!((stats.queued, stats.processing, stats.total), (0, 0, world.uploads.len() as u64));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends_once(events in proptest::collection::vec(event(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(events));
    }
}
