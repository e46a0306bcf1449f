//! Start and run: a written sequence. How it ends stands in `stop`.

use std::fs::{File, Permissions, TryLockError};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum_server::Handle;
use csvp_store::{BindError, S3OpenError, Sole, StoreError};
use tokio::task::{JoinError, JoinHandle};

use crate::app::{App, Role};
use crate::config::{Config, ConfigError};
use crate::listen::{Purpose, listen};
use crate::services::storage;
use crate::stop::stop_signal;
use crate::{router, worker};

/// Held by the one process that works in a data directory.
pub(crate) const LOCK_FILE: &str = "lock";
/// The mode of a file for its owner alone.
const PRIVATE: u32 = 0o600;
/// How often recorded metrics are folded together.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Why the service cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another program has the port.
    #[error("port {} on {} is in use", address.port(), address.ip())]
    PortBusy {
        /// The address that was wanted.
        address: SocketAddr,
        /// The next port that is free.
        free: Option<u16>,
    },
    /// Another program has the operations port.
    #[error("operations port {} on {} is in use", address.port(), address.ip())]
    OperationsPortBusy {
        /// The address that was wanted.
        address: SocketAddr,
        /// The next port that is free.
        free: Option<u16>,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was wanted.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process works in the data directory.
    #[error("data directory `{}` is in use by another csvp process", path.display())]
    DataDirBusy {
        /// The directory.
        path: PathBuf,
    },
    /// The data directory cannot be used.
    #[error("data directory `{}` cannot be used", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database or the files cannot be opened.
    #[error("store in `{}` cannot be opened", path.display())]
    Store {
        /// The data directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// There is no store where one is expected.
    #[error("there is no store in `{}`", path.display())]
    NoStore {
        /// The data directory.
        path: PathBuf,
    },
    /// The database server cannot be used.
    #[error("database `{place}` cannot be used")]
    Database {
        /// Host, port and name of the database, without user and password.
        place: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// Another process has the database for itself.
    #[error("database `{place}` is in use by another csvp process that keeps its files in a local directory")]
    DatabaseBusy {
        /// Host, port and name of the database, without user and password.
        place: String,
    },
    /// The schema is older than this program, which must not change it.
    #[error("database is not up to date: {} to be done", .0.join(", "))]
    MigrationsPending(Vec<String>),
    /// A worker was started over a store that only one process can use.
    #[error("a worker needs a database and a bucket that it can share with the processes that take requests")]
    NotShared,
    /// The bucket cannot be used.
    #[error(transparent)]
    Bucket(#[from] S3OpenError),
    /// The objects are not those of the database.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A listener stopped.
    #[error("listener stopped")]
    Stopped(#[source] std::io::Error),
}

/// What to do about a database that is none.
pub(crate) fn damaged_hint() -> String {
    "put the right `csvp.sqlite` back, or restore a backup into another directory: `csvp restore TARGET --data \
     NEW_DIRECTORY`; keep the damaged file until that is done"
        .to_owned()
}

impl ServeError {
    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Config(error) => error.hints(),
            Self::Bucket(error) => error.hints(),
            Self::Bind(error) => error.hints(),
            Self::PortBusy { free: Some(free), .. } => {
                vec![format!("use another port: `--port {free}` or `PORT={free}`")]
            }
            Self::PortBusy { free: None, .. } => vec!["use another port with `--port` or `PORT`".to_owned()],
            Self::OperationsPortBusy { address, free } => {
                let free = free
                    .map_or_else(|| "off".to_owned(), |free| SocketAddr::new(address.ip(), free).to_string());
                vec![format!("set `CSVP_SERVER__OPERATIONS={free}`, or `off` to go without")]
            }
            Self::DataDirBusy { .. } => {
                vec![
                    "stop the other process, or choose another directory with `CSVP_STORE__DATA_DIR`"
                        .to_owned(),
                ]
            }
            Self::Store { source: StoreError::Damaged(_), .. } => vec![damaged_hint()],
            Self::DataDir { .. } | Self::Store { .. } => {
                vec![
                    "check that the directory exists or can be made, that this user may read and write it, and that it is on a \
                     local disk"
                        .to_owned(),
                ]
            }
            Self::NoStore { .. } => {
                vec!["name the directory with `--data` or `CSVP_STORE__DATA_DIR`".to_owned()]
            }
            Self::Database { .. } => {
                vec![
                    "check that the server runs, that `database.url` names it, and that user, password and TLS are \
                     those it expects"
                        .to_owned(),
                ]
            }
            Self::DatabaseBusy { .. } => {
                vec![
                    "stop the other process, or let all of them keep their files in one bucket: `s3.bucket`"
                        .to_owned(),
                ]
            }
            Self::MigrationsPending(_) => {
                vec!["run `csvp migrate`, or set `database.migrate` to `auto`".to_owned()]
            }
            Self::NotShared => vec![
                "set `database.url` and `s3.bucket` as for `csvp serve`; with a local store, `csvp serve` runs the \
                 jobs itself"
                    .to_owned(),
            ],
            Self::Listen { .. } | Self::Stopped(_) => vec![],
        }
    }
}

/// What to tell a person when the service is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// Where the page and the API are; a worker has none.
    pub address: Option<SocketAddr>,
    /// Where metrics and probes are, if anywhere.
    pub operations: Option<SocketAddr>,
    /// The database server, without user and password, unless the database is in the data directory.
    pub database: Option<String>,
    /// Where data is kept.
    pub data_dir: PathBuf,
    /// The bucket that files are kept in, `s3://...`; none when they are in the data directory.
    pub bucket: Option<String>,
    /// Bytes in it, and the most there may be.
    pub store_bytes: (u64, u64),
    /// Migrations that have just run.
    pub migrated: Vec<String>,
    /// Lines that can be pasted into a shell.
    pub try_this: Vec<String>,
}

/// A port whose requests are taken.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) handle: Handle<SocketAddr>,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
}

