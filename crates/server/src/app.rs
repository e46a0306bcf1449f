//! Everything a request or a job needs, built once and passed down. There is no other shared state.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use csvp_store::{Blobs, Meta, TenantId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::services::{Gate, Keys, Live, Memory, Retention};
use crate::telemetry::Metrics;
use crate::worker::CpuPool;

/// The service's parts. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Parts>);

/// What is shared.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) meta: Meta,
    pub(crate) blobs: Blobs,
    pub(crate) metrics: Metrics,
    pub(crate) cpu: CpuPool,
    pub(crate) gate: Gate,
    pub(crate) memory: Memory,
    pub(crate) live: Live,
    pub(crate) keys: Keys,
    pub(crate) retention: Retention,
    /// Cancelled when shutdown begins: streams end, the worker claims no more.
    pub(crate) stopping: CancellationToken,
    /// Work that goes on when its client has gone: an upload that is being committed, objects that are being removed.
    pub(crate) background: TaskTracker,
    pub(crate) started: Instant,
}

impl App {
    pub(crate) fn new(config: Config, meta: Meta, blobs: Blobs) -> Self {
        Self(Arc::new(Parts {
            cpu: CpuPool::new(config.processing.threads),
            gate: Gate::new(&config.upload),
            memory: Memory::new(&config),
            live: Live::default(),
            keys: Keys::default(),
            retention: Retention::default(),
            metrics: Metrics::new(),
            stopping: CancellationToken::new(),
            background: TaskTracker::new(),
            started: Instant::now(),
            config,
            meta,
            blobs,
        }))
    }

    /// Whose data is meant. Until there is sign-in, everything belongs to one tenant.
    pub(crate) fn tenant(&self) -> TenantId {
        TenantId::DEFAULT
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
