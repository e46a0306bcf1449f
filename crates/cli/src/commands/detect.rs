//! `csvp detect`: how a file is written, and why that is believed.

use std::io::Write;

use anyhow::Context;
use csvp_engine::{Sniff, Sniffed};
use serde_json::json;

use super::{print_json, stdout};
use crate::Outcome;
use crate::args::DetectArgs;
use crate::input::Input;
use crate::render::guesses::SURE;
use crate::render::text::{count, name_of_delimiter, visible};

pub(crate) fn run(args: &DetectArgs) -> anyhow::Result<Outcome> {
    let mut input = Input::open(&args.file)?;
    let mut sniff = Sniff::new(crate::settings::settings(&args.reading)?)?;
    let mut enough = false;
    input.until_enough(|bytes| {
        enough = sniff.push(bytes)?;
        Ok(!enough)
    })?;
    let found = sniff.finish(!enough).with_context(|| format!("cannot process `{}`", input.name()))?;
    if let Some(problem) = &found.refused {
        anyhow::bail!("{}: {}", input.name(), problem.message());
    }
    if args.json {
        print_json(&json!({
            "encoding": found.encoding,
            "dialect": found.dialect,
            "header": found.header,
            "header_rows": found.dialect.header_rows,
            "confidence": found.dialect.confidence,
            "sure": found.dialect.confidence >= SURE && found.encoding.confidence >= SURE,
            "evidence": found.dialect.evidence,
        }))?;
    } else {
        print(&found)?;
    }
    Ok(Outcome::Done)
}

fn print(found: &Sniffed) -> anyhow::Result<()> {
    let mut out = stdout();
    let (encoding, dialect) = (&found.encoding, &found.dialect);
    let mark = if encoding.bom { ", with byte order mark" } else { "" };
    let sure = if encoding.confidence < SURE { ", unsure: check its letters, or name it" } else { "" };
    writeln!(out, "encoding    {}{mark} ({}{sure})", encoding.name, encoding.source)?;
    writeln!(out, "delimiter   {}", name_of_delimiter(&dialect.delimiter))?;
    let or_none = |text: &Option<String>| text.as_deref().map_or("none".to_owned(), visible);
    writeln!(out, "quote       {}", or_none(&dialect.quote))?;
    writeln!(out, "escape      {}", dialect.escape.as_deref().map_or("doubled quotes".to_owned(), visible))?;
    writeln!(out, "comment     {}", or_none(&dialect.comment))?;
    writeln!(out, "preamble    {}", count(dialect.preamble_rows, "line"))?;
    writeln!(out, "header      {}", count(dialect.header_rows, "row"))?;
    let sure = if dialect.confidence < SURE { " (unsure: check it, or name the delimiter)" } else { "" };
    writeln!(out, "confidence  {:.0} %{sure}", dialect.confidence * 100.0)?;
    for sentence in &dialect.evidence {
        writeln!(out, "  {sentence}")?;
    }
    if dialect.candidates.len() > 1 {
        writeln!(out, "candidates")?;
        for candidate in &dialect.candidates {
            let quote = candidate
                .quote
                .as_deref()
                .map_or("no quote".to_owned(), |quote| format!("quote {}", visible(quote)));
            writeln!(
                out,
                "  {:<12} {quote:<10} {:.3}",
                name_of_delimiter(&candidate.delimiter),
                candidate.score
            )?;
        }
    }
    out.flush()?;
    Ok(())
}
