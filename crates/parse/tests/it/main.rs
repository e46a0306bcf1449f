//! Tests of the reader as its users see it.

mod damage;
mod grammar;
mod prop_blocks;
mod prop_round_trip;
mod prop_twins;

use csvp_parse::{Dialect, FieldIndex, Grammar, scan};

/// A record as text fields, with its line.
type Row = (u32, Vec<String>);

/// Reads `bytes` in blocks: what is left of one block comes again in front of the next `step` bytes.
fn read_in_steps(grammar: &Grammar, bytes: &[u8], step: usize) -> (Vec<Row>, Vec<(u32, usize, String)>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let (mut start, mut end, mut line) = (0, 0, 0);
    loop {
        let eof = end == bytes.len();
        let block = &bytes[start..end];
        let mut index = FieldIndex::new(4);
        let consumed = scan::plain::index(grammar, block, eof, &mut index);
        for fault in index.faults() {
            let record = rows.len() as u32 + fault.record;
            faults.push((record, start + fault.byte as usize, format!("{:?}", fault.kind)));
        }
        for record in 0..index.n_records() {
            let fields = index.fields(grammar, block, record);
            let fields = fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
            rows.push((line + index.line(record), fields));
        }
        line += index.n_lines();
        start += consumed;
        if eof {
            assert_eq!(start, bytes.len(), "at the end nothing is left");
            return (rows, faults);
        }
        end = (end + step).min(bytes.len());
    }
}

fn rfc(n_columns: usize) -> Grammar {
    Grammar::new(&Dialect::default(), Some(n_columns), 1 << 16)
}

/// Every test file of this folder is part of this binary.
#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name} is not in main.rs");
    }
}
