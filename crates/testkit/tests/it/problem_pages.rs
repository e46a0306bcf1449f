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
        let page =
            std::fs::read_to_string(folder().join(format!("{code}.md"))).expect("the page can be read");
        let severity = format!("{:?}", code.severity()).to_lowercase();
        for part in [
            format!("# `{code}`: {}\n", code.title()),
            format!("Severity: {severity}."),
            code.fix().to_owned(),
        ] {
            assert!(page.contains(&part), "{code}.md lacks {part:?}");
        }
    }
}

/// Messages that the corpus gives for a code.
fn messages(code: ProblemCode) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for case in csvp_testkit::corpus::cases() {
        if case.expect().problem.iter().any(|problem| problem.code == code.as_str()) {
            let reading = csvp_testkit::read(case.bytes(), case.settings(), 0).expect("the case can be read");
            let of_code = reading.report.problems.first.iter().filter(|problem| problem.code == code);
            found.extend(of_code.map(csvp_report::Problem::message));
        }
    }
    found
}

/// The text of the page's block of this kind.
fn block<'a>(page: &'a str, kind: &str) -> Option<&'a str> {
    let start = page.find(&format!("```{kind}\n"))? + kind.len() + 4;
    Some(&page[start..start + page[start..].find("```")?])
}

#[test]
fn messages_on_the_pages_are_those_of_the_program() {
    for code in ProblemCode::ALL {
        let page =
            std::fs::read_to_string(folder().join(format!("{code}.md"))).expect("the page can be read");
        if let Some(message) = block(&page, "text") {
            let known = messages(*code);
            assert!(
                known.contains(message.trim_end()),
                "{code}.md says {message:?}, the program says {known:?}"
            );
        }
    }
}

#[test]
fn examples_on_the_pages_show_their_problem() {
    for code in ProblemCode::ALL {
        let page =
            std::fs::read_to_string(folder().join(format!("{code}.md"))).expect("the page can be read");
        // The example of a missing column needs its schema.
        let Some(example) = block(&page, "csv").filter(|_| *code != ProblemCode::HeaderMismatch) else {
            continue;
        };
        let reading =
            csvp_testkit::read(example.as_bytes(), Default::default(), 0).expect("the example can be read");
        let codes: Vec<ProblemCode> =
            reading.report.problems.first.iter().map(|problem| problem.code).collect();
        assert_eq!(codes.first(), Some(code), "{code}.md: {codes:?}");
        if let Some(message) = block(&page, "text") {
            assert_eq!(reading.report.problems.first[0].message(), message.trim_end(), "{code}.md");
        }
    }
}
