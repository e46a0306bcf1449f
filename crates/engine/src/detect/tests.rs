//! Detection, case by case, and with any bytes.

use csvp_parse::Terminator;
use proptest::prelude::*;

use super::{Detection, DialectHints, detect};

fn run(text: &str) -> Detection {
    detect(text.as_bytes(), true, &DialectHints::default())
}

fn delimiter_of(text: &str) -> String {
    String::from_utf8_lossy(&run(text).dialect.delimiter).into_owned()
}

#[test]
fn delimiters() {
    let rows =
        "id,name,price,day\n1,pipe,2.50,2020-01-31\n2,big valve,13.00,2020-02-01\n3,nut,0.05,2020-02-02\n";
    for delimiter in [",", ";", "\t", "|", "~", "^", "#", "*", ":", "||", "::", "§", "\u{1}", "|~|"] {
        assert_eq!(delimiter_of(&rows.replace(',', delimiter)), delimiter);
    }
    let cases: &[(&str, &str)] = &[
        ("a b\n1 2\n3 4\n5 6\n", " "),
        ("id;value\n1;3,4,5\n2;6,7,8\n3;9,10,11\n", ";"),
        ("1,5;33,33;15,55\n2,5;25,44;30,1\n3,5;16,67;45,2\n", ";"),
        ("name;address\nA;Main Street, 5\nB;Side Street, 7\nC;Hill, 1\n", ";"),
        ("k,v\na,Total; of all; things\nb,Total; of some; things\n", ","),
        ("\"x, y\";\"z\"\n\"a, b\";\"c\"\n", ";"),
        ("sep=;\na,b;c\n1,2;3\n", ";"),
        ("id:mail\nAB-1:anna@example.org\nAB-2:bob@example.org\nAB-3:eve@example.net\n", ":"),
        // One column: the default.
        ("name\nAnna\nBob\n", ","),
        ("15:02:37\n15:02:38\n15:02:39\n", ","),
        ("2020-01-01 10:00:00\n2020-01-01 11:00:00\n2020-01-01 12:00:00\n", ","),
        ("New York\nLos Angeles\nSan Francisco\n", ","),
        ("", ","),
        ("\n\n", ","),
    ];
    for (text, expected) in cases {
        assert_eq!(delimiter_of(text), *expected, "{text:?}");
    }
}

#[test]
fn quotes_and_escapes() {
    let cases: &[(&str, Option<u8>, Option<u8>)] = &[
        ("a,b\n1,2\n", Some(b'"'), None),
        ("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", Some(b'"'), None),
        ("a,b\n\"x, y\",\"say \\\"hi, you\\\" now\"\n\"z\",\"\\\"q\\\" r\"\n", Some(b'"'), Some(b'\\')),
        ("a,b\n\"C:\\x\\\",\"y\"\n\"D:\\z\\\",\"w\"\n", Some(b'"'), None),
        ("a,b\n'x, y','z'\n'p, q','it''s'\n", Some(b'\''), None),
        ("year,v\n'04,5\n'05,6\n'06,7\n", Some(b'"'), None),
        ("a,b\nrock 'n' roll,1\n'tis,2\nthe dogs',3\n", Some(b'"'), None),
        // Only cells of several lines are quoted, and other cells begin with the other quote.
        (
            "a|b|c\n\"so\" it said|1|x\n\"no\" it did|2|y\n'one\nline'|3|z\n\"so\" he|4|x\n\"as\" she|5|x\n\"oh\" they|6|x\nd|7|'two\nlines'\n",
            Some(b'\''),
            None,
        ),
        // Quotes that mean inches or ditto, and cells that were quoted twice: as quotes, they make every record faulty.
        ("a,b\n\"x,1\n\"y,2\n\"z,3\n\"u,4\n\"v,5\n\"w,6\n", None, None),
        ("a,b\n\"\"x\"\",1\n\"\"y\"\",2\n\"\"z\"\",3\n\"\"u\"\",4\n\"\"v\"\",5\n\"\"w\"\",6\n", None, None),
        ("a,b\n\"\",1\n\"\",2\n\"\",3\n\"\",4\n\"\",5\n\"x\",6\n", Some(b'"'), None),
        ("v,w\n['a', 'b'],1\n['c', 'd'],2\n", Some(b'"'), None),
    ];
    for (text, quote, escape) in cases {
        let dialect = run(text).dialect;
        assert_eq!((dialect.quote, dialect.escape), (*quote, *escape), "{text:?}");
    }
    assert!(run("id, name\n1, \"a, b\"\n2, \"c, d\"\n").dialect.skip_initial_space);
    assert!(run("id, name, day\n1, x, 2020-01-01\n2, y, 2020-01-02\n").dialect.skip_initial_space);
    assert!(!run("id,name\n1,\"a, b\"\n2,\"c, d\"\n").dialect.skip_initial_space);
}

