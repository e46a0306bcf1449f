//! `csvp migrate`: bring the database of the service up to date, or say what there is to do.

use std::io::Write;

use super::store;
use crate::args::MigrateArgs;
use crate::{Outcome, render};

pub(crate) fn run(args: &MigrateArgs) -> anyhow::Result<Outcome> {
    let config = store::config(&args.store)?;
    let is_new = csvp_server::has_no_store(&config);
    let work = async {
        match args.check {
            true => csvp_server::pending_migrations(&config).await,
            false => csvp_server::migrate(&config).await,
        }
    };
    let names =
        store::runtime()?.block_on(work).map_err(|error| render::error::with_hints(error.hints(), error))?;
    let mut out = super::stdout();
    // It may be a typing error in the name of the directory.
    if is_new {
        let place = config.store.data_dir();
        match args.check {
            true => writeln!(out, "there is no store in `{}`; `csvp migrate` makes one", place.display())?,
            false => writeln!(out, "there was no store in `{}`; a new one was made", place.display())?,
        }
    }
    if names.is_empty() {
        writeln!(out, "nothing to do: the database is up to date")?;
    }
    for name in &names {
        writeln!(out, "{}: {name}", if args.check { "to do" } else { "done" })?;
    }
    out.flush()?;
    Ok(if args.check && !names.is_empty() { Outcome::Problems } else { Outcome::Done })
}
