//! `csvp jobs`: the queue of the service, and trying again what was given up.

use std::io::Write;

use anyhow::{Context, anyhow, bail};
use csvp_server::ServeError;
use csvp_server::jobs::{self, Retried};

use super::store;
use crate::args::{JobsCommand, JobsListArgs, JobsRetryArgs};
use crate::{Outcome, render};

pub(crate) fn run(command: &JobsCommand) -> anyhow::Result<Outcome> {
    match command {
        JobsCommand::List(args) => list(args),
        JobsCommand::Retry(args) => retry(args),
    }
}

fn list(args: &JobsListArgs) -> anyhow::Result<Outcome> {
    let state = args.state.as_deref().map(|state| {
        // The cause would list the states once more.
        state.parse().map_err(|_| {
            anyhow!("expected `queued`, `running`, `done`, `dead` or `cancelled` as state, found `{state}`")
        })
    });
    let state = state.transpose()?;
    let config = store::config(&args.store)?;
    let found = wait(jobs::list(&config, state))?;
    if args.json {
        for job in &found {
            super::print_json(job)?;
        }
        return Ok(Outcome::Done);
    }
    let mut out = super::stdout();
    for job in &found {
        let error = job.error.as_deref().unwrap_or_default();
        let line = format!(
            "{}  {:<9}  {}/{}  {}  {error}",
            job.id, job.state, job.attempts, job.max_attempts, job.upload
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn retry(args: &JobsRetryArgs) -> anyhow::Result<Outcome> {
    let parse = |id: &String| id.parse().with_context(|| format!("`{id}` is no id of a job"));
    let ids = args.ids.iter().map(parse).collect::<anyhow::Result<Vec<_>>>()?;
    let config = store::config(&args.store)?;
    let done = wait(jobs::retry(&config, &ids))?;
    let mut out = super::stdout();
    let mut refused = 0;
    for (id, what) in &done {
        let what = match what {
            Retried::Queued => "queued again",
            Retried::NotDead => "left alone: it was not given up, or its upload was processed again since",
            Retried::NoOriginal => "left alone: its upload has no original any more",
            Retried::Unknown => "left alone: there is no such job, or its upload was deleted",
        };
        refused += usize::from(!what.starts_with("queued"));
        writeln!(out, "{id}  {what}")?;
    }
    if done.is_empty() {
        writeln!(out, "nothing to do: no job was given up")?;
    }
    out.flush()?;
    if refused > 0 {
        bail!("{refused} of {} jobs were not queued again", done.len());
    }
    Ok(Outcome::Done)
}

fn wait<T>(work: impl Future<Output = Result<T, ServeError>>) -> anyhow::Result<T> {
    store::runtime()?.block_on(work).map_err(|error| render::error::with_hints(error.hints(), error))
}
