//! Files made to cost much: each is read in time that grows with its size, and the counts add up. A reader that is
//! quadratic in any of them does not come back before the test runner ends it.

use crate::run;
use csvp_engine::{Limits, Settings};
use csvp_report::{ProblemCode, Report};

fn check(bytes: &[u8]) -> Report {
    let report = run(Settings::default(), bytes, 1 << 16).0;
    let counts = &report.counts;
    assert_eq!(counts.accepted + counts.rejected + counts.skipped.total(), counts.records);
    report
}

#[test]
fn millions_of_blank_lines() {
    let report = check(&[b"a,b\n1,2\n".as_slice(), &vec![b'\n'; 3_000_000], b"3,4\n"].concat());
    assert_eq!((report.counts.accepted, report.counts.skipped.blank), (2, 3_000_000));
    assert_eq!(report.problems.first.len(), 1_000);
}

#[test]
fn a_line_of_opening_quotes() {
    let line = "\"a,".repeat(300_000);
    check(format!("{line}\n1,2\n").as_bytes());
    check(format!("a,b\n1,2\n{line}\n3,4\n").as_bytes());
}

#[test]
fn many_empty_fields_before_a_damaged_one() {
    check(format!("{},\"a\"b\n1,2\n", ",".repeat(10_000)).as_bytes());
}

#[test]
fn damaged_records_by_the_hundred_thousand() {
    check(format!("a,b\n{}", "\"\"x\n".repeat(300_000)).as_bytes());
    check(format!("a,b\n{}", "1,\"x\n".repeat(300_000)).as_bytes());
}

