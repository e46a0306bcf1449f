//! `csvp erase`: uploads go with all that was made of them.

use std::collections::BTreeSet;
use std::io::Write as _;

use csvp_server::operate::{Access, EraseFate, ErasePlan, Erased};

use super::store;
use crate::Outcome;
use crate::args::EraseArgs;
use crate::render::text::{count, size};

pub(crate) fn run(args: &EraseArgs) -> anyhow::Result<Outcome> {
    let json = args.show.json;
    // One that is named twice is erased once.
    let mut seen = BTreeSet::new();
    let uploads: Vec<_> = args.uploads.iter().copied().filter(|&upload| seen.insert(upload)).collect();
    let plans = store::with(&args.show.store, Access::Read, async |operator| {
        let mut plans = Vec::with_capacity(uploads.len());
        for &upload in &uploads {
            plans.push(operator.plan_erase(upload).await?);
        }
        Ok(plans)
    })?;
    if args.dry_run && json {
        super::print_json(&plans)?;
        return Ok(Outcome::Done);
    }
    if !json {
        print_plan(&plans)?;
    }
    if args.dry_run {
        return Ok(Outcome::Done);
    }
    if !args.yes && !store::confirm("Erase them? This cannot be undone.")? {
        return Ok(Outcome::Done);
    }
    let mut erased = Vec::new();
    let result = store::with(&args.show.store, Access::Beside, async |operator| {
        operator.erase_all(&uploads, &mut erased).await
    });
    if json {
        super::print_json(&erased)?;
    } else {
        print_erased(&erased)?;
    }
    result?;
    let stays = erased.iter().any(|one| one.fate == EraseFate::Held);
    Ok(if stays { Outcome::Problems } else { Outcome::Done })
}

fn print_plan(plans: &[ErasePlan]) -> anyhow::Result<()> {
    let mut out = super::stdout();
    for plan in plans {
        if plan.is_gone {
            writeln!(out, "{}  was erased or deleted before", plan.upload)?;
            continue;
        }
        let held = if plan.holds.is_empty() {
            String::new()
        } else {
            format!(", held for {}: stays", plan.holds.join(", "))
        };
        let objects = match (plan.objects, plan.bytes) {
            (Some(objects), Some(bytes)) => format!("{} of {}", count(objects, "object"), size(bytes)),
            _ => "objects that cannot be counted".to_owned(),
        };
        writeln!(out, "{}  {}: {objects}, {}{held}", plan.upload, plan.name, count(plan.runs, "run"))?;
        if let Some(why) = &plan.uncounted {
            writeln!(out, "  {why}")?;
        }
    }
    out.flush()?;
    Ok(())
}

fn print_erased(erased: &[Erased]) -> anyhow::Result<()> {
    let mut out = super::stdout();
    for one in erased {
        let upload = one.upload;
        match (one.fate, &one.hold) {
            (EraseFate::Gone, _) => writeln!(out, "gone before: {upload}")?,
            (EraseFate::Held, hold) => {
                let name = hold.as_deref().unwrap_or_default();
                writeln!(
                    out,
                    "stays: {upload} is held for `{name}`; `csvp hold release {upload} --name {name}` ends the hold"
                )?;
            }
            (EraseFate::Erased, _) if one.left_to_service => {
                writeln!(out, "erased: {upload}; the running service removes its bytes within a minute")?;
            }
            (EraseFate::Erased, _) => writeln!(out, "erased: {upload}, {} removed", size(one.removed_bytes))?,
        }
    }
    out.flush()?;
    Ok(())
}
