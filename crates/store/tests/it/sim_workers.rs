//! A simulation of the lease protocol: workers of several processes over one database, all decisions from a seed.
//!
//! Workers pause, crash and come back with leases of long ago, answers get lost, the clock of the database jumps forward
//! and back, jobs are cancelled and deleted under the hands of those who run them. An observer outside knows every answer
//! that was given, also the lost ones, and checks: no job is lost, none ends twice, a lease that is not the newest changes
//! nothing, attempts have an end, and in the end every upload has a final state and one audit event that says so.
//!
//! `SIM_SEEDS=1000` runs more seeds; `SIM_SEED=17` runs that one alone.

use std::collections::HashMap;
use std::time::Duration;

use csvp_store::contract::{LEASE, queued, result};
use csvp_store::{
    ClaimedJob, Clock, Failure, FirstRun, JobFate, JobId, Lease, Meta, MetaOptions, NewJob, NewUpload,
    Origin, StoreError, TenantId, UploadId, UploadState,
};
use csvp_testkit::generate::Dice;
use csvp_testkit::servers::Postgres;

/// Any time after the default tenant was made.
const START_US: i64 = 1_800_000_000_000_000;
const WORKERS: usize = 4;
const STEPS: u64 = 160;
/// Longer than any lease and any wait between two attempts.
const LONG: Duration = Duration::from_secs(86_400);

/// A process that runs one job at a time; `old` leases are those it thinks it may still have after a pause.
struct Worker {
    meta: Meta,
    held: Option<ClaimedJob>,
    asleep: usize,
}

/// What the observer knows of a job.
struct Known {
    newest: i64,
    claims: u32,
    releases: u32,
    finished: bool,
}

struct Sim {
    dice: Dice,
    clock: Clock,
    workers: Vec<Worker>,
    jobs: HashMap<JobId, Known>,
    uploads: Vec<(TenantId, UploadId)>,
    deleted: Vec<UploadId>,
    ghosts: Vec<Lease>,
}

impl Sim {
    async fn new(seed: u64, options: &MetaOptions) -> Self {
        let clock = Clock::manual(START_US);
        let mut workers = Vec::new();
        for _ in 0..WORKERS {
            let meta = Meta::open(options, clock.clone()).await.unwrap();
            meta.migrate().await.unwrap();
            workers.push(Worker { meta, held: None, asleep: 0 });
        }
        let (jobs, ghosts) = (HashMap::new(), Vec::new());
        Self { dice: Dice::new(seed), clock, workers, jobs, uploads: vec![], deleted: vec![], ghosts }
    }

    fn meta(&self) -> &Meta {
        &self.workers[0].meta
    }

    async fn step(&mut self) {
        match self.dice.below(20) {
            0..=2 => self.send().await,
            3 => self.disturb().await,
            4 => self.shift_clock(),
            5 => self.haunt().await,
            _ => {
                let worker = self.dice.below(WORKERS);
                self.work(worker).await;
            }
        }
    }

    async fn send(&mut self) {
        let tenants = [TenantId::DEFAULT, TenantId::from_uuid(uuid::Uuid::from_u128(77))];
        let tenant = *self.dice.pick(&tenants).unwrap();
        self.meta().ensure_tenant(tenant, "t").await.unwrap();
        let max_attempts = 1 + u32::try_from(self.dice.below(3)).unwrap();
        let priority = i32::try_from(self.dice.below(3)).unwrap();
        let job = NewJob { max_attempts, priority, ..NewJob::default() };
        let new = NewUpload { tenant, first: FirstRun::Queued(job), ..queued("a") };
        self.uploads.push((tenant, new.id));
        self.meta().create_upload(new).await.unwrap();
    }

