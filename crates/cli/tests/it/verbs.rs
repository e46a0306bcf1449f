//! Every verb that reads and prints.

use serde_json::Value;

use crate::sandbox::{BROKEN, CLEAN, Sandbox};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn check_of_a_clean_file_exits_0() {
    let ran = Sandbox::new(&[]).snapshot("check_clean", "check clean.csv");
    assert_eq!(ran.code, Some(0));
}

#[test]
fn check_of_a_broken_file_exits_1_and_points_at_each_place() {
    let ran = Sandbox::new(&[]).snapshot("check_broken", "check broken.csv");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn check_of_several_files_exits_1_when_one_has_problems() {
    let ran = Sandbox::new(&[]).snapshot("check_several", "check clean.csv broken.csv clean.csv --show 1");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn check_shows_long_lines_tabs_and_letters_of_all_widths_near_the_fault() {
    let long = format!(
        "id\tname\tnote\n1\tJosé\t{0}\n2\t日本語のとても長い\n3\ta\tb\n4\t{0}\0{0}\tz\n",
        "word ".repeat(60)
    );
    Sandbox::new(&[("long.tsv", long.as_bytes())]).snapshot("check_long_lines", "check long.tsv");
}

#[test]
fn check_points_at_the_true_line_and_column() {
    let long = format!("id,note,n\n1,\"a\nb\n{0}\",x\"y\n2,{0},é\"z\n3,c,1\n", "é word ".repeat(2_000));
    for text in [long.clone(), long.replace('\n', "\r"), long.replace('\n', "\r\n")] {
        let sandbox = Sandbox::new(&[("long.csv", text.as_bytes())]);
        let ran = sandbox.run("check long.csv");
        let printed = ran.stdout();
        let places: Vec<&str> =
            printed.lines().filter_map(|line| line.trim().strip_prefix("--> long.csv:")).collect();
        // Line 4 has 14,000 characters, a quote and a comma before the cell; the stray quote is its second character.
        assert_eq!(places, ["4:14004", "5:14005"], "{printed}");
    }
}

#[test]
fn check_of_files_that_cannot_be_shown_names_the_place_only() {
    let utf16: Vec<u8> = "id,name\n1,José\n2\n3,Zoë\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    Sandbox::new(&[("wide.csv", &utf16)]).snapshot("check_utf16", "check wide.csv");
}

#[test]
fn check_of_problems_of_the_whole_file_has_no_excerpt() {
    let text = "id,id,,day\r\n1,a,x,01/02/2024\n2,b,y,03/04/2024\r\n3,c,z,05/06/2024\n";
    Sandbox::new(&[("odd.csv", text.as_bytes())]).snapshot("check_whole_file", "check odd.csv");
}

#[test]
fn check_json_is_the_report_with_messages() {
    let sandbox = Sandbox::new(&[]);
    let ran = sandbox.run("check broken.csv clean.csv --json");
    assert_eq!(ran.code, Some(1));
    let reports: Vec<Value> = ran.stdout().lines().map(json).collect();
    assert_eq!(reports.len(), 2, "one object per file and line");
    assert_eq!(reports[0]["name"], "broken.csv");
    assert_eq!(reports[0]["verdict"], "problems");
    assert_eq!(reports[1]["verdict"], "clean");
    let first = &reports[0]["problems"]["first"][0];
    assert_eq!(first["code"], "field-count");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["message"], "record has 2 fields, expected 3");
    assert_eq!(first["position"]["record"], 2);
    assert_eq!(first["position"]["line"], 3);
    assert_eq!(first["position"]["byte"], BROKEN.find("2,Jones").expect("it is there"));
    let counts = &reports[0]["counts"];
    assert_eq!(counts["accepted"].as_u64().zip(counts["rejected"].as_u64()), Some((5, 4)));
}

#[test]
fn check_writes_the_complete_list_of_problems() {
    let sandbox = Sandbox::new(&[]);
    let ran = sandbox.run("check broken.csv --problems list.csv --json");
    assert_eq!(ran.code, Some(1));
    let list = std::fs::read_to_string(sandbox.path("list.csv")).expect("the list was written");
    let mut ran = ran;
    ran.stdout = list.into_bytes();
    sandbox.assert("problems_list", "check broken.csv --problems list.csv", &ran);
    let again = sandbox.run("check list.csv --json");
    assert_eq!(again.code, Some(0), "our own list is a clean CSV: {}", again.stdout());
}

#[test]
fn check_with_a_schema() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.snapshot("check_schema_kept", "check clean.csv --schema schema.json").code, Some(0));
    assert_eq!(sandbox.snapshot("check_schema_broken", "check clean.csv --schema strict.json").code, Some(1));
    let ran = sandbox.snapshot("check_policy_fail", "check clean.csv --schema strict.json --on-bad fail");
    assert_eq!(ran.code, Some(1));
    let ran = sandbox.snapshot("check_budget", "check clean.csv --schema strict.json --max-rejects 10%");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn check_of_what_is_no_csv_exits_1() {
    let sandbox = Sandbox::new(&[("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), ("empty.csv", b"")]);
    assert_eq!(sandbox.snapshot("check_picture", "check picture.csv").code, Some(1));
    assert_eq!(sandbox.snapshot("check_empty", "check empty.csv").code, Some(1));
}

#[test]
fn check_of_a_cut_gzip_file_says_where_it_breaks_off() {
    let gzip = include_bytes!("../../../../corpus/gzip-cut/input.csv.gz");
    Sandbox::new(&[("cut.gz", gzip)]).snapshot("check_cut_gzip", "check cut.gz");
}

#[test]
fn count_prints_a_number() {
    let noted = "made by hand\n\nid,name\n1,\"a\nb\"\n\n2,c\n\nSource: nobody knows\n";
    let gzip = include_bytes!("../../../../corpus/gzip-cut/input.csv.gz");
    let sandbox = Sandbox::new(&[("noted.csv", noted.as_bytes()), ("cut.gz", gzip)]);
    assert_eq!(sandbox.snapshot("count", "count clean.csv").code, Some(0));
    assert_eq!(sandbox.snapshot("count_noted", "count noted.csv").code, Some(0));
    assert_eq!(sandbox.snapshot("count_json", "count noted.csv --json").code, Some(0));
    assert_eq!(sandbox.run("count broken.csv").stdout(), "9\n", "damaged records are records");
    assert_eq!(sandbox.run_with("count -", CLEAN.as_bytes()).stdout(), "4\n");
    assert_eq!(sandbox.run("count clean.csv --header-rows 0").stdout(), "5\n");
    assert_eq!(sandbox.snapshot("count_cut_gzip", "count cut.gz").code, Some(2));
}

#[test]
fn count_of_a_large_file_is_that_of_the_check() {
    let record = |n: usize| match n % 50 {
        0 => format!("{n},\"several\nlines, \"\"quoted\"\"\",1.50\n"),
        1 if n % 1_000 == 1 => format!("{n},5\" pipe,1.50\n\n"),
        _ => format!("{n},\"name, {n}\",2.50\n"),
    };
    let text = format!("id,name,price\n{}", (0..200_000).map(record).collect::<String>());
    let sandbox = Sandbox::new(&[("large.csv", text.as_bytes())]);
    let counted = json(&sandbox.run("count large.csv --json").stdout());
    let counts = json(&sandbox.run("check large.csv --json").stdout())["counts"].take();
    assert_eq!(counted["data_records"], 200_000);
    assert_eq!(counts["accepted"].as_u64().zip(counts["rejected"].as_u64()), Some((200_000, 0)));
    assert_eq!(counted["skipped"], counts["skipped"]);
    assert_eq!(counted["skipped"]["blank"], 200);
}

#[test]
fn parse_prints_what_was_read() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.snapshot("parse_ndjson", "parse broken.csv").code, Some(0));
    assert_eq!(sandbox.snapshot("parse_csv", "parse broken.csv --format csv").code, Some(0));
    let ran = sandbox.snapshot("parse_json", "parse clean.csv --json");
    let value = json(&ran.stdout());
    assert_eq!(value["header"], serde_json::json!(["id", "name", "price", "day"]));
    assert_eq!(value["rows"][1], serde_json::json!(["2", "coffee", "3.75", "2024-02-01"]));
    assert_eq!(value["dialect"]["delimiter"], ",");
    let ran = sandbox.run("parse clean.csv --json --header-rows 0");
    assert_eq!(json(&ran.stdout())["header"], Value::Null, "null where there is no header");
    assert_eq!(json(&sandbox.run("parse - --json").stdout())["rows"], serde_json::json!([]), "of nothing");
}

#[test]
fn reading_options_are_taken() {
    let sandbox = Sandbox::new(&[("odd.txt", b"made by hand\na'b;c'|d\n# note\n1|2\n3|4\n")]);
    let line = "parse odd.txt --json --delimiter=| --quote=none --comment=# --preamble-rows=1 --header-rows=1 \
                --escape=doubled --encoding=utf-8";
    let value = json(&sandbox.run(line).stdout());
    assert_eq!(value["header"], serde_json::json!(["a'b;c'", "d"]));
    assert_eq!(value["rows"], serde_json::json!([["1", "2"], ["3", "4"]]));
    assert_eq!(value["dialect"]["comment"], "#");
}

#[test]
fn detect_says_how_and_why() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.snapshot("detect", "detect broken.csv").code, Some(0));
    let ran = sandbox.run("detect clean.csv --json");
    let value = json(&ran.stdout());
    assert_eq!(value["encoding"]["name"], "UTF-8");
    assert_eq!(value["dialect"]["delimiter"], ",");
    assert_eq!(value["header_rows"], 1);
    assert!(value["confidence"].as_f64().is_some_and(|confidence| (0.0..=1.0).contains(&confidence)));
    assert!(value["evidence"].as_array().is_some_and(|evidence| !evidence.is_empty()));
}

