//! Every Rust file is named by a `mod` line: the compiler does not miss a file that nobody names, and a test in it never
//! runs.

use crate::{Fault, Tree};

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for path in tree.under("", ".rs").filter(|path| path.contains("/src/") || path.contains("/tests/")) {
        let Some((parents, name)) = parents(path) else { continue };
        let mut named = false;
        for parent in parents.iter().filter(|parent| tree.has(parent)) {
            named |= names(&tree.text(parent)?, name);
        }
        if !named {
            faults.push(Fault::file(path, format!("expected `mod {name};` in {}", parents.join(" or "))));
        }
    }
    Ok(faults)
}

/// The files that may name this module, and its name; none for a crate root.
fn parents(path: &str) -> Option<(Vec<String>, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    let stem = file.strip_suffix(".rs")?;
    let is_root = (folder.ends_with("/src") && matches!(stem, "lib" | "main"))
        || folder.ends_with("/src/bin")
        || (folder.ends_with("/tests/it") && stem == "main")
        || folder.ends_with("/tests");
    if is_root {
        return None;
    }
    let (folder, name) = if stem == "mod" { folder.rsplit_once('/')? } else { (folder, stem) };
    let mut parents: Vec<String> =
        ["mod", "lib", "main"].iter().map(|root| format!("{folder}/{root}.rs")).collect();
    parents.push(format!("{folder}.rs"));
    Some((parents, name))
}

fn names(text: &str, module: &str) -> bool {
    let wanted = format!("mod {module};");
    text.lines().any(|line| {
        let line = line.trim();
        line.strip_suffix(&*wanted).is_some_and(|before| before.is_empty() || before.ends_with(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::{names, parents};

    #[test]
    fn a_file_is_named_by_its_parent() {
        let check = |path: &str, expected: Option<(&str, &str)>| {
            let found = parents(path);
            let found = found.as_ref().map(|(parents, name)| (parents.join(" "), *name));
            assert_eq!(found, expected.map(|(parents, name)| (parents.to_owned(), name)), "{path}");
        };
        check("a/src/lib.rs", None);
        check("a/tests/it/main.rs", None);
        check("a/src/x.rs", Some(("a/src/mod.rs a/src/lib.rs a/src/main.rs a/src.rs", "x")));
        check("a/src/x/mod.rs", Some(("a/src/mod.rs a/src/lib.rs a/src/main.rs a/src.rs", "x")));
        check("a/src/x/y.rs", Some(("a/src/x/mod.rs a/src/x/lib.rs a/src/x/main.rs a/src/x.rs", "y")));
    }

    #[test]
    fn only_a_whole_mod_line_names_a_module() {
        assert!(
            names("mod x;", "x") && names("    pub(crate) mod x;", "x") && names("#[cfg(test)] mod x;", "x")
        );
        assert!(!names("mod xx;", "x") && !names("mod x {", "x") && !names("amod x;", "x"));
    }
}
