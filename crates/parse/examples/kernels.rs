//! Speed of the scanners alone, in memory and on one thread, beside the `csv` crate: `kernels FILE COLUMNS`. Prints one
//! line for each: what, level, MB/s. `make bench` runs it.

#![expect(clippy::print_stdout, reason = "a tool for developers")]

use std::error::Error;
use std::io::Read;
use std::time::Instant;

use csvp_parse::scan::{self, Level, RecordCount};
use csvp_parse::{Dialect, FieldIndex, Grammar};

const MOST_BYTES: u64 = 128 << 20;
const BLOCK_BYTES: usize = 256 << 10;
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, columns] = &arguments[..] else {
        return Err("expected a file and its number of columns".into());
    };
    let mut bytes = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "bounded by `take`")]
    std::fs::File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let columns: usize = columns.parse()?;
    let grammar = Grammar::new(&Dialect::default(), Some(columns), 8 << 20);
    for level in Level::available() {
        let mut index = FieldIndex::new(columns);
        let speed = best(&bytes, || {
            blocks(&bytes, |block| {
                index.clear();
                scan::index_at(level, &grammar, block, false, &mut index)
            })
        });
        println!("index {level:?} {speed:.0}");
        let speed = best(&bytes, || {
            let mut counted = RecordCount::default();
            blocks(&bytes, |block| scan::count_at(level, &grammar, block, false, &mut counted))
        });
        println!("count {level:?} {speed:.0}");
    }
    let speed = best(&bytes, || {
        let mut record = csv::ByteRecord::new();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&bytes[..]);
        while reader.read_byte_record(&mut record).unwrap_or(false) {}
        0
    });
    println!("records csv-crate {speed:.0}");
    Ok(())
}

/// Hands on the bytes in blocks, as the engine does; gives the bytes that were read.
fn blocks(bytes: &[u8], mut read: impl FnMut(&[u8]) -> usize) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let consumed = read(&bytes[at..bytes.len().min(at + BLOCK_BYTES)]);
        if consumed == 0 {
            break;
        }
        at += consumed;
    }
    at
}

/// MB/s of the best run.
fn best(bytes: &[u8], mut run: impl FnMut() -> usize) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        std::hint::black_box(run());
        best = best.min(start.elapsed().as_secs_f64());
    }
    bytes.len() as f64 / 1e6 / best
}
