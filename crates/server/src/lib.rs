//! The HTTP service and worker of CSV Processor, as a library.
//!
//! One value, [`Server`], is the whole service: it holds the store, the worker and the listeners, and nothing is
//! global. Requests flow middleware → handler → service → store and engine; jobs flow worker → processing → store.
//!
//! | module | what it does |
//! |---|---|
//! | [`config`] | every setting, from file and environment |
//! | [`serve`], `stop` | start, run, stop: two written sequences |
//! | [`operate`] | what is done to a store beside the service: one file per verb |
//! | [`jobs`] | the queue, for the people who run the service |
//! | `migrate` | brings the database up to date, or says what is missing |
//! | `router` | the whole route table on one screen |
//! | `middleware` | request id, guard, headers, access line, metrics, writing of failures |
//! | `handlers` | extract, call one service, map to a wire type |
//! | `services` | use-cases; they know no HTTP types |
//! | `worker` | claims jobs and runs them under a lease; the CPU pool |
//! | [`api`] | wire types |
//! | [`openapi`] | the OpenAPI 3.1 document |
//! | `pages` | the readable reference and the embedded page |
//! | [`error`] | the only map from failures to HTTP |
//! | [`telemetry`] | metric names, log setup |
//!
//! The crate never parses CSV, never writes SQL, never prints.

pub mod api;
mod app;
pub mod config;
pub mod error;
mod handlers;
pub mod jobs;
mod listen;
mod middleware;
mod migrate;
pub mod openapi;
pub mod operate;
mod pages;
mod router;
pub mod serve;
mod services;
mod stop;
pub mod telemetry;
mod worker;

#[cfg(test)]
mod test_support;

pub use app::Role;
pub use config::{Config, ConfigError};
pub use csvp_store::{JobId, JobState};
pub use migrate::{has_no_store, migrate, pending_migrations};
pub use serve::{Banner, ServeError, Server, serve, work};
