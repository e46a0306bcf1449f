//! Files written from judged records, read back with the libraries that others read them with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod one_pass;
mod parquet_file;
mod round_trip;
mod support;
mod text_files;
