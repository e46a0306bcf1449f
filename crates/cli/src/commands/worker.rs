//! `csvp worker`: runs jobs of the queue that it shares with `csvp serve` processes.

use std::io::Write;

use anyhow::Context;
use csvp_server::{Banner, Config};

use crate::args::WorkerArgs;
use crate::{Outcome, render};

pub(crate) fn run(args: &WorkerArgs) -> anyhow::Result<Outcome> {
    let config = match config(args) {
        Ok(config) => config,
        Err(error) => return Err(render::error::with_hints(error.hints(), error)),
    };
    csvp_server::telemetry::init_logs(&config.log)
        .map_err(|error| render::error::with_hints(error.hints(), error))?;
    let jobs = config.processing.jobs;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let worked = runtime.block_on(csvp_server::work(config, |banner| {
        // A closed terminal must not stop the worker.
        let _ = welcome(banner, jobs);
    }));
    match worked {
        Ok(()) => Ok(Outcome::Done),
        Err(error) => Err(render::error::with_hints(error.hints(), error)),
    }
}

fn config(args: &WorkerArgs) -> Result<Config, csvp_server::ConfigError> {
    let mut config = Config::from_environment(args.config.as_deref())?;
    if let Some(operations) = &args.operations {
        config.server.operations.clone_from(operations);
    }
    if let Some(jobs) = args.jobs {
        config.processing.jobs = jobs;
    }
    config.validate()?;
    Ok(config)
}

fn welcome(banner: &Banner, jobs: usize) -> std::io::Result<()> {
    let mut out = super::stdout();
    for migration in &banner.migrated {
        writeln!(out, "migrated    {migration}")?;
    }
    writeln!(out, "worker of CSV Processor is ready")?;
    writeln!(out, "jobs        {jobs} at a time")?;
    if let Some(database) = &banner.database {
        writeln!(out, "database    {database}")?;
    }
    if let Some(operations) = banner.operations {
        writeln!(out, "metrics     http://{operations}/metrics")?;
    }
    out.flush()
}