    /// Somebody cancels or deletes.
    async fn disturb(&mut self) {
        let Some(&(tenant, id)) = self.dice.pick(&self.uploads) else { return };
        let origin = Origin::anonymous("sim");
        if self.dice.one_in(3) {
            match self.meta().delete_upload(tenant, id, &origin).await {
                Ok(_) => self.deleted.push(id),
                Err(error) => assert!(matches!(error, StoreError::NotFound(_)), "{error:?}"),
            }
        } else if let Err(error) = self.meta().request_cancel(tenant, id, None, &origin).await {
            assert!(matches!(error, StoreError::NotFound(_) | StoreError::Conflict(_)), "{error:?}");
        }
    }

    fn shift_clock(&mut self) {
        let now = self.clock.now_us();
        let second = 1_000_000;
        self.clock.set(match self.dice.below(6) {
            0 => now - 86_400 * second,
            1 => now + 3_600 * second,
            2 => now - 20 * second,
            _ => now + 20 * second,
        });
    }

    /// A worker of long ago comes back with its lease.
    async fn haunt(&mut self) {
        let Some(lease) = self.dice.pick(&self.ghosts).cloned() else { return };
        let way = self.dice.below(4);
        self.end(0, &lease, way).await;
    }

    async fn work(&mut self, at: usize) {
        if self.workers[at].asleep > 0 {
            self.workers[at].asleep -= 1;
            return;
        }
        match self.dice.below(12) {
            // It crashes, and knows nothing afterwards; or it sleeps, and goes on as if nothing had been.
            0 => {
                let held = self.workers[at].held.take();
                self.ghosts.extend(held.map(|job| job.lease));
            }
            1 => self.workers[at].asleep = self.dice.below(40),
            _ => match self.workers[at].held.clone() {
                None => self.claim(at).await,
                Some(job) => {
                    let way = self.dice.below(7);
                    let goes_on = self.end(at, &job.lease, way).await;
                    // When the answer gets lost it asks once more, with the same lease.
                    if !goes_on && !self.dice.one_in(5) {
                        self.workers[at].held = None;
                        self.ghosts.push(job.lease);
                    }
                }
            },
        }
    }

    async fn claim(&mut self, at: usize) {
        let Some(claimed) = self.workers[at].meta.claim_job("sim", LEASE).await.unwrap() else { return };
        let known = self.jobs.entry(claimed.job.id).or_insert(Known {
            newest: 0,
            claims: 0,
            releases: 0,
            finished: false,
        });
        assert!(!known.finished, "a finished job was given out again");
        assert!(claimed.lease.token > known.newest, "a lease number was given twice");
        known.newest = claimed.lease.token;
        known.claims += 1;
        let counted = known.claims - known.releases;
        assert!(counted <= claimed.job.max_attempts, "attempt {counted} of {}", claimed.job.max_attempts);
        // When the answer gets lost nobody knows that the job is taken.
        if !self.dice.one_in(8) {
            self.workers[at].held = Some(claimed);
        }
    }

