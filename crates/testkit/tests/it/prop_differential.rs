//! Valid files that are made up: what we read is what was written, and what the `csv` crate reads, however the bytes come.

use csvp_engine::Settings;
use csvp_engine::detect::DialectHints;
use csvp_parse::scan::{self, Level};
use csvp_parse::{Dialect, FieldIndex, Grammar};
use csvp_testkit::generate::Generated;

use crate::support::read;

/// Files for the scanner, and those of them that the whole engine reads.
const FILES: u64 = 2_000;
const FILES_FOR_ENGINE: u64 = 300;
/// Files up to this size are cut at every byte.
const SMALL: usize = 120;

type Rows = Vec<Vec<String>>;

#[test]
fn every_scanner_reads_what_was_written_and_what_the_csv_crate_reads() {
    for seed in 0..FILES {
        let file = Generated::new(seed);
        assert_eq!(theirs(&file), file.rows, "file {seed}: the csv crate");
        let dialect = Dialect { delimiter: vec![file.delimiter as u8], ..Dialect::default() };
        let grammar = Grammar::new(&dialect, Some(file.rows[0].len()), 1 << 20);
        for level in Level::available() {
            assert_eq!(
                scanned(level, &grammar, &file, file.bytes.len()),
                file.rows,
                "file {seed}: {level:?}"
            );
            // A cut behind every byte: the first block ends there, and what it leaves comes again.
            let cuts = if file.bytes.len() <= SMALL { 1 } else { file.bytes.len() / 20 };
            for cut in (0..file.bytes.len()).step_by(cuts) {
                let found = scanned(level, &grammar, &file, cut);
                assert_eq!(found, file.rows, "file {seed}: {level:?} cut at {cut}");
            }
        }
    }
}

#[test]
fn the_engine_reads_what_was_written_however_the_bytes_come() {
    for seed in 0..FILES_FOR_ENGINE {
        let file = Generated::new(seed);
        let settings = settings(&file);
        let whole = read(&settings, &[&file.bytes]);
        assert_eq!(whole.rows(), file.rows, "file {seed}");
        let quotes = ["quote-unclosed", "quote-stray", "field-count", "encoding-invalid"];
        let codes: Vec<&str> =
            whole.report.problems.by_code.iter().map(|count| count.code.as_str()).collect();
        assert!(!codes.iter().any(|code| quotes.contains(code)), "file {seed}: {codes:?}");

        let bytes: Vec<&[u8]> = file.bytes.chunks(1).collect();
        assert_eq!(read(&settings, &bytes), whole, "file {seed}: byte by byte");
        let cuts = if file.bytes.len() <= SMALL { 1 } else { file.bytes.len() / 7 };
        for cut in (1..file.bytes.len()).step_by(cuts) {
            let (front, back) = file.bytes.split_at(cut);
            assert_eq!(read(&settings, &[front, back]), whole, "file {seed}: cut at {cut}");
        }
    }
}

/// The dialect is given: a few short records do not tell it.
fn settings(file: &Generated) -> Settings {
    let dialect = DialectHints {
        delimiter: Some(vec![file.delimiter as u8]),
        quote: Some(Some(b'"')),
        escape: Some(None),
        comment: Some(None),
        preamble_lines: Some(0),
        header_rows: Some(1),
    };
    Settings { encoding: Some("utf-8".to_owned()), dialect, ..Settings::default() }
}

fn theirs(file: &Generated) -> Rows {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader =
        reader.has_headers(false).delimiter(file.delimiter as u8).from_reader(file.bytes.as_slice());
    let row = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    reader.records().map(|found| row(found.expect("the file is valid"))).collect()
}

/// Reads a block up to `cut`, and all that it leaves in another one.
fn scanned(level: Level, grammar: &Grammar, file: &Generated, cut: usize) -> Rows {
    let mut rows = Rows::new();
    let mut block = |bytes: &[u8], eof: bool| {
        let mut index = FieldIndex::new(file.rows[0].len());
        let consumed = scan::index_at(level, grammar, bytes, eof, &mut index);
        rows.extend((0..index.n_records()).map(|record| {
            let fields = index.fields(grammar, bytes, record);
            fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
        }));
        assert!(index.faults().is_empty(), "{:?}", index.faults());
        consumed
    };
    let consumed = block(&file.bytes[..cut], false);
    block(&file.bytes[consumed..], true);
    rows
}
