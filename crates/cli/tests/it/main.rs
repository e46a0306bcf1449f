//! The program as people and scripts use it: exit codes, standard output, standard error.
//!
//! Snapshots hold every text a person can see. After a wanted change: `INSTA_UPDATE=always cargo test -p csvp-cli`, then
//! read the difference.

#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod audit;
#[cfg(feature = "serve")]
mod backup;
mod convert;
mod corpus;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod crash;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod damaged;
mod dev_data;
mod errors;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod failing_calls;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod held_syncs;
mod help;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod http;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod jobs;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod kill_points;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod life_cycle;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod logs;
#[cfg(feature = "serve")]
mod migrate;
mod pipes;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod power_cut;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod private;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod replicas;
mod sandbox;
mod suites;
#[cfg(all(feature = "serve", target_os = "linux", target_arch = "x86_64"))]
mod upgrade;
mod verbs;
