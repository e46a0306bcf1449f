//! What kind of value a cell looks like. A rough guess over many formats: it steers the detection and types no column.

mod date;
mod facts;
mod number;
#[cfg(test)]
mod plain;

use self::date::is_date;
use self::facts::Facts;
pub(super) use self::facts::is_rival;
use self::number::number;

/// The kind of one cell, from its bytes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Nothing, or blanks.
    Empty,
    /// A word or sign that stands for a missing value.
    Missing,
    /// Digits with a sign at most.
    Integer,
    /// Any other number: decimals, grouped digits, exponent, percent, currency, brackets for negative.
    Number,
    /// Date, time or both.
    Date,
    /// Yes, no, true, false.
    Boolean,
    /// Web or mail address, path.
    Address,
    /// Letters mixed with digits or signs, without blanks.
    Code,
    /// One word of letters.
    Word,
    /// Several words.
    Phrase,
    /// More than 60 characters of text.
    Prose,
    /// Brackets around something: lists, JSON, markup.
    Nested,
    /// Nothing of these.
    Odd,
}

impl Kind {
    /// Numbers, dates and booleans: kinds that a header cell rarely has.
    pub(super) fn is_typed(self) -> bool {
        matches!(self, Kind::Integer | Kind::Number | Kind::Date | Kind::Boolean)
    }

    /// Numbers.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Kind::Integer | Kind::Number)
    }

    /// No value.
    pub(super) fn is_blank(self) -> bool {
        matches!(self, Kind::Empty | Kind::Missing)
    }
}

/// Cells of more bytes are judged by what they begin with.
const LONG_BYTES: usize = 60;

/// The kind of a cell.
pub(super) fn kind(cell: &[u8]) -> Kind {
    look(cell).0
}

/// The kind of a cell, and whether signs may stand in it that would rather separate cells or enclose them. The kind is that
/// of `plain`, which asks one question after the other.
pub(super) fn look(cell: &[u8]) -> (Kind, bool) {
    let text = cell.trim_ascii();
    let Some(&first) = text.first() else { return (Kind::Empty, true) };
    if text.len() > LONG_BYTES {
        return (long(text, first), true);
    }
    let facts = Facts::of(text);
    (short(text, first, facts), facts.has_rivals() || text.len() < cell.len())
}

fn short(cell: &[u8], first: u8, facts: Facts) -> Kind {
    if is_missing(cell, first) {
        return Kind::Missing;
    }
    let digits = facts.digits();
    if digits > 0 {
        if digits == cell.len() {
            return Kind::Integer;
        }
        if !facts.is_no_number()
            && let Some(kind) = number(cell, digits)
        {
            return kind;
        }
        if is_date(cell, facts) {
            return Kind::Date;
        }
    } else if is_boolean(cell, first) {
        return Kind::Boolean;
    }
    let may_be_address = facts.is_like_an_address() || matches!(first, b'/' | b'w');
    if may_be_address && is_address(cell) {
        return Kind::Address;
    }
    if is_bracketed(cell, first) {
        return Kind::Nested;
    }
    if facts.letters() == 0 {
        return if digits > 0 && facts.blanks() == 0 { Kind::Code } else { Kind::Odd };
    }
    if facts.blanks() > 0 {
        return Kind::Phrase;
    }
    let joiners = facts.joiners();
    if facts.letters() + joiners == cell.len() && joiners <= 2 { Kind::Word } else { Kind::Code }
}

fn long(cell: &[u8], first: u8) -> Kind {
    if is_address(cell) {
        Kind::Address
    } else if is_bracketed(cell, first) {
        Kind::Nested
    } else if cell.iter().take(200).any(|&b| b == b' ' || b >= 0x80) {
        Kind::Prose
    } else {
        Kind::Code
    }
}

fn is_bracketed(cell: &[u8], first: u8) -> bool {
    matches!(first, b'{' | b'[' | b'<') && matches!(cell.last(), Some(b'}' | b']' | b'>'))
}

/// Whether the cell is one of the usual words or signs for a missing value.
fn is_missing(cell: &[u8], first: u8) -> bool {
    const WORDS: [&[u8]; 12] =
        [b"na", b"n/a", b"#n/a", b"null", b"none", b"nil", b"nan", b"\\n", b"n.a.", b"(x)", b"..", b"..."];
    cell.len() <= 4
        && matches!(first, b'n' | b'N' | b'#' | b'\\' | b'(' | b'.' | b'-' | b'?' | b'*')
        && (matches!(cell, b"-" | b"--" | b"---" | b"." | b"?" | b"*" | b"(NA)" | b"(D)" | b"(Z)" | b"(z)")
            || WORDS.iter().any(|w| w.eq_ignore_ascii_case(cell)))
}

