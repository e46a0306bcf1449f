//! Fragments of the changelog: `changelog.d/<what>.<kind>.md`, one or more sentences for users.

use crate::{Fault, Tree};

const FOLDER: &str = "changelog.d/";
const KINDS: [&str; 6] = ["added", "changed", "deprecated", "removed", "fixed", "security"];

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for path in tree.under(FOLDER, "").filter(|path| *path != "changelog.d/README.md") {
        let name = path[FOLDER.len()..].strip_suffix(".md").unwrap_or_default();
        let kind = name.rsplit_once('.').map(|(_, kind)| kind);
        if !kind.is_some_and(|kind| KINDS.contains(&kind)) {
            faults.push(Fault::file(
                path,
                format!("expected a name `<what>.<kind>.md`, kind one of {}", KINDS.join(", ")),
            ));
        }
        if !tree.text(path)?.trim_end().ends_with('.') {
            faults.push(Fault::file(path, "expected whole sentences"));
        }
    }
    Ok(faults)
}
