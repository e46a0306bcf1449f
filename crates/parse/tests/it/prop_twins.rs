//! Every level of the scanner gives the index that the plain one gives, and counts what is in it.

use std::collections::HashSet;

use csvp_parse::scan::{self, Level, RecordCount};
use csvp_parse::{Dialect, FieldIndex, Grammar, SkipKind, Terminator};
use proptest::prelude::*;

/// Text in which well-formed stretches are long enough for the fast path, with every kind of damage between them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let clean = prop_oneof![
        4 => Just(&b"ab,cd,ef\n"[..]), 2 => Just(&b"\"x, y\",\"a \"\"b\"\"\",12345678\n"[..]), 1 => Just(&b"1,2,3\r\n"[..]),
        1 => Just(&b"\"two\nlines\",\"\",\"\"\n"[..]), 1 => Just(&b"\"two\r\nlines\",b,c\r\n"[..]), 1 => Just(&b"1,2\n"[..]), 1 => Just(&b"1,2,3,4\n"[..]),
        1 => Just(&b"5\" pipe,a\"\"b\"c,\"x\"\n"[..]), 1 => Just(&b"a\"\"\n"[..]), 1 => Just(&b"1,2,a\"b,c\"d\"\n"[..]),
        1 => Just(&b"one\n"[..]), 1 => Just(&b",,\n"[..]), 1 => Just(&b"\n"[..]), 1 => Just(&b"\n\n\n\n"[..]), 1 => Just(&b"  x\n"[..]), 1 => Just(&b"\r\n\r\n"[..]), 1 => Just(&b" a,b,c\n \n\t\n"[..]), 1 => Just(&b"# no record, \"\n"[..]),
        1 => Just(&b"a long field that fills more than a chunk of sixty-four bytes by itself, so,x\n"[..]),
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
    if expected.has_room() {
        check_count(grammar, input, eof, &expected, consumed);
    }
}

/// Every level counts the records and skipped lines of an index that holds all of `input`.
fn check_count(grammar: &Grammar, input: &[u8], eof: bool, index: &FieldIndex, consumed: usize) {
    let skips = |kind: SkipKind| index.skips().iter().filter(|skip| skip.kind == kind).count() as u64;
    let damaged: HashSet<u32> = index.faults().iter().map(|fault| fault.record).collect();
    let (records, damaged) = (index.n_records() as u64, damaged.len() as u64);
    let expected =
        RecordCount { records, damaged, blank: skips(SkipKind::Blank), comment: skips(SkipKind::Comment) };
    for level in Level::available() {
        let mut found = RecordCount::default();
        let bytes = scan::count_at(level, grammar, input, eof, &mut found);
        assert_eq!(bytes, consumed, "{level:?} counts {:?}", String::from_utf8_lossy(input));
        assert_eq!(found, expected, "{level:?} counts {:?}", String::from_utf8_lossy(input));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn levels_agree(input in bytes(), dialect in dialects(), columns in 1..5_usize, known in any::<bool>(), limit in prop_oneof![30..200_usize, Just(1 << 16)], eof in any::<bool>(), cut in 0..200_usize) {
        let grammar = Grammar::new(&dialect, known.then_some(columns), limit);
        check(&grammar, columns, &input, eof);
        check(&grammar, columns, &input[..input.len().saturating_sub(cut)], eof);
    }
}

/// Bytes in no order, in which nearly every record is damaged in its own way.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let sign = prop_oneof![3 => Just(b'"'), 3 => Just(b','), 2 => Just(b'\n'), 1 => Just(b'\r'), 1 => Just(b' '), 3 => Just(b'a')];
    proptest::collection::vec(sign, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn levels_agree_on_noise(input in noise(), bare in any::<bool>(), columns in 1..4_usize, limit in prop_oneof![20..100_usize, Just(1 << 16)], eof in any::<bool>()) {
        let terminator = if bare { Terminator::Any } else { Terminator::Lf };
        let grammar = Grammar::new(&Dialect { terminator, ..Dialect::default() }, Some(columns), limit);
        check(&grammar, columns, &input, eof);
    }
}

#[test]
fn a_full_index_stops_all_levels_at_the_same_record() {
    let grammar = Grammar::new(&Dialect::default(), Some(7), 1 << 16);
    check(&grammar, 7, &b"1,2,3,4,5,6,7\n".repeat(160_000), true);
    check(&grammar, 7, &b"1,2,3,4,5,6,7\n1\n".repeat(160_000), true);
    check(&grammar, 7, &b"\n".repeat(160_000), true);
    check(&grammar, 7, &b"1\n\n\n\n1\"\n".repeat(40_000), true);
    let one = Grammar::new(&Dialect::default(), Some(1), 1 << 16);
    check(&one, 1, &b"1\n".repeat(1_100_000), true);
    let unknown = Grammar::new(&Dialect::default(), None, 1 << 16);
    check(&unknown, 7, &b"1,2,3,4,5,6,7\n1\n".repeat(160_000), true);
    check(&unknown, 1, &b"1\n".repeat(1_100_000), true);
}

/// Whatever comes at any place of a chunk, and over its edge.
#[test]
fn levels_agree_wherever_a_chunk_ends() {
    let pieces: [&[u8]; 15] = [
        b"\"x\ny\",b,c\n1,2,3\n",
        b"\"x\ny\",b\n1,2,3\n",
        b"\"x\r\ny\",b,c\r\n1,2,3\r\n",
        b"\"x\n1,2,3\ny\",and much text behind the quotes that fills a whole chunk and then a bit more of it\n",
        b"a,\"x \"\"y\"\"\",c\n",
        b"a,\"x\" ,c\n1,2,3\n",
        b"a,\"x\"y,c\n1,2,3\n",
        b"a,b\"\",c\n1,2,3\n",
        b"a,\"b,c\n1,2,3\n",
        b"\r\n\r\n1,2,3\r\n",
        b"a,b,\"c\"\r1,2,3\r\r",
        b"\n \n\t\n 1,2,3\n\n",
        b"# \"\n1,2,3\n#\n",
        b"a,b,c\"\n\"\",,\n",
        b",,\n,\"\",\n\"\",,\"\"\n",
    ];
    for (terminator, piece) in [Terminator::Lf, Terminator::Any].into_iter().zip([pieces; 2]) {
        let dialect = Dialect { terminator, comment: Some(b"#".to_vec()), ..Dialect::default() };
        let grammar = Grammar::new(&dialect, Some(3), 1 << 16);
        for piece in piece {
            for before in 0..130 {
                let input =
                    [&b"1,2,".repeat(before % 2)[..], &b"x".repeat(before), b"\n", piece, piece, b"4,5,6"]
                        .concat();
                for grammar in [&grammar, &Grammar::new(&dialect, None, 1 << 16)] {
                    check(grammar, 3, &input, true);
                    check(grammar, 3, &input, false);
                }
            }
        }
    }
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
