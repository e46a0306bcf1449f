//! Speed of the scanner at every level: `cargo run --release -p csvp-parse --example scan -- FILE COLUMNS`.

#![expect(clippy::print_stdout, reason = "an example prints its answer")]

use std::time::Instant;

use csvp_parse::scan::{self, Level};
use csvp_parse::{Dialect, FieldIndex, Grammar};

const BLOCK: usize = 512 << 10;

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(columns)) = (args.next(), args.next().and_then(|text| text.parse().ok())) else {
        println!("usage: scan FILE COLUMNS");
        return;
    };
    let bytes = std::fs::read(path).expect("the file can be read");
    let grammar = Grammar::new(&Dialect::default(), Some(columns), 8 << 20);
    for level in Level::available() {
        let mut index = FieldIndex::new(columns);
        let (start, mut at, mut records) = (Instant::now(), 0, 0);
        while at < bytes.len() {
            index.clear();
            let end = bytes.len().min(at + BLOCK);
            at += scan::index_at(level, &grammar, &bytes[at..end], end == bytes.len(), &mut index);
            records += index.n_records();
        }
        let rate = bytes.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
        println!("{level:?}: {rate:.0} MB/s, {records} records");
    }
}