#[test]
fn narrow_records_below_a_wide_header() {
    let header = (0..16_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let dialect = csvp_engine::detect::DialectHints {
        delimiter: Some(b",".to_vec()),
        preamble_lines: Some(0),
        header_rows: Some(1),
        ..Default::default()
    };
    let file = format!("{header}\n{header}\n{}", "x\n".repeat(20_000));
    let report = run(Settings { dialect, ..Settings::default() }, file.as_bytes(), 1 << 16).0;
    assert_eq!(report.columns.len(), 16_000);
    assert!(report.counts.rejected >= 20_000);
}

#[test]
fn a_record_that_never_ends_behind_a_line_break() {
    let limits = Limits {
        max_record_bytes: 32 << 10,
        block_bytes: 16 << 10,
        detect_bytes: 4 << 10,
        ..Limits::default()
    };
    let endless = "z".repeat(400_000);
    for start in ["\"x\ny\",", "\"ab\nc\"d,", "\"x\n"] {
        let file = format!("a,b\n1,2\n{start}{endless}\n3,4\n");
        let settings = Settings { limits: limits.clone(), ..Settings::default() };
        let (whole, _) = run(settings.clone(), file.as_bytes(), file.len());
        let (pieces, _) = run(settings, file.as_bytes(), 1_000);
        assert_eq!(whole, pieces, "{start:?}");
        assert!(whole.counts.accepted >= 2, "{start:?}: the records around it are read: {:?}", whole.counts);
    }
}

#[test]
fn long_lines_in_other_encodings() {
    let limits = Limits {
        max_record_bytes: 64 << 10,
        block_bytes: 32 << 10,
        detect_bytes: 4 << 10,
        ..Limits::default()
    };
    let text = format!("id,näme\n1,ä\n2,{}\n3,ö\n", "日".repeat(200_000));
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for chunk in [999, wide.len()] {
        let (report, _) = run(Settings { limits: limits.clone(), ..Settings::default() }, &wide, chunk);
        assert_eq!((report.counts.accepted, report.counts.rejected), (2, 1));
        let problem = report
            .problems
            .first
            .iter()
            .find(|problem| problem.code.as_str() == "limit-record-bytes")
            .unwrap();
        assert_eq!(
            (problem.position.record, problem.position.line, problem.position.byte),
            (Some(2), 3, 2 + 2 * 12)
        );
    }
}

#[test]
fn a_header_longer_than_the_sample() {
    let header = (0..2_000).map(|n| format!("column_number_{n}")).collect::<Vec<_>>().join(",");
    let row = vec!["7"; 2_000].join(",");
    let settings =
        Settings { limits: Limits { detect_bytes: 1_000, ..Limits::default() }, ..Settings::default() };
    for chunk in [1, 1 << 16] {
        let (report, _) = run(settings.clone(), format!("{header}\n{row}\n{row}\n").as_bytes(), chunk);
        assert_eq!((report.columns.len(), report.counts.records), (2_000, 2));
    }
}

/// The most problems that were held at once.
#[derive(Default)]
struct Most(usize);

impl csvp_engine::Output for Most {
    fn block(&mut self, block: &csvp_engine::JudgedBlock<'_>) -> std::io::Result<()> {
        self.0 = self.0.max(block.problems().len());
        Ok(())
    }
}

fn most_at_once(settings: Settings, bytes: &[u8]) -> (usize, Report) {
    let mut check = csvp_engine::Check::new(settings).unwrap();
    check.push(bytes).unwrap();
    let plan = check.finish().unwrap().plan;
    let mut second = csvp_engine::Second::new(&plan, Most::default()).unwrap();
    second.push(bytes).unwrap();
    let (report, most) = second.finish().unwrap();
    (most.0, report)
}

#[test]
fn bad_cells_by_the_million_are_not_held_at_once() {
    let columns = ["a", "b"].map(|name| csvp_engine::ColumnOverride {
        name: name.into(),
        type_name: "integer".into(),
        format: None,
    });
    let settings = Settings { columns: columns.to_vec(), ..Settings::default() };
    let file = format!("a,b\n{}", "x,y\n".repeat(500_000));
    let (most, report) = most_at_once(settings, file.as_bytes());
    assert_eq!(report.problems.total, 1_000_000);
    assert!(most <= (1 << 17) + 2, "{most} problems at once");
    let nul = format!("a,b\n1,2\n1,{}\n3,4\n", "\0,".repeat(1_000_000));
    let (most, report) = most_at_once(Settings::default(), nul.as_bytes());
    assert!(most < 10, "{most} problems at once: {:?}", report.problems.by_code);
}

#[test]
fn a_long_column_name_is_said_once() {
    let name = "n".repeat(1 << 20);
    let file = format!("id,{name}\n{}", "1,\0\n".repeat(2_000));
    let dialect = csvp_engine::detect::DialectHints { header_rows: Some(1), ..Default::default() };
    let settings = Settings { dialect, ..Settings::default() };
    let (report, _) = run(settings.clone(), file.as_bytes(), 1 << 16);
    let said = report.problems.by_code.iter().find(|said| said.code == ProblemCode::LimitNameBytes);
    assert_eq!(said.map(|said| said.count), Some(1));
    assert_eq!(report.columns[1].name, "column_2");
    let limits = Limits { max_name_bytes: 1 << 20, ..Limits::default() };
    let (report, _) = run(Settings { limits, ..settings }, file.as_bytes(), 1 << 16);
    assert_eq!(report.problems.first.len(), 1_000);
    let shown = &report.problems.first[0].position.column.as_ref().unwrap().name;
    assert_eq!(shown.chars().count(), 201);
    assert_eq!(report.columns[1].name.len(), 1 << 20);
    let size = serde_json::to_string(&report).unwrap().len();
    assert!(size < 3 << 20, "{size} bytes");
}

#[test]
fn a_record_of_many_lines_and_bad_cells() {
    let names = (0..8_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let record = vec!["\"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\0\""; 8_000].join(",");
    let numbers = vec!["1"; 8_000].join(",");
    let report = check(format!("{names}\n{numbers}\n{record}\n{record}\n{numbers}\n").as_bytes());
    let last = report.problems.by_code.iter().find(|count| count.column == Some(8_000)).unwrap();
    assert_eq!((last.count, report.counts.rejected), (2, 2));
}

#[test]
fn a_footer_behind_a_full_block() {
    let rows = "1,2\n".repeat((1 << 16) + 1);
    for less in 0..4 {
        let file = format!("a,b\n{}{rows}total,131072\n", &rows[less * 4..]);
        let (whole, _) = run(Settings::default(), file.as_bytes(), file.len());
        assert_eq!(whole.counts.skipped.footer, 1);
    }
}
