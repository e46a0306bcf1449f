//! What is written is read back; on valid input we agree with the `csv` crate.

use csvp_parse::{Dialect, Grammar, reader, writer};
use proptest::prelude::*;

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1..5_usize).prop_flat_map(|columns| {
        proptest::collection::vec(proptest::collection::vec("[a-c,\"\n\r é]{0,6}", columns..=columns), 1..12)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn written_records_are_read_back(table in table()) {
        let mut bytes = Vec::new();
        for row in &table {
            writer::write_record(&mut bytes, row.iter().map(String::as_bytes), b',');
        }
        let grammar = Grammar::new(&Dialect::default(), Some(table[0].len()), 1 << 16);
        let read: Vec<Vec<String>> = reader::records(&grammar, &bytes)
            .map(|row| row.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
            .collect();
        prop_assert_eq!(&read, &table);

        let mut oracle = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
        let theirs: Vec<Vec<String>> =
            oracle.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        prop_assert_eq!(read, theirs);
    }
}
