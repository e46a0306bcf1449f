//! A report depends on the bytes alone: not on chunks, not on where blocks end.

use crate::run;
use csvp_engine::{Limits, Settings};
use proptest::prelude::*;

/// Something like a CSV file, with damage of many kinds.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        4 => "[0-9]{1,4}", 2 => "[a-z]{0,6}", 1 => "\"[a-z,\n]{0,8}\"", 1 => "\"[a-z\"]{0,4}",
        1 => Just("2024-02-30".to_owned()), 1 => Just("é".to_owned()), 1 => Just("NA".to_owned()),
    ];
    let row = proptest::collection::vec(cell, 1..5).prop_map(|cells| cells.join(","));
    let end = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\n\n")];
    proptest::collection::vec((row, end), 0..40).prop_flat_map(|rows| {
        let text: Vec<u8> =
            rows.into_iter().flat_map(|(row, end)| [row, end.to_owned()].concat().into_bytes()).collect();
        (
            Just(text),
            any::<prop::sample::Index>(),
            prop_oneof![Just(0xff_u8), Just(0), Just(b'"'), Just(b'a')],
            any::<bool>(),
        )
            .prop_map(|(mut text, at, byte, damage)| {
                if damage && !text.is_empty() {
                    let at = at.index(text.len());
                    text[at] = byte;
                }
                text
            })
    })
}

fn settings(block_bytes: usize) -> Settings {
    Settings {
        limits: Limits { block_bytes, max_record_bytes: 200, ..Limits::default() },
        ..Settings::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn chunks_and_blocks_do_not_matter(bytes in files(), chunk in 1..50_usize) {
        let (whole, _) = run(settings(1 << 20), &bytes, bytes.len());
        let (bytewise, _) = run(settings(1 << 20), &bytes, 1);
        prop_assert_eq!(&whole, &bytewise);
        let (small_blocks, _) = run(settings(64), &bytes, chunk);
        prop_assert_eq!(&whole.counts, &small_blocks.counts);
        prop_assert_eq!(&whole.problems, &small_blocks.problems);
    }

    #[test]
    fn every_record_is_accounted_for(bytes in files()) {
        let (report, _) = run(settings(1 << 20), &bytes, bytes.len());
        let counts = report.counts;
        prop_assert_eq!(counts.accepted + counts.rejected + counts.skipped.total(), counts.records);
    }
}