#[test]
fn profile_prints_statistics() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.snapshot("profile", "profile clean.csv").code, Some(0));
    assert_eq!(sandbox.snapshot("profile_broken", "profile broken.csv").code, Some(0));
    let value = json(&sandbox.run("profile clean.csv --json").stdout());
    let price = &value["columns"][2]["profile"];
    assert_eq!((&price["min"], &price["max"]), (&"0.95".into(), &"3.75".into()));
    assert_eq!(price["distinct"], 4);
}

#[test]
fn schema_infer_proposes_a_schema_that_the_file_keeps() {
    let sandbox = Sandbox::new(&[]);
    let ran = sandbox.snapshot("schema_infer", "schema infer clean.csv");
    assert_eq!(ran.code, Some(0));
    std::fs::write(sandbox.path("own.json"), &ran.stdout).expect("a file in the temporary folder");
    assert_eq!(sandbox.snapshot("schema_check_own", "schema check own.json clean.csv").code, Some(0));
    let ran = sandbox.run("schema infer clean.csv --json");
    assert_eq!(json(&ran.stdout())["fields"][2]["type"], "number");
}

#[test]
fn schema_check_exits_1_when_the_schema_is_broken() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.run("schema check schema.json clean.csv").code, Some(0));
    assert_eq!(sandbox.snapshot("schema_check", "schema check strict.json clean.csv").code, Some(1));
    let ran = sandbox.run("schema check strict.json clean.csv --json");
    assert_eq!((ran.code, json(&ran.stdout())["counts"]["rejected"].as_u64()), (Some(1), Some(1)));
    let ran = sandbox.run("schema check strict.json clean.csv --show 0 --problems list.csv");
    let list = std::fs::read_to_string(sandbox.path("list.csv")).expect("the list was written");
    assert_eq!((ran.code, list.lines().count()), (Some(1), 2), "{list}");
    assert!(!ran.stdout().contains("line "), "{}", ran.stdout());
}

