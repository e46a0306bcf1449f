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
    assert_eq!(
        error(bad),
        "field `id`: has the type `int`; those of Table Schema are string, number, integer, boolean, object, array, date, time, datetime, year, yearmonth, duration, geopoint, geojson, any"
    );
}

#[test]
fn a_declared_float_takes_numbers_in_any_writing() {
    let columns = vec![ColumnOverride { name: "x".into(), type_name: "float".into(), format: None }];
    let file = b"id,x\n1,1\n2,2.50\n3,1E3\n4,1e3\n5,.5\n6,word\n";
    let (report, _) = run(Settings { columns, ..Settings::default() }, file, 7);
    assert_eq!(faults(&report), ["5 type-mismatch x .5", "6 type-mismatch x word"]);
    assert_eq!(report.columns[1].column_type.name(), "float");
}

fn schema_of(fields: &str) -> TableSchema {
    serde_json::from_str(&format!("{{\"fields\": [{fields}]}}")).unwrap()
}

#[test]
fn types_and_formats_of_table_schema_are_checked() {
    for (field, good, bad) in [
        (r#""type": "string", "format": "email""#, "a@b.c", "a"),
        (r#""type": "string", "format": "uri""#, "http://a", "a"),
        (r#""type": "string", "format": "uuid""#, "0189a3c2-5b1f-7c3e-8D4A-1f2e3d4c5b6a", "0189"),
        (r#""type": "string", "format": "binary""#, "YQ==", "YQ"),
        (r#""type": "object""#, r#""{""a"":1}""#, "a"),
        (r#""type": "array""#, "\"[1,2]\"", "1"),
        (r#""type": "duration""#, "P1D", "1 day"),
        (r#""type": "yearmonth""#, "2024-01", "2024"),
        (r#""type": "year""#, "2024", "24"),
        (r#""type": "geopoint""#, "\"1, 2\"", "1"),
        (r#""type": "geopoint", "format": "array""#, "\"[1, 2]\"", "\"1, 2\""),
        (r#""type": "geojson""#, r#""{""type"":""Point""}""#, "{}"),
        (r#""type": "boolean""#, "True", "yes"),
        (r#""type": "boolean", "trueValues": ["on", "an"], "falseValues": ["off"]"#, "an", "true"),
    ] {
        let schema = schema_of(&format!(r#"{{"name": "id"}}, {{"name": "x", {field}}}"#));
        let file = format!("id,x\n1,{good}\n2,{good}\n3,{bad}\n4,\n");
        let (report, _) = run(Settings { schema: Some(schema), ..Settings::default() }, file.as_bytes(), 9);
        assert_eq!((report.counts.accepted, report.counts.rejected), (3, 1), "{field}");
        assert_eq!(report.problems.first[0].position.record, Some(3), "{field}");
    }
}

#[test]
fn all_words_of_a_boolean_are_taken() {
    let schema = schema_of(
        r#"{"name": "a", "type": "boolean"}, {"name": "b", "type": "boolean", "trueValues": ["y", "Y"], "falseValues": ["n", "N"]}"#,
    );
    let settings = || Settings { schema: Some(schema.clone()), ..Settings::default() };
    let (report, _) = run(settings(), b"a,b\ntrue,y\nTRUE,N\n0,Y\n1,n\n", 5);
    assert_eq!(report.verdict, Verdict::Clean, "{:?}", report.problems.first);
    // One pair alone keeps its texts.
    let (report, _) = run(settings(), b"a,b\nTRUE,Y\nFALSE,N\n", 5);
    let types: Vec<String> = report.columns.iter().map(|column| column.column_type.to_string()).collect();
    assert_eq!(types, ["boolean (TRUE/FALSE)", "boolean (Y/N)"]);
}

#[test]
fn what_cannot_be_checked_is_refused_at_the_start() {
    for (field, fault) in [
        (
            r#""type": "list""#,
            "field `x`: has the type `list`; those of Table Schema are string, number, integer, boolean, object, array, date, time, datetime, year, yearmonth, duration, geopoint, geojson, any",
        ),
        (
            r#""type": "string", "format": "emil""#,
            "field `x`: has the format `emil`; the type `string` has only `default`, `email`, `uri`, `uuid` and `binary` here",
        ),
        (
            r#""type": "integer", "format": "hex""#,
            "field `x`: has the format `hex`; the type `integer` has only `default` here",
        ),
        (
            r#""type": "number", "bareNumber": false"#,
            "field `x`: has numbers that are not bare, which cannot be checked",
        ),
        (
            r#""type": "boolean", "trueValues": ["1"], "falseValues": ["0", "1"]"#,
            "field `x`: the words for true and false must be two different ones, found `1` twice or nothing",
        ),
    ] {
        let schema = Some(schema_of(&format!(r#"{{"name": "x", {field}}}"#)));
        let error = Settings { schema, ..Settings::default() }.validate().unwrap_err();
        assert_eq!(error.to_string(), fault);
    }
    let twice = ["text", "integer"].map(|name| ColumnOverride {
        name: "a".into(),
        type_name: name.into(),
        format: None,
    });
    let error = Settings { columns: twice.to_vec(), ..Settings::default() }.validate().unwrap_err();
    assert_eq!(error.to_string(), "column `a`: is given a type twice");
}

fn check_against(schema: &str, file: &str) -> Vec<String> {
    let schema: TableSchema = serde_json::from_str(schema).unwrap();
    let settings = Settings { schema: Some(schema), ..Settings::default() };
    faults(&run(settings, file.as_bytes(), 1 << 16).0)
}

#[test]
fn unique_keys_are_checked_and_need_no_values() {
    let schema = |keys: &str| {
        format!(
            r#"{{"fields": [{{"name": "a", "type": "integer"}}, {{"name": "b"}}], "uniqueKeys": {keys}}}"#
        )
    };
    let file = "a,b\n1,x\n1,y\n,z\n,z\n2,x\n2,x\n";
    let of_a = ["2 value-not-unique a 1", "6 value-not-unique a 2"];
    assert_eq!(check_against(&schema(r#"[["a"]]"#), file), of_a);
    let of_both = ["4 value-not-unique a ", "6 value-not-unique a 2"];
    assert_eq!(check_against(&schema(r#"[["a", "b"]]"#), file), of_both);
}

#[test]
fn fields_match_says_which_columns_may_differ() {
    let fields = r#"{"name": "a"}, {"name": "b"}, {"name": "c"}"#;
    let check = |how: &str, header: &str| {
        let n = header.split(',').count();
        let file = format!("{header}\n{}\n", vec!["x y"; n].join(","));
        let found = check_against(&format!(r#"{{"fields": [{fields}], "fieldsMatch": {how}}}"#), &file);
        found.iter().filter(|fault| fault.contains("header-mismatch")).count()
    };
    for (how, header, mismatches) in [
        (r#""exact""#, "a,b,c", 0),
        (r#"["exact"]"#, "a,c,b", 2),
        (r#"["equal"]"#, "a,c,b", 0),
        (r#""equal""#, "a,b,c,d", 1),
        (r#""subset""#, "d,c,b,a", 0),
        (r#""subset""#, "a,b,d", 1),
        (r#""superset""#, "c,a", 0),
        (r#""superset""#, "c,d", 1),
        (r#""partial""#, "c,d", 0),
        (r#""partial""#, "d,e", 3),
    ] {
        assert_eq!(check(how, header), mismatches, "{how} {header}");
    }
    let asked = r#"{"fields": [{"name": "a"}, {"name": "b", "constraints": {"required": true}}], "fieldsMatch": "superset"}"#;
    assert_eq!(
        check_against(asked, "a\nx y\n"),
        ["0 header-mismatch  "],
        "a required field may not be lacking"
    );
}

#[test]
fn keys_that_are_not_known_are_refused_by_name() {
    let refused = |schema: &str| -> Option<String> {
        let schema: TableSchema = serde_json::from_str(schema).unwrap();
        Settings { schema: Some(schema), ..Settings::default() }
            .validate()
            .err()
            .map(|error| error.to_string())
    };
    for (schema, key) in [
        (r#"{"fields": [{"name": "a"}], "uniqueKey": [["a"]]}"#, "schema: has the key `uniqueKey`"),
        (r#"{"fields": [{"name": "a", "require": true}]}"#, "field `a`: has the key `require`"),
        (
            r#"{"fields": [{"name": "a", "constraints": {"exclusiveMinimum": 1}}]}"#,
            "field `a`: has the key `exclusiveMinimum`",
        ),
        (r#"{"fields": [{"name": "a", "categories": ["x"]}]}"#, "use the constraint `enum`"),
        (r#"{"fields": [{"name": "a"}], "uniqueKeys": [["b"]]}"#, "names the field `b`"),
    ] {
        let fault = refused(schema).unwrap_or_else(|| panic!("{schema} is taken"));
        assert!(fault.contains(key), "{fault}");
    }
    let for_people = r#"{"$schema": "s", "name": "n", "title": "t", "description": "d", "fields": [
        {"name": "a", "title": "t", "description": "d", "example": "e", "rdfType": "r"}]}"#;
    assert_eq!(refused(for_people), None);
    let list = serde_json::from_str::<TableSchema>("[]").unwrap_err().to_string();
    assert!(list.contains("expected a JSON object with `fields`"), "{list}");
    let how = serde_json::from_str::<TableSchema>(r#"{"fields": [], "fieldsMatch": "some"}"#).unwrap_err();
    assert!(how.to_string().contains("expected `exact`, `equal`"), "{how}");
}

#[test]
fn the_schema_of_a_file_keeps_the_null_words_of_each_column() {
    let file = b"id,country,v\n1,NA,1\n2,US,NA\n3,DE,3\n4,NA,NA\n";
    let (report, _) = run(Settings::default(), file, 1 << 16);
    assert_eq!(faults(&report), [""; 0]);
    let schema = TableSchema::of_report(&report);
    let written = serde_json::to_string(&schema).unwrap();
    assert!(written.contains(r#""missingValues":["","NA"]"#), "{written}");
    assert_eq!(check_against(&written, std::str::from_utf8(file).unwrap()), [""; 0]);
}