#[test]
fn terminators() {
    let cases: &[(&str, Terminator)] = &[
        ("a,b\n1,2\n", Terminator::Lf),
        ("a,b\r\n1,2\r\n", Terminator::Lf),
        ("a,b\r1,2\r3,4\r", Terminator::Any),
        ("a,b\r1,2\n3,4\r5,6\n7,8\r9,10\r", Terminator::Any),
        ("a,b\n1,\"x\ry\"\n2,z\n", Terminator::Lf),
    ];
    for (text, expected) in cases {
        assert_eq!(run(text).dialect.terminator, *expected, "{text:?}");
    }
}

#[test]
fn headers_and_preambles() {
    let cases: &[(&str, u64, u32)] = &[
        ("id,name,price\n1,pipe,2.5\n2,valve,13\n3,nut,0.05\n", 0, 1),
        ("1,pipe,2.5\n2,valve,13\n3,nut,0.05\n", 0, 0),
        ("DATE,TIME,Qty,Comments\n", 0, 1),
        ("id,name\n7,x\n", 0, 1),
        ("first_name,last_name,city\nAnna,Berg,Bonn\nBert,Dahl,Kiel\nCarl,Erb,Ulm\n", 0, 1),
        (
            "Table 5. Prices of parts,,\n,,\nPart,2007,2008\nPipe,2.5,2.6\nValve,13.0,13.5\nNut,0.05,0.06\n",
            2,
            1,
        ),
        (
            "Sales report\nGenerated on 3 May by the office\n\nid,city,amount\n1,Bonn,5.50\n2,Kiel,7.25\n3,Ulm,8.10\n",
            3,
            1,
        ),
        ("sep=;\nid;name\n1;a\n2;b\n3;c\n", 1, 1),
        ("id,name,price\nid,name,price\n1,pipe,2.5\n2,valve,13\n3,nut,0.05\n4,bolt,0.1\n5,screw,0.2\n", 0, 2),
        // Sparse first records are no titles.
        (
            "pid,start,smoke,season\nD014,,,\nD059,,,\nD098,,,\nD103,2,1,4\nD105,3,0,2\nD106,3,1,2\nD107,1,1,2\n",
            0,
            1,
        ),
        ("a,b,c\nred,green,blue\ngreen,red,red\n", 0, 1),
        ("", 0, 0),
        ("\n\n\n", 0, 0),
        // A first record with what its columns hold is no header, whatever else stands in it.
        (
            "Leeds|18:17|2013-04-11T02:50:01Z|false\nYork|13:29|2011-12-25T05:43:18Z|false\nYork|06:53|2001-12-24T22:19:25Z|true\n",
            0,
            0,
        ),
        (
            "2010-11 team,\n1st row,\nAnna Berg,sg\nBob Dahl,pf\nCleo Erb,c\nDora Fink,sf\nEmil Gold,pg\n\n2nd row,\nFay Hall,sg\nGina Ito,c\nHans Jung,sf\nIda Koch,c\nJan Lenz,pg\n2009-10 team,\n1st row,\nAnna Berg,pg\nCleo Erb,c\nDora Fink,sf\nBob Dahl,sg\n",
            2,
            0,
        ),
    ];
    for (text, preamble, header) in cases {
        let dialect = run(text).dialect;
        assert_eq!((dialect.preamble_lines, dialect.header_rows), (*preamble, *header), "{text:?}");
    }
}

#[test]
fn comments() {
    let cases: &[(&str, Option<&str>)] = &[
        ("# exported by x\n# on Monday\nid,name\n1,a\n2,b\n", Some("#")),
        ("id,name\n1,a\n# a remark\n2,b\n3,c\n", Some("#")),
        ("// one\n// two words\nid,name\n1,a\n2,b\n", Some("//")),
        ("#id,name\n1,a\n2,b\n", None),
        ("id,colour\n#1,#fff\n#2,#eee\n", None),
        ("id,name\n1,a\n", None),
    ];
    for (text, expected) in cases {
        let comment = run(text).dialect.comment;
        assert_eq!(comment.as_deref(), expected.map(str::as_bytes), "{text:?}");
    }
}

