//! Words and ways of writing that tell names of columns, titles and notes from values.

use std::sync::LazyLock;

/// Words that often name columns, in some languages.
const HEADER_WORDS: &str = "id name date time type code year month day value count number no total amount price qty quantity \
    status description desc title address city state country zip email phone url lat lon lng latitude \
    longitude category age gender sex unit units region class group score rate version source level size \
    length width height weight min max mean avg sum percent key index label tag tags comment comments \
    note notes user author product item order customer company county area population rank start end \
    timestamp created updated link file path text language lang currency cost nom nombre fecha datum \
    titre titel codigo wert anzahl adresse ville ort prix preis tipo valor ano estado data nome";

/// The same by their first letter: hardly any word is compared with more than a few.
static BY_LETTER: LazyLock<[Vec<&'static [u8]>; 26]> = LazyLock::new(|| {
    let mut words: [Vec<&[u8]>; 26] = Default::default();
    for word in HEADER_WORDS.split_ascii_whitespace().map(str::as_bytes) {
        words[usize::from(word[0] - b'a')].push(word);
    }
    words
});

/// A year between 1900 and 2099, also as spreadsheets export it (`1990.0`).
pub(super) fn is_year(text: &[u8]) -> bool {
    let text = text.strip_suffix(b".0").unwrap_or(text);
    matches!(text, [b'1', b'9', c, d] | [b'2', b'0', c, d] if c.is_ascii_digit() && d.is_ascii_digit())
}

/// `first_name`, `firstName`, `first.name`, `name`: how programs name columns.
pub(super) fn is_name_style(text: &[u8]) -> bool {
    let Some(first) = text.first() else { return false };
    let signs = text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    let joined = text.contains(&b'_')
        || text.windows(2).any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase());
    let small = text.iter().all(u8::is_ascii_lowercase) && text.len() >= 2;
    signs && (first.is_ascii_alphabetic() || *first == b'_') && text.len() <= 40 && (joined || small)
}

/// Whether one of its words is a word that names columns.
pub(super) fn has_header_word(text: &[u8]) -> bool {
    if text.len() > 60 {
        return false;
    }
    let mut start = 0;
    for at in 0..=text.len() {
        let cut = match text.get(at) {
            None => true,
            Some(b) if !b.is_ascii_alphabetic() => true,
            Some(b) => b.is_ascii_uppercase() && at > 0 && text[at - 1].is_ascii_lowercase(),
        };
        if cut {
            if is_header_word(&text[start..at]) {
                return true;
            }
            start = if text.get(at).is_some_and(u8::is_ascii_alphabetic) { at } else { at + 1 };
        }
    }
    false
}

fn is_header_word(word: &[u8]) -> bool {
    let Some(first) = word.first().filter(|first| first.is_ascii_alphabetic()) else { return false };
    let words = &BY_LETTER[usize::from(first.to_ascii_lowercase() - b'a')];
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// `Table 3`, `Source: ...`, `Note`, `(c) ...`: how titles and notes begin.
pub(super) fn starts_a_note(text: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b"table",
        b"source",
        b"note",
        b"(c)",
        b"\xc2\xa9",
        b"copyright",
        b"footnote",
        b"figure",
        b"report",
        b"title",
        b"generated",
        b"created",
        b"exported",
        b"date:",
        b"printed",
        b"last updated",
        b"updated",
        b"see ",
        b"*",
        b"disclaimer",
        b"prepared",
        b"for more",
        b"contact",
        b"http",
        b"quelle",
        b"fuente",
        b"nota",
    ];
    STARTS.iter().any(|s| text.get(..s.len()).is_some_and(|t| t.eq_ignore_ascii_case(s)))
}
