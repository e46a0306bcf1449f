//! Declared schemas, policies and budgets.

use crate::run;
use csvp_engine::{Budget, ColumnOverride, OnBad, Policy, Settings, TableSchema};
use csvp_report::{Report, Verdict};

const SCHEMA: &str = r#"{
  "fields": [
    {"name": "id", "type": "integer", "constraints": {"unique": true, "minimum": 1}},
    {"name": "mail", "type": "string", "constraints": {"required": true, "pattern": "[^@]+@[^@]+", "maxLength": 20}},
    {"name": "kind", "type": "string", "constraints": {"enum": ["a", "b"]}},
    {"name": "amount", "type": "number", "constraints": {"maximum": 99.5}},
    {"name": "boss", "type": "integer"}
  ],
  "missingValues": ["", "-"],
  "foreignKeys": [{"fields": "boss", "reference": {"resource": "", "fields": "id"}}]
}"#;

const FILE: &[u8] = b"id,mail,kind,amount,boss
1,a@b,a,1.5,-
2,,b,99.50,1
2,c@d,c,99.51,1
0,not a mail,a,-,9
x,very.long.name@example.com,a,1,1
5,ok@ok,-,3,2
";

fn schema() -> TableSchema {
    serde_json::from_str(SCHEMA).unwrap()
}

fn report(policy: Policy) -> Report {
    run(Settings { schema: Some(schema()), policy, ..Settings::default() }, FILE, 5).0
}

/// `record code column value` of each problem.
fn faults(report: &Report) -> Vec<String> {
    let problems = report.problems.first.iter();
    problems
        .map(|problem| {
            let column = problem.position.column.as_ref().map_or("", |column| &column.name);
            let value = problem.value.as_deref().unwrap_or("");
            format!("{} {} {column} {value}", problem.position.record.unwrap_or(0), problem.code)
        })
        .collect()
}

#[test]
fn every_rule_is_checked() {
    let report = report(Policy::default());
    assert_eq!(
        faults(&report),
        [
            "2 value-required mail ",
            "3 value-not-unique id 2",
            "3 value-not-in-enum kind c",
            "3 value-out-of-range amount 99.51",
            "4 value-out-of-range id 0",
            "4 value-pattern mail not a mail",
            "4 value-key-missing boss 9",
            "5 type-mismatch id x",
            "5 value-length mail very.long.name@example.com",
        ]
    );
    assert_eq!((report.counts.accepted, report.counts.rejected), (2, 4));
    assert_eq!(report.verdict, Verdict::Problems);
}

#[test]
fn policies_decide_what_becomes_of_bad_records() {
    let nulled = report(Policy { on_bad: OnBad::Null, ..Policy::default() });
    assert_eq!((nulled.counts.accepted, nulled.counts.repaired, nulled.counts.rejected), (6, 4, 0));
    let failed = report(Policy { on_bad: OnBad::Fail, ..Policy::default() });
    assert_eq!(failed.verdict, Verdict::Refused);
    let within = report(Policy { max_rejects: Some(Budget::Count(4)), ..Policy::default() });
    assert_eq!(within.verdict, Verdict::Problems);
    let beyond = report(Policy { max_rejects: Some(Budget::Percent(50.0)), ..Policy::default() });
    assert_eq!(beyond.verdict, Verdict::Refused);
}

#[test]
fn a_missing_column_refuses_the_file() {
    let (report, _) =
        run(Settings { schema: Some(schema()), ..Settings::default() }, b"id,mail\n1,a@b\n", 100);
    assert_eq!(report.verdict, Verdict::Refused);
    assert_eq!(report.problems.first[0].message(), "expected column `kind`, found `nothing`");
}

#[test]
fn a_column_can_be_overridden() {
    let columns = vec![ColumnOverride {
        name: "d".to_owned(),
        type_name: "date".to_owned(),
        format: Some("%d/%m/%Y".to_owned()),
    }];
    let (report, _) =
        run(Settings { columns, ..Settings::default() }, b"d,n\n01/02/2024,1\n03/04/2024,2\n", 100);
    assert_eq!(report.columns[0].column_type.to_string(), "date %d/%m/%Y");
    assert!(report.problems.first.is_empty());
    let (report, _) = run(Settings::default(), b"d,n\n01/02/2024,1\n03/04/2024,2\n", 100);
    assert_eq!(faults(&report), ["0 date-ambiguous d "]);
    assert_eq!(report.columns[0].column_type.name(), "text");
}

#[test]
fn a_chosen_number_type_keeps_the_marks_of_the_file() {
    let columns = vec![ColumnOverride { name: "v".to_owned(), type_name: "float".to_owned(), format: None }];
    let file = b"id;v\n1;1,5\n2;2,25\n3;0,125\n";
    let (report, _) = run(Settings { columns, ..Settings::default() }, file, 100);
    assert_eq!((report.counts.accepted, report.columns[1].column_type.name()), (3, "float"));
}

#[test]
fn misuse_is_an_error_with_advice() {
    let error = |settings: Settings| csvp_engine::Check::new(settings).err().unwrap().to_string();
    let encoding = Settings { encoding: Some("klingon".to_owned()), ..Settings::default() };
    assert_eq!(
        error(encoding),
        "encoding `klingon` is not known; expected a name such as `utf-8`, `windows-1252` or `shift_jis`"
    );
    let newline = csvp_engine::detect::DialectHints { delimiter: Some(b"\n".to_vec()), ..Default::default() };
    assert_eq!(
        error(Settings { dialect: newline, ..Settings::default() }),
        "dialect: expected a delimiter of 1 to 8 bytes without line ends, found `\\n`"
    );
    let mut pattern = schema();
    pattern.fields[1].constraints.pattern = Some("a)|(b".to_owned());
    let text = error(Settings { schema: Some(pattern), ..Settings::default() });
    assert_eq!(text, "field `mail`: has the pattern `a)|(b`, which cannot be used: unopened group");
    let mut bad = schema();
    bad.fields[0].type_name = "int".to_owned();
    let bad = Settings { schema: Some(bad), ..Settings::default() };
    assert_eq!(error(bad), "field `id`: has the type `int`, which Table Schema does not know");
}

#[test]
fn a_declared_float_takes_numbers_in_any_writing() {
    let columns = vec![ColumnOverride { name: "x".into(), type_name: "float".into(), format: None }];
    let file = b"id,x\n1,1\n2,2.50\n3,1E3\n4,1e3\n5,.5\n6,word\n";
    let (report, _) = run(Settings { columns, ..Settings::default() }, file, 7);
    assert_eq!(faults(&report), ["5 type-mismatch x .5", "6 type-mismatch x word"]);
    assert_eq!(report.columns[1].column_type.name(), "float");
}
