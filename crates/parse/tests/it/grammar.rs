//! The grammar, case by case.

use crate::{read_in_steps, rfc};
use csvp_parse::{Dialect, Grammar, Terminator};

fn check(grammar: &Grammar, input: &str, expected: &[(u32, &[&str])]) {
    let expected: Vec<(u32, Vec<String>)> = expected
        .iter()
        .map(|(line, fields)| (*line, fields.iter().map(ToString::to_string).collect()))
        .collect();
    for step in [1, 2, 7, input.len().max(1)] {
        assert_eq!(
            read_in_steps(grammar, input.as_bytes(), step).0,
            expected,
            "{input:?} in steps of {step}"
        );
    }
}

#[test]
fn reads_rfc_4180() {
    check(&rfc(2), "a,b\n1,2", &[(0, &["a", "b"]), (1, &["1", "2"])]);
    check(&rfc(2), "a,b\r\n1,2\r\n", &[(0, &["a", "b"]), (1, &["1", "2"])]);
    check(&rfc(2), "\"a,\"\"x\"\"\",\"b\nc\"\n1,\n", &[(0, &["a,\"x\"", "b\nc"]), (2, &["1", ""])]);
    check(&rfc(2), "\"\",\"\"\n", &[(0, &["", ""])]);
    check(&rfc(1), "a\n", &[(0, &["a"])]);
}

#[test]
fn blank_lines_are_no_records() {
    check(&rfc(2), "a,b\n\n  \r\n1,2\n\n", &[(0, &["a", "b"]), (3, &["1", "2"])]);
    check(&rfc(1), "a\n \n", &[(0, &["a"]), (1, &[" "])]);
}

#[test]
fn reads_other_dialects() {
    let semicolon = Dialect { delimiter: b";".to_vec(), quote: Some(b'\''), ..Dialect::default() };
    check(&Grammar::new(&semicolon, Some(2), 100), "'a;''b';\"c\"\n", &[(0, &["a;'b", "\"c\""])]);
    let wide = Dialect { delimiter: b"||".to_vec(), ..Dialect::default() };
    check(&Grammar::new(&wide, Some(3), 100), "a|b||\"c||d\"||e\n", &[(0, &["a|b", "c||d", "e"])]);
    let escaped = Dialect { escape: Some(b'\\'), ..Dialect::default() };
    check(
        &Grammar::new(&escaped, Some(2), 100),
        "\"a\\\"b\\\\\",c\\,d\n\\N,\"x\\n\"\n",
        &[(0, &["a\"b\\", "c,d"]), (1, &["\\N", "x\\n"])],
    );
    let bare = Dialect { terminator: Terminator::Any, ..Dialect::default() };
    check(
        &Grammar::new(&bare, Some(2), 100),
        "a,b\r1,2\r\n3,4\n",
        &[(0, &["a", "b"]), (1, &["1", "2"]), (2, &["3", "4"])],
    );
    check(&rfc(2), "a,b\rc\n", &[(0, &["a", "b\rc"])]);
    let comment = Dialect { comment: Some(b"//".to_vec()), ..Dialect::default() };
    check(&Grammar::new(&comment, Some(2), 100), "// \"x\n/a,b\n//", &[(1, &["/a", "b"])]);
    let spaced = Dialect { skip_initial_space: true, ..Dialect::default() };
    check(&Grammar::new(&spaced, Some(3), 100), "a, \"b,c\",  d \n", &[(0, &["a", "b,c", "  d "])]);
    let unquoted = Dialect { quote: None, ..Dialect::default() };
    check(&Grammar::new(&unquoted, Some(2), 100), "\"a,b\"\n", &[(0, &["\"a", "b\""])]);
}

#[test]
fn an_escaped_line_end_is_text_however_it_is_written() {
    for terminator in [Terminator::Lf, Terminator::Any] {
        let escaped = Dialect { escape: Some(b'\\'), terminator, ..Dialect::default() };
        let grammar = Grammar::new(&escaped, Some(2), 100);
        for end in ["\n", "\r\n"] {
            let input = format!("a\\{end}b,c{end}\"d\\{end}e\",f{end}1,2{end}");
            let (first, second) = (format!("a{end}b"), format!("d\\{end}e"));
            check(&grammar, &input, &[(0, &[&first, "c"]), (2, &[&second, "f"]), (4, &["1", "2"])]);
        }
    }
    let bare = Dialect { escape: Some(b'\\'), terminator: Terminator::Any, ..Dialect::default() };
    let input = "a\\\rb,c\r\"d\\\re\",f\r1,2\r";
    check(
        &Grammar::new(&bare, Some(2), 100),
        input,
        &[(0, &["a\rb", "c"]), (2, &["d\\\re", "f"]), (4, &["1", "2"])],
    );
}

#[test]
fn ragged_records_keep_their_fields() {
    check(&rfc(2), "a\n1,2,3\n", &[(0, &["a"]), (1, &["1", "2", "3"])]);
}

#[test]
fn a_line_above_the_limit_is_one_unread_record() {
    let grammar = Grammar::new(&Dialect::default(), Some(2), 8);
    let input = b"a,b\n123456789,0\n\"1\n2\n3\n4567\",x\n5,6\n";
    for step in [1, 3, input.len()] {
        let (rows, faults) = read_in_steps(&grammar, input, step);
        assert_eq!(rows[0].1, ["a", "b"], "step {step}");
        assert!(rows[1].1.is_empty() || rows[1].1.len() == 2, "its fields are missing");
        assert_eq!(faults[0], (1, 4, "RecordTooLarge(11)".to_owned()));
        assert_eq!(faults[1].2, "QuoteUnclosed", "a quote does not reach beyond the limit: {faults:?}");
        assert_eq!(rows.last().unwrap(), &(6, vec!["5".to_owned(), "6".to_owned()]));
    }
}
