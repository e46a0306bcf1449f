//! `csvp backup`: back up the whole service, and look after its backups.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use csvp_server::api::Timestamp;
use csvp_server::operate::{self, Access, BackupError, Made, Manifest, OperateError, Verified};
use csvp_server::telemetry::TextMetric;
use serde_json::json;

use super::{print_json, store};
use crate::Outcome;
use crate::args::{
    BackupArgs, BackupCommand, ListBackupsArgs, MakeBackupArgs, PruneBackupsArgs, VerifyBackupArgs,
};
use crate::render::error::{print as print_error, with_hints};
use crate::render::text::{count, size};

pub(crate) fn run(args: &BackupArgs) -> anyhow::Result<Outcome> {
    match &args.command {
        None => make(&args.make),
        Some(BackupCommand::List(args)) => list(args),
        Some(BackupCommand::Verify(args)) => verify(args),
        Some(BackupCommand::Prune(args)) => prune(args),
    }
}

fn make(args: &MakeBackupArgs) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let made = store::with(&args.store, Access::Read, async |operator| {
        let place = operate::place_to_write(operator.config(), args.target.as_deref()).await?;
        let made = operator.backup(&place).await?;
        let verified = match args.verify {
            true => Some(operate::repair_backup(&place, Some(made.manifest.id)).await),
            false => None,
        };
        Ok((made, verified))
    });
    let took = begun.elapsed();
    let (made, verified) = match made {
        Ok((made, verified)) => (Ok(made), verified),
        Err(error) => (Err(error), None),
    };
    let faults =
        verified.as_ref().map(|verified| verified.as_ref().map_or(1, |verified| verified.fault_count));
    let are_metrics_written =
        textfile(args.metrics.as_deref(), &operate::backup_metrics(made.as_ref().ok(), faults, took));
    let made = made?;
    // From here on there is a backup: its id is said whatever else went wrong.
    if args.json {
        let mut json = made_json(&made, took.as_secs_f64());
        if let Some(Ok(verified)) = &verified {
            json["verified"] = verified_json(verified);
        }
        print_json(&json)?;
    } else {
        tell_made(&made, took.as_secs_f64())?;
    }
    match verified {
        Some(Ok(verified)) if !args.json => tell_verified(&verified)?,
        Some(Err(error)) => print_error(&with_hints(error.hints(), error)),
        _ => {}
    }
    let is_fine = faults.unwrap_or(0) == 0 && made.manifest.objects.lost == 0 && are_metrics_written;
    Ok(if is_fine { Outcome::Done } else { Outcome::Problems })
}

/// Writes the gauges, if a file is named. That it cannot be written is said, and does not hide what they are about.
pub(super) fn textfile(file: Option<&Path>, values: &[(TextMetric, f64)]) -> bool {
    let Some(file) = file else { return true };
    match operate::write_textfile(file, values) {
        Ok(()) => true,
        Err(error) => {
            print_error(&with_hints(error.hints(), error).context("metrics are not written"));
            false
        }
    }
}

fn tell_made(made: &Made, secs: f64) -> anyhow::Result<()> {
    let (manifest, mut out) = (&made.manifest, super::stdout());
    writeln!(out, "backup {}", manifest.id)?;
    writeln!(out, "  rows as of {}: {}", Timestamp(manifest.picture_at_us), count(rows(manifest), "row"))?;
    writeln!(
        out,
        "  {} ({}), of these new {} ({})",
        count(manifest.objects.list.lines, "object"),
        size(manifest.objects.bytes),
        made.new_objects,
        size(made.new_bytes)
    )?;
    if manifest.objects.deleted > 0 {
        let deleted = count(manifest.objects.deleted, "object");
        writeln!(out, "  {deleted} of uploads that were deleted meanwhile, restored as deleted")?;
    }
    if manifest.objects.lost > 0 {
        let lost = count(manifest.objects.lost, "object");
        writeln!(out, "  {lost} that rows name are missing or damaged in the store")?;
        for key in &made.lost {
            writeln!(out, "  lost: `{key}`")?;
        }
        writeln!(out, "  `csvp fsck --deep` says of each what is wrong and what to do")?;
    }
    writeln!(out, "  took {secs:.1} s")?;
    Ok(out.flush()?)
}

fn made_json(made: &Made, secs: f64) -> serde_json::Value {
    let mut json = manifest_json(&made.manifest);
    json["new_objects"] = made.new_objects.into();
    json["new_bytes"] = made.new_bytes.into();
    json["lost"] = made.lost.clone().into();
    json["took_secs"] = secs.into();
    json
}

fn manifest_json(manifest: &Manifest) -> serde_json::Value {
    json!({
        "backup": manifest.id,
        "picture_at": Timestamp(manifest.picture_at_us),
        "program": manifest.program,
        "database": manifest.database,
        "schema": manifest.schema.last(),
        "rows": rows(manifest),
        "objects": manifest.objects.list.lines,
        "bytes": manifest.objects.bytes,
        "deleted_objects": manifest.objects.deleted,
        "lost_objects": manifest.objects.lost,
    })
}

fn rows(manifest: &Manifest) -> u64 {
    manifest.tables.iter().map(|table| table.rows.lines).sum()
}

