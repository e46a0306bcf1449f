//! `csvp migrate`: bring the database of the service up to date.

use std::io::Write;

use anyhow::Context;
use csvp_server::Config;

use crate::args::MigrateArgs;
use crate::{Outcome, render};

pub(crate) fn run(args: &MigrateArgs) -> anyhow::Result<Outcome> {
    let mut config = Config::from_environment(args.config.as_deref())
        .map_err(|error| render::error::with_hints(error.hints(), error))?;
    if let Some(data) = &args.data {
        config.store.data_dir = data.display().to_string();
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start threads")?;
    let done = runtime
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
