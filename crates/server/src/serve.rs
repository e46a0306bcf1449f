//! Start, run, stop: the life of the service as two written sequences.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum_server::Handle;
use csvp_store::StoreError;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::config::{Config, ConfigError};
use crate::listen::{Purpose, listen};
use crate::services::storage;
use crate::{router, worker};

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
    /// The database was made by an older version of the program.
    #[error("the database is not up to date: {} migrations are pending", pending.len())]
    NotMigrated {
        /// Their names.
        pending: Vec<String>,
    },
    /// A listener stopped.
    #[error("listener stopped")]
    Stopped(#[source] std::io::Error),
}

impl ServeError {
    /// What a person can do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Config(error) => error.hints(),
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
            Self::DataDir { .. } | Self::Store { .. } => {
                vec![
                    "check that the directory exists or can be made, is writable and on a local disk"
                        .to_owned(),
                ]
            }
            Self::NoStore { .. } => {
                vec!["name the directory with `--data` or `CSVP_STORE__DATA_DIR`".to_owned()]
            }
            Self::NotMigrated { .. } => {
                vec!["run `csvp migrate`, or start the service, which does it".to_owned()]
            }
            Self::Listen { .. } | Self::Stopped(_) => vec![],
        }
    }
}

/// What to tell a person when the service is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// Where the page and the API are.
    pub address: SocketAddr,
    /// Where metrics and probes are, if anywhere.
    pub operations: Option<SocketAddr>,
    /// Where data is kept.
    pub data_dir: PathBuf,
    /// Bytes in it, and the most there may be.
    pub store_bytes: (u64, u64),
    /// Migrations that have just run.
    pub migrated: Vec<String>,
    /// Lines that can be pasted into a shell.
    pub try_this: Vec<String>,
}

/// A running service.
#[derive(Debug)]
pub struct Server {
    app: App,
    banner: Banner,
    handles: Vec<Handle<SocketAddr>>,
    listeners: Vec<JoinHandle<std::io::Result<()>>>,
    worker: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    // Held until the end; the operating system lets go of it with the process, also after kill -9.
    _lock: File,
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

/// Brings the database up to date and returns the names of the migrations that ran.
///
/// # Errors
/// When the data directory or the database cannot be used.
pub async fn migrate(config: &Config) -> Result<Vec<String>, ServeError> {
    config.validate()?;
    let _lock = storage::lock(config)?;
    let (meta, migrated) = storage::open_meta(config).await?;
    meta.close().await.map_err(|source| storage::failed(config, source))?;
    Ok(migrated)
}

impl Server {
    /// Starts everything; requests are taken when this returns.
    ///
    /// # Errors
    /// When the configuration cannot be used, a port is busy, or the store cannot be opened.
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        // 1. Refuse what cannot work, before anything is touched.
        config.validate()?;
        raise_open_files();
        // 2. Ports first: a second start by mistake must not touch the first one's data.
        let main = listen(config.address()?, Purpose::Main)?;
        let operations = match config.operations_address()? {
            Some(address) => Some(listen(address, Purpose::Operations)?),
            None => None,
        };
        // 3. The store, for this process alone; migrated, and cleaned of what a crash left behind.
        let lock = storage::lock(&config)?;
        let (meta, migrated) = storage::open_meta(&config).await?;
        let blobs = storage::open_blobs(&config).await?;
        storage::recover(&config, &meta, &blobs).await?;
        let app = App::new(config, meta, blobs);
        // 4. The worker, then the listeners.
        let worker = tokio::spawn(worker::run(app.clone()));
        let upkeep = tokio::spawn(upkeep(app.clone()));
        let mut server = Self {
            banner: banner(&app, &main, operations.as_ref(), migrated).await,
            app: app.clone(),
            handles: vec![],
            listeners: vec![],
            worker,
            upkeep,
            _lock: lock,
        };
        server.listen(main, router::main_routes(app.clone()))?;
        if let Some(operations) = operations {
            server.listen(operations, router::operations_routes(app))?;
        }
        Ok(server)
    }

