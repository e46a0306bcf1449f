//! `csvp restore`: a backup into an empty store.

use std::io::Write;
use std::time::Instant;

use csvp_server::api::Timestamp;
use csvp_server::operate;
use serde_json::json;

use super::{print_json, store};
use crate::Outcome;
use crate::args::RestoreArgs;
use crate::render::error::with_hints;
use crate::render::text::{count, size};

pub(crate) fn run(args: &RestoreArgs) -> anyhow::Result<Outcome> {
    let config = store::config(&args.store)?;
    let begun = Instant::now();
    let restored = store::runtime()?.block_on(async {
        // Looked at first, so that a mistyped path makes no store.
        let place = operate::place_to_read(&config, args.source.as_deref()).await?;
        operate::restore(&config, &place, args.backup).await
    });
    let restored = restored.map_err(|error| with_hints(error.hints(), error))?;
    let (manifest, secs) = (&restored.manifest, begun.elapsed().as_secs_f64());
    if args.json {
        print_json(&json!({
            "backup": manifest.id,
            "picture_at": Timestamp(manifest.picture_at_us),
            "rows": restored.rows,
            "objects": restored.objects,
            "bytes": restored.bytes,
            "deleted_uploads": restored.deleted_uploads,
            "lost_objects": manifest.objects.lost,
            "took_secs": secs,
        }))?;
    } else {
        let mut out = super::stdout();
        writeln!(out, "restored backup {}", manifest.id)?;
        writeln!(out, "  rows as of {}: {}", Timestamp(manifest.picture_at_us), count(restored.rows, "row"))?;
        let objects = count(restored.objects, "object");
        writeln!(out, "  {objects} ({}), each compared with its SHA-256", size(restored.bytes))?;
        if restored.deleted_uploads > 0 {
            let deleted = count(restored.deleted_uploads, "upload");
            writeln!(out, "  {deleted} deleted, as while the backup was made")?;
        }
        if manifest.objects.lost > 0 {
            let lost = count(manifest.objects.lost, "object");
            writeln!(out, "  {lost} the store had lost before the backup was made")?;
        }
        writeln!(out, "  took {secs:.1} s")?;
        out.flush()?;
    }
    Ok(if manifest.objects.lost > 0 { Outcome::Problems } else { Outcome::Done })
}