fn list(args: &ListBackupsArgs) -> anyhow::Result<Outcome> {
    let config = store::config(&args.store)?;
    let entries = store::runtime()?.block_on(async {
        let place = operate::place_to_read(&config, args.target.as_deref()).await?;
        operate::backups(&place).await
    });
    let entries = entries.map_err(|error| with_hints(error.hints(), error))?;
    let mut out = super::stdout();
    for entry in &entries {
        match &entry.manifest {
            Ok(manifest) if args.json => writeln!(out, "{}", manifest_json(manifest))?,
            Ok(manifest) => writeln!(
                out,
                "{}  {}  {}, {} ({})",
                entry.id,
                Timestamp(manifest.picture_at_us),
                count(rows(manifest), "row"),
                count(manifest.objects.list.lines, "object"),
                size(manifest.objects.bytes)
            )?,
            Err(error) if args.json => {
                writeln!(out, "{}", json!({ "backup": entry.id, "error": error.to_string() }))?;
            }
            Err(error) => writeln!(out, "{}  {error}", entry.id)?,
        }
    }
    if entries.is_empty() && !args.json {
        writeln!(out, "no backup is complete")?;
    }
    out.flush()?;
    let all_known = entries.iter().all(|entry| entry.manifest.is_ok());
    Ok(if all_known { Outcome::Done } else { Outcome::Problems })
}

fn verify(args: &VerifyBackupArgs) -> anyhow::Result<Outcome> {
    let config = store::config(&args.store)?;
    let verified = store::runtime()?.block_on(async {
        let place = operate::place_to_read(&config, args.target.as_deref()).await?;
        if !args.repair {
            return operate::verify(&place, args.backup).await;
        }
        let place = operate::place_to_write(&config, args.target.as_deref()).await?;
        operate::repair_backup(&place, args.backup).await
    });
    match verified {
        Ok(verified) => {
            if args.json {
                print_json(&verified_json(&verified))?;
            } else {
                tell_verified(&verified)?;
            }
            Ok(if verified.fault_count > 0 { Outcome::Problems } else { Outcome::Done })
        }
        // The manifest itself is damaged, or what says that there are backups: that is what was asked for.
        Err(OperateError::Backup(error @ BackupError::Damaged { .. })) => {
            let hints = error.hints();
            let BackupError::Damaged { file, what } = error else { return Ok(Outcome::Problems) };
            let mut out = super::stdout();
            if args.json {
                let faults = json!([{ "file": file, "what": what }]);
                writeln!(out, "{}", json!({ "fault_count": 1, "faults": faults }))?;
            } else {
                writeln!(out, "damaged: `{file}` {what}")?;
                hints.iter().try_for_each(|hint| writeln!(out, "  hint: {hint}"))?;
            }
            out.flush()?;
            Ok(Outcome::Problems)
        }
        Err(error) => Err(with_hints(error.hints(), error)),
    }
}

fn tell_verified(verified: &Verified) -> anyhow::Result<()> {
    let mut out = super::stdout();
    for fault in &verified.faults {
        writeln!(out, "damaged: `{}` {}", fault.file, fault.what)?;
    }
    let named = verified.faults.len() as u64;
    if verified.fault_count > named {
        writeln!(out, "and {} more", verified.fault_count - named)?;
    }
    let (id, read) = (verified.manifest.id, size(verified.bytes));
    if verified.fault_count == 0 {
        let (rows, contents) = (count(verified.rows, "row"), count(verified.contents, "content"));
        writeln!(out, "backup {id} is whole: {rows}, {contents} of objects ({read}) read and compared")?;
    } else {
        writeln!(out, "backup {id} is damaged: {}", count(verified.fault_count, "fault"))?;
    }
    if verified.removed > 0 {
        let removed = count(verified.removed, "content");
        writeln!(out, "{removed} removed; the next backup copies from the store what it still has of them")?;
    }
    if verified.manifest.objects.lost > 0 {
        let lost = count(verified.manifest.objects.lost, "object");
        writeln!(out, "  {lost} the store had lost before it was made: they are not in it")?;
    }
    Ok(out.flush()?)
}

fn verified_json(verified: &Verified) -> serde_json::Value {
    let faults: Vec<_> =
        verified.faults.iter().map(|fault| json!({ "file": fault.file, "what": fault.what })).collect();
    json!({
        "backup": verified.manifest.id,
        "rows": verified.rows,
        "contents": verified.contents,
        "bytes": verified.bytes,
        "lost_objects": verified.manifest.objects.lost,
        "fault_count": verified.fault_count,
        "removed": verified.removed,
        "faults": faults,
    })
}

fn prune(args: &PruneBackupsArgs) -> anyhow::Result<Outcome> {
    let config = store::config(&args.store)?;
    let pruned = store::runtime()?.block_on(async {
        // A mistyped directory must not be made.
        operate::place_to_read(&config, args.target.as_deref()).await?;
        let place = operate::place_to_write(&config, args.target.as_deref()).await?;
        operate::prune(&place, usize::try_from(args.keep).unwrap_or(usize::MAX)).await
    });
    let pruned = pruned.map_err(|error| with_hints(error.hints(), error))?;
    if args.json {
        print_json(&json!({
            "removed": pruned.backups,
            "kept": pruned.kept,
            "contents_removed": pruned.contents,
            "bytes_removed": pruned.bytes,
        }))?;
    } else {
        let mut out = super::stdout();
        writeln!(
            out,
            "{} removed, {} kept; {} of objects removed ({})",
            count(pruned.backups.len() as u64, "backup"),
            pruned.kept.len(),
            count(pruned.contents, "content"),
            size(pruned.bytes)
        )?;
        out.flush()?;
    }
    Ok(Outcome::Done)
}
