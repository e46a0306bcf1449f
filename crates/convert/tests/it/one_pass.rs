//! One pass beside its plain twin, the two passes: where it gives something, it is the same to the byte.

use std::fmt::Write as _;

use csvp_convert::{FileKind, Outputs};
use csvp_engine::{Check, Limits, OnBad, OnePass, Policy, Second, Settings, TableSchema};
use csvp_report::Report;
use proptest::prelude::*;

use crate::support::Memory;

/// Files that only hold accepted records.
const KINDS: [FileKind; 3] = [FileKind::Parquet, FileKind::Csv, FileKind::Ndjson];

type Files = [Vec<u8>; 3];

fn outputs(schema: &csvp_engine::Schema, memories: &[Memory; 3]) -> Outputs {
    let mut outputs = Outputs::new().with_threads(2);
    for (kind, memory) in KINDS.into_iter().zip(memories) {
        outputs.add(kind, schema, Box::new(memory.clone())).unwrap();
    }
    outputs
}

fn in_two_passes(text: &[u8], settings: &Settings) -> (Report, Files) {
    let mut check = Check::new(settings.clone()).unwrap();
    check.push(text).unwrap();
    let plan = check.finish().unwrap().plan;
    let memories = <[Memory; 3]>::default();
    let mut second = Second::new(&plan, outputs(plan.schema(), &memories)).unwrap().with_profiles();
    second.push(text).unwrap();
    let (report, outputs) = second.finish().unwrap();
    outputs.finish().unwrap();
    (report, memories.map(|memory| memory.bytes()))
}

fn in_one_pass(
    text: &[u8],
    settings: &Settings,
    threads: usize,
    chunk: usize,
) -> (Report, Option<(Report, Files)>) {
    let memories = <[Memory; 3]>::default();
    let to = memories.clone();
    let pass = OnePass::new(settings.clone(), move |schema| Ok(outputs(schema, &to))).unwrap();
    let mut pass = pass.with_profiles().with_threads(threads);
    text.chunks(chunk).for_each(|bytes| pass.push(bytes).unwrap());
    let passed = pass.finish().unwrap();
    let done = passed.done.map(|(report, outputs)| {
        outputs.finish().unwrap();
        (report, memories.map(|memory| memory.bytes()))
    });
    (passed.checked.report, done)
}

/// Whether one pass was enough; whenever it was, its outcome is that of two.
fn is_enough(text: &[u8], settings: &Settings) -> bool {
    let expected = in_two_passes(text, settings);
    let outcomes = [(1, text.len()), (2, 65_537), (4, 300_001)].map(|(threads, chunk)| {
        let (_, done) = in_one_pass(text, settings, threads, chunk);
        let enough = done.is_some();
        if let Some((report, files)) = done {
            assert_eq!(report, expected.0, "{threads} threads");
            for (kind, (ours, theirs)) in KINDS.iter().zip(files.iter().zip(&expected.1)) {
                assert!(ours == theirs, "{kind:?} differs with {threads} threads");
            }
        }
        enough
    });
    assert!(outcomes.iter().all(|enough| *enough == outcomes[0]), "{outcomes:?}");
    outcomes[0]
}

const ROWS: usize = 30_000;

/// Several blocks; `odd` may put something else for a row.
fn file(odd: impl Fn(usize) -> Option<String>) -> Vec<u8> {
    let mut text = String::from("id,name,price,day,note\n");
    for row in 0..ROWS {
        match odd(row) {
            Some(line) => text.push_str(&line),
            None => {
                let (cents, day) = (row * 7_919 % 100_000, 1 + row % 28);
                let note = ["", "plain", "\"a, \"\"quoted\"\" note\"", "two\u{e4}"][row % 4];
                let price = format!("{}.{:02}", 100 + cents / 100 % 900, cents % 100);
                let _ = write!(text, "{row},name {},{price},2024-02-{day:02},{note}", row % 9);
            }
        }
        text.push('\n');
    }
    text.into_bytes()
}

#[test]
fn a_file_that_goes_on_as_it_begins_needs_one_pass() {
    assert!(is_enough(&file(|_| None), &Settings::default()));
}

