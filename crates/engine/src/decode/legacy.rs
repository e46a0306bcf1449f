//! Encodings without any mark and without rules that only their own text keeps: told by statistics (chardetng, the
//! detector of Firefox), with what delimited files need beside it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, ISO_8859_2, ISO_8859_4, ISO_8859_15, KOI8_U, SHIFT_JIS, WINDOWS_1250, WINDOWS_1252,
    WINDOWS_1253,
};

/// Bytes that are looked at, in whole lines with something beside ASCII in them.
const LOOKED_AT: usize = 128 << 10;
/// Bytes of them that statistics, which are slow, look at.
const JUDGED: usize = 16 << 10;
/// Parts that are judged on their own.
const PARTS: usize = 8;
/// Characters beside ASCII that a part needs.
const PART_CHARACTERS: usize = 40;
/// Characters beside ASCII without which hardly used encodings are not believed.
const MUCH_TEXT: usize = 200;
/// Confidence below which an encoding counts as unsure.
const SURE: f64 = 0.5;

/// An encoding and how sure it is, from 0 to 1.
pub(super) fn guess(sample: &[u8], complete: bool) -> (&'static Encoding, f64) {
    let text = telling_lines(sample);
    let judged = whole_lines(&text, JUDGED);
    let whole = statistics(judged, complete && judged.len() == text.len());
    let votes: Vec<&'static Encoding> = parts(judged).iter().map(|part| statistics(part, true)).collect();
    let mut likely = whole;
    if let Some((voted, n)) = most_frequent(&votes)
        && n * 4 >= votes.len() * 3
    {
        // One damaged character rules an encoding out for the whole text, but only for one of its parts.
        likely = voted;
    }
    let encoding = refined(&text, likely);
    // How many bytes there were to judge says most about the error of statistics; parts that agree, the rest.
    let n_judged = judged.iter().filter(|b| !b.is_ascii()).count() as f64;
    let confidence = (0.4 + n_judged / 200.0).min(0.9);
    let agreeing = votes.iter().filter(|&&vote| vote == likely).count();
    let sure = encoding != likely || agreeing * 2 >= votes.len();
    (encoding, if sure { confidence } else { confidence.min(SURE - 0.05) })
}

fn statistics(text: &[u8], complete: bool) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(text, complete);
    detector.guess(None, Utf8Detection::Deny)
}

/// The first lines that are not all ASCII, up to [`LOOKED_AT`] bytes: statistics learn nothing from the others.
fn telling_lines(sample: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut rest = sample;
    while lines.len() < LOOKED_AT {
        let ascii = Encoding::ascii_valid_up_to(rest);
        if ascii == rest.len() {
            break;
        }
        let start = memchr::memrchr(b'\n', &rest[..ascii]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &rest[ascii..]).map_or(rest.len(), |at| ascii + at + 1);
        // A line of UTF-8 is in another encoding than the one that is looked for.
        if std::str::from_utf8(&rest[start..end]).is_err() {
            lines.extend_from_slice(&rest[start..end.min(start + LOOKED_AT)]);
        }
        rest = &rest[end..];
    }
    lines
}

/// The first `most` bytes, up to a line end where there is one.
fn whole_lines(text: &[u8], most: usize) -> &[u8] {
    let Some(head) = text.get(..most) else { return text };
    &head[..memchr::memrchr(b'\n', head).map_or(most, |at| at + 1)]
}

