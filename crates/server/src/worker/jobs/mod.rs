//! The kinds of jobs. Each is idempotent: run twice, it leaves what it leaves when run once.

pub(crate) mod process;
