//! What differs from machine to machine in a text that a snapshot holds.

use std::path::Path;

/// A regular expression and what stands in its place, as `insta` takes them.
pub type Filter = (String, &'static str);

/// Filters for a text that names files in `folder`: the folder, the version of the program, times.
pub fn snapshot_filters(folder: &Path) -> Vec<Filter> {
    let folder = escape(&folder.display().to_string());
    vec![
        (format!("{folder}/?"), "[DIR]/"),
        (format!("csvp {}", escape(env!("CARGO_PKG_VERSION"))), "csvp [VERSION]"),
        (r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}".to_owned(), "[ID]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z".to_owned(), "[MOMENT]"),
        // Names of temporary files.
        (r"\.tmp[A-Za-z0-9]{6}".to_owned(), "[TMP]"),
        (r"\d+(\.\d+)? ?(ms|µs)\b".to_owned(), "[TIME]"),
    ]
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_alphanumeric() && c != '/' && c != '_' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
