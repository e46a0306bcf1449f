//! The table of the engine's limits, read from the source: names and meaning from the struct, values from its default.
//!
//! Read and not compiled, so that this tool does not depend on the engine. What it cannot read is an error.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use crate::Tree;

const SOURCE: &str = "crates/engine/src/limits.rs";

const HEAD: &str = "\
# Limits

Every cap of the engine with its default. Made by `cargo xtask codegen` from `crates/engine/src/limits.rs`; do not edit.
Limits of the service (size of an upload, disk, time) are settings: see [configuration](configuration.md).

| limit | default | meaning |
|---|---|---|
";

/// `docs/reference/limits.md`.
pub(super) fn page(tree: &Tree) -> anyhow::Result<String> {
    let source = tree.text(SOURCE)?;
    let values = defaults(&source)?;
    let mut page = HEAD.to_owned();
    for (name, doc) in fields(&source) {
        let value = values.get(name).with_context(|| format!("{SOURCE}: no default of `{name}`"))?;
        page.push_str(&format!("| `{name}` | {} | {doc} |\n", shown(name, *value)));
    }
    if page == HEAD {
        bail!("{SOURCE}: found no limit");
    }
    Ok(page)
}

/// Public fields with their documentation, in order.
fn fields(source: &str) -> Vec<(&str, String)> {
    let mut fields = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if line.starts_with("#[") {
            continue;
        } else {
            if let Some((name, _)) = line.strip_prefix("pub ").and_then(|field| field.split_once(": ")) {
                fields.push((name, doc.join(" ")));
            }
            doc.clear();
        }
    }
    fields
}

/// Values behind `fn default`: `8 << 20` or `16_384`.
fn defaults(source: &str) -> anyhow::Result<BTreeMap<&str, u64>> {
    let (_, body) =
        source.split_once("fn default()").with_context(|| format!("{SOURCE}: no `fn default()`"))?;
    let mut values = BTreeMap::new();
    for line in body.lines().map(str::trim) {
        if let Some((name, value)) = line.strip_suffix(',').and_then(|line| line.split_once(": ")) {
            values.insert(name, number(value).with_context(|| format!("{SOURCE}: `{name}: {value}`"))?);
        }
    }
    Ok(values)
}

fn number(text: &str) -> anyhow::Result<u64> {
    let plain = |text: &str| {
        text.trim().replace('_', "").parse::<u64>().context("expected a number, or one shifted by another")
    };
    match text.split_once("<<") {
        Some((base, bits)) => Ok(plain(base)? << plain(bits)?),
        None => plain(text),
    }
}

fn shown(name: &str, value: u64) -> String {
    if !name.contains("bytes") {
        return value.to_string();
    }
    let unit = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .find(|(bits, _)| value >= 1 << bits && value.is_multiple_of(1 << bits));
    unit.map_or_else(|| format!("{value} bytes"), |(bits, unit)| format!("{} {unit}", value >> bits))
}

#[cfg(test)]
mod tests {
    use super::{defaults, fields, number, shown};

    #[test]
    fn limits_are_read_from_source() {
        let source = "pub struct L {\n    /// A\n    /// b.\n    pub a_bytes: usize,\n}\nfn default() -> Self {\n    Self {\n        a_bytes: 8 << 20,\n    }\n}\n";
        assert_eq!(fields(source), [("a_bytes", "A b.".to_owned())]);
        assert_eq!(defaults(source).unwrap().get("a_bytes"), Some(&(8 << 20)));
        assert!(number("x").is_err() && number("1 + 1").is_err());
        assert_eq!((shown("a_bytes", 8 << 20), shown("n", 1024)), ("8 MiB".to_owned(), "1024".to_owned()));
    }
}
