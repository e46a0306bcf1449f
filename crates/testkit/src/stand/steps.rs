//! What a sender does while faults happen: one request of each kind, one at a time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::servers::{Postgres, Seaweed};

use super::{Answer, Ledger, Sent, Service, State, on_disk, request, wait_until};

const LONGEST_JOB: Duration = Duration::from_secs(60);
/// Longer than a removal that fails once and is tried again.
const LONGEST_REMOVAL: Duration = Duration::from_secs(30);

const KEEP_REPLACED: &str = "CSVP_STORE__KEEP_REPLACED";

/// Settings under which [`Step::Large`] is processed in its request and [`Step::Job`] is not, and what a newer run has
/// replaced goes within two seconds.
pub const SETTINGS: [(&str, &str); 2] = [("CSVP_UPLOAD__INLINE_SIZE", "400KiB"), (KEEP_REPLACED, "1s")];

/// A program, its data directory, and where it keeps rows and objects.
#[derive(Debug, Clone)]
pub struct Stand {
    /// The program.
    pub program: PathBuf,
    /// Settings as variables of the environment.
    pub settings: Vec<(String, String)>,
    /// The address of the database, when it is a server; objects are in a bucket then.
    pub database: Option<String>,
}

impl Stand {
    /// Rows in SQLite, objects in a directory.
    pub fn local(program: &Path) -> Self {
        let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { program: program.to_owned(), settings, database: None }
    }

    /// Rows in a new database of a PostgreSQL server, objects under a prefix of their own in the bucket `files`.
    pub fn shared(program: &Path, postgres: &Postgres, bucket: &Seaweed) -> Self {
        let url = postgres.new_database();
        let (key, secret) = bucket.keys();
        let prefix = url.rsplit('/').next().unwrap_or_default().to_owned();
        let mut stand = Self { database: Some(url.clone()), ..Self::local(program) };
        // To look for it each second would be among the calls that are counted.
        stand.settings.retain(|(name, _)| name != KEEP_REPLACED);
        stand.settings.extend(
            [
                ("CSVP_DATABASE__URL", url.as_str()),
                // What a killed process was about is taken up when its lease has ended.
                ("CSVP_PROCESSING__LEASE", "3s"),
                ("CSVP_S3__BUCKET", "files"),
                ("CSVP_S3__PREFIX", &prefix),
                ("CSVP_S3__ENDPOINT", &bucket.endpoint()),
                ("CSVP_S3__PATH_STYLE", "true"),
                ("CSVP_S3__ACCESS_KEY_ID", key),
                ("CSVP_S3__SECRET_ACCESS_KEY", secret),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        stand
    }

    /// Starts it under the tracer.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(&self, data: &Path, records: bool) -> Service {
        let settings: Vec<(&str, &str)> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Service::start_traced(&self.program, data, &settings, (data, records))
    }

    /// The directory of objects, when there is one.
    pub fn objects(&self, data: &Path) -> Option<PathBuf> {
        self.database.is_none().then(|| data.join("objects"))
    }

    /// The steps that can be made here: some need a look into the directory of objects.
    pub fn steps(&self) -> &'static [Step] {
        if self.database.is_none() { &Step::ALL } else { Step::ALL.split_at(4).0 }
    }

    /// Makes what must be there before the process begins in which the fault happens, and begins it.
    ///
    /// # Panics
    /// An upload without any fault is not taken in.
    pub fn begin(
        &self,
        (step, names): (Step, &[String]),
        ledger: &mut Ledger,
        service: &mut Service,
        (data, records): (&Path, bool),
    ) {
        if step == Step::ReplacedSettled {
            names.iter().for_each(|name| take_in(ledger, service, name));
            service.kill();
            // The start writes out what the journal holds.
            *service = self.start(data, records);
        }
    }
}

/// One request, or what goes on behind one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An upload whose files go through the journal.
    Small,
    /// An upload whose files are published one by one, several of them since it has problems.
    Large,
    /// An upload that is processed by a job.
    Job,
    /// The deletion of an upload that was just made.
    Delete,
    /// What a newer run of a small upload has replaced is taken out of the file that it shares with what stays, while a
    /// segment of the journal has both.
    Replaced,
    /// The same when the journal does not have it any more.
    ReplacedSettled,
}

