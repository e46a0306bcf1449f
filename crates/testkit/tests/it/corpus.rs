//! Every case whole, in 1-byte chunks and in odd chunks: the same report, and the one that the case states.

use std::collections::BTreeSet;

use csvp_report::ProblemCode;
use csvp_testkit::{corpus::cases, read};

#[test]
fn every_case_reads_as_it_says() {
    let mut failures = Vec::new();
    for case in cases() {
        let whole = match read(case.bytes(), case.settings(), 0) {
            Ok(whole) => whole,
            Err(error) => {
                failures.push(format!("case {}: the engine stopped: {error}", case.name()));
                continue;
            }
        };
        failures.extend(case.check_report(&whole.report).err());
        failures.extend(case.check_records(whole.header.as_deref(), &whole.records).err());
        for chunk in [1, 2, 7, 1_000] {
            let parts = read(case.bytes(), case.settings(), chunk).expect("chunks do not change the outcome");
            if parts != whole {
                failures.push(format!("case {}: chunks of {chunk} bytes read otherwise", case.name()));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn counts_are_reconciled_in_every_case() {
    for case in cases() {
        let counts = &case.expect().counts;
        let skipped = counts.blank + counts.comment + counts.preamble + counts.footer;
        assert_eq!(counts.accepted + counts.rejected + skipped, counts.records, "case {}", case.name());
        assert_eq!(
            counts.accepted + counts.rejected,
            case.expect().records.len() as u64,
            "case {}",
            case.name()
        );
        assert!(!case.about().is_empty(), "case {} does not say why it exists", case.name());
    }
}

#[test]
fn every_problem_code_has_a_case() {
    let seen: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| case.expect().problem.iter().map(|problem| problem.code.clone()))
        .collect();
    let unseen: Vec<&str> =
        ProblemCode::ALL.iter().map(|code| code.as_str()).filter(|code| !seen.contains(*code)).collect();
    assert!(unseen.is_empty(), "no case for {unseen:?}");
}
