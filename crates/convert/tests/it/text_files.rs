//! The text outputs, byte for byte.

use csvp_convert::FileKind;
use csvp_engine::Settings;
use csvp_engine::detect::DialectHints;
use serde_json::json;

use crate::support::convert;

/// 200 good records around bad ones, so that the type of each column is clear.
fn with_bad_records() -> String {
    let mut text = "id,amount,note\n".to_owned();
    for id in 1..=100 {
        text.push_str(&format!("{id},{id}.50,fine\n"));
    }
    text.push_str("101,abc,\"first\nsecond\"\n102,1.00,x,more,\"a,b\"\n");
    for id in 103..=202 {
        text.push_str(&format!("{id},{id}.50,\n"));
    }
    text
}

#[test]
fn rejected_records_come_back_in_full() {
    let written = convert(with_bad_records().as_bytes(), Settings::default());
    assert_eq!((written.report.counts.accepted, written.report.counts.rejected), (200, 2));
    let rejects = written.text(FileKind::Rejects);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(rejects.as_bytes());
    let rows: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    let expected = "csvp_record,csvp_line,csvp_byte,csvp_codes,csvp_messages,id,amount,note,csvp_extra";
    assert_eq!(rows[0], expected.split(',').collect::<Vec<_>>());
    assert_eq!(rows.len(), 3);
    let (first, second) = (&rows[1], &rows[2]);
    assert_eq!((&first[0][..], &first[1][..], &first[3][..]), ("101", "102", "type-mismatch"));
    assert!(first[4].starts_with("amount: expected decimal(5,2), found `abc`"), "{}", first[4]);
    assert_eq!(first[5..], ["101", "abc", "first\nsecond", ""]);
    // The record before spans two lines.
    assert_eq!((&second[0][..], &second[1][..], &second[3][..]), ("102", "104", "field-count"));
    assert_eq!(second[5..], ["102", "1.00", "x", "more,\"a,b\""]);
    let byte: usize = second[2].parse().unwrap();
    assert!(with_bad_records()[byte..].starts_with("102,1.00"));
}

#[test]
fn short_records_stay_short_until_they_are_corrected() {
    let first = convert(b"a,b,c\n1,2,3\n4\n5,6,7\n8,9,10\n", Settings::default());
    let rejects = first.text(FileKind::Rejects);
    assert!(rejects.ends_with(",4,,,csvp_missing 2\n"), "{rejects}");
    let again = convert(rejects.as_bytes(), Settings::default());
    assert_eq!((again.report.counts.accepted, again.report.counts.rejected), (0, 1));
    let short = again.report.problems.first.iter().find(|p| p.code == csvp_report::ProblemCode::FieldCount);
    assert_eq!(short.map(|problem| problem.message()).unwrap(), "record has 1 field, expected 3");
    assert!(again.text(FileKind::Rejects).ends_with(",4,,,csvp_missing 2\n"), "again and again");
    let corrected = rejects.replace(",4,,,csvp_missing 2", ",4,5,6,");
    assert_eq!(convert(corrected.as_bytes(), Settings::default()).report.counts.accepted, 1);
}

/// A schema for the columns of [`with_bad_records`].
fn schema() -> csvp_engine::TableSchema {
    serde_json::from_value(json!({"fields": [
        {"name": "id", "type": "integer"}, {"name": "amount", "type": "number"}, {"name": "note", "type": "string"}
    ]}))
    .unwrap()
}

#[test]
fn corrected_rejects_are_accepted_as_they_are() {
    let settings = || Settings { schema: Some(schema()), ..Settings::default() };
    let first = convert(with_bad_records().as_bytes(), settings());
    let rejects = first.text(FileKind::Rejects);

    // Uncorrected, the same records are rejected for the same reasons, and nothing of them is lost.
    let again = convert(rejects.as_bytes(), settings());
    assert_eq!((again.report.counts.accepted, again.report.counts.rejected), (0, 2));
    let cells = |text: &str, from: usize| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader
            .records()
            .map(|record| record.unwrap().iter().skip(from).map(str::to_owned).collect())
            .collect()
    };
    assert_eq!(cells(again.text(FileKind::Rejects), 5), cells(rejects, 5));
    assert_eq!(cells(again.text(FileKind::Rejects), 3)[1][0], "type-mismatch");
    assert_eq!(cells(again.text(FileKind::Rejects), 3)[2][0], "field-count");
    // Places are those in the file that was sent.
    let problem = &again.report.problems.first[0];
    let column = problem.position.column.as_ref().unwrap();
    assert_eq!((column.number, &column.name[..], problem.position.line), (2, "amount", 2));
    assert!(rejects[column.byte.unwrap() as usize..].starts_with("abc,"));
    assert!(rejects[problem.position.byte as usize..].starts_with("101,102,"));

    let corrected = rejects.replace(",abc,", ",7.50,").replace(",\"more,\"\"a,b\"\"\"", ",");
    for text in [corrected.clone(), corrected.replace(',', ";").replace("; ", ", ")] {
        let clean = convert(text.as_bytes(), settings());
        assert_eq!(clean.report.verdict, csvp_report::Verdict::Clean, "{:?}", clean.report.problems.first);
        assert!(clean.report.dialect.evidence.iter().any(|sentence| sentence.contains("left out")));
        assert_eq!(clean.text(FileKind::Csv), "id,amount,note\n101,7.50,\"first\nsecond\"\n102,1.00,x\n");
        let columns = |written: &crate::support::Written| -> Vec<(u32, String)> {
            written.report.columns.iter().map(|column| (column.number, column.name.clone())).collect()
        };
        assert_eq!(columns(&clean), columns(&first));
        let names = |written: &crate::support::Written| -> Vec<String> {
            written.batch().schema_ref().fields().iter().map(|field| field.name().clone()).collect()
        };
        assert_eq!(names(&clean), names(&first));
    }
}

