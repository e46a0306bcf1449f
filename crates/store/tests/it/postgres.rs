//! PostgreSQL under the common suite, and what only a server shared by several processes can show.

use std::time::{Duration, Instant};

use csvp_store::contract::{self, LEASE, MetaSetup};
use csvp_store::{
    Clock, FirstRun, Meta, MetaOptions, NewJob, NewUpload, Origin, StoreError, TenantId, UploadState,
};
use csvp_testkit::servers::{Postgres, Relay};

/// Any time after the default tenant was made; the suites move it.
const START_US: i64 = 1_800_000_000_000_000;
const MIGRATIONS: [&str; 4] = ["m0001_first", "m0002_keys_and_replaced", "m0003_life_cycle", "m0004_turns"];

/// One cluster for all promises, with a database for each.
struct Server(Postgres);

impl Server {
    fn start() -> Self {
        Self(Postgres::start())
    }

    async fn open(&self) -> MetaSetup {
        let clock = Clock::manual(START_US);
        let options = MetaOptions::postgres(self.0.new_database());
        let meta = Meta::open(&options, clock.clone()).await.unwrap();
        assert_eq!(meta.migrate().await.unwrap(), MIGRATIONS);
        MetaSetup { meta, clock, keep: Box::new(()) }
    }
}

csvp_store::meta_contract!(in every_promise_holds: Server::start);

/// Several processes that start together on an empty database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_migrate_together_do_it_once() {
    let server = Postgres::start();
    let options = MetaOptions::postgres(server.new_database());
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let options = options.clone();
        starts.spawn(async move {
            let meta = Meta::open(&options, Clock::system()).await.unwrap();
            let done = meta.migrate().await.unwrap();
            assert_eq!(meta.pending_migrations().await.unwrap(), Vec::<String>::new());
            done.len()
        });
    }
    let done = starts.join_all().await;
    assert_eq!(done.iter().sum::<usize>(), MIGRATIONS.len(), "{done:?}");
}

