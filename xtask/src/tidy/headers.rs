//! Every Rust file opens with `//!`: what it is for.

use crate::{Fault, Tree};

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for path in tree.under("", ".rs") {
        let text = tree.text(path)?;
        let purpose = text.lines().next().and_then(|line| line.strip_prefix("//!"));
        if purpose.is_none_or(|purpose| purpose.trim().len() < 8) {
            faults.push(Fault::line(path, 1, "expected `//!` and the purpose of the file"));
        }
    }
    Ok(faults)
}