fn is_boolean(cell: &[u8], first: u8) -> bool {
    const WORDS: [&[u8]; 8] = [b"true", b"false", b"yes", b"no", b"t", b"f", b"y", b"n"];
    cell.len() <= 5
        && matches!(first, b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'n' | b'N')
        && WORDS.iter().any(|w| w.eq_ignore_ascii_case(cell))
}

fn is_address(cell: &[u8]) -> bool {
    if cell.contains(&b' ') {
        return false;
    }
    cell.starts_with(b"www.")
        || cell.starts_with(b"mailto:")
        || cell.starts_with(b"/") && cell.len() > 2
        || memchr::memchr_iter(b':', cell).any(|at| cell[at..].starts_with(b"://"))
        || memchr::memchr(b'@', cell).is_some_and(|at| at > 0 && cell[at..].contains(&b'.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kinds() {
        let cases: &[(&str, Kind)] = &[
            ("", Kind::Empty),
            ("  ", Kind::Empty),
            ("N/A", Kind::Missing),
            ("0042", Kind::Integer),
            ("100:00:00", Kind::Date),
            ("1234:05:59.5", Kind::Date),
            ("-7", Kind::Integer),
            ("1.5", Kind::Number),
            ("1,5", Kind::Number),
            ("12,345,678.90", Kind::Number),
            ("1.234.567,8", Kind::Number),
            ("1 234 567", Kind::Number),
            ("$74.69", Kind::Number),
            ("12 %", Kind::Number),
            ("(3.5)", Kind::Number),
            ("2,04582E+05", Kind::Number),
            ("33;15", Kind::Code),
            ("1,5;3", Kind::Code),
            ("28/01/2018", Kind::Date),
            ("2020-01-31T10:20:30.123Z", Kind::Date),
            ("2020-01-31 10:20:30+02:00", Kind::Date),
            ("12:05 PM", Kind::Date),
            ("10:20 31.01.2020", Kind::Date),
            ("24.03.2012 1998-11-20", Kind::Odd),
            ("2003-01-09 1 117.67", Kind::Odd),
            ("15:13 2103", Kind::Odd),
            ("05.01.2022:68288", Kind::Code),
            ("05/01/2022:10:20:30", Kind::Date),
            ("31-Jan", Kind::Date),
            ("Mar 3, 2010", Kind::Date),
            ("2015-03", Kind::Date),
            ("555-1234", Kind::Code),
            ("yes", Kind::Boolean),
            ("http://a.b/c?d=1", Kind::Address),
            ("a@b.example", Kind::Address),
            ("MG-8769", Kind::Code),
            ("Total", Kind::Word),
            ("New York", Kind::Phrase),
            ("[1, 2]", Kind::Nested),
            ("***", Kind::Odd),
        ];
        for (cell, expected) in cases {
            assert_eq!(kind(cell.as_bytes()), *expected, "{cell:?}");
        }
        assert_eq!(kind("word ".repeat(20).as_bytes()), Kind::Prose);
    }

    /// Cells of what numbers, dates, addresses and words are made of.
    fn cells() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            "1", "12", "123", "2020", "1234567", "0", ".", ",", "-", "+", " ", "'", "/", ":", "%", "$", "€",
            "US$", "(", ")", "<", "~", "#", "*", " kr", "‰", "e", "E", "T", "Z", "am", "st", "Jan", "sept",
            "august", "Mon", "n", "na", "null", "none", "nan", "N/A", "yes", "f", "true", "www.", "mailto:",
            "://", "@", "x", "word", "é", "_", "[", "]", "{", "}", "\t", "\n", "\r", "\u{c}", "\\", "?", ";",
            "|", "\"", "^", "NA", "D",
        ]);
        prop_oneof![
            4 => prop::collection::vec(piece.clone(), 0..6).prop_map(|pieces| pieces.concat().into_bytes()),
            1 => prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes()),
            2 => "[-+(]?[0-9., ']{0,8}[-.,/: ]?[0-9]{0,4}[-.,/:eE %]?[0-9]{0,4}[)]?".prop_map(String::into_bytes),
            1 => "[0-9]{1,4}[-./:, +]{1,2}[0-9]{1,4}[-./:, +]{1,2}[0-9]{1,4}([-./:, +T]{1,2}[0-9]{1,4}){0,7}".prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..70),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_fast_way_gives_the_kind_of_the_plain_one(cell in cells()) {
            let (kind, rivals) = look(&cell);
            prop_assert_eq!(kind, plain::kind(&cell));
            let is_rival = |b: &u8| matches!(b, b',' | b';' | b'\t' | b'|' | b'"' | b'^' | b'~' | b'#');
            prop_assert!(rivals || !cell.iter().any(is_rival));
        }
    }
}
