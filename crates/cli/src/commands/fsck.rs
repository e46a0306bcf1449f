//! `csvp fsck`: do the rows of the store fit each other and its objects?

use std::io::Write as _;

use csvp_server::operate::{Access, FsckReport};

use super::store;
use crate::Outcome;
use crate::args::FsckArgs;
use crate::render::text::{count, size};

pub(crate) fn run(args: &FsckArgs) -> anyhow::Result<Outcome> {
    let access = if args.repair { Access::Alone } else { Access::Read };
    let report = store::with(&args.store, access, async |operator| {
        operator.fsck(args.deep, args.repair, args.accept_loss).await
    })?;
    if args.json {
        super::print_json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(if report.is_clean() { Outcome::Done } else { Outcome::Problems })
}

fn print(report: &FsckReport) -> anyhow::Result<()> {
    let mut out = super::stdout();
    for finding in &report.findings {
        let done = match (finding.repaired, finding.lost) {
            (true, _) => " (repaired)",
            (false, true) => " (marked as lost)",
            (false, false) => "",
        };
        writeln!(out, "{}{done}: {}", finding.kind, finding.place)?;
        writeln!(out, "  {}", finding.detail)?;
        if !finding.repaired && !finding.lost {
            writeln!(out, "  hint: {}", finding.advice)?;
        }
    }
    let listed = report.findings.len() as u64;
    if report.found > listed {
        writeln!(out, "and {} more", report.found - listed)?;
    }
    writeln!(out, "uploads     {}", report.uploads)?;
    writeln!(out, "objects     {} ({})", report.objects, size(report.object_bytes))?;
    if report.deep {
        writeln!(out, "read        {}", size(report.read_bytes))?;
    }
    if report.in_progress + report.being_repaired > 0 {
        writeln!(
            out,
            "going on    {} in progress, {} being made again",
            report.in_progress, report.being_repaired
        )?;
    }
    writeln!(out, "{}", verdict(report))?;
    out.flush()?;
    Ok(())
}

fn verdict(report: &FsckReport) -> String {
    if report.found == 0 {
        return "everything fits".to_owned();
    }
    let found = count(report.found, "finding");
    if report.repaired == report.found {
        return format!("{found}, all repaired");
    }
    let parts = [(report.repaired, "repaired"), (report.lost, "lost")];
    let parts: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if parts.is_empty() { found } else { format!("{found}: {}", parts.join(", ")) }
}
