//! Guess the encoding of a file from its first part.

use csvp_report::EncodingFacts;
use encoding_rs::{Encoding, UTF_8};

use super::{is_western, legacy, utf_16};

/// An encoding, how it was found, and the bytes of its mark.
#[derive(Debug, Clone)]
pub(crate) struct Guess {
    pub(crate) encoding: &'static Encoding,
    pub(crate) bom_bytes: usize,
    source: &'static str,
    confidence: f64,
}

impl Guess {
    pub(crate) fn facts(&self) -> EncodingFacts {
        EncodingFacts {
            name: self.encoding.name().to_owned(),
            bom: self.bom_bytes > 0,
            source: self.source.to_owned(),
            confidence: self.confidence,
        }
    }

    pub(crate) fn declared(encoding: &'static Encoding, sample: &[u8]) -> Self {
        let bom_bytes =
            Encoding::for_bom(sample).filter(|&(of_bom, _)| of_bom == encoding).map_or(0, |(_, n)| n);
        Guess { encoding, bom_bytes, source: "declared", confidence: 1.0 }
    }
}

/// The encoding of a file whose first bytes are `sample`; `complete` when that is all of it.
///
/// In this order: byte order mark; UTF-16 without mark, told by its zero bytes; UTF-8 when it is valid, or nearly so
/// beside many valid multi-byte characters, or damaged in one place beside any; statistics, if they do not say that as many
/// western letters stand beside those of UTF-8.
pub(crate) fn guess(sample: &[u8], complete: bool) -> Guess {
    if let Some((encoding, bom_bytes)) = Encoding::for_bom(sample) {
        return Guess { encoding, bom_bytes, source: "bom", confidence: 1.0 };
    }
    if let Some(encoding) = utf_16::without_mark(sample) {
        return Guess { encoding, bom_bytes: 0, source: "zero-bytes", confidence: 0.95 };
    }
    let utf8 = Utf8Counts::of(sample, complete);
    if utf8.invalid == 0 {
        let source = if utf8.multi_byte == 0 { "ascii" } else { "valid-utf8" };
        return Guess {
            encoding: UTF_8,
            bom_bytes: 0,
            source,
            confidence: if utf8.multi_byte == 0 { 0.9 } else { 0.99 },
        };
    }
    if utf8.multi_byte >= 4 * utf8.invalid || utf8.is_damaged_once() && utf8.multi_byte >= 2 {
        return Guess { encoding: UTF_8, bom_bytes: 0, source: "valid-utf8", confidence: 0.8 };
    }
    let (encoding, confidence) = legacy::guess(sample, complete);
    // Bytes that are whole characters of UTF-8 are no words of a western encoding. Where they are as many as the others, the
    // others are the fault: their cells are named and go nowhere, instead of letters that nobody wrote.
    if is_western(encoding) && utf8.multi_byte >= utf8.invalid {
        return Guess { encoding: UTF_8, bom_bytes: 0, source: "valid-utf8", confidence: 0.6 };
    }
    Guess { encoding, bom_bytes: 0, source: "statistics", confidence }
}

/// So many invalid sequences and fewer valid ones beside ASCII: the rest need not be read.
const CLEARLY_NOT_UTF_8: usize = 500;

/// Bytes that the damage of one byte may make invalid: a character of four bytes that is cut, and what cuts it.
const DAMAGED_BYTES: usize = 5;

#[derive(Default)]
struct Utf8Counts {
    multi_byte: usize,
    invalid: usize,
    /// Where the first invalid sequence begins and the last one.
    first: Option<usize>,
    last: usize,
}

impl Utf8Counts {
    fn of(sample: &[u8], complete: bool) -> Self {
        let mut counts = Utf8Counts::default();
        let mut rest = sample;
        loop {
            match simdutf8::compat::from_utf8(rest) {
                Ok(text) => {
                    counts.multi_byte += multi_byte(text.as_bytes());
                    return counts;
                }
                Err(error) => {
                    counts.multi_byte += multi_byte(&rest[..error.valid_up_to()]);
                    let Some(len) = error.error_len() else {
                        // A character cut by the end of the sample is no fault.
                        counts.invalid += usize::from(complete);
                        return counts;
                    };
                    counts.invalid += 1;
                    counts.last = sample.len() - rest.len() + error.valid_up_to();
                    counts.first.get_or_insert(counts.last);
                    if counts.invalid == CLEARLY_NOT_UTF_8 && counts.multi_byte < counts.invalid {
                        return counts;
                    }
                    rest = &rest[error.valid_up_to() + len..];
                }
            }
        }
    }
}

impl Utf8Counts {
    /// Whether all that is invalid stands in one place, as when one byte was lost or changed. Text in a legacy encoding
    /// has its letters in many places, and they make no valid characters elsewhere.
    fn is_damaged_once(&self) -> bool {
        self.first.is_some_and(|first| self.last - first < DAMAGED_BYTES)
    }
}

