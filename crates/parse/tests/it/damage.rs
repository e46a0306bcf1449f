//! Damaged quotes are reported where they are and stay local.

use crate::{read_in_steps, rfc};

/// Rows and faults `(record, byte, kind)`, the same for any split.
fn check(n_columns: usize, input: &str, rows: &[&[&str]], faults: &[(u32, usize, &str)]) {
    for step in [1, 5, input.len()] {
        let (got, got_faults) = read_in_steps(&rfc(n_columns), input.as_bytes(), step);
        let got: Vec<Vec<String>> = got.into_iter().map(|(_, fields)| fields).collect();
        assert_eq!(got, rows, "{input:?} in steps of {step}");
        let got_faults: Vec<(u32, usize, &str)> =
            got_faults.iter().map(|(r, b, k)| (*r, *b, k.as_str())).collect();
        assert_eq!(got_faults, faults, "{input:?} in steps of {step}");
    }
}

#[test]
fn an_unclosed_quote_takes_one_record() {
    check(3, "1,\"a,2\n2,\"b\",3\n", &[&["1", "\"a", "2"], &["2", "b", "3"]], &[(0, 2, "QuoteUnclosed")]);
    check(3, "1,\"a,2\n2,b,3\n", &[&["1", "\"a", "2"], &["2", "b", "3"]], &[(0, 2, "QuoteUnclosed")]);
    check(
        2,
        "1,\"a\n2,\"b\n",
        &[&["1", "\"a"], &["2", "\"b"]],
        &[(0, 2, "QuoteUnclosed"), (1, 7, "QuoteUnclosed")],
    );
}

#[test]
fn a_lost_closing_quote_before_a_quoted_field() {
    let input = "x,\"$78.07,\"Table, Round 48\"\"\",\"Made in\",\ny,1,2,3,\n";
    let rows: &[&[&str]] =
        &[&["x", "\"$78.07", "Table, Round 48\"", "Made in", ""], &["y", "1", "2", "3", ""]];
    check(5, input, rows, &[(0, 2, "QuoteUnclosed")]);
}

#[test]
fn quotes_inside_fields_stay() {
    check(2, "5\" pipe,1\n", &[&["5\" pipe", "1"]], &[(0, 1, "QuoteStray")]);
    check(2, "\"he said \"hi\" twice\",1\n", &[&["he said \"hi\" twice", "1"]], &[(0, 9, "QuoteStray")]);
    check(2, "\"a \"b\"x\nc\",1\n", &[&["a \"b\"x\nc", "1"]], &[(0, 3, "QuoteStray")]);
}

#[test]
fn a_quote_that_never_closes_in_a_field_of_many_lines() {
    check(2, "\"a\nb,1\n2,\"c\"\n", &[&["\"a"], &["b", "1"], &["2", "c"]], &[(0, 0, "QuoteUnclosed")]);
}

#[test]
fn a_record_with_too_many_fields_may_span_lines() {
    check(2, "1,a\n301,\"x,\ny\",z\n2,b\n", &[&["1", "a"], &["301", "x,\ny", "z"], &["2", "b"]], &[]);
}

#[test]
fn blanks_behind_a_closing_quote_are_said() {
    check(2, "\"a\" ,b\n", &[&["a", "b"]], &[(0, 3, "QuoteStray")]);
}
