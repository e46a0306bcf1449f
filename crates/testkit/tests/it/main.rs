//! The corpus and public test files through the library, and the reference pages of the problem codes.

mod corpus;
mod counts;
mod dev_data;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod faults;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod power;
mod problem_pages;
mod prop_differential;
mod prop_recovery;
mod support;
