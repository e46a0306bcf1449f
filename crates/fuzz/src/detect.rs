//! Detection: the same answer for the same bytes in any pieces, always a usable one, and never against a hint.

use csvp_engine::detect::{DialectHints, detect};
use csvp_engine::{Limits, Settings, Sniff, Sniffed};

use crate::choices::Choices;
use crate::files::small_limits;

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let chunk = 1 + choices.below(100);
    let complete = choices.flag();
    let delimiter = choices.one_of(&[None, None, None, Some(&b";"[..]), Some(b"||")]).map(<[u8]>::to_vec);
    let quote = choices.one_of(&[None, None, Some(None), Some(Some(b'\''))]);
    let header_rows = choices.one_of(&[None, None, Some(0), Some(2)]);
    let hints = DialectHints { delimiter, quote, header_rows, ..DialectHints::default() };
    let limits = Limits { detect_bytes: choices.one_of(&[1 << 16, 100]), ..small_limits() };
    let text = choices.text();

    let found = detect(text, complete, &hints);
    assert_eq!(found, detect(text, complete, &hints));
    assert!((0.0..=1.0).contains(&found.confidence), "confidence {}", found.confidence);
    assert!((1..=8).contains(&found.dialect.delimiter.len()), "{:?}", found.dialect);
    assert!(!found.dialect.delimiter.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "{:?}", found.dialect);
    assert!(found.candidates.len() <= 8);
    assert!(
        hints.delimiter.as_ref().is_none_or(|hint| *hint == found.dialect.delimiter),
        "{:?}",
        found.dialect
    );
    assert!(hints.quote.is_none_or(|hint| hint == found.dialect.quote), "{:?}", found.dialect);
    assert!(hints.header_rows.is_none_or(|hint| hint == found.dialect.header_rows), "{:?}", found.dialect);

    let settings = Settings { dialect: hints, limits, ..Settings::default() };
    assert_eq!(sniff(&settings, text, text.len()), sniff(&settings, text, chunk), "chunks of {chunk}");
}

fn sniff(settings: &Settings, bytes: &[u8], chunk: usize) -> Result<Sniffed, String> {
    let mut sniff = Sniff::new(settings.clone()).map_err(|error| error.to_string())?;
    for chunk in bytes.chunks(chunk.max(1)) {
        sniff.push(chunk).map_err(|error| error.to_string())?;
    }
    sniff.finish(true).map_err(|error| error.to_string())
}