#[test]
fn every_verb_reads_standard_input() {
    let sandbox = Sandbox::new(&[]);
    for line in [
        "check -",
        "check - --schema schema.json",
        "count -",
        "parse -",
        "parse - --json",
        "detect -",
        "profile -",
        "schema infer -",
    ] {
        let ran = sandbox.run_with(line, CLEAN.as_bytes());
        assert_eq!((ran.code, ran.stderr()), (Some(0), String::new()), "csvp {line}");
        assert!(!ran.stdout.is_empty(), "csvp {line}");
    }
    let ran = sandbox.run_with("check -", BROKEN.as_bytes());
    sandbox.assert("check_stdin", "check -", &ran);
}

#[cfg(feature = "serve")]
#[test]
fn migrate_brings_the_database_up_to_date_once() {
    let sandbox = Sandbox::new(&[]);
    let first = sandbox.run("migrate --data data");
    assert_eq!((first.code, first.stderr()), (Some(0), String::new()));
    let said = first.stdout();
    assert!(said.starts_with("there was no store in `data`; a new one was made\ndone: "), "{said}");
    assert_eq!(sandbox.snapshot("migrate_again", "migrate --data data").code, Some(0));
}

#[test]
fn a_guessed_encoding_is_said_to_be_one() {
    let latin: &[u8] = b"id,name,city\n1,Jos\xe9,Malm\xf6\n2,Zo\xeb,Gen\xe8ve\n";
    let sandbox = Sandbox::new(&[("latin.csv", latin)]);
    sandbox.snapshot("check_guessed_encoding", "check latin.csv");
    sandbox.snapshot("detect_guessed_encoding", "detect latin.csv");
    let note = "note: latin.csv: the encoding, windows-1252, is a guess; check its letters, or name it with --encoding\n";
    for line in [
        "check latin.csv --json",
        "count latin.csv",
        "count latin.csv --json",
        "parse latin.csv",
        "parse latin.csv --json",
        "profile latin.csv",
        "convert latin.csv --to csv -o -",
        "schema infer latin.csv",
    ] {
        let ran = sandbox.run(line);
        assert_eq!((ran.code, ran.stderr()), (Some(0), note.to_owned()), "csvp {line}");
        assert!(!ran.stdout().contains("guess"), "csvp {line}");
        let declared = sandbox.run(&format!("{line} --encoding windows-1252"));
        assert_eq!(declared.stderr(), "", "csvp {line}");
    }
}

