//! `csvp dr drill`: try whether a disaster could be recovered from.

use std::io::Write;

use csvp_server::operate::{self, Drill, DrillOptions};

use super::backup::textfile;
use super::{print_json, store};
use crate::Outcome;
use crate::args::DrillArgs;
use crate::render::error::with_hints;
use crate::render::text::{count, size};

pub(crate) fn drill(args: &DrillArgs) -> anyhow::Result<Outcome> {
    let config = store::config(&args.store)?;
    let options = DrillOptions {
        backup: args.backup,
        scratch: args.scratch.clone().unwrap_or_else(std::env::temp_dir),
        max_rpo: args.max_rpo.unwrap_or(config.backup.max_rpo).0,
        max_rto: args.max_rto.unwrap_or(config.backup.max_rto).0,
    };
    let drill = store::runtime()?.block_on(async {
        let place = operate::place_to_read(&config, args.source.as_deref()).await?;
        operate::drill(&config, &place, &options).await
    });
    let are_metrics_written = textfile(args.metrics.as_deref(), &operate::drill_metrics(drill.as_ref().ok()));
    let drill = drill.map_err(|error| with_hints(error.hints(), error))?;
    if args.json {
        let mut json = serde_json::to_value(&drill)?;
        json["passed"] = drill.passed().into();
        print_json(&json)?;
    } else {
        tell(&drill)?;
    }
    Ok(if drill.passed() && are_metrics_written { Outcome::Done } else { Outcome::Problems })
}

fn tell(drill: &Drill) -> anyhow::Result<()> {
    let mut out = super::stdout();
    writeln!(out, "drill with backup {}", drill.backup)?;
    writeln!(out, "  rows as of {}", drill.picture_at)?;
    match drill.last_change_at {
        Some(at) => writeln!(out, "  last change of the living store at {at}")?,
        None => writeln!(out, "  the living store cannot be read; the age of the backup counts")?,
    }
    writeln!(out, "  RPO {:.1} s: so much work would be lost", drill.rpo_secs)?;
    writeln!(out, "  RTO {:.1} s: so long the restore took", drill.rto_secs)?;
    let (rows, objects) = (count(drill.rows, "row"), count(drill.objects, "object"));
    writeln!(
        out,
        "  restored {rows} and {objects} ({}, {} per second), each compared with its SHA-256",
        size(drill.bytes),
        size(drill.bytes_per_sec as u64)
    )?;
    for sample in &drill.samples {
        let read = count(sample.records_read, "record");
        writeln!(out, "  read upload {} as the service does: {read} of {}", sample.upload, sample.records)?;
    }
    for failure in &drill.failures {
        writeln!(out, "  failed: {failure}")?;
    }
    writeln!(out, "{}", if drill.passed() { "passed" } else { "failed" })?;
    Ok(out.flush()?)
}
