//! `csvp fsck`: does the store hold what its rows say, and nothing else?

use std::io::Write as _;

use csvp_server::operate::{Access, FsckReport};

use super::store;
use crate::Outcome;
use crate::args::FsckArgs;
use crate::render::text::size;

pub(crate) fn run(args: &FsckArgs) -> anyhow::Result<Outcome> {
    let access = if args.repair { Access::Alone } else { Access::Read };
    let report =
        store::with(&args.store, access, async |operator| operator.fsck(args.deep, args.repair).await)?;
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
        let done = if finding.repaired { " (repaired)" } else { "" };
        writeln!(out, "{}{done}: {}", finding.kind, finding.place)?;
        writeln!(out, "  {}", finding.detail)?;
        if !finding.repaired {
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
    let verdict = match (report.found, report.repaired) {
        (0, _) => "everything fits".to_owned(),
        (found, repaired) if found == repaired => format!("{found} findings, all repaired"),
        (found, 0) => format!("{found} findings"),
        (found, repaired) => format!("{found} findings, {repaired} of them repaired"),
    };
    writeln!(out, "{verdict}")?;
    out.flush()?;
    Ok(())
}
