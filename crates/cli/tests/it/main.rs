//! The program as people and scripts use it: exit codes, standard output, standard error.
//!
//! Snapshots hold every text a person can see. After a wanted change: `INSTA_UPDATE=always cargo test -p csvp-cli`, then
//! read the difference.

#[cfg(feature = "serve")]
mod backup;
mod convert;
mod corpus;
#[cfg(feature = "serve")]
mod crash;
mod dev_data;
mod errors;
mod help;
#[cfg(feature = "serve")]
mod http;
#[cfg(feature = "serve")]
mod migrate;
mod pipes;
mod sandbox;
mod suites;
mod verbs;
