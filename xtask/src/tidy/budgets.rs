//! Files stay short: at most 600 lines of code, better 300.

use crate::{Fault, Tree};

/// Lines of code from which a file is refused.
const MOST: usize = 600;
/// Lines of code up to which nobody says anything.
const AIM: usize = 300;

/// Longer files, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[("ui/src/api/schema.d.ts", "made from the OpenAPI document")];

const CODE: [&str; 6] = [".rs", ".ts", ".tsx", ".mjs", ".py", ".sh"];

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for path in tree.paths().filter(|path| CODE.iter().any(|ending| path.ends_with(ending))) {
        let lines = code_lines(&tree.text(path)?);
        let excepted = EXCEPTIONS.iter().any(|(known, _)| *known == path);
        if lines > MOST && !excepted {
            faults.push(Fault::file(path, format!("has {lines} lines of code, at most are {MOST}")));
        } else if lines > AIM && !excepted {
            println!("note: {path} has {lines} lines of code; aim at {AIM}");
        }
    }
    for (path, _) in EXCEPTIONS {
        if !tree.has(path) {
            faults.push(Fault::file(
                "xtask/src/tidy/budgets.rs",
                format!("exception for `{path}`, which does not exist"),
            ));
        }
    }
    Ok(faults)
}

/// Lines that are neither blank nor only a comment.
fn code_lines(text: &str) -> usize {
    let comment = |line: &str| {
        ["//", "#", "*", "/*"].iter().any(|sign| line.starts_with(sign) && !line.starts_with("#["))
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !comment(line)).count()
}

#[cfg(test)]
mod tests {
    use super::code_lines;

    #[test]
    fn comments_and_blank_lines_are_no_code() {
        assert_eq!(code_lines("//! x\n\nfn a() {\n    // why\n    #[x]\n}\n# py\n"), 3);
    }
}
