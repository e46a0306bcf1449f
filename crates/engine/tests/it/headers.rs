//! Headers and records that do not agree, and quotes that do not quote.

use crate::check;

/// Verdict counts and the codes of all problems.
fn outcome(text: &str) -> (u64, u64, Vec<String>) {
    let report = check(text.as_bytes());
    let codes = report.problems.by_code.iter().map(|code| code.code.to_string()).collect();
    (report.counts.accepted, report.counts.rejected, codes)
}

#[test]
fn surplus_names_are_a_problem_of_the_header() {
    let records = "1,Abbott,Tony\n2,Abel,John\n3,Abetz,Eric\n4,Adams,Dick\n5,Adams,Judith\n";
    let longer = "6,Bowen,Chris,Bowen,Christopher\n";
    let text = format!("id,last_name,first_name,other_last,other_first\n{}{longer}", records.repeat(2));
    assert_eq!(outcome(&text), (10, 1, vec!["field-count".to_owned()]));
    assert_eq!(check(text.as_bytes()).columns.len(), 3);
}

#[test]
fn a_header_of_a_form_above_a_table_does_not_reject_the_table() {
    let form = "site,avalon,,,,day,,,interval,hour\n";
    let (full, short) = ("1,22.5,4.4,9\n", "avg,20.4,10\n");
    let text = format!("{form}{}{}", full.repeat(14), short.repeat(7));
    let report = check(text.as_bytes());
    assert_eq!((report.columns.len(), report.counts.accepted), (4, 14));
}

#[test]
fn short_records_under_a_fitting_header_stay_short() {
    let text = "id,name,city\n1,anna,rome\n2,bert,oslo\n3,carla\n4,dora,bonn\n5,emil\n";
    assert_eq!(outcome(text), (3, 2, vec!["field-count".to_owned()]));
}

#[test]
fn quotes_written_twice_do_not_reject_every_record() {
    let record = "\"\"1\"\",\"\"E ST CATHERINE\"\",\"\"40203\"\"\n";
    let text = format!("\"\"id\"\",\"\"street\"\",\"\"zip\"\"\n{}", record.repeat(8));
    let report = check(text.as_bytes());
    assert_eq!((report.counts.accepted, report.problems.errors), (8, 0));
    assert_eq!(report.dialect.quote, None);
    let empty = "\"a\",\"\",\"b\"\n\"c\",\"\",\"\"\n".repeat(8);
    assert_eq!(
        check(empty.as_bytes()).dialect.quote.as_deref(),
        Some("\""),
        "empty quoted fields are no pairs"
    );
}
