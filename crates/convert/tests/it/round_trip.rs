//! The first promise: what is read from the clean files gives the text of the original.

use csvp_convert::FileKind;
use csvp_convert::parquet::TYPE_KEY;
use csvp_engine::Settings;
use csvp_engine::detect::DialectHints;
use csvp_engine::types::Format;
use csvp_parse::writer;
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::support::{convert, value_at};

/// Cells of one kind each. An empty cell is null.
fn column(n_records: usize) -> impl Strategy<Value = Vec<String>> {
    Union::new(kinds()).prop_flat_map(move |cell| {
        let or_null = prop_oneof![1 => Just(String::new()), 9 => cell];
        prop::collection::vec(or_null, n_records)
    })
}

type Cell = BoxedStrategy<String>;

fn kinds() -> Vec<BoxedStrategy<Cell>> {
    let kind = |cell: Cell| Just(cell).boxed();
    let day = || (1970..2040, 1..13, 1..29);
    let time = || (0..24, 0..60, 0..60);
    vec![
        kind((-1_000_000i64..1_000_000).prop_map(|n| n.to_string()).boxed()),
        kind(any::<i64>().prop_map(|n| n.to_string()).boxed()),
        kind("[1-9][0-9]{18,30}".boxed()),
        kind("0[0-9]{4}".boxed()),
        kind((-99_999i64..99_999, 0..100).prop_map(|(n, cents)| format!("{n}.{cents:02}")).boxed()),
        kind((0i64..99_999, 0..1_000).prop_map(|(n, part)| format!("{n},{part:03}")).boxed()),
        kind((1i64..999, 0..1_000, 0..100).prop_map(|(a, b, c)| format!("{a}.{b:03},{c:02}")).boxed()),
        kind(any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(|x| format!("{x:e}")).boxed()),
        // As Python writes floats: `1e-07`.
        kind((1..10u32, 5..60).prop_map(|(n, e)| format!("{n}e-{e:02}")).boxed()),
        // As readr and R write them: `1e3` among `1012.3`, `1e+05` among `99999`.
        kind(prop_oneof![4 => "[1-9][0-9]{2}\\.[1-9]", 1 => "[1-9]{1,2}e[3-8]"].boxed()),
        kind(prop_oneof![4 => "[1-9][0-9]{0,4}", 1 => "[1-9]e[+](05|12)"].boxed()),
        // As `printf("%.4f")` writes them: with a zero that has a sign.
        kind(prop_oneof![3 => "-?(0|[1-9][0-9]{0,4})\\.[0-9]{4}", 1 => Just("-0.0000".to_owned())].boxed()),
        kind(prop_oneof![Just("yes"), Just("no")].prop_map(str::to_owned).boxed()),
        kind(prop_oneof![Just("TRUE"), Just("FALSE")].prop_map(str::to_owned).boxed()),
        kind(day().prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")).boxed()),
        kind(day().prop_map(|(y, m, d)| format!("{d:02}.{m:02}.{y}")).boxed()),
        kind(day().prop_map(|(y, m, d)| format!("{m}/{d}/{y}")).boxed()),
        kind(time().prop_map(|(h, m, s)| format!("{h:02}:{m:02}:{s:02}")).boxed()),
        kind(
            (day(), time())
                .prop_map(|((y, o, d), (h, m, s))| format!("{y}-{o:02}-{d:02} {h:02}:{m:02}:{s:02}"))
                .boxed(),
        ),
        kind(
            (day(), time(), 0..1_000)
                .prop_map(|((y, o, d), (h, m, s), f)| {
                    format!("{y}-{o:02}-{d:02}T{h:02}:{m:02}:{s:02}.{f:03}+02:00")
                })
                .boxed(),
        ),
        kind("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}".boxed()),
        kind("[a-zäß \",;\n'=+-]{1,12}".boxed()),
        kind("\\PC{0,8}".boxed()),
    ]
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1..40usize).prop_flat_map(|n| prop::collection::vec(column(n), 2..6))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn clean_files_give_the_original_text(columns in table()) {
        let names: Vec<String> = (0..columns.len()).map(|n| format!("col{n}")).collect();
        let mut bytes = Vec::new();
        writer::write_record(&mut bytes, names.iter().map(String::as_bytes), b',');
        for record in 0..columns[0].len() {
            writer::write_record(&mut bytes, columns.iter().map(|column| column[record].as_bytes()), b',');
        }
        let dialect = DialectHints {
            delimiter: Some(b",".to_vec()),
            quote: Some(Some(b'"')),
            escape: Some(None),
            comment: Some(None),
            preamble_lines: Some(0),
            header_rows: Some(1),
        };
        let settings = Settings { encoding: Some("utf-8".into()), dialect, ..Settings::default() };
        let written = convert(&bytes, settings);
        let counts = &written.report.counts;
        prop_assert_eq!(counts.records, counts.accepted + counts.rejected + counts.skipped.total());

        // Parquet: a value in the written format of its column is the text of a record, in order.
        let batch = written.batch();
        prop_assert_eq!(batch.num_rows() as u64, counts.accepted);
        let mut from_parquet = vec![Vec::new(); batch.num_rows()];
        for (array, field) in batch.columns().iter().zip(batch.schema_ref().fields()) {
            let format = Format::new(&serde_json::from_str(&field.metadata()[TYPE_KEY]).unwrap()).unwrap();
            for (row, cells) in from_parquet.iter_mut().enumerate() {
                let mut text = Vec::new();
                if let Some(value) = value_at(array, row) {
                    format.write(&value, &mut text);
                }
                cells.push(String::from_utf8(text).unwrap());
            }
        }

        // The same from CSV.
        let read = |text: &str| -> Vec<Vec<String>> {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
        };
        let from_csv = read(written.text(FileKind::Csv));
        prop_assert_eq!(&from_csv, &from_parquet);

        // Clean and rejected records together are all records of the original, but for notes at its end.
        let n_records = columns[0].len() - counts.skipped.footer as usize;
        let from_rejects: Vec<Vec<String>> =
            read(written.text(FileKind::Rejects)).into_iter().map(|r| r[5..5 + columns.len()].to_vec()).collect();
        let mut all: Vec<Vec<String>> = from_csv.into_iter().chain(from_rejects).collect();
        // A null word is written as null.
        let null_words = |column: usize| &written.report.columns[column].null_words;
        let cell = |column: usize, record: usize| {
            Some(columns[column][record].clone()).filter(|cell| !null_words(column).contains(cell)).unwrap_or_default()
        };
        let mut original: Vec<Vec<String>> = (0..n_records)
            .map(|record| (0..columns.len()).map(|column| cell(column, record)).collect())
            .collect();
        all.sort();
        original.sort();
        prop_assert_eq!(all, original);

        // NDJSON: one object per accepted record, strings as they were.
        let lines: Vec<serde_json::Value> =
            written.text(FileKind::Ndjson).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(lines.len() as u64, counts.accepted);
        for (line, cells) in lines.iter().zip(&from_parquet) {
            for (name, cell) in names.iter().zip(cells) {
                match &line[name] {
                    serde_json::Value::Null => prop_assert!(cell.is_empty()),
                    serde_json::Value::String(text) => prop_assert_eq!(text, cell),
                    _ => prop_assert!(!cell.is_empty()),
                }
            }
        }
    }
}
