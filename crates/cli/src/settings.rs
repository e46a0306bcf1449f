//! What the typed arguments mean.

use anyhow::{Context, bail};
use csvp_engine::detect::DialectHints;
use csvp_engine::{ColumnOverride, Policy, Settings, TableSchema};

use crate::args::ReadingArgs;

/// The engine's settings for these arguments.
pub(crate) fn settings(args: &ReadingArgs) -> anyhow::Result<Settings> {
    if !(0.5..=1.0).contains(&args.type_threshold) {
        bail!("expected `--type-threshold` from 0.5 to 1, found `{}`", args.type_threshold);
    }
    Ok(Settings {
        encoding: args.encoding.clone(),
        dialect: hints(args)?,
        schema: args.schema.as_deref().map(read_schema).transpose()?,
        columns: args.columns.iter().map(|text| column(text)).collect::<anyhow::Result<_>>()?,
        policy: Policy {
            on_bad: args.on_bad.parse()?,
            max_rejects: args.max_rejects.as_deref().map(str::parse).transpose()?,
            type_threshold: args.type_threshold,
            unusual: args.unusual,
        },
        ..Settings::default()
    })
}

/// Reads a Table Schema.
pub(crate) fn read_schema(path: &std::path::Path) -> anyhow::Result<TableSchema> {
    let text = std::fs::read(path).with_context(|| format!("cannot read the schema `{}`", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("`{}` is no Table Schema", path.display()))
}

fn hints(args: &ReadingArgs) -> anyhow::Result<DialectHints> {
    Ok(DialectHints {
        delimiter: args.delimiter.as_deref().map(delimiter).transpose()?,
        quote: args.quote.as_deref().map(|text| one_byte_or(text, "none", "quote")).transpose()?,
        escape: args.escape.as_deref().map(escape).transpose()?,
        comment: args.comment.as_deref().map(|text| (text != "none").then(|| text.as_bytes().to_vec())),
        preamble_lines: args.preamble_rows,
        header_rows: args.header_rows,
    })
}

fn delimiter(text: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = match text {
        "tab" | "\\t" => b"\t".to_vec(),
        "comma" => b",".to_vec(),
        "semicolon" => b";".to_vec(),
        "pipe" => b"|".to_vec(),
        "space" => b" ".to_vec(),
        other => other.as_bytes().to_vec(),
    };
    if bytes.is_empty() || bytes.len() > 8 || bytes.iter().any(|b| matches!(b, b'\n' | b'\r')) {
        bail!("expected a delimiter of 1 to 8 bytes without line ends, found `{}`", text.escape_debug());
    }
    Ok(bytes)
}

fn escape(text: &str) -> anyhow::Result<Option<u8>> {
    match text {
        "backslash" => Ok(Some(b'\\')),
        other => one_byte_or(other, "doubled", "escape"),
    }
}

fn one_byte_or(text: &str, none: &str, what: &str) -> anyhow::Result<Option<u8>> {
    match text.as_bytes() {
        _ if text == none => Ok(None),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() => Ok(Some(*byte)),
        _ => bail!("expected one character or `{none}` as {what}, found `{}`", text.escape_debug()),
    }
}

/// `NAME=TYPE` or `NAME=TYPE:FORMAT`.
fn column(text: &str) -> anyhow::Result<ColumnOverride> {
    let Some((name, chosen)) = text.rsplit_once('=') else {
        bail!("expected `NAME=TYPE` behind `--column`, found `{text}`");
    };
    let (type_name, format) = match chosen.split_once(':') {
        Some((type_name, format)) => (type_name, Some(format.to_owned())),
        None => (chosen, None),
    };
    Ok(ColumnOverride { name: name.to_owned(), type_name: type_name.to_owned(), format })
}
