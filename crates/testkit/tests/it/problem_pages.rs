//! Each problem code has a page in the reference, each page a code, and the page says what the program says.

use std::collections::BTreeSet;

use csvp_report::ProblemCode;
use csvp_testkit::repository;

fn folder() -> std::path::PathBuf {
    repository().join("docs/reference/problems")
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes: BTreeSet<String> = ProblemCode::ALL.iter().map(|code| code.to_string()).collect();
    let pages: BTreeSet<String> = csvp_testkit::files_under(&folder())
        .iter()
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .filter(|stem| stem != "README")
        .collect();
    assert_eq!(codes, pages);
}

#[test]
fn pages_hold_title_weight_and_fix_of_their_code() {
    for code in ProblemCode::ALL {
        let page = std::fs::read_to_string(folder().join(format!("{code}.md"))).expect("the page can be read");
        let severity = format!("{:?}", code.severity()).to_lowercase();
        for part in [format!("# `{code}`: {}\n", code.title()), format!("Severity: {severity}."), code.fix().to_owned()] {
            assert!(page.contains(&part), "{code}.md lacks {part:?}");
        }
    }
}