/// A running service.
#[derive(Debug)]
pub struct Server {
    pub(crate) app: App,
    banner: Banner,
    pub(crate) main: Option<Listening>,
    pub(crate) operations: Option<Listening>,
    pub(crate) worker: JoinHandle<()>,
    pub(crate) upkeep: JoinHandle<()>,
    // Held until the end; the operating system lets go of them with the process, also after kill -9.
    _alone: Option<(File, Sole)>,
}

/// Runs the service until SIGINT or SIGTERM. `started` is called once, when requests are taken.
///
/// # Errors
/// When it cannot start, or a listener stops by itself. [`ServeError::hints`] has the advice.
pub async fn serve(config: Config, started: impl FnOnce(&Banner)) -> Result<(), ServeError> {
    let server = Server::start(config).await?;
    started(server.banner());
    server.run_until(stop_signal()).await
}

/// Runs jobs of the shared queue until SIGINT or SIGTERM. `started` is called once, when jobs are claimed.
///
/// # Errors
/// As [`serve`], and when database or objects cannot be shared.
pub async fn work(config: Config, started: impl FnOnce(&Banner)) -> Result<(), ServeError> {
    let server = Server::start_as(Role::Worker, config).await?;
    started(server.banner());
    server.run_until(stop_signal()).await
}

impl Server {
    /// Starts everything; requests are taken when this returns.
    ///
    /// # Errors
    /// When the configuration cannot be used, a port is busy, or the store cannot be opened.
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        Self::start_as(Role::Serve, config).await
    }

    /// Starts what belongs to a role.
    ///
    /// # Errors
    /// As [`Server::start`]; a worker needs a store that can be shared.
    pub async fn start_as(role: Role, config: Config) -> Result<Self, ServeError> {
        // 1. Refuse what cannot work, before anything is touched.
        config.validate()?;
        if role == Role::Worker {
            check_worker(&config)?;
        }
        raise_open_files();
        // 2. Ports first: a second start by mistake must not touch the first one's data.
        let main = match role {
            Role::Serve => Some(listen(config.address()?, Purpose::Main)?),
            Role::Worker => None,
        };
        let operations = match config.operations_address()? {
            Some(address) => Some(listen(address, Purpose::Operations)?),
            None => None,
        };
        // 3. The store. A local one is for this process alone, and is cleaned of what a crash left behind, the objects first:
        // on a full disk the database needs the room. In a shared one others are at work.
        let lock = match config.is_shared() {
            true => None,
            false => Some(lock_data_dir(&config.store.data_dir())?),
        };
        let blobs = storage::open_unbound_blobs(&config).await?;
        let (meta, migrated) = storage::open_meta(&config).await?;
        let taken = storage::take(&config, &meta, &blobs, lock.is_some()).await;
        let sole = storage::or_close(&meta, taken).await?;
        let app = App::new(role, config, meta, blobs);
        app.retention.read(&app).await;
        // 4. What looks after the store, the worker, then the listeners.
        app.background.spawn(storage::look_after(app.clone()));
        let worker = tokio::spawn(worker::run(app.clone()));
        let upkeep = tokio::spawn(upkeep(app.clone()));
        let mut server = Self {
            banner: banner(&app, main.as_ref(), operations.as_ref(), migrated),
            app: app.clone(),
            main: None,
            operations: None,
            worker,
            upkeep,
            _alone: lock.zip(sole),
        };
        if let Some(main) = main {
            server.main = Some(server.listen(main, router::main_routes(app.clone()))?);
        }
        if let Some(operations) = operations {
            server.operations = Some(server.listen(operations, router::operations_routes(app))?);
        }
        Ok(server)
    }

    /// What to tell a person.
    pub fn banner(&self) -> &Banner {
        &self.banner
    }

    fn listen(&self, listener: std::net::TcpListener, routes: axum::Router) -> Result<Listening, ServeError> {
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(listener)
            .map_err(ServeError::Stopped)?
            // One protocol only: telling them apart would wait for a silent client without a time limit.
            .http1_only()
            .handle(handle.clone())
            .accept_error_handler(|_, error| tracing::warn!(%error, "connection could not be accepted"));
        server.http_builder().http1().header_read_timeout(self.app.config.server.header_timeout.0);
        Ok(Listening { handle, task: tokio::spawn(server.serve(routes.into_make_service())) })
    }

    /// Serves until the signal comes, then shuts down.
    ///
    /// # Errors
    /// When a listener stopped by itself.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut failed = None;
        {
            tokio::select! {
                () = signal => {}
                result = ended(self.main.as_mut(), self.operations.as_mut()) => {
                    let error = result.unwrap_or_else(|error| Err(std::io::Error::other(error))).err();
                    failed = Some(error.unwrap_or_else(|| std::io::Error::other("listener ended")));
                }
            }
        }
        self.stop().await;
        failed.map_or(Ok(()), |error| Err(ServeError::Stopped(error)))
    }
}

