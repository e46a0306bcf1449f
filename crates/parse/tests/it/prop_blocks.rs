//! Where a block ends never changes what is read.

use crate::read_in_steps;
use csvp_parse::{Dialect, Grammar, Terminator};
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(&b"ab"[..]), 4 => Just(&b","[..]), 3 => Just(&b"\""[..]), 3 => Just(&b"\n"[..]),
        1 => Just(&b"\r\n"[..]), 1 => Just(&b"\r"[..]), 1 => Just(&b"\"\""[..]), 1 => Just(&b",\""[..]),
        1 => Just(&b"\","[..]), 1 => Just(&b" "[..]), 1 => Just(&b"\\"[..]), 1 => Just(&b"#"[..]), 1 => Just(&b"||"[..]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn dialects() -> impl Strategy<Value = Dialect> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(wide, bare, escaped, comments, spaces)| Dialect {
            delimiter: if wide { b"||".to_vec() } else { b",".to_vec() },
            terminator: if bare { Terminator::Any } else { Terminator::Lf },
            escape: escaped.then_some(b'\\'),
            comment: comments.then(|| b"#".to_vec()),
            skip_initial_space: spaces,
            ..Dialect::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn splits_do_not_matter(input in bytes(), dialect in dialects(), columns in 1..5_usize, step in 1..20_usize, limit in 10..60_usize) {
        let grammar = Grammar::new(&dialect, Some(columns), limit);
        let whole = read_in_steps(&grammar, &input, input.len().max(1));
        prop_assert_eq!(&whole, &read_in_steps(&grammar, &input, 1));
        prop_assert_eq!(&whole, &read_in_steps(&grammar, &input, step));
    }

    /// One changed byte in clean data touches its own record and at most the two that follow it. Empty cells in quotes
    /// right behind it do not count: inside a quote that the byte has opened they are an escaped quote each, and a record
    /// that they end in is as wide as the others.
    #[test]
    fn damage_stays_local(rows in proptest::collection::vec(("[a-z ]{0,5}", "[a-z,]{0,6}", "[0-9]{1,3}"), 8..20), place in 0.0..1.0_f64, byte in prop_oneof![Just(b'"'), Just(b','), Just(b'x'), Just(b'\n')]) {
        let text: Vec<u8> = rows.iter().flat_map(|(a, b, c)| format!("k{a},\"{b}\",{c}\n").into_bytes()).collect();
        let mut damaged = text.clone();
        let at = ((text.len() - 1) as f64 * place) as usize;
        damaged[at] = byte;
        let grammar = Grammar::new(&Dialect::default(), Some(3), 1 << 16);
        let clean = read_in_steps(&grammar, &text, text.len()).0;
        let read = read_in_steps(&grammar, &damaged, damaged.len()).0;
        let same_front = clean.iter().zip(&read).take_while(|(a, b)| a.1 == b.1).count();
        let same_back = clean.iter().rev().zip(read.iter().rev()).take_while(|(a, b)| a.1 == b.1).count();
        let hit = text[..at].iter().filter(|&&byte| byte == b'\n').count();
        let pairs = rows[hit + 1..].iter().take_while(|(_, b, _)| b.is_empty()).count();
        prop_assert!(same_front + same_back + 3 + pairs >= clean.len(), "{} of {} records touched", clean.len() - same_front - same_back, clean.len());
    }
}
