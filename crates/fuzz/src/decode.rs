//! Decoding: every record says where it stands in the source, and decoding from there gives its text.

use csvp_engine::Settings;
use encoding_rs::{Encoding, UTF_8};

use crate::choices::Choices;
use crate::files::{Keep, both, reconcile, small_limits};

const LABELS: &[&str] = &[
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1252",
    "windows-1251",
    "iso-8859-2",
    "shift_jis",
    "gb18030",
    "big5",
    "euc-kr",
    "euc-jp",
];

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let label = choices.one_of(LABELS);
    let as_it_stands = choices.flag();
    let chunk = 1 + choices.below(60);
    let limits = csvp_engine::Limits {
        detect_bytes: choices.one_of(&[1 << 16, 64]),
        block_bytes: choices.one_of(&[1 << 16, 64]),
        ..small_limits()
    };
    let encoding = Encoding::for_label(label.as_bytes()).expect("the label is of the standard");
    let bytes = if as_it_stands { choices.text().to_vec() } else { encode(encoding, choices.text()) };
    if is_packed(&bytes) {
        return;
    }
    let settings = Settings { encoding: Some(label.to_owned()), limits, ..Settings::default() };

    let whole = both(&settings, &bytes, bytes.len(), 1, Keep::default());
    let pieces = both(&settings, &bytes, chunk, 1, Keep::default());
    let (report, kept) = match (whole, pieces) {
        (Ok((report, kept)), Ok((other, _))) => {
            assert_eq!(report, other, "chunks of {chunk}");
            (report, kept)
        }
        (whole, pieces) => return assert_eq!(whole.err(), pieces.err()),
    };
    reconcile(&report);
    for record in kept.0 {
        let from = bytes.get(record.byte as usize..).expect("a record begins inside the file");
        // No character has more than four bytes in the source.
        let from = &from[..from.len().min(4 * record.text.len())];
        let text = if encoding == UTF_8 {
            from.to_vec()
        } else {
            encoding.decode_without_bom_handling(from).0.into_owned().into_bytes()
        };
        assert!(text.starts_with(&record.text), "{label}: the record at byte {} is another", record.byte);
    }
}

/// Text in an encoding; what it has no letter for becomes a reference in ASCII.
fn encode(encoding: &'static Encoding, text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    match encoding.name() {
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => encoding.encode(&text).0.into_owned(),
    }
}

/// Compressed files are the business of another target.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    [&b"\x1f\x8b"[..], b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"PK\x03\x04"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
}