/// Up to [`PARTS`] parts of whole lines, when there is enough text for two.
fn parts(text: &[u8]) -> Vec<&[u8]> {
    let characters = text.iter().filter(|b| !b.is_ascii()).count();
    let n = (characters / PART_CHARACTERS).min(PARTS);
    if n < 2 {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = (text.len() / n).min(rest.len());
        let end = memchr::memchr(b'\n', &rest[at..]).map_or(rest.len(), |line| at + line + 1);
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    parts
}

fn most_frequent(votes: &[&'static Encoding]) -> Option<(&'static Encoding, usize)> {
    let count = |encoding: &'static Encoding| votes.iter().filter(|vote| **vote == encoding).count();
    votes.iter().map(|&vote| (vote, count(vote))).max_by_key(|&(_, n)| n)
}

/// What the statistics do not know, or what Firefox expects a site's address to tell.
fn refined(text: &[u8], encoding: &'static Encoding) -> &'static Encoding {
    if encoding != WINDOWS_1252 && is_units(text) {
        return WINDOWS_1252;
    }
    if encoding == ISO_8859_4 && text.iter().filter(|b| !b.is_ascii()).count() < MUCH_TEXT {
        return WINDOWS_1252;
    }
    if is_half_width_katakana(text) {
        return SHIFT_JIS;
    }
    if encoding == KOI8_U && is_greek_capitals(text) {
        return WINDOWS_1253;
    }
    let latin = [WINDOWS_1252, WINDOWS_1250, ISO_8859_2].contains(&encoding);
    if latin
        && has_signs_of_latin_9(text)
        && statistics(&without_signs_of_latin_9(text), true) == WINDOWS_1252
    {
        return ISO_8859_15;
    }
    if encoding == WINDOWS_1252 && is_hungarian(text) { WINDOWS_1250 } else { encoding }
}

/// Whether nearly all there is beside ASCII are signs of units and numbers where those stand (`5 µg/m³`, `20 °C`, `± 2`).
/// Statistics of languages take them for letters.
fn is_units(text: &[u8]) -> bool {
    let (mut all, mut units) = (0_usize, 0_usize);
    for (at, &byte) in text.iter().enumerate().filter(|(_, b)| !b.is_ascii()) {
        let before = at.checked_sub(1).map_or(b' ', |at| text[at]);
        let behind = text.get(at + 1).copied().unwrap_or(b' ');
        let apart = !before.is_ascii_alphabetic() && !behind.is_ascii_alphabetic();
        all += 1;
        units += usize::from(match byte {
            // Degree: before its scale or alone.
            0xb0 => !before.is_ascii_alphabetic() && (matches!(behind, b'C' | b'F') || apart),
            // Micro: before a unit.
            0xb5 => !before.is_ascii_alphabetic() && b"gmlLsSVAWFNPM".contains(&behind),
            // Square and cube: after a unit or a bracket.
            0xb2 | 0xb3 => b"mstdMNc)]0123456789".contains(&before) && !behind.is_ascii_alphabetic(),
            // Pound and fractions: beside a number.
            0xa3 => behind.is_ascii_digit() || apart,
            0xbc..=0xbe => before.is_ascii_digit() || apart,
            // No-break space, section, copyright, registered, plus or minus, middle dot, multiplication, division, diameter.
            0xa0 => true,
            0xa7 | 0xa9 | 0xae | 0xb1 | 0xb7 | 0xd7 | 0xd8 | 0xf7 => apart,
            _ => false,
        });
    }
    units * 10 >= all * 9
}

/// Names as Japanese banks and insurers write them: one byte a sign, from 0xa1 to 0xdf, whole words of them. Capitals of
/// other scripts lie there too, but each in one part of it, and their small letters mostly behind it.
fn is_half_width_katakana(text: &[u8]) -> bool {
    let high: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii()).collect();
    let words = text.chunk_by(|a, b| a.is_ascii() == b.is_ascii()).filter(|run| !run[0].is_ascii()).count();
    let n = high.len();
    let share_of =
        |low: u8, most: u8| high.iter().filter(|b| (low..=most).contains(b)).count() as f64 / n.max(1) as f64;
    n >= 6
        && high.iter().all(|b| (0xa1..=0xdf).contains(b))
        && n * 2 >= words * 5
        && share_of(0xb1, 0xbf) >= 0.15
        && (0.1..0.5).contains(&share_of(0xd0, 0xdf))
}

/// The capitals of Greek without accents are small letters in KOI8, but for `р`, whose place is empty in Greek. Cyrillic
/// text without any capital and any `р` is a word or two.
fn is_greek_capitals(text: &[u8]) -> bool {
    let mut high = text.iter().filter(|b| !b.is_ascii()).peekable();
    high.peek().is_some() && high.all(|&b| (0xc1..=0xd9).contains(&b) && b != 0xd2)
}

/// ISO 8859-15 has `€ Š š Ž ž Œ œ Ÿ` where Windows-1252 has `¤ ¦ ¨ ´ ¸ ¼ ½ ¾`: letters inside words against signs
/// between them.
fn has_signs_of_latin_9(text: &[u8]) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0xc0;
    let (mut letters, mut signs) = (0_usize, 0_usize);
    for (at, &byte) in text.iter().enumerate() {
        let before = at.checked_sub(1).map_or(b' ', |at| text[at]);
        let behind = text.get(at + 1).copied().unwrap_or(b' ');
        match byte {
            0x80..=0x9f => return false,
            0xa4 => letters += 1,
            // An acute accent is often an apostrophe.
            0xb4 if letter(before) => {}
            // Fractions stand before units of measure.
            0xbc..=0xbe if !letter(before) => {
                if matches!(behind, b'u' | b'U' | b'd') {
                    letters += 1
                } else {
                    signs += 1
                }
            }
            0xa6 | 0xa8 | 0xb4 | 0xb8 | 0xbc..=0xbe => {
                if letter(behind) || letter(before) {
                    letters += 1
                } else {
                    signs += 1
                }
            }
            _ => {}
        }
    }
    letters > 4 * signs
}

/// The letters and signs that are peculiar to ISO 8859-15, replaced by ASCII: the rest is then Windows-1252.
fn without_signs_of_latin_9(text: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| match byte {
        0xa4 => b'E',
        0xa6 | 0xb4 | 0xbc | 0xbe => b'S',
        0xa8 | 0xb8 | 0xbd => b's',
        other => *other,
    };
    text.iter().map(plain).collect()
}

/// Hungarian is written with the letters of Windows-1250; but for `ő` and `ű` they are those of Windows-1252, where
/// their bytes are `õ` and `û`. No language of Windows-1252 has these beside `ö` or `ü`, acute accents and no others.
fn is_hungarian(text: &[u8]) -> bool {
    const ACUTE: &[u8] = b"\xc1\xc9\xcd\xd3\xda\xe1\xe9\xed\xf3\xfa";
    let (mut acute, mut short, mut long) = (0_usize, 0_usize, 0_usize);
    for byte in text.iter().filter(|&&b| b >= 0xc0) {
        match byte {
            0xd6 | 0xdc | 0xf6 | 0xfc => short += 1,
            0xd5 | 0xdb | 0xf5 | 0xfb => long += 1,
            _ if ACUTE.contains(byte) => acute += 1,
            _ => return false,
        }
    }
    // In Portuguese, `õ` is followed by `e`.
    let before_e = text.windows(2).filter(|w| matches!(w, [0xd5 | 0xf5, b'e' | b'E'])).count();
    acute > 0 && long > 0 && (short > 0 || before_e < long && !text.contains(&0xfb))
}

#[cfg(test)]
mod tests {
    use encoding_rs::{EUC_KR, ISO_8859_5, WINDOWS_1251};

    use super::*;

    fn of(text: &str, encoding: &'static Encoding) -> &'static str {
        let (bytes, _, lossy) = encoding.encode(text);
        assert!(!lossy, "{text}");
        guess(&bytes, true).0.name()
    }

    #[test]
    fn letters_of_latin_9_are_told_from_signs() {
        let french = "prix;32,50 €\nmain-d'œuvre;déjà payé\n";
        assert_eq!(of(french, ISO_8859_15), "ISO-8859-15");
        assert_eq!(of(french, WINDOWS_1252), "windows-1252");
        for text in ["name,size\nO´Brien,2½\ntuyère à gaz,½ pouce\n", "größe;½kg\nlänge;3¾\n"] {
            assert_eq!(of(text, WINDOWS_1252), "windows-1252", "{text}");
        }
    }

    #[test]
    fn hungarian_is_told_from_its_neighbours() {
        assert_eq!(of("Győző;Fő utca 5;két hüvelykes\n", WINDOWS_1250), "windows-1250");
        for text in
            ["João Simões;não há informações\n", "août;sûr;été\n", "Tõnu;Jõgi;Üürike\n", "Müller;Grûn\n"]
        {
            assert_eq!(of(text, WINDOWS_1252), "windows-1252", "{text}");
        }
    }

    #[test]
    fn signs_of_units_are_no_letters() {
        for text in ["site,PM10 (µg/m³)\nA,12\n", "t (°C);error\n20;±1\n", "size\n2 × 3 m²\n"] {
            assert_eq!(of(text, WINDOWS_1252), "windows-1252", "{text}");
        }
        for text in ["Ivan;Ľubica\nJán;ľan\n", "imię;miłość\nŁukasz;są\n"] {
            assert_ne!(of(text, WINDOWS_1250), "windows-1252", "{text}");
        }
    }

    #[test]
    fn a_few_characters_do_not_make_a_rare_encoding() {
        let text = "nr;waarde\n1;waarschuwingen de afsluitwaarde niet laten beïnvloeden\n";
        assert_eq!(of(text, WINDOWS_1252), "windows-1252");
    }

    #[test]
    fn half_width_katakana_are_told_from_capitals() {
        assert_eq!(of("no,name\n1,ｻﾄｳ ﾀﾛｳ\n2,ｽｽﾞｷ ﾊﾅｺ\n3,ﾜﾀﾅﾍﾞ ﾐｻｷ\n", SHIFT_JIS), "Shift_JIS");
        let russian = "no,name\n1,Иван Попов\n2,Анна Козина\n3,Олег Жданов\n4,ИВАН ПЕТРОВ\n5,МОСКВА\n";
        for encoding in [ISO_8859_5, WINDOWS_1251, KOI8_U] {
            assert_eq!(of(russian, encoding), encoding.name());
        }
        assert_eq!(of("no,name\n1,ΝΙΚΟΣ ΓΕΩΡΓΙΟΥ\n2,ΜΑΡΙΑ ΑΘΗΝΑ\n", WINDOWS_1253), "windows-1253");
    }

    #[test]
    fn damage_in_one_place_does_not_change_the_encoding() {
        for (line, encoding) in
            [("1,東京都千代田区,佐藤太郎\n", SHIFT_JIS), ("1,서울특별시 세종대로,김민준\n", EUC_KR)]
        {
            let mut bytes = encoding.encode(line).0.repeat(100);
            bytes.splice(2_000..2_001, *b"\xff\xff");
            assert_eq!(guess(&bytes, true).0, encoding);
        }
    }
}
