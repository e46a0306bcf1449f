//! One file per verb.

#[cfg(feature = "serve")]
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod count;
pub(crate) mod detect;
#[cfg(feature = "serve")]
pub(crate) mod dr;
#[cfg(feature = "serve")]
pub(crate) mod erase;
#[cfg(feature = "serve")]
pub(crate) mod fsck;
#[cfg(feature = "serve")]
pub(crate) mod hold;
#[cfg(feature = "serve")]
pub(crate) mod jobs;
#[cfg(feature = "serve")]
pub(crate) mod migrate;
pub(crate) mod parse;
#[cfg(feature = "serve")]
pub(crate) mod person;
pub(crate) mod profile;
#[cfg(feature = "serve")]
pub(crate) mod restore;
#[cfg(feature = "serve")]
pub(crate) mod retention;
pub(crate) mod schema;
#[cfg(feature = "serve")]
pub(crate) mod serve;
#[cfg(feature = "serve")]
mod store;
#[cfg(feature = "serve")]
pub(crate) mod worker;

use std::io::{BufWriter, Write};

/// Standard output, buffered; a closed pipe comes back as an error.
fn stdout() -> BufWriter<std::io::StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, std::io::stdout().lock())
}

/// One JSON value and a line end.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = stdout();
    serde_json::to_writer(&mut out, value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}
