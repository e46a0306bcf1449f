//! `csvp count`: how many records a file has.

use std::io::Write;

use csvp_engine::Counted;
use serde_json::json;

use super::{print_json, stdout};
use crate::Outcome;
use crate::args::CountArgs;
use crate::input::Input;
use crate::render::{self, text::count};

pub(crate) fn run(args: &CountArgs) -> anyhow::Result<Outcome> {
    let mut input = Input::open(&args.file)?;
    let counted = input.count(crate::settings::settings(&args.reading)?)?;
    let name = input.name();
    if let Some(problem) = &counted.refused {
        anyhow::bail!("{name}: {}", problem.message());
    }
    if let Some(byte) = counted.damaged {
        anyhow::bail!(
            "{name}: compressed data is damaged or cut behind {byte} bytes of text; see `csvp check`"
        );
    }
    let records = counted.data_records + counted.skipped.total();
    render::guesses::say(&counted.encoding, &counted.dialect, records, &name)?;
    if args.json {
        print_json(&json!({
            "name": name,
            "data_records": counted.data_records,
            "header_rows": counted.header_rows,
            "skipped": counted.skipped,
        }))?;
        return Ok(Outcome::Done);
    }
    let mut out = stdout();
    // Nothing but the number, as scripts want it.
    writeln!(out, "{}", counted.data_records)?;
    out.flush()?;
    if let Some(note) = not_counted(&counted) {
        writeln!(std::io::stderr(), "note: not counted in `{name}`: {note}")?;
    }
    Ok(Outcome::Done)
}

/// What stands in the file beside its header and data.
fn not_counted(counted: &Counted) -> Option<String> {
    let skipped = &counted.skipped;
    let kinds = [
        (skipped.preamble, "preamble line"),
        (skipped.blank, "blank line"),
        (skipped.comment, "comment"),
        (skipped.footer, "footer row"),
    ];
    let found: Vec<String> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(*n, noun)).collect();
    (!found.is_empty()).then(|| found.join(", "))
}
