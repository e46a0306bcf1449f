//! What a sender does while faults happen: one request of each kind, one at a time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::servers::{Postgres, Seaweed};

use super::{Answer, Ledger, Sent, Service, State, request, wait_until};

const LONGEST_JOB: Duration = Duration::from_secs(60);

/// Settings under which [`Step::Large`] is processed in its request and [`Step::Job`] is not.
pub const SETTINGS: [(&str, &str); 1] = [("CSVP_UPLOAD__INLINE_SIZE", "400KiB")];

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
        stand.settings.extend(
            [
                ("CSVP_DATABASE__URL", url.as_str()),
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
}

/// One request.
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
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Small, Self::Large, Self::Job, Self::Delete];

    /// What must be there before the fault.
    ///
    /// # Panics
    /// An upload without any fault is not taken in.
    pub fn prepare(self, ledger: &mut Ledger, address: &str, name: &str) {
        if self == Self::Delete {
            let answer = ledger.upload(address, &Sent::new(name, 20));
            assert!(answer.as_ref().is_some_and(Answer::is_success), "{answer:?}");
        }
    }

    /// Sends the request, and waits for the job when there is one.
    pub fn run(self, ledger: &mut Ledger, address: &str, name: &str) -> Option<Answer> {
        let answer = match self {
            Self::Small => ledger.upload(address, &Sent::new(name, 20)),
            Self::Large => ledger.upload(address, &Sent::new(name, 12_000)),
            Self::Job => ledger.upload(address, &Sent::new(name, 25_000)),
            Self::Delete => ledger.delete(address, &Sent::new(name, 0).name),
        };
        if self == Self::Job
            && let Some(State::Acknowledged(id)) = ledger.state(&Sent::new(name, 0).name)
        {
            wait_for_job(address, id);
        }
        answer
    }
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