#[test]
fn a_guessed_dialect_is_said_to_be_one() {
    let sandbox = Sandbox::new(&[("odd.txt", b"100:00\n20:15\n3:44\n59:05\n")]);
    for line in ["count odd.txt", "parse odd.txt", "profile odd.txt", "schema infer odd.txt"] {
        let said = sandbox.run(line).stderr();
        assert!(
            said.contains("note: odd.txt: the dialect is a guess; see `csvp detect odd.txt`"),
            "csvp {line}: {said}"
        );
    }
}

#[test]
fn parse_exits_0_when_it_printed_and_2_when_it_could_not() {
    let cut = include_bytes!("../../../../corpus/gzip-cut-record/input.csv.gz");
    let sandbox = Sandbox::new(&[
        ("cut.gz", cut),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("empty.csv", b""),
    ]);
    assert_eq!(sandbox.run("parse clean.csv").code, Some(0));
    let ran = sandbox.run("parse broken.csv");
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr().starts_with("warning: broken.csv: "), "{}", ran.stderr());
    let ran = sandbox.run("parse cut.gz");
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr().contains("1 record rejected"), "{}", ran.stderr());
    assert_eq!(sandbox.run("parse empty.csv").code, Some(0));
    assert_eq!(
        (sandbox.run("parse picture.csv").code, sandbox.run("parse nowhere.csv").code),
        (Some(2), Some(2))
    );
    assert_eq!((sandbox.run("check cut.gz").code, sandbox.run("count cut.gz").code), (Some(1), Some(2)));
}

#[test]
fn unusual_records_are_named_on_request() {
    let text: String =
        (1..=40).map(|n| format!("{n},name {}\n", if n == 17 { "" } else { "of it" })).collect();
    let text = format!("id,name\n{}", text.replace("17,name ", "17,"));
    let sandbox = Sandbox::new(&[("names.csv", text.as_bytes())]);
    assert_eq!(sandbox.run("check names.csv").code, Some(0), "nothing is said by default");
    let ran = sandbox.run("check names.csv --unusual");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout().contains("warning[row-unusual]"), "{}", ran.stdout());
    let ran = sandbox.run("convert names.csv --unusual --to csv -o - --rejects rejects.csv");
    assert_eq!((ran.code, ran.stdout().lines().count()), (Some(0), 41), "all records are kept");
    let rejects = std::fs::read_to_string(sandbox.path("rejects.csv")).expect("the file was written");
    assert_eq!(rejects.lines().count(), 1, "{rejects}");
}

#[test]
fn names_have_no_blanks_around_them_in_any_output() {
    let sandbox = Sandbox::new(&[("blanks.csv", b" id , name ,amount \n1,tea,20\n2,milk,30\n")]);
    assert!(sandbox.run("parse blanks.csv").stdout().starts_with("[\"id\",\"name\",\"amount\"]\n"));
    assert!(sandbox.run("parse blanks.csv --format csv").stdout().starts_with("id,name,amount\n"));
    assert!(sandbox.run("convert blanks.csv --to csv -o -").stdout().starts_with("id,name,amount\n"));
    assert!(sandbox.run("convert blanks.csv --to ndjson -o -").stdout().starts_with("{\"id\":1,\"name\":"));
    let schema = json(&sandbox.run("schema infer blanks.csv").stdout());
    let names = schema["fields"].as_array().expect("fields").iter().map(|field| field["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["id", "name", "amount"]);
    let report = json(&sandbox.run("check blanks.csv --json").stdout());
    assert_eq!(report["columns"][1]["name"], "name");
    assert_eq!(json(&sandbox.run("detect blanks.csv --json").stdout())["header"][1], "name");
}
