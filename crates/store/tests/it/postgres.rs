//! PostgreSQL under the common suite, and what only a server shared by several processes can show.

use csvp_store::contract::{self, LEASE, MetaSetup};
use csvp_store::{Clock, Meta, MetaOptions, StoreError, TenantId};
use csvp_testkit::servers::Postgres;

/// Any time after the default tenant was made; the suites move it.
const START_US: i64 = 1_800_000_000_000_000;
const MIGRATIONS: [&str; 3] = ["m0001_first", "m0002_keys_and_replaced", "m0003_life_cycle"];

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