impl Listening {
    /// Waits until its requests are answered.
    pub(crate) async fn finish(self) {
        // One that has ended by itself was waited for already.
        if !self.task.is_finished() {
            let _ = self.task.await;
        }
    }
}

/// Until a port takes no more requests. Either may be missing.
async fn ended(
    main: Option<&mut Listening>,
    operations: Option<&mut Listening>,
) -> Result<std::io::Result<()>, JoinError> {
    let ended = async |listening: Option<&mut Listening>| match listening {
        Some(listening) => (&mut listening.task).await,
        None => std::future::pending().await,
    };
    tokio::select! {
        result = ended(main) => result,
        result = ended(operations) => result,
    }
}

async fn upkeep(app: App) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        app.metrics.run_upkeep();
    }
}

/// Many uploads at once need many open files; systems start processes with few.
fn raise_open_files() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => tracing::debug!(limit, "limit of open files"),
        Err(error) => tracing::warn!(%error, "limit of open files could not be raised"),
    }
}

pub(crate) fn lock_data_dir(path: &Path) -> Result<File, ServeError> {
    let failed = |source| ServeError::DataDir { path: path.to_owned(), source };
    csvp_store::make_dirs(path).map_err(failed)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(PRIVATE)
        .open(path.join(LOCK_FILE))
        .map_err(failed)?;
    // Whoever can open it could hold it. One that an earlier version has made is closed, if it is ours.
    if lock.metadata().is_ok_and(|facts| facts.mode() & !PRIVATE & 0o777 != 0) {
        let _ = lock.set_permissions(Permissions::from_mode(PRIVATE));
    }
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(ServeError::DataDirBusy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// A worker takes its work from a queue that the senders' processes see too.
fn check_worker(config: &Config) -> Result<(), ServeError> {
    if !config.is_shared() {
        return Err(ServeError::NotShared);
    }
    if config.processing.jobs == 0 {
        let message = "expected at least 1: a worker is there to run jobs".to_owned();
        return Err(ConfigError::Invalid { key: "processing.jobs".to_owned(), message }.into());
    }
    Ok(())
}

fn banner(
    app: &App,
    main: Option<&std::net::TcpListener>,
    operations: Option<&std::net::TcpListener>,
    migrated: Vec<String>,
) -> Banner {
    let local = |listener: &std::net::TcpListener| listener.local_addr().ok();
    let configured = SocketAddr::from(([127, 0, 0, 1], app.config.server.port));
    let address = main.map(|main| local(main).unwrap_or(configured));
    let try_this = address.map(|address| {
        let url = format!("http://{address}");
        vec![
            format!("open {url} and drop a file on the page"),
            format!("curl --data-binary @orders.csv '{url}/api/v1/uploads?name=orders.csv'"),
            format!("read {url}/docs"),
        ]
    });
    Banner {
        address,
        operations: operations.and_then(local),
        database: storage::database_place(&app.config),
        data_dir: app.config.store.data_dir(),
        bucket: app.blobs.bucket(),
        store_bytes: (storage::used_bytes(app), app.config.store.max_disk.0),
        migrated,
        try_this: try_this.unwrap_or_default(),
    }
}