/// Two processes share uploads, jobs and keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_see_the_same_and_share_the_jobs() {
    let server = Postgres::start();
    let options = MetaOptions::postgres(server.new_database());
    let one = Meta::open(&options, Clock::system()).await.unwrap();
    one.migrate().await.unwrap();
    let two = Meta::open(&options, Clock::system()).await.unwrap();
    let mut creating = tokio::task::JoinSet::new();
    for i in 0..60 {
        let meta = if i % 2 == 0 { one.clone() } else { two.clone() };
        let mut new = contract::queued("a.csv");
        // Each key is sent to both, at the same time.
        new.key = Some(contract::key(&format!("key-{}", i / 2), "the same request"));
        creating.spawn(async move { meta.create_upload(new).await.unwrap().into_record().upload.id });
    }
    let mut ids = creating.join_all().await;
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 30, "one upload for each key");
    let mut claiming = tokio::task::JoinSet::new();
    for (meta, worker) in [(&one, "one"), (&two, "two"), (&one, "three"), (&two, "four")] {
        let meta = meta.clone();
        claiming.spawn(async move {
            let mut claimed = Vec::new();
            while let Some(job) = meta.claim_job(worker, LEASE).await.unwrap() {
                claimed.push(job.job.upload);
            }
            claimed
        });
    }
    let mut claimed = claiming.join_all().await.concat();
    claimed.sort();
    assert_eq!(claimed, ids, "each job once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_and_comes_back_needs_no_restart() {
    let mut server = Postgres::start();
    let options = MetaOptions::postgres(server.new_database());
    let meta = Meta::open(&options, Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    let before = contract::queued("before.csv");
    meta.create_upload(before.clone()).await.unwrap();
    server.crash();
    let refused = meta.create_upload(contract::queued("during.csv")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    let refused = meta.get_upload(TenantId::DEFAULT, before.id).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    server.start_again();
    meta.get_upload(TenantId::DEFAULT, before.id).await.unwrap();
    meta.create_upload(contract::queued("after.csv")).await.unwrap();
}

/// No answer at all is the worst a network can do: calls end in time, and no connection stays lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_swallows_everything_is_waited_for_in_bounds_only() {
    let server = Postgres::start();
    let relay = Relay::to([([127, 0, 0, 1], server.port()).into()]);
    let through = format!(":{}/", relay.address().port());
    let url = server.new_database().replace(&format!(":{}/", server.port()), &through);
    let second = Duration::from_secs(1);
    let options = MetaOptions::postgres(url).with_max_connections(2);
    let options = options.with_acquire_timeout(second).with_statement_timeout(second);
    let meta = Meta::open(&options, Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    let before = contract::queued("before.csv");
    meta.create_upload(before.clone()).await.unwrap();
    relay.set_silent(true);
    for _ in 0..2 {
        let begun = Instant::now();
        let (read, claimed, created) = tokio::join!(
            meta.get_upload(TenantId::DEFAULT, before.id),
            meta.claim_job("w", LEASE),
            meta.create_upload(contract::queued("during.csv")),
        );
        for refused in [read.map(drop), claimed.map(drop), created.map(drop)] {
            assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        }
        assert!(begun.elapsed() < 5 * second, "{:?}", begun.elapsed());
    }
    relay.set_silent(false);
    let begun = Instant::now();
    while let Err(error) = meta.create_upload(contract::queued("after.csv")).await {
        assert!(begun.elapsed() < 10 * second, "the database is there, and it is still said: {error:?}");
    }
    meta.get_upload(TenantId::DEFAULT, before.id).await.unwrap();
}

/// Nobody could renew a lease while the database was away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_takes_no_job_from_its_worker() {
    let server = Postgres::start();
    let relay = Relay::to([([127, 0, 0, 1], server.port()).into()]);
    let through = format!(":{}/", relay.address().port());
    let url = server.new_database().replace(&format!(":{}/", server.port()), &through);
    let second = Duration::from_secs(1);
    let options = MetaOptions::postgres(url).with_acquire_timeout(second).with_statement_timeout(second);
    let meta = Meta::open(&options, Clock::system()).await.unwrap();
    meta.migrate().await.unwrap();
    let first = FirstRun::Queued(NewJob { max_attempts: 1, ..NewJob::default() });
    meta.create_upload(NewUpload { first, ..contract::queued("a.csv") }).await.unwrap();
    let lease_for = 3 * second;
    let job = meta.claim_job("alive", lease_for).await.unwrap().unwrap();
    relay.set_silent(true);
    let refused = meta.claim_job("other", lease_for).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    tokio::time::timeout(lease_for, std::future::pending::<()>()).await.unwrap_err();
    relay.set_silent(false);
    let begun = Instant::now();
    let claimed = loop {
        match meta.claim_job("other", lease_for).await {
            Ok(claimed) => break claimed,
            Err(error) => assert!(begun.elapsed() < 10 * second, "the database is there: {error:?}"),
        }
    };
    assert!(claimed.is_none(), "{claimed:?}");
    meta.renew(&job.lease, lease_for, &job.job.progress).await.unwrap();
    let done = contract::result(UploadState::Completed);
    let record = meta.finish_job(&job.lease, done, &Origin::worker()).await.unwrap();
    assert_eq!(record.upload.state, UploadState::Completed);
}

/// Machines whose clocks are an hour apart, and each other's leases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_of_the_database_decides_whatever_the_machines_think() {
    let server = Postgres::start();
    let options = MetaOptions::postgres(server.new_database());
    let hour = 3_600_000_000;
    let early = Meta::open(&options, Clock::system_off_by(-hour)).await.unwrap();
    let late = Meta::open(&options, Clock::system_off_by(hour)).await.unwrap();
    early.migrate().await.unwrap();
    // Jobs of each are there for the other at once.
    for (one, other) in [(&early, &late), (&late, &early)] {
        let id = one.create_upload(contract::queued("a.csv")).await.unwrap().into_record().upload.id;
        let job = other.claim_job("other", LEASE).await.unwrap().expect("the job is claimable at once");
        assert_eq!(job.job.upload, id);
        assert!(
            one.claim_job("one", LEASE).await.unwrap().is_none(),
            "a lease has been taken from the living"
        );
        let renewed = other.renew(&job.lease, LEASE, &job.job.progress).await.unwrap();
        assert!(one.claim_job("one", LEASE).await.unwrap().is_none(), "{renewed:?}");
        let result = contract::result(UploadState::Completed);
        other.finish_job(&job.lease, result, &Origin::worker()).await.unwrap();
    }
    // What was processed in its request is dated, and took as long as it took.
    let begun = late.clock().now_us() - 5_000_000;
    let new = contract::finished("b.csv", begun, UploadState::Completed);
    let record = late.create_upload(new).await.unwrap().into_record();
    let (started, ended) = (record.latest.started_at.unwrap(), record.latest.finished_at.unwrap());
    assert!((5_000_000..8_000_000).contains(&(ended - started)), "{started} {ended}");
    assert!((ended - Clock::system().now_us()).abs() < 60_000_000, "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_do_not_wait_for_the_disk_and_wrong_passwords_are_refused() {
    let server = Postgres::start_with(&["fsync=off"]);
    let url = server.new_database();
    let refused = Meta::open(&MetaOptions::postgres(&url), Clock::system()).await.unwrap_err();
    let expected = "expected a server whose commits wait for the disk, found `fsync = off`; switch it on";
    assert!(format!("{refused:?}").contains(expected), "{refused:?}");
    let wrong = url.replace("csvp:", "csvp:no");
    let refused =
        format!("{:?}", Meta::open(&MetaOptions::postgres(&wrong), Clock::system()).await.unwrap_err());
    assert!(refused.contains("password authentication failed"), "{refused}");
}
