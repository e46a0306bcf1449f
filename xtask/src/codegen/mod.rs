//! Reference pages made from the code.
//!
//! | page | made from |
//! |---|---|
//! | `docs/reference/cli.md` | what `csvp ... --help` prints |
//! | `docs/reference/limits.md` | `crates/engine/src/limits.rs` |
//!
//! Pages about the server (configuration, HTTP, metrics, OpenAPI) are kept equal to the code by tests of that crate.

mod cli;
mod limits;

use std::path::Path;

use crate::{Fault, Tree};

/// Writes the pages, or says which of them are not what the code says.
pub(crate) fn run(tree: &Tree, check: bool, program: Option<&Path>) -> anyhow::Result<Vec<Fault>> {
    let pages = [
        ("docs/reference/cli.md", cli::page(tree, program)?),
        ("docs/reference/limits.md", limits::page(tree)?),
    ];
    let mut faults = Vec::new();
    for (path, page) in &pages {
        let same = tree.text(path).is_ok_and(|old| old == *page);
        if check && !same {
            faults.push(Fault::file(path, "is not what the code says; run `cargo xtask codegen`"));
        } else if !same {
            tree.write(path, page)?;
            println!("codegen: wrote {path}");
        }
    }
    if check && faults.is_empty() {
        println!("codegen: {} pages are what the code says", pages.len());
    }
    Ok(faults)
}