    /// What to tell a person.
    pub fn banner(&self) -> &Banner {
        &self.banner
    }

    fn listen(&mut self, listener: std::net::TcpListener, routes: axum::Router) -> Result<(), ServeError> {
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(listener)
            .map_err(ServeError::Stopped)?
            // One protocol only: telling them apart would wait for a silent client without a time limit.
            .http1_only()
            .handle(handle.clone())
            .accept_error_handler(|_, error| tracing::warn!(%error, "connection could not be accepted"));
        server.http_builder().http1().header_read_timeout(self.app.config.server.header_timeout.0);
        self.handles.push(handle);
        self.listeners.push(tokio::spawn(server.serve(routes.into_make_service())));
        Ok(())
    }

    /// Serves until the signal comes, then shuts down.
    ///
    /// # Errors
    /// When a listener stopped by itself.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut failed = None;
        {
            let first_to_stop = futures::future::select_all(&mut self.listeners);
            tokio::select! {
                () = signal => {}
                (result, _, _) = first_to_stop => {
                    let error = result.unwrap_or_else(|error| Err(std::io::Error::other(error))).err();
                    failed = Some(error.unwrap_or_else(|| std::io::Error::other("listener ended")));
                }
            }
        }
        self.stop().await;
        failed.map_or(Ok(()), |error| Err(ServeError::Stopped(error)))
    }

    /// Stops in order, within `server.shutdown_timeout` in all.
    async fn stop(self) {
        let deadline = self.app.config.server.shutdown_timeout.0;
        let until = tokio::time::Instant::now() + deadline;
        tracing::info!(seconds = deadline.as_secs(), "shutting down");
        // 1. Say so: not ready, event streams end, the worker claims no more and hands its jobs back.
        self.app.stopping.cancel();
        // 2. Take no more connections; requests under way go on.
        for handle in &self.handles {
            handle.graceful_shutdown(Some(deadline));
        }
        // 3. Wait for requests, then for the worker and for what goes on behind answered requests.
        let listeners = futures::future::join_all(self.listeners);
        let rest = async {
            listeners.await;
            let _ = self.worker.await;
            self.app.background.close();
            self.app.background.wait().await;
        };
        if tokio::time::timeout_at(until, rest).await.is_err() {
            tracing::warn!("shutdown took too long; unfinished work is redone or removed at the next start");
        }
        // 4. The database last, so that everything before could still write.
        self.upkeep.abort();
        if let Err(error) = self.app.meta.clone().close().await {
            tracing::warn!(%error, "database did not close");
        }
        tracing::info!("stopped");
    }
}

async fn upkeep(app: App) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        app.metrics.run_upkeep();
    }
}

/// SIGINT (Ctrl-C) or SIGTERM.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}

/// Many uploads at once need many open files; systems start processes with few.
fn raise_open_files() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => tracing::debug!(limit, "limit of open files"),
        Err(error) => tracing::warn!(%error, "limit of open files could not be raised"),
    }
}

async fn banner(
    app: &App,
    main: &std::net::TcpListener,
    operations: Option<&std::net::TcpListener>,
    migrated: Vec<String>,
) -> Banner {
    let local = |listener: &std::net::TcpListener| listener.local_addr().ok();
    let configured = SocketAddr::from(([127, 0, 0, 1], app.config.server.port));
    let address = local(main).unwrap_or(configured);
    let url = format!("http://{address}");
    Banner {
        address,
        operations: operations.and_then(local),
        data_dir: app.config.store.data_dir(),
        store_bytes: (storage::used_bytes(app), app.config.store.max_disk.0),
        migrated,
        try_this: vec![
            format!("open {url} and drop a file on the page"),
            format!("curl --data-binary @orders.csv '{url}/api/v1/uploads?name=orders.csv'"),
            format!("read {url}/docs"),
        ],
    }
}
