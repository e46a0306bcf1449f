//! Every level of the scanner gives the index that the plain one gives.

use csvp_parse::scan::{self, Level};
use csvp_parse::{Dialect, FieldIndex, Grammar, Terminator};
use proptest::prelude::*;

/// Text in which well-formed stretches are long enough for the fast path, with every kind of damage between them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let clean = prop_oneof![
        4 => Just(&b"ab,cd,ef\n"[..]), 2 => Just(&b"\"x, y\",\"a \"\"b\"\"\",12345678\n"[..]), 1 => Just(&b"1,2,3\r\n"[..]),
        1 => Just(&b"\"two\nlines\",\"\",\"\"\n"[..]), 1 => Just(&b"\"two\r\nlines\",b,c\r\n"[..]), 1 => Just(&b"1,2\n"[..]), 1 => Just(&b"1,2,3,4\n"[..]),
        1 => Just(&b",,\n"[..]), 1 => Just(&b"\n"[..]), 1 => Just(&b"a long field that fills more than a chunk of sixty-four bytes by itself, so,x\n"[..]),
    ];
    let piece = prop_oneof![
        2 => Just(&b"ab"[..]), 2 => Just(&b","[..]), 2 => Just(&b"\""[..]), 2 => Just(&b"\n"[..]), 1 => Just(&b"\r\n"[..]),
        1 => Just(&b"\r"[..]), 1 => Just(&b"\"\""[..]), 1 => Just(&b",\""[..]), 1 => Just(&b"\","[..]), 1 => Just(&b" "[..]),
        1 => Just(&b"#"[..]), 1 => Just(&b"\\"[..]), 1 => Just(&b"\0"[..]),
    ];
    let runs = prop_oneof![3 => proptest::collection::vec(clean, 1..30), 1 => proptest::collection::vec(piece, 1..8)];
    proptest::collection::vec(runs, 0..12).prop_map(|runs| runs.concat().concat())
}

fn dialects() -> impl Strategy<Value = Dialect> {
    (0..16_u8, any::<bool>(), any::<bool>()).prop_map(|(rare, bare, comments)| Dialect {
        delimiter: if rare == 1 { b"||".to_vec() } else { b",".to_vec() },
        terminator: if bare { Terminator::Any } else { Terminator::Lf },
        quote: (rare != 2).then_some(b'"'),
        escape: (rare == 3).then_some(b'\\'),
        comment: comments.then(|| b"#".to_vec()),
        skip_initial_space: rare == 4,
        ..Dialect::default()
    })
}

fn check(grammar: &Grammar, columns: usize, input: &[u8], eof: bool) {
    let mut expected = FieldIndex::new(columns);
    let consumed = scan::plain::index(grammar, input, eof, &mut expected);
    for level in Level::available() {
        let mut found = FieldIndex::new(columns);
        let bytes = scan::index_at(level, grammar, input, eof, &mut found);
        assert_eq!(bytes, consumed, "{level:?} of {:?}", String::from_utf8_lossy(input));
        assert_eq!(found, expected, "{level:?} of {:?}", String::from_utf8_lossy(input));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn levels_agree(input in bytes(), dialect in dialects(), columns in 1..5_usize, limit in prop_oneof![30..200_usize, Just(1 << 16)], eof in any::<bool>(), cut in 0..200_usize) {
        let grammar = Grammar::new(&dialect, Some(columns), limit);
        check(&grammar, columns, &input, eof);
        check(&grammar, columns, &input[..input.len().saturating_sub(cut)], eof);
    }
}

#[test]
fn a_full_index_stops_all_levels_at_the_same_record() {
    let grammar = Grammar::new(&Dialect::default(), Some(7), 1 << 16);
    check(&grammar, 7, &b"1,2,3,4,5,6,7\n".repeat(160_000), true);
    check(&grammar, 7, &b"1,2,3,4,5,6,7\n1\n".repeat(160_000), true);
    check(&grammar, 7, &b"\n".repeat(160_000), true);
    let one = Grammar::new(&Dialect::default(), Some(1), 1 << 16);
    check(&one, 1, &b"1\n".repeat(1_100_000), true);
}

/// There is something to compare on the machines that run the tests.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_fast_level_is_available() {
    assert!(
        Level::available().len() > 1,
        "this processor lacks AVX2: the fast scanner cannot be tested here"
    );
}
