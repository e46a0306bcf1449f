//! `csvp migrate`: bring the database of the service up to date, or say what there is to do.

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
    let work = async {
        match args.check {
            true => csvp_server::pending_migrations(&config).await,
            false => csvp_server::migrate(&config).await,
        }
    };
    let names = runtime.block_on(work).map_err(|error| render::error::with_hints(error.hints(), error))?;
    let mut out = super::stdout();
    if names.is_empty() {
        writeln!(out, "nothing to do: the database is up to date")?;
    }
    for name in &names {
        writeln!(out, "{}: {name}", if args.check { "to do" } else { "done" })?;
    }
    out.flush()?;
    Ok(if args.check && !names.is_empty() { Outcome::Problems } else { Outcome::Done })
}
