//! Problems and their places.

use crate::check;
use csvp_report::Problem;

/// `code record line byte [column line byte]` of each problem.
fn places(input: &[u8]) -> Vec<String> {
    let place = |problem: &Problem| {
        let at = &problem.position;
        let record = at.record.map_or("-".to_owned(), |record| record.to_string());
        let column = at.column.as_ref().map_or(String::new(), |column| {
            let number = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
            format!(" {}:{}@{}", column.name, number(column.line), number(column.byte))
        });
        format!("{} {record} {} {}{column}", problem.code, at.line, at.byte)
    };
    check(input).problems.first.iter().map(place).collect()
}

#[test]
fn line_is_not_record() {
    let input = b"id,\xc3\xbcoe\xc3\xa9\xc3\xa8\xc3\xa0,n\n1,\"a\nb\",2\n2,c,3,4\n3,\"x\ny\",\xff5\n";
    assert_eq!(places(input), ["field-count 2 4 26", "encoding-invalid 3 5 34 n:6@42"]);
}

#[test]
fn type_exceptions_are_found_where_they_are() {
    let mut input = b"id,price\n".to_vec();
    for n in 0..300 {
        input.extend_from_slice(
            if n == 100 { b"7,free\n".to_vec() } else { format!("{n},1.50\n").into_bytes() }.as_slice(),
        );
    }
    let at = input.windows(6).position(|window| window == b"7,free").unwrap();
    assert_eq!(places(&input), [format!("type-mismatch 101 102 {at} price:102@{}", at + 2)]);
    let report = check(&input);
    assert_eq!((report.counts.accepted, report.counts.rejected), (299, 1));
    assert_eq!(report.problems.first[0].message(), "expected decimal(3,2), found `free`");
}

#[test]
fn offsets_count_bytes_of_the_source() {
    let text = "näme,b\nä,\"1\"x\n";
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let settings = csvp_engine::Settings {
        encoding: Some("windows-1252".to_owned()),
        ..csvp_engine::Settings::default()
    };
    let (report, _) = crate::run(settings, &latin, 3);
    let byte = report.problems.first[0].position.column.as_ref().unwrap().byte;
    assert_eq!(byte, Some(latin.iter().position(|&b| b == b'x').unwrap() as u64 - 1 - 2));
}

#[test]
fn footers_and_blank_lines_are_skipped_not_lost() {
    let report = check(b"name,qty,price\na,1,2.50\n\nb,2,3.50\nc,3,4.50\nTotal,,10.50\n");
    assert_eq!(report.counts.records, 5);
    assert_eq!(
        (report.counts.accepted, report.counts.skipped.blank, report.counts.skipped.footer),
        (3, 1, 1)
    );
}

#[test]
fn an_empty_file_says_so() {
    let report = check(b"");
    assert_eq!(report.problems.first[0].code.as_str(), "file-empty");
    assert_eq!((report.counts.records, report.columns.len()), (0, 0));
}

#[test]
fn a_picture_is_refused() {
    let report = check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    assert_eq!(report.verdict, csvp_report::Verdict::Refused);
    assert_eq!(report.problems.first[0].message(), "expected delimited text, found a PNG image");
}

#[test]
fn later_records_may_contradict_the_first_part() {
    let codes = |bytes: &[u8]| -> Vec<String> {
        let limits = csvp_engine::Limits { detect_bytes: 1_000, ..csvp_engine::Limits::default() };
        let settings = csvp_engine::Settings { limits, ..csvp_engine::Settings::default() };
        let report = crate::run(settings, bytes, 100).0;
        report
            .problems
            .first
            .iter()
            .filter(|p| p.position.record.is_none())
            .map(|p| p.code.to_string())
            .collect()
    };
    let commas = "id,name\n".to_owned() + &"1,a\n".repeat(400);
    let later = [commas.as_bytes(), b"2,Jos\xe9\n".repeat(3).as_slice()].concat();
    assert_eq!(codes(&later), ["encoding-contradicted"]);
    assert_eq!(codes(format!("{commas}{}", "3;b\n".repeat(400)).as_bytes()), ["dialect-contradicted"]);
    assert!(codes(commas.as_bytes()).is_empty());
}
