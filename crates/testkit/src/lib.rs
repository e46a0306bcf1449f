//! What the tests of several crates share: the corpus of named cases, a way to run the `csvp` binary, and the filters
//! that keep snapshots free of paths and versions.
//!
//! ```no_run
//! for case in csvp_testkit::corpus::cases() {
//!     let reading = csvp_testkit::read(case.bytes(), case.settings(), 1).expect("settings of the case are good");
//!     assert_eq!(case.check(&reading), Ok(()));
//! }
//! ```
//!
//! A development dependency only: no product crate may need it to be built.

mod binary;
pub mod corpus;
mod expect;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod faults;
mod filters;
pub mod generate;
mod paths;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod power;
mod reading;
pub mod servers;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod stand;
mod type_text;

pub use binary::{Csvp, Ran};
pub use corpus::Case;
pub use expect::Expect;
pub use filters::{Filter, snapshot_filters};
pub use paths::{check_dev_data, dev_data, files_under, repository};
pub use reading::{Reading, read};
pub use type_text::type_text;