    /// Does something with a lease; false when the worker is done with it.
    async fn end(&mut self, at: usize, lease: &Lease, way: usize) -> bool {
        let meta = self.workers[at].meta.clone();
        let known = self.jobs.get_mut(&lease.job).unwrap();
        let may = lease.token == known.newest && !known.finished;
        let progress = csvp_store::Progress::queued(1_000);
        let done = match way {
            0 | 1 => {
                let states = [UploadState::Completed, UploadState::Refused, UploadState::Cancelled];
                let state = *self.dice.pick(&states).unwrap();
                let finished = meta.finish_job(lease, result(state), &Origin::worker()).await;
                known.finished |= finished.is_ok();
                finished.map(|_| false)
            }
            2 => {
                let failure = Failure { code: "internal".to_owned(), detail: "sim".to_owned() };
                meta.fail_job(lease, &failure).await.map(|_| false)
            }
            3 if lease.token % 2 == 0 => {
                let postponed = meta.postpone_job(lease, "sim").await;
                known.releases += u32::from(matches!(postponed, Ok(JobFate::Retried { .. })));
                postponed.map(|_| false)
            }
            3 => {
                let released = meta.release_job(lease).await;
                known.releases += u32::from(released.is_ok());
                released.map(|()| false)
            }
            _ => meta.renew(lease, LEASE, &progress).await.map(|_| true),
        };
        match done {
            Ok(goes_on) => {
                assert!(may, "an old lease was good for something: way {way}, {lease:?}");
                goes_on
            }
            Err(StoreError::LeaseLost(_)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Without further faults everything comes to its end.
    async fn settle(&mut self) {
        for worker in &mut self.workers {
            (worker.held, worker.asleep) = (None, 0);
        }
        let mut idle = 0;
        // The clock may stand some days before what was set earlier.
        while idle < 12 {
            self.clock.advance(LONG);
            let claimed = self.meta().claim_job("last", LEASE).await.unwrap();
            idle = if claimed.is_some() { 0 } else { idle + 1 };
            if let Some(job) = claimed {
                let known = self.jobs.entry(job.job.id).or_insert(Known {
                    newest: 0,
                    claims: 0,
                    releases: 0,
                    finished: false,
                });
                assert!(!known.finished && job.lease.token > known.newest);
                known.finished = true;
                let result = result(UploadState::Completed);
                self.meta().finish_job(&job.lease, result, &Origin::worker()).await.unwrap();
            }
        }
    }

    async fn check(&self) {
        let mut events = HashMap::<String, Vec<String>>::new();
        for tenant in [TenantId::DEFAULT, TenantId::from_uuid(uuid::Uuid::from_u128(77))] {
            for event in self.meta().list_audit_events(tenant, 0, 1_000).await.unwrap() {
                events.entry(event.subject).or_default().push(format!("{} {}", event.action, event.result));
            }
        }
        for &(tenant, id) in &self.uploads {
            let events = &events[&id.to_string()];
            let count = |what: &str| events.iter().filter(|event| event.starts_with(what)).count();
            assert_eq!(count("upload.create"), 1, "{events:?}");
            let ends = count("upload.process") + count("upload.cancel cancelled");
            if self.deleted.contains(&id) {
                assert!(ends <= 1 && count("upload.delete") == 1, "{events:?}");
                continue;
            }
            let record = self.meta().get_upload(tenant, id).await.unwrap();
            let state = record.upload.state;
            assert!(state.is_final() && state == record.latest.state, "{state} {events:?}");
            assert_eq!(ends, 1, "{state}: {events:?}");
            let last = events.iter().find(|event| event.ends_with(state.as_str()));
            assert!(last.is_some(), "{state}: {events:?}");
        }
    }
}

/// Says which seed it was when a check fails.
struct Seed(u64);

impl Drop for Seed {
    #[expect(clippy::print_stderr, reason = "whoever reads the failure needs the seed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {seed} failed; run it again with SIM_SEED={seed}", seed = self.0);
        }
    }
}

async fn run(seed: u64, options: &MetaOptions) {
    let _seed = Seed(seed);
    let mut sim = Sim::new(seed, options).await;
    for _ in 0..STEPS {
        sim.step().await;
    }
    sim.settle().await;
    sim.check().await;
    for worker in sim.workers {
        worker.meta.close().await.unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
fn seeds(short: u64) -> std::ops::Range<u64> {
    let number =
        |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("expected a number"));
    match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(short),
    }
}

#[expect(clippy::print_stdout, reason = "how much was tried is part of the result")]
fn tell(database: &str, short: u64) {
    println!("simulation: {} seeds over {database}, 0 violations", seeds(short).count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_hold_whatever_happens_to_workers_over_sqlite() {
    for seed in seeds(16) {
        let dir = tempfile::tempdir().unwrap();
        run(seed, &MetaOptions::sqlite_file(dir.path().join("meta.db")).with_max_readers(1)).await;
    }
    tell("SQLite", 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_hold_whatever_happens_to_workers_over_postgres() {
    let server = Postgres::start();
    for seed in seeds(3) {
        run(seed, &MetaOptions::postgres(server.new_database()).with_max_connections(2)).await;
    }
    tell("PostgreSQL", 3);
}