fn multi_byte(text: &[u8]) -> usize {
    count(text, |byte| byte >= 0xc0)
}

/// How many bytes are so. Parts whose count fits a byte are counted many bytes at once.
fn count(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    let count = |part: &[u8]| part.iter().fold(0_u8, |n, &byte| n.wrapping_add(u8::from(is(byte))));
    bytes.chunks(u8::MAX as usize).map(|part| usize::from(count(part))).sum()
}

/// What the bytes are when they certainly are no delimited text; for a message.
pub(crate) fn binary_kind(sample: &[u8]) -> Option<&'static str> {
    const EXCEL: &str = "an old Excel workbook (.xls): save its sheet as CSV";
    const MAGIC: [(&[u8], &str); 17] = [
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF87a", "a GIF image"),
        (b"GIF89a", "a GIF image"),
        (b"%PDF-", "a PDF document"),
        (b"PAR1", "a Parquet file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x7fELF", "a program"),
        (b"MZ\x90\0", "a program"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "an old Excel workbook or another Office document (.xls): save its sheet as CSV",
        ),
        (b"\x09\x08\x10\0", EXCEL),
        (b"\x09\x08\x08\0", EXCEL),
        (b"\x09\x04\x06\0", EXCEL),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"Obj\x01", "an Avro file"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    ];
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Some(kind);
    }
    if is_utf_32(sample) {
        return Some("text in UTF-32: save it as UTF-8");
    }
    if is_iso_2022_jp(sample) {
        return Some(
            "text in ISO-2022-JP, whose signs change their meaning inside the file: save it as UTF-8",
        );
    }
    if utf_16::without_mark(sample).is_some() || Encoding::for_bom(sample).is_some() {
        return None;
    }
    let head = &sample[..sample.len().min(64 << 10)];
    // One NUL in a small file is damage; one byte in twenty is another kind of file.
    (count(head, is_control) * 20 > head.len().max(80)).then_some("binary data")
}

/// What a text is when it begins as a document of another kind; for a message.
pub(crate) fn document_kind(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii_start();
    let begins =
        |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()));
    // `<html>,<title>` is a header of two columns: behind the tag of a page comes no delimiter.
    let is_page = |tag: &str| {
        let end = || memchr::memchr(b'>', text).map_or(text.len(), |at| at + 1);
        begins(tag)
            && matches!(text.get(tag.len()), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n'))
            && !matches!(text.get(end()), Some(b',' | b';' | b'\t' | b'|'))
    };
    if is_page("<!doctype html") || is_page("<html") {
        Some("an HTML page")
    } else if is_page("<svg") {
        Some("an SVG image")
    } else if begins("<?xml version") {
        Some("an XML document")
    } else if is_json(text) {
        Some("JSON: make a table of it first")
    } else if begins("%PDF-") {
        Some("a PDF document")
    } else if begins("{\\rtf1") {
        Some("an RTF document")
    } else {
        begins("%!PS-Adobe").then_some("a PostScript document")
    }
}

/// Whether a text begins as an object of JSON does, or as a list of them: the name behind the first brace has a colon
/// behind it. What is `{"a"},b` is a table.
fn is_json(text: &[u8]) -> bool {
    let list = text.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    let Some(object) = list.unwrap_or(text).strip_prefix(b"{") else { return false };
    let Some(name) = object.trim_ascii_start().strip_prefix(b"\"") else { return false };
    let end = name.iter().position(|&byte| matches!(byte, b'"' | b'\n' | b'\\')).unwrap_or(name.len());
    name[end..].strip_prefix(b"\"").is_some_and(|behind| behind.trim_ascii_start().starts_with(b":"))
}

/// Four bytes a character: by its mark, or three zero bytes beside each of the first characters.
fn is_utf_32(sample: &[u8]) -> bool {
    if sample.starts_with(b"\xff\xfe\0\0") || sample.starts_with(b"\0\0\xfe\xff") {
        return true;
    }
    let characters = || sample.chunks_exact(4).take(16);
    let little = |four: &[u8]| four[0] != 0 && four[1..] == [0; 3];
    let big = |four: &[u8]| four[..3] == [0; 3] && four[3] != 0;
    characters().len() >= 4 && (characters().all(little) || characters().all(big))
}

/// 7-bit Japanese: escape sequences switch between ASCII and pairs of bytes. Read as ASCII it would be nonsense.
fn is_iso_2022_jp(sample: &[u8]) -> bool {
    let switch = |at: usize| sample[at..].starts_with(b"\x1b$B") || sample[at..].starts_with(b"\x1b$@");
    memchr::memchr_iter(0x1b, sample).any(switch)
        && sample.is_ascii()
        && memchr::memmem::find(sample, b"\x1b(").is_some()
}

