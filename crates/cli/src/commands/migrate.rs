//! `csvp migrate`: bring the database of the service up to date.

use std::io::Write;

use super::store;
use crate::args::MigrateArgs;
use crate::{Outcome, render};

pub(crate) fn run(args: &MigrateArgs) -> anyhow::Result<Outcome> {
    let config = store::config(&args.store)?;
    let done = store::runtime()?
        .block_on(csvp_server::migrate(&config))
        .map_err(|error| render::error::with_hints(error.hints(), error))?;
    let mut out = super::stdout();
    if done.is_empty() {
        writeln!(out, "nothing to do: the database is up to date")?;
    }
    for name in done {
        writeln!(out, "done: {name}")?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}
