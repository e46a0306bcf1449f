//! Everything a request or a job needs, built once and passed down. There is no other shared state.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use csvp_store::{Blobs, Meta, TenantId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::services::{Gate, Keys, Live, Memory, Presence, Retention};
use crate::telemetry::Metrics;
use crate::worker::CpuPool;

/// What a process is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes requests, and runs jobs unless that is switched off.
    Serve,
    /// Runs jobs only.
    Worker,
}

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
    pub(crate) presence: Presence,
    /// What this process is there for.
    pub(crate) role: Role,
    /// When the worker last heard from the queue, in milliseconds since the start.
    pub(crate) queue_heard: AtomicU64,
    /// Cancelled when the process is to end: it is not ready any more, claims nothing and hands its jobs back. Requests are
    /// still taken for a while.
    pub(crate) draining: CancellationToken,
    /// Cancelled when no more requests are taken: streams end.
    pub(crate) stopping: CancellationToken,
    /// Work that goes on when its client has gone: an upload that is being committed, objects that are being removed.
    pub(crate) background: TaskTracker,
    pub(crate) started: Instant,
}

impl App {
    pub(crate) fn new(role: Role, config: Config, meta: Meta, blobs: Blobs) -> Self {
        Self(Arc::new(Parts {
            cpu: CpuPool::new(config.processing.threads),
            gate: Gate::new(&config.upload),
            memory: Memory::new(&config),
            live: Live::default(),
            keys: Keys::default(),
            retention: Retention::default(),
            presence: Presence::default(),
            metrics: Metrics::new(),
            role,
            queue_heard: AtomicU64::new(0),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            background: TaskTracker::new(),
            started: Instant::now(),
            config,
            meta,
            blobs,
        }))
    }

    /// The queue has answered, or there is nothing to ask it for.
    pub(crate) fn hear_queue(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.queue_heard.store(millis, Ordering::Relaxed);
    }

    /// How long the queue has been silent.
    pub(crate) fn queue_silent_for(&self) -> Duration {
        let heard = Duration::from_millis(self.queue_heard.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(heard)
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
