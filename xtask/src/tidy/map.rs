//! Every crate has a line in ARCHITECTURE.md, and every folder that the map names exists.

use crate::metadata::Metadata;
use crate::{Fault, Tree};

const MAP: &str = "ARCHITECTURE.md";

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
    for (number, line) in text.lines().enumerate() {
        for named in line.split('`').skip(1).step_by(2) {
            let is_path = ["crates/", "docs/", "ui/", "tools/", "corpus/", "bench/"]
                .iter()
                .any(|at| named.starts_with(at));
            let path = named.trim_end_matches('/');
            if is_path && !path.contains(['<', '*', '{', ' ']) && !tree.has(path) {
                faults.push(Fault::line(MAP, number + 1, format!("`{named}` does not exist")));
            }
        }
    }
    Ok(faults)
}
