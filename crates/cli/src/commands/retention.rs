//! `csvp retention`: how long data is kept, what is due, and ending that.

use std::io::Write as _;

use csvp_server::operate::{Access, BucketRules, RetentionDone, RetentionPlan, RetentionState, bucket_rules};

use super::store;
use crate::Outcome;
use crate::args::{RetentionCommand, RetentionPlanArgs, RetentionRunArgs};
use crate::render::error::with_hints;
use crate::render::text::{count, size};

/// Uploads of a plan that are shown; `--json` has all.
const SHOWN: usize = 50;

pub(crate) fn run(command: &RetentionCommand) -> anyhow::Result<Outcome> {
    match command {
        RetentionCommand::Show(args) => {
            let state = store::with(&args.store, Access::Read, async |operator| operator.retention().await)?;
            if args.json { super::print_json(&state)? } else { print_state(state.as_ref())? }
        }
        RetentionCommand::Set(args) => {
            let state = store::with(&args.store, Access::Beside, async |operator| {
                operator.set_retention(args.keep_original_days, args.keep_results_days).await?;
                operator.retention().await
            })?;
            print_state(state.as_ref())?;
        }
        RetentionCommand::Clear(args) => {
            store::with(&args.store, Access::Beside, async |operator| operator.clear_retention().await)?;
            if args.json { super::print_json(&None::<RetentionState>)? } else { print_state(None)? }
        }
        RetentionCommand::Plan(args) => {
            let plan = plan(args)?;
            if args.show.json { super::print_json(&plan)? } else { print_plan(&plan)? }
        }
        RetentionCommand::Run(args) => return end(args),
        RetentionCommand::BucketRules(args) => {
            let days = |days: u32| (days > 0).then_some(days);
            let rules = BucketRules {
                standard_ia_days: days(args.standard_ia_days),
                glacier_days: days(args.glacier_days),
                deep_archive_days: days(args.deep_archive_days),
                expire_days: days(args.expire_days),
                prefix: args.prefix.clone(),
            };
            let json = bucket_rules(&rules).map_err(|error| with_hints(error.hints(), error))?;
            let mut out = super::stdout();
            serde_json::to_writer_pretty(&mut out, &json)?;
            writeln!(out)?;
            out.flush()?;
        }
    }
    Ok(Outcome::Done)
}

fn plan(args: &RetentionPlanArgs) -> anyhow::Result<RetentionPlan> {
    store::with(&args.show.store, Access::Read, async |operator| {
        operator.plan_retention(args.trust_clock).await
    })
}

fn end(args: &RetentionRunArgs) -> anyhow::Result<Outcome> {
    let json = args.planning.show.json;
    let plan = plan(&args.planning)?;
    if !json {
        print_plan(&plan)?;
    }
    if let Some(token) = &args.plan
        && *token != plan.token
    {
        let hints = vec!["look at the plan again with `csvp retention plan`".to_owned()];
        let message = format!("expected the plan `{token}`, found `{}`: something has changed", plan.token);
        return Err(with_hints(hints, anyhow::anyhow!(message)));
    }
    let is_agreed = args.yes || args.plan.is_some();
    let trust_clock = args.planning.trust_clock;
    if plan.uploads == 0 && !json && !trust_clock {
        return Ok(Outcome::Done);
    }
    if plan.uploads > 0 && !is_agreed && !store::confirm("End this data? This cannot be undone.")? {
        return Ok(Outcome::Done);
    }
    let mut ended = None;
    let result = store::with(&args.planning.show.store, Access::Beside, async |operator| {
        if trust_clock {
            operator.trust_clock().await?;
        }
        ended = Some(operator.run_retention(&plan).await?);
        operator.remove_what_ended().await
    });
    if let Some(done) = &ended {
        if json { super::print_json(done)? } else { print_done(done)? }
    }
    result?;
    let done = ended.unwrap_or_default();
    if let Some(first) = done.failures.first() {
        let message = format!("{} could not be ended, the others are; {first}", count(done.failed, "upload"));
        let hints = vec!["run it again; `csvp fsck` says what is wrong with the store".to_owned()];
        return Err(with_hints(hints, anyhow::anyhow!(message)));
    }
    if done.policy_changed {
        let hints = vec!["look at the new plan with `csvp retention plan`".to_owned()];
        let message =
            "the policy was changed while its plan was carried out; what was left of the plan stays";
        return Err(with_hints(hints, anyhow::anyhow!(message)));
    }
    Ok(Outcome::Done)
}

fn print_state(state: Option<&RetentionState>) -> anyhow::Result<()> {
    let mut out = super::stdout();
    match state {
        None => writeln!(out, "no policy: everything is kept")?,
        Some(state) => {
            let days =
                |days: Option<u32>| days.map_or_else(|| "kept".to_owned(), |days| format!("{days} days"));
            writeln!(out, "originals   {}", days(state.keep_original_days))?;
            writeln!(out, "results     {}", days(state.keep_results_days))?;
            writeln!(out, "set         {}", state.set_at)?;
            writeln!(out, "known       {}", state.known_time)?;
            writeln!(out, "clock       {}", state.clock)?;
            if state.is_apart() {
                writeln!(
                    out,
                    "nothing ends before both have come; if the clock is right: `csvp retention run --trust-clock`"
                )?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn print_plan(plan: &RetentionPlan) -> anyhow::Result<()> {
    print_state(Some(&plan.policy))?;
    let mut out = super::stdout();
    for item in plan.items.iter().take(SHOWN) {
        writeln!(
            out,
            "{}  {}  {} of {}, {}: {}",
            item.fate,
            item.upload,
            item.ends,
            item.name,
            size(item.bytes),
            item.why
        )?;
    }
    if plan.items.len() > SHOWN {
        writeln!(out, "and {} more; `--json` shows all", plan.items.len() - SHOWN)?;
    }
    let (uploads, bytes) = (count(plan.uploads, "upload"), size(plan.bytes));
    writeln!(out, "{uploads}, {bytes}; {} held, {} busy", plan.held, plan.busy)?;
    writeln!(out, "plan        {}", plan.token)?;
    out.flush()?;
    Ok(())
}

fn print_done(done: &RetentionDone) -> anyhow::Result<()> {
    let mut out = super::stdout();
    writeln!(out, "ended       {}, {}", count(done.ended, "upload"), size(done.bytes))?;
    if done.held + done.busy + done.gone + done.not_yet > 0 {
        writeln!(
            out,
            "meanwhile   {} held, {} busy, {} gone, {} not due by the clock any more",
            done.held, done.busy, done.gone, done.not_yet
        )?;
    }
    if done.left_to_service {
        writeln!(out, "the running service removes the bytes within a minute")?;
    }
    out.flush()?;
    Ok(())
}
