//! A service under test and what a sender outside of it remembers: tests that end the service, or break its disk, compare
//! the two.

mod http;
mod ledger;
mod on_disk;
mod reference;
mod service;
mod steps;
mod wait;

pub use http::{Answer, request};
pub use ledger::{Ledger, Sent, State};
pub use reference::Reference;
pub use service::Service;
pub use steps::{SETTINGS, Stand, Step, reprocess, wait_for_removal};
pub use wait::wait_until;