/// Control characters that do not occur in delimited text (blanks, escapes and the separators 0x1c to 0x1f do).
fn is_control(byte: u8) -> bool {
    byte < 0x1b && !(b'\t'..=b'\r').contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], name: &str, source: &str) {
        let guess = guess(bytes, true);
        assert_eq!(
            (guess.encoding.name(), guess.source),
            (name, source),
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }

    #[test]
    fn guesses_encodings() {
        check(b"a,b\n1,2\n", "UTF-8", "ascii");
        check("a,é\n".as_bytes(), "UTF-8", "valid-utf8");
        check(b"\xef\xbb\xbfa,b\n", "UTF-8", "bom");
        check(b"\xff\xfea\0,\0", "UTF-16LE", "bom");
        check(b"a\0,\0b\0\n\0", "UTF-16LE", "zero-bytes");
        check(b"\0a\0,\0b\0\n", "UTF-16BE", "zero-bytes");
        check(b"name,city\nJos\xe9,Malm\xf6\nZo\xeb,Gen\xe8ve\n", "windows-1252", "statistics");
        check("ä,ö,ü,ß,é\n\u{0}".replace('\0', "").as_bytes(), "UTF-8", "valid-utf8");
        check(b"\xc3\xa9 \xc3\xa8 \xc3\xbc \xc3\xb6 \xff\n", "UTF-8", "valid-utf8");
        // A letter that was torn apart, and two whole ones.
        check(b"\xc3\xa9 \xc3\xff\xa8 \xc3\xbc\n", "UTF-8", "valid-utf8");
        // As many letters of UTF-8 as of windows-1252.
        check(b"1,K\xc3\xb6ln\n2,K\xf6ln\n", "UTF-8", "valid-utf8");
        check(b"1,K\xc3\xb6ln\n2,K\xf6ln\n3,Z\xfcrich\n4,Gen\xe8ve\n", "windows-1252", "statistics");
        // Letters in two places are another encoding.
        assert!(!Utf8Counts::of(b"\xc3\xa9 Jos\xe9, Malm\xf6 \xc3\xbc\n", true).is_damaged_once());
    }

    #[test]
    fn tells_documents() {
        for (text, kind) in [
            ("<!DOCTYPE html><html>", "an HTML page"),
            (" \n<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">", "an HTML page"),
            ("<html lang=\"en\">\n<head>", "an HTML page"),
            ("<HTML>\n", "an HTML page"),
            ("<?xml version=\"1.0\"?>\n<a/>", "an XML document"),
            ("<svg width=\"1\">", "an SVG image"),
            ("\r\n%PDF-1.7", "a PDF document"),
            ("{\\rtf1\\ansi", "an RTF document"),
            ("%!PS-Adobe-3.0", "a PostScript document"),
            ("[\n  {\"id\": 1},\n  {\"id\": 2}]", "JSON: make a table of it first"),
            ("{\"id\":1,\"n\":\"a\"}\n{\"id\":2}", "JSON: make a table of it first"),
        ] {
            assert_eq!(document_kind(text.as_bytes()), Some(kind), "{text}");
        }
        for text in [
            "<id>,<name>\n",
            "<html>,<title>\n1,2\n",
            "<htmlx>\n",
            "<b>;c\n",
            "<?xml>,a",
            "<",
            "",
            "a,<html>",
            "{a},{b}\n",
            "{\"a\"},{\"b\"}\n",
            "[1],[2]\n",
            "{a:b}",
        ] {
            assert_eq!(document_kind(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn tells_binary_files() {
        assert_eq!(binary_kind(b"\x89PNG\r\n\x1a\n...."), Some("a PNG image"));
        assert_eq!(binary_kind(&[0, 1, 2, 3].repeat(100)), Some("binary data"));
        for text in [&b"\xff\xfe\0\0a\0\0\0,\0\0\0"[..], b"\0\0\xfe\xff\0\0\0a", &b"\0\0\0a\0\0\0,".repeat(3)]
        {
            assert!(binary_kind(text).is_some_and(|kind| kind.contains("UTF-32")), "{text:?}");
        }
        assert!(binary_kind(b"\x09\x08\x10\0\0\x06\x05\0").is_some_and(|kind| kind.contains("Excel")));
        assert_eq!(binary_kind(b"a\0,\0b\0\n\0"), None);
        assert_eq!(binary_kind(b"a,b\0\n"), None);
        assert_eq!(binary_kind(b""), None);
        assert!(
            binary_kind(b"no,name\n1,\x1b$B@>;R\x1b(B\n").is_some_and(|kind| kind.contains("ISO-2022-JP"))
        );
        assert_eq!(binary_kind(b"text,\x1b[1mbold\x1b[0m\n"), None);
    }
}