#[test]
fn doubt_is_shown() {
    let clear = run("id,name,price\n1,pipe,2.5\n2,valve,13\n3,nut,0.05\n4,bolt,0.1\n");
    assert!(clear.confidence > 0.8, "{clear:?}");
    assert!(!clear.evidence.is_empty() && !clear.candidates.is_empty());
    let vague = run("one line, of prose\nand another one; here\nwithout any: shape\n");
    assert!(vague.confidence < clear.confidence, "{vague:?}");
    assert!(clear.candidates.is_sorted_by(|a, b| a.score >= b.score));
}

#[test]
fn a_given_preamble_is_not_looked_at() {
    let text = "one, two, three, four\na, b, c, d\ne, f, g, h\nid;name\n1;x\n2;y\n3;z\n";
    let hints = DialectHints { preamble_lines: Some(3), ..DialectHints::default() };
    let dialect = detect(text.as_bytes(), true, &hints).dialect;
    assert_eq!((&dialect.delimiter[..], dialect.preamble_lines, dialect.header_rows), (&b";"[..], 3, 1));
}

fn hints() -> impl Strategy<Value = DialectHints> {
    let byte = prop::sample::select(vec![b'"', b'\'', b'\\', b'`']);
    let delimiter =
        prop::sample::select(vec![",", ";", "\t", "||", " ", "x"]).prop_map(|d| d.as_bytes().to_vec());
    let comment = prop::sample::select(vec!["#", "//"]).prop_map(|c| c.as_bytes().to_vec());
    (
        prop::option::of(delimiter),
        prop::option::of(prop::option::of(byte.clone())),
        prop::option::of(prop::option::of(byte)),
        prop::option::of(prop::option::of(comment)),
        prop::option::of(0..20_u64),
        prop::option::of(0..12_u32),
    )
        .prop_map(|(delimiter, quote, escape, comment, preamble_lines, header_rows)| DialectHints {
            delimiter,
            quote,
            escape,
            comment,
            preamble_lines,
            header_rows,
        })
}

/// Bytes that look a little like a file, so that all branches are met.
fn samples() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "a",
        "Total",
        "1",
        "2020-01-31",
        "1,5",
        "\"",
        "\"\"",
        "'",
        "\\",
        ",",
        ";",
        "\t",
        "|",
        "||",
        ":",
        " ",
        "#",
        "// ",
        "~",
        "\n",
        "\r",
        "\r\n",
        ",,,\n",
        "sep=;",
        "é",
        "\n\n",
        "Source: x",
        "(",
        "e",
        ".",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        prop::collection::vec(piece, 0..200).prop_map(|p| p.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(bytes in samples(), complete: bool) {
        let found = detect(&bytes, complete, &DialectHints::default());
        prop_assert!((0.0..=1.0).contains(&found.confidence));
        prop_assert!(!found.dialect.delimiter.is_empty());
        prop_assert!(found.candidates.len() <= 8);
        let lines = bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() as u64;
        prop_assert!(found.dialect.preamble_lines <= lines + 1);
    }

    #[test]
    fn hints_win(bytes in samples(), hints in hints()) {
        let dialect = detect(&bytes, true, &hints).dialect;
        prop_assert!(hints.delimiter.is_none_or(|d| d == dialect.delimiter));
        prop_assert!(hints.quote.is_none_or(|q| q == dialect.quote));
        prop_assert!(hints.escape.is_none_or(|e| e == dialect.escape));
        prop_assert!(hints.comment.is_none_or(|c| c == dialect.comment));
        prop_assert!(hints.preamble_lines.is_none_or(|n| n == dialect.preamble_lines));
        prop_assert!(hints.header_rows.is_none_or(|n| n == dialect.header_rows));
    }

    #[test]
    fn any_tail_gives_a_count(tail in prop::collection::vec(prop::collection::vec("[a-z0-9(). ]{0,20}", 0..6), 0..32), n in 0..8_usize) {
        prop_assert!(super::footer::footer_rows(&tail, n) <= tail.len());
    }
}
