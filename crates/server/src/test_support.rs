//! For unit tests only.

use std::path::Path;

/// Compares a generated page with the one in the repository. With `UPDATE_PAGES=1` it is written instead.
pub(crate) fn assert_page(path: &str, expected: &str) {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let update = std::env::vars().any(|(name, value)| name == "UPDATE_PAGES" && value == "1");
    if update {
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(&full, expected).unwrap();
    }
    let found = std::fs::read_to_string(&full).unwrap_or_default();
    assert!(
        found == expected,
        "{path} is out of date; run the test with UPDATE_PAGES=1 and read the difference"
    );
}
