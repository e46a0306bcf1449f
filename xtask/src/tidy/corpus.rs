//! Every corpus case has what it needs: one input, and `case.toml` with what the case is about and what is expected.

use std::collections::BTreeMap;

use crate::{Fault, Tree};

pub(super) fn check(tree: &Tree) -> anyhow::Result<Vec<Fault>> {
    let mut cases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut faults = Vec::new();
    for path in tree.under("corpus/", "") {
        match path["corpus/".len()..].split_once('/') {
            Some((case, file)) => cases.entry(case).or_default().push(file),
            None if path == "corpus/README.md" => {}
            None => faults.push(Fault::file(path, "expected a folder for each case, found a file")),
        }
    }
    for (case, files) in cases {
        let folder = format!("corpus/{case}");
        let inputs = files.iter().filter(|file| file.starts_with("input.")).count();
        if inputs != 1 {
            faults.push(Fault::file(&folder, format!("expected one `input.*`, found {inputs}")));
        }
        if !case.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            faults.push(Fault::file(&folder, "expected a name of lower case letters, digits and hyphens"));
        }
        if files.contains(&"case.toml") {
            let path = format!("{folder}/case.toml");
            faults.extend(described(&tree.text(&path)?).err().map(|message| Fault::file(&path, message)));
        } else {
            faults.push(Fault::file(&folder, "expected `case.toml`"));
        }
    }
    Ok(faults)
}

fn described(text: &str) -> Result<(), String> {
    let case: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let about = case.get("about").and_then(toml::Value::as_str).unwrap_or_default();
    if about.is_empty() {
        return Err("expected `about`, a sentence".to_owned());
    }
    match case.get("expect").and_then(toml::Value::as_table) {
        Some(expect) if !expect.is_empty() => Ok(()),
        _ => Err("expected a section `expect`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn a_case_says_what_it_is_about_and_what_is_expected() {
        assert_eq!(described("about = 'Two records.'\n[expect]\nrecords = 2\n"), Ok(()));
        assert!(described("[expect]\nrecords = 2\n").is_err());
        assert!(described("about = 'Two records.'\n[expect]\n").is_err());
        assert!(described("about = ").is_err());
    }
}