#[test]
fn bad_records_do_not_need_another_pass() {
    let odd = |row: usize| match row {
        20_000 => Some("20000,short".to_owned()),
        20_500 => Some(String::new()),
        21_000 => Some("x21,name,1.00,2024-02-01,".to_owned()),
        22_000 => Some("22000,a\"b,twelve,2024-02-30,\"open".to_owned()),
        29_999 => Some("Total,,123.45,,".to_owned()),
        _ => None,
    };
    for on_bad in [OnBad::Reject, OnBad::Null, OnBad::Fail] {
        let settings = Settings { policy: Policy { on_bad, ..Policy::default() }, ..Settings::default() };
        assert!(is_enough(&file(odd), &settings), "{on_bad:?}");
    }
}

#[test]
fn types_that_change_late_need_another_pass() {
    let late = |line: &'static str, from: usize| {
        file(move |row| (row >= from && row % 3 == 0).then(|| line.to_owned()))
    };
    for (what, line) in [
        ("a longer decimal", "1,a,12345.67,2024-02-01,"),
        ("more decimal places", "1,a,1.234,2024-02-01,"),
        ("text instead of numbers", "none,a,1.23,2024-02-01,"),
        ("another date", "1,a,1.23,01/02/2024,"),
        ("a word for null", "1,a,NA,2024-02-01,"),
    ] {
        for from in [12_000, 29_990] {
            // Few of them are exceptions; many of them are another type.
            let enough = is_enough(&late(line, from), &Settings::default());
            assert!(!enough || from == 29_990, "{what} from {from}");
        }
    }
}

#[test]
fn who_begins_again_with_what_was_learned_needs_one_pass() {
    let text = file(|row| (row >= 12_000 && row % 3 == 0).then(|| "1,a,12345.67,2024-02-01,".to_owned()));
    let limits = Limits { block_bytes: 32 << 10, detect_bytes: 64 << 10, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let start = || OnePass::new(settings.clone(), |_| Ok(())).unwrap().with_profiles();
    let mut pass = start();
    let mut read = text.chunks(10_000);
    let learned = read.find_map(|bytes| {
        pass.push(bytes).unwrap();
        pass.contradiction()
    });
    assert!(read.len() > 5, "it is told before the end");
    let mut again = start().expecting(learned.unwrap());
    for bytes in text.chunks(10_000) {
        again.push(bytes).unwrap();
        assert!(again.contradiction().is_none());
    }
    let (report, ()) = again.finish().unwrap().done.unwrap();
    assert_eq!(report, in_two_passes(&text, &settings).0);
}

#[test]
fn declared_types_need_one_pass_and_keys_two() {
    let schema = |key: &str| {
        let json = format!(
            r#"{{"fields": [{{"name": "id", "type": "integer", "constraints": {{"minimum": 10}}}}, {{"name": "name", "type": "string"}},
                {{"name": "price", "type": "number"}}, {{"name": "day", "type": "date"}}, {{"name": "note", "type": "string"}}]{key}}}"#
        );
        Settings { schema: Some(serde_json::from_str::<TableSchema>(&json).unwrap()), ..Settings::default() }
    };
    assert!(is_enough(&file(|_| None), &schema("")));
    assert!(!is_enough(&file(|_| None), &schema(r#", "primaryKey": "id""#)));
}

#[test]
fn problems_are_left_to_the_second_pass() {
    let text = file(|_| None);
    let make = |schema: &csvp_engine::Schema| {
        let mut outputs = Outputs::new();
        outputs.add(FileKind::Rejects, schema, Box::new(std::io::sink())).map_err(std::io::Error::other)?;
        Ok(outputs)
    };
    let mut pass = OnePass::new(Settings::default(), make).unwrap();
    pass.push(&text).unwrap();
    assert!(pass.finish().unwrap().done.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Odd rows anywhere: the outcome is the same, or there is none.
    #[test]
    fn one_pass_is_two_passes_or_nothing(
        odd in prop::collection::hash_map(
            0..ROWS,
            prop::sample::select(vec![
                "7", "", "1,a,2.50,2024-02-29,x", "1,a,2.5,2024-02-29,x", "-1,,,,", "NA,NA,NA,NA,NA", "1,a,1e3,2024-13-01,\"", ",,,,",
                "0001,b,99999.99,2024-01-01T00:00:00Z,y", "#,1,1.00,2024-02-02,z,surplus", "id,name,price,day,note",
            ]),
            0..12,
        ),
        null in any::<bool>(),
    ) {
        let on_bad = if null { OnBad::Null } else { OnBad::Reject };
        let settings = Settings { policy: Policy { on_bad, ..Policy::default() }, ..Settings::default() };
        is_enough(&file(|row| odd.get(&row).map(|&line| line.to_owned())), &settings);
    }
}
