//! Time per cell of classifying each column: `cargo run --release -p csvp-engine --example shapes -- FILE`.
//! The file must be plain: no quoted line ends, comma.

#![expect(clippy::print_stdout, reason = "an example prints its answer")]

use std::time::Instant;

use csvp_engine::types::{Looks, Shapes, TypePolicy, decide};
use csvp_parse::{Dialect, FieldIndex, Grammar, scan};

const BYTES: usize = 32 << 20;
const BLOCK: usize = 128 << 10;

fn main() {
    let Some(path) = std::env::args().nth(1) else { return };
    let mut bytes = std::fs::read(path).expect("the file can be read");
    bytes.truncate(BYTES);
    let columns = bytes.split(|&b| b == b'\n').next().map_or(0, |line| line.split(|&b| b == b',').count());
    let grammar = Grammar::new(&Dialect::default(), Some(columns), 8 << 20);
    let mut index = FieldIndex::new(columns);
    let mut at = 0;
    let mut times = vec![f64::MAX; columns];
    let mut shapes = vec![Shapes::new(); columns];
    while at < bytes.len() {
        index.clear();
        let consumed = scan::index(&grammar, &bytes[at..bytes.len().min(at + BLOCK)], true, &mut index);
        let block = &bytes[at..at + consumed];
        at += consumed;
        let mut scratch = Vec::new();
        let mut looks = Looks::new();
        for (column, time) in times.iter_mut().enumerate() {
            let start = Instant::now();
            for record in 1..index.n_records() {
                if let Some(cell) = index.slice(&grammar, block, record, column) {
                    looks.add(cell, &mut shapes[column]);
                    continue;
                }
                let cell = index.field(&grammar, block, record, column, &mut scratch);
                shapes[column].add(cell.unwrap_or_default());
            }
            looks.flush(&mut shapes[column]);
            // The least of many blocks: the machine does other things, too.
            *time = time.min(start.elapsed().as_secs_f64() * 1e9 / (index.n_records() - 1) as f64);
        }
    }
    let mut sum = 0.0;
    for (ns, shapes) in times.iter().zip(&shapes) {
        sum += ns;
        println!("{ns:6.1} ns  {}", decide(shapes, &TypePolicy::default()).column_type);
    }
    println!("{:6.1} ns a cell, {sum:.0} ns a record", sum / columns as f64);
}
