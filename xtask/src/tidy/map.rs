//! Every crate has a line in ARCHITECTURE.md, and every path that the map and its neighbours name exists.

use crate::metadata::Metadata;
use crate::{Fault, Tree};

const MAP: &str = "ARCHITECTURE.md";
/// How a path in a page begins.
const FOLDERS: [&str; 7] = ["crates/", "docs/", "ui/", "tools/", "corpus/", "bench/", "xtask/"];

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> anyhow::Result<Vec<Fault>> {
    let text = tree.text(MAP)?;
    let mut faults = Vec::new();
    for package in metadata.members() {
        let folder =
            package.name.strip_prefix("csvp-").map_or("xtask".to_owned(), |name| format!("crates/{name}"));
        if !text.lines().any(|line| line.starts_with(&format!("| `{folder}` |"))) {
            faults.push(Fault::file(
                MAP,
                format!("expected a line that starts with `| \u{60}{folder}\u{60} |`"),
            ));
        }
    }
    for page in [MAP, "docs/invariants.md", "docs/guides/development-guide.md"] {
        faults.extend(named_paths(tree, page)?);
    }
    Ok(faults)
}

/// Paths in back quotes that do not exist.
fn named_paths(tree: &Tree, page: &str) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for (number, line) in tree.text(page)?.lines().enumerate() {
        for named in line.split('`').skip(1).step_by(2) {
            let is_path = FOLDERS.iter().any(|folder| named.starts_with(folder));
            let path = named.trim_end_matches('/');
            if is_path && !path.contains(['<', '*', '{', ' ']) && !tree.has(path) {
                faults.push(Fault::line(page, number + 1, format!("`{named}` does not exist")));
            }
        }
    }
    Ok(faults)
}
