//! Words that must not land: unfinished work, tests that do not run, waiting by the clock in tests.

use crate::{Fault, Tree};

const CODE: [&str; 8] = [".rs", ".ts", ".tsx", ".mjs", ".py", ".sh", ".css", "Makefile"];

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let me = file!();
    for path in tree.paths().filter(|path| CODE.iter().any(|ending| path.ends_with(ending))) {
        if path == me {
            continue;
        }
        let text = tree.text(path)?;
        let mut in_tests = path.contains("/tests/") || path.ends_with("/tests.rs");
        for (number, line) in text.lines().enumerate() {
            in_tests |= line.trim() == "#[cfg(test)]";
            if let Some(word) = ["TODO", "FIXME", "XXX", "HACK"].iter().find(|word| has_word(line, word)) {
                faults.push(Fault::line(
                    path,
                    number + 1,
                    format!("found `{word}`: finish it, or leave it out"),
                ));
            }
            if path.ends_with(".rs") && line.trim_start().starts_with("#[ignore") {
                faults.push(Fault::line(path, number + 1, "a test that is ignored shows nothing"));
            }
            if in_tests && line.contains("thread::sleep") {
                faults.push(Fault::line(path, number + 1, "tests do not wait by the clock"));
            }
        }
    }
    Ok(faults)
}

fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(part_of_name) && !line[at + word.len()..].starts_with(part_of_name)
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn only_whole_words_count() {
        assert!(has_word("// AB: x", "AB") && has_word("AB", "AB"));
        assert!(!has_word("ABC", "AB") && !has_word("x_AB", "AB"));
    }
}