impl Step {
    /// All of them; the last two need a look into the directory of objects.
    pub const ALL: [Self; 6] =
        [Self::Small, Self::Large, Self::Job, Self::Delete, Self::Replaced, Self::ReplacedSettled];

    /// Whether it is waited for: nobody asks for it.
    pub fn is_removal(self) -> bool {
        matches!(self, Self::Replaced | Self::ReplacedSettled)
    }

    /// What must be there before the fault, behind [`Stand::begin`].
    ///
    /// # Panics
    /// An upload or a new run of one is not taken in without any fault.
    pub fn prepare(self, ledger: &mut Ledger, service: &Service, name: &str) {
        if matches!(self, Self::Delete | Self::Replaced) {
            take_in(ledger, service, name);
        }
        if self.is_removal() {
            let id = id_of(ledger, name);
            reprocess(service, &id);
            wait_for_job(service.address(), &id);
        }
    }

    /// Sends the request, and waits for what goes on behind it: the job, or the removal.
    pub fn run(self, ledger: &mut Ledger, service: &Service, name: &str) -> Option<Answer> {
        let address = service.address();
        let answer = match self {
            Self::Small => ledger.upload(address, &Sent::new(name, 20)),
            Self::Large => ledger.upload(address, &Sent::new(name, 12_000)),
            Self::Job => ledger.upload(address, &Sent::new(name, 25_000)),
            Self::Delete => ledger.delete(address, &Sent::new(name, 0).name),
            Self::Replaced | Self::ReplacedSettled => {
                let id = id_of(ledger, name);
                wait_for_removal(service, &id);
                request(address, &format!("GET /api/v1/uploads/{id}"), b"")
            }
        };
        if self == Self::Job
            && let Some(State::Acknowledged(id)) = ledger.state(&Sent::new(name, 0).name)
        {
            wait_for_job(address, id);
        }
        answer
    }
}

fn take_in(ledger: &mut Ledger, service: &Service, name: &str) {
    let answer = ledger.upload(service.address(), &Sent::new(name, 20));
    assert!(answer.as_ref().is_some_and(Answer::is_success), "{answer:?}");
}

fn id_of(ledger: &Ledger, name: &str) -> String {
    match ledger.state(&Sent::new(name, 0).name) {
        Some(State::Acknowledged(id)) => id.clone(),
        state => panic!("expected `{name}` to be acknowledged, it is {state:?}"),
    }
}

/// Begins a new run of an upload.
///
/// # Panics
/// It is not taken in.
pub fn reprocess(service: &Service, id: &str) {
    let head = format!("POST /api/v1/uploads/{id}/reprocess\nContent-Type: application/json");
    let answer = request(service.address(), &head, b"{}");
    assert!(answer.as_ref().is_some_and(|answer| answer.status == 202), "{answer:?}");
}

/// Until the files of all runs but one are gone, and the rows after them; or the service is.
///
/// # Panics
/// They stay, or the service is not under the tracer.
pub fn wait_for_removal(service: &Service, id: &str) {
    let is_of_one_run = || {
        let upload = on_disk::uploads(service.objects()).into_iter().find(|upload| upload.ends_with(id));
        upload.is_some_and(|upload| on_disk::runs(&upload).len() == 1)
    };
    let gone = wait_until(LONGEST_REMOVAL, || service.traced().has_ended() || is_of_one_run());
    assert!(gone, "expected the files of the replaced run of {id} to go");
    service.wait_until_quiet();
}

/// Until the job has ended, or the service has.
fn wait_for_job(address: &str, id: &str) {
    wait_until(LONGEST_JOB, || match request(address, &format!("GET /api/v1/uploads/{id}"), b"") {
        Some(answer) if answer.status == 200 => {
            !matches!(answer.json()["state"].as_str(), Some("queued" | "processing"))
        }
        answer => answer.is_none(),
    });
}

impl Sent {
    /// A file like no other, with `.csv` behind its name; every tenth record has a fault.
    pub fn new(name: &str, records: usize) -> Self {
        let mut text = String::from("id,name,amount\n");
        for n in 0..records {
            let more = if n % 10 == 9 { ",too many" } else { "" };
            text.push_str(&format!("{n},{name} {n},{}{more}\n", n * 7_919 % 1_000));
        }
        Self { name: format!("{name}.csv"), bytes: text.into_bytes() }
    }
}