#[test]
fn the_list_of_problems_is_complete() {
    let written = convert(with_bad_records().as_bytes(), Settings::default());
    let mut reader = csv::Reader::from_reader(written.text(FileKind::Problems).as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len() as u64, written.report.problems.total);
    let row: Vec<&str> = rows[0].iter().collect();
    assert_eq!(row[..3], ["type-mismatch", "error", "101"]);
    assert_eq!(row[5..8], ["2", "amount", "abc"]);
    let byte: usize = row[4].parse().unwrap();
    assert!(with_bad_records()[byte..].starts_with("abc,"));
    // A cell behind a line break has the line on which it stands.
    let text = format!("id,note,amount\n{}2,\"a\nb\",x\n", "1,c,1\n".repeat(200));
    let written = convert(text.as_bytes(), Settings::default());
    let row = written.text(FileKind::Problems).lines().nth(1).unwrap();
    assert!(row.starts_with("type-mismatch,error,201,203,"), "{row}");
}

#[test]
fn clean_csv_is_normalised_and_keeps_the_text() {
    let text = "\u{feff}id;name;date\r\n1;\"Anna; B\";31.12.2023\r\n2;\" x\";\r\n\r\n3;\"say \"\"hi\"\"\";01.01.2024\r\n";
    let written = convert(text.as_bytes(), Settings::default());
    assert_eq!(
        written.text(FileKind::Csv),
        "id,name,date\n1,Anna; B,31.12.2023\n2,\" x\",\n3,\"say \"\"hi\"\"\",01.01.2024\n"
    );
}

#[test]
fn a_single_null_is_no_blank_line() {
    let written = convert(b"a,b\n1,2\n,\n3,4\n", Settings::default());
    assert_eq!(written.text(FileKind::Csv), "a,b\n1,2\n,\n3,4\n");
    let dialect = DialectHints { header_rows: Some(1), ..DialectHints::default() };
    let written = convert(b"name\nx\n\"\"\ny\n", Settings { dialect, ..Settings::default() });
    assert_eq!(written.text(FileKind::Csv), "name\nx\n\"\"\ny\n");
}

#[test]
fn json_loses_no_digit() {
    let text = "id,price,big,flag,day,note\n\
        9007199254740992,1.50,123456789012345.678,yes,31.12.2023,\"a \"\"b\"\"\t\"\n\
        9007199254740993,0.10,0.001,no,,\n";
    let written = convert(text.as_bytes(), Settings::default());
    let lines: Vec<&str> = written.text(FileKind::Ndjson).lines().collect();
    assert_eq!(
        lines[0],
        "{\"id\":9007199254740992,\"price\":1.50,\"big\":\"123456789012345.678\",\"flag\":true,\
         \"day\":\"31.12.2023\",\"note\":\"a \\\"b\\\"\\t\"}"
    );
    let second: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    let expected = json!({
        "id": "9007199254740993", "price": 0.10, "big": "0.001", "flag": false, "day": null, "note": null
    });
    assert_eq!(second, expected);
}

#[test]
fn names_that_the_file_has_are_kept_apart_from_ours() {
    let mut text = "id,csvp_record\n".to_owned();
    (1..=200).for_each(|id| text.push_str(&format!("{id},{id}\n")));
    text.push_str("x,7\n");
    let written = convert(text.as_bytes(), Settings::default());
    let rejects = written.text(FileKind::Rejects);
    let header = rejects.lines().next().unwrap();
    assert_eq!(
        header,
        "csvp_record_2,csvp_line,csvp_byte,csvp_codes,csvp_messages,id,csvp_record,csvp_extra"
    );
    assert!(rejects.lines().nth(1).unwrap().ends_with(",x,7,"));
}

// Bytes that are invalid in the encoding are no data of a clean file, but those of a rejected record come
// back as they are.
#[test]
fn invalid_bytes_are_rejected_and_kept() {
    let mut bytes = b"id,name\n".to_vec();
    (1..=200).for_each(|id| bytes.extend_from_slice(format!("{id},M\u{fc}ller\n").as_bytes()));
    bytes.extend_from_slice(b"201,M\xffller\n");
    let settings = Settings { encoding: Some("utf-8".into()), ..Settings::default() };
    let written = convert(&bytes, settings);
    assert_eq!(written.report.counts.rejected, 1);
    assert!(!written.text(FileKind::Csv).contains("201"));
    assert_eq!(written.batch().num_rows(), 200);
    let rejects = written.bytes(FileKind::Rejects);
    assert!(
        rejects.windows(8).any(|window| window == b"M\xffller,\n"[..8].as_ref()),
        "{}",
        rejects.escape_ascii()
    );
}
