//! Several processes of the service over one database and one bucket, and a load balancer in front of them.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use csvp_testkit::servers::{Postgres, Relay, Seaweed, free_port};

use crate::http::request;

const BUCKET: &str = "uploads";
const LOOK_EVERY: Duration = Duration::from_millis(50);
const START: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Serve,
    Worker,
}

/// One process; it keeps its port when it is started again.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) role: Role,
    pub(super) address: String,
    settings: Vec<(String, String)>,
    child: Child,
}

/// All of them, with what they share.
pub(super) struct Fleet {
    pub(super) members: Vec<Member>,
    pub(super) postgres: Postgres,
    relay: Arc<Relay>,
    follower: Option<JoinHandle<()>>,
    ended: Arc<AtomicBool>,
    settings: Vec<(String, String)>,
    _seaweed: Seaweed,
}

impl Fleet {
    /// Starts them and waits until each is ready.
    pub(super) fn start(roles: &[Role], settings: &[(&str, &str)]) -> Self {
        let (postgres, seaweed) = (Postgres::start(), Seaweed::start());
        seaweed.make_bucket(BUCKET);
        let (key, secret) = seaweed.keys();
        let mut all: Vec<(String, String)> = [
            ("CSVP_DATABASE__URL", postgres.new_database().as_str()),
            ("CSVP_S3__BUCKET", BUCKET),
            ("CSVP_S3__ENDPOINT", seaweed.endpoint().as_str()),
            ("CSVP_S3__REGION", Seaweed::REGION),
            ("CSVP_S3__PATH_STYLE", "true"),
            ("CSVP_S3__ACCESS_KEY_ID", key),
            ("CSVP_S3__SECRET_ACCESS_KEY", secret),
            ("CSVP_PROCESSING__LEASE", "3s"),
            ("LOG_LEVEL", "warn"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let members: Vec<Member> = roles.iter().map(|role| Member::start(*role, free_port(), &all)).collect();
        let ended = Arc::new(AtomicBool::new(false));
        let relay = Arc::new(Relay::to([]));
        let serving = members.iter().filter(|member| member.role == Role::Serve);
        let addresses = serving.map(|member| member.address.clone()).collect();
        let follower = follow(addresses, Arc::clone(&relay), Arc::clone(&ended));
        let fleet = Self {
            members,
            postgres,
            relay,
            follower: Some(follower),
            ended,
            settings: all,
            _seaweed: seaweed,
        };
        fleet.members.iter().for_each(Member::wait_until_ready);
        fleet.wait_until_followed();
        fleet
    }

    /// Until the load balancer has seen that all are ready.
    fn wait_until_followed(&self) {
        let serving = self.members.iter().filter(|member| member.role == Role::Serve).count();
        let begun = Instant::now();
        while self.relay.targets() < serving {
            assert!(begun.elapsed() < START, "the load balancer does not see that all are ready");
            sleep(LOOK_EVERY);
        }
    }

    /// Starts one more, with settings of its own.
    pub(super) fn add(&mut self, role: Role, settings: &[(&str, &str)]) {
        let mut all = self.settings.clone();
        all.retain(|(name, _)| !settings.iter().any(|(own, _)| own == name));
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let member = Member::start(role, free_port(), &all);
        member.wait_until_ready();
        self.members.push(member);
    }

    /// The address that clients know.
    pub(super) fn address(&self) -> String {
        self.relay.address().to_string()
    }

    /// Ends one as a crash does, and starts it again.
    pub(super) fn kill_and_start(&mut self, at: usize) {
        self.members[at].child.kill().expect("it runs");
        self.members[at].child.wait().expect("it has ended");
        self.start_again(at);
    }

    /// Asks one to stop, waits until it has, and starts it again; gives how long the stop took.
    pub(super) fn restart(&mut self, at: usize) -> Duration {
        let took = self.members[at].terminate();
        self.start_again(at);
        self.members[at].wait_until_ready();
        self.wait_until_followed();
        took
    }

    fn start_again(&mut self, at: usize) {
        let Member { role, address, settings, .. } = &self.members[at];
        let port = address.parse::<SocketAddr>().expect("it is an address").port();
        self.members[at] = Member::start(*role, port, settings);
    }

    /// What SQL prints.
    pub(super) fn sql(&self, sql: &str) -> String {
        self.postgres.psql("test_0", sql).expect("the database answers").trim().to_owned()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(self.follower.take().map(JoinHandle::join));
    }
}

impl Member {
    fn start(role: Role, port: u16, settings: &[(String, String)]) -> Self {
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_csvp"));
        match role {
            Role::Serve => command.args(["serve", "--port", &port.to_string(), "--operations", "off"]),
            Role::Worker => command.args(["worker", "--operations", &address]),
        };
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the process starts");
        Self { role, address, settings: settings.to_vec(), child }
    }

    /// Says whether it wants work.
    fn is_ready(address: &str) -> bool {
        request(address, "GET /ready", b"").is_some_and(|(status, _)| status == 200)
    }

    pub(super) fn wait_until_ready(&self) {
        let begun = Instant::now();
        while !Self::is_ready(&self.address) {
            assert!(begun.elapsed() < START, "{self:?} does not become ready");
            sleep(LOOK_EVERY);
        }
    }

    /// SIGTERM, until it has ended well.
    pub(super) fn terminate(&mut self) -> Duration {
        let begun = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{self:?}: {status}");
        begun.elapsed()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As load balancers do: whoever says that it is ready gets connections.
fn follow(addresses: Vec<String>, relay: Arc<Relay>, ended: Arc<AtomicBool>) -> JoinHandle<()> {
    let ready = Mutex::new(vec![false; addresses.len()]);
    std::thread::spawn(move || {
        std::thread::scope(|scope| {
            for (at, address) in addresses.iter().enumerate() {
                let (ready, relay, addresses, ended) = (&ready, &relay, &addresses, &ended);
                scope.spawn(move || {
                    while !ended.load(Ordering::SeqCst) {
                        let is_ready = Member::is_ready(address);
                        {
                            let mut ready = ready.lock().expect("no follower has failed");
                            ready[at] = is_ready;
                            // When nobody says so, whoever did last is still the best guess.
                            if ready.contains(&true) {
                                let targets = addresses.iter().zip(ready.iter()).filter(|(_, ready)| **ready);
                                relay.set_targets(
                                    targets.map(|(at, _)| at.parse().expect("it is an address")),
                                );
                            }
                        }
                        sleep(LOOK_EVERY);
                    }
                });
            }
        });
    })
}
