//! Plain bytes to UTF-8 text, with the way back from a place in the text to a byte of the source.
//!
//! UTF-8 passes as it is; its invalid bytes are found block by block. Any other encoding is transcoded, and each
//! sequence that is invalid in it becomes U+FFFD and is remembered with its place.

mod guess;
mod legacy;
mod mixed;
mod source_map;
mod utf_16;

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_8};

pub(crate) use guess::{Guess, binary_kind, document_kind, guess};
pub(crate) use mixed::{is_western, utf_8_letters};
pub(crate) use source_map::SourceMap;

/// A sequence of bytes that is invalid in the file's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Offset of the first byte in the text (where its replacement stands).
    pub(crate) text: u64,
    /// Offset of the first byte in the source.
    pub(crate) source: u64,
    /// The bytes, at most 4.
    pub(crate) bytes: [u8; 4],
    /// How many there are.
    pub(crate) len: u8,
}

/// Bytes transcoded in one step; a place in the text is found again within one step, byte by byte, for every problem.
const STEP_BYTES: usize = 512;

/// Decodes one file from one place on.
pub(crate) struct Decoder {
    /// None for UTF-8.
    transcoder: Option<Transcoder>,
    /// Source bytes before the first byte of text, and bytes of the mark there that are still to be dropped.
    source_base: u64,
    drop: usize,
}

/// From a place in the text back to the byte of the source.
#[derive(Debug, Clone)]
pub(crate) enum Places {
    /// UTF-8: so many bytes stand before the text.
    Shifted(u64),
    /// Transcoded text.
    Mapped(Box<SourceMap>),
}

impl Places {
    /// Byte of the source for an offset in the text, counted from the first byte decoded.
    pub(crate) fn source_byte(&self, text: u64) -> u64 {
        match self {
            Places::Shifted(base) => base + text,
            Places::Mapped(map) => map.source_byte(text),
        }
    }
}

impl Default for Places {
    fn default() -> Self {
        Places::Shifted(0)
    }
}

struct Transcoder {
    inner: encoding_rs::Decoder,
    map: SourceMap,
    invalid: Vec<Invalid>,
    text_len: u64,
    source_len: u64,
}

impl Decoder {
    /// Decodes from the start of the file; its first `bom_bytes` are a byte order mark.
    pub(crate) fn new(encoding: &'static Encoding, bom_bytes: usize) -> Self {
        Self::resume(encoding, bom_bytes, 0)
    }

    /// Decodes from `source` on, where a character begins; `bom_bytes` are dropped first.
    pub(crate) fn resume(encoding: &'static Encoding, bom_bytes: usize, source: u64) -> Self {
        let source_base = source + bom_bytes as u64;
        let transcoder = (encoding != UTF_8).then(|| Transcoder {
            inner: encoding.new_decoder_without_bom_handling(),
            map: SourceMap::new(encoding, source_base),
            invalid: Vec::new(),
            text_len: 0,
            source_len: source_base,
        });
        Self { transcoder, source_base, drop: bom_bytes }
    }

    /// Appends the text of `bytes` to `text`.
    pub(crate) fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        let dropped = self.drop.min(bytes.len());
        self.drop -= dropped;
        let bytes = &bytes[dropped..];
        match &mut self.transcoder {
            None => text.extend_from_slice(bytes),
            Some(transcoder) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (step, behind) = rest.split_at(transcoder.map.step(rest).min(rest.len()));
                    transcoder.push(step, false, text);
                    rest = behind;
                }
            }
        }
    }

    /// The text of the first bytes of the file, all of them when `complete`: the bytes themselves where they are UTF-8.
    pub(crate) fn first_text<'a>(&mut self, bytes: &'a [u8], complete: bool) -> Cow<'a, [u8]> {
        if self.transcoder.is_none() {
            let dropped = self.drop.min(bytes.len());
            self.drop -= dropped;
            return Cow::Borrowed(&bytes[dropped..]);
        }
        let mut text = Vec::new();
        self.push(bytes, &mut text);
        if complete {
            self.finish(&mut text);
        }
        Cow::Owned(text)
    }

    /// The bytes have ended: a character that was cut is invalid.
    pub(crate) fn finish(&mut self, text: &mut Vec<u8>) {
        if let Some(transcoder) = &mut self.transcoder {
            transcoder.push(&[], true, text);
        }
    }

    /// The way back to the source for the text that has not been forgotten.
    pub(crate) fn places(&self) -> Places {
        match &self.transcoder {
            None => Places::Shifted(self.source_base),
            Some(transcoder) => Places::Mapped(Box::new(transcoder.map.clone())),
        }
    }

    /// Takes the invalid sequences that transcoding met in the text from `start` to `end`, and forgets those before.
    pub(crate) fn take_invalid(&mut self, start: u64, end: u64) -> Vec<Invalid> {
        let Some(transcoder) = &mut self.transcoder else { return Vec::new() };
        let cut = transcoder.invalid.partition_point(|invalid| invalid.text < end);
        transcoder.invalid.drain(..cut).filter(|invalid| invalid.text >= start).collect()
    }

    /// The text from `start` to `end` is passed over unread: only the place of its start is asked for later.
    pub(crate) fn pass_over(&mut self, start: u64, end: u64) {
        if let Some(transcoder) = &mut self.transcoder {
            transcoder.map.pin(start);
            transcoder.map.forget_before(end);
            let passed = transcoder.invalid.partition_point(|invalid| invalid.text < end);
            transcoder.invalid.drain(..passed);
        }
    }

    /// Places before `text` are not asked for any more.
    pub(crate) fn forget_before(&mut self, text: u64) {
        if let Some(transcoder) = &mut self.transcoder {
            transcoder.map.forget_before(text);
        }
    }
}

impl Transcoder {
    fn push(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) {
        self.map.mark(self.text_len, bytes);
        let mut rest = bytes;
        loop {
            let room = self.inner.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(0).max(16);
            let start = text.len();
            text.resize(start + room, 0);
            let (result, read, written) =
                self.inner.decode_to_utf8_without_replacement(rest, &mut text[start..], last);
            text.truncate(start + written);
            self.text_len += written as u64;
            self.source_len += read as u64;
            rest = &rest[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(len, after) => {
                    let source = self.source_len - u64::from(after) - u64::from(len);
                    self.invalid.push(Invalid {
                        text: self.text_len,
                        source,
                        bytes: self.map.bytes_at(source, len),
                        len: len.min(4),
                    });
                    text.extend_from_slice("\u{FFFD}".as_bytes());
                    self.text_len += 3;
                }
            }
        }
    }
}

/// Invalid sequences of text that should be UTF-8 and begins at `text_start`, each as long as the Unicode Standard's "maximal subpart".
pub(crate) fn invalid_utf8(text_start: u64, source_base: u64, block: &[u8]) -> Vec<Invalid> {
    let mut found = Vec::new();
    if simdutf8::basic::from_utf8(block).is_ok() {
        return found;
    }
    let mut at = 0;
    while let Err(error) = simdutf8::compat::from_utf8(&block[at..]) {
        let start = at + error.valid_up_to();
        let len = error.error_len().unwrap_or(block.len() - start);
        let mut bytes = [0; 4];
        bytes[..len.min(4)].copy_from_slice(&block[start..start + len.min(4)]);
        let text = text_start + start as u64;
        found.push(Invalid { text, source: source_base + text, bytes, len: len.min(4) as u8 });
        at = start + len.max(1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{EUC_KR, GB18030, SHIFT_JIS, UTF_16LE, WINDOWS_1252};

    /// Text, invalid sequences and the source byte of each place, for any split of the bytes.
    fn decode(encoding: &'static Encoding, bytes: &[u8], chunk: usize) -> (String, Vec<Invalid>, Vec<u64>) {
        let mut decoder = Decoder::new(encoding, 0);
        let mut text = Vec::new();
        bytes.chunks(chunk).for_each(|chunk| decoder.push(chunk, &mut text));
        decoder.finish(&mut text);
        let invalid = match decoder.transcoder {
            None => invalid_utf8(0, 0, &text),
            Some(_) => decoder.take_invalid(0, text.len() as u64),
        };
        let places = decoder.places();
        let places = (0..text.len() as u64).map(|at| places.source_byte(at)).collect();
        (String::from_utf8_lossy(&text).into_owned(), invalid, places)
    }

    #[test]
    fn every_place_in_the_text_is_found_in_the_source() {
        for (encoding, word) in [
            (SHIFT_JIS, "日本,ｱｲ,a"),
            (GB18030, "中文,x,𠀀"),
            (EUC_KR, "한국,b"),
            (UTF_16LE, "añ,😀,z"),
            (WINDOWS_1252, "é,€,x"),
        ] {
            let bytes = if encoding == UTF_16LE {
                word.encode_utf16().flat_map(u16::to_le_bytes).collect()
            } else {
                encoding.encode(word).0.into_owned()
            };
            for chunk in [1, 3, 100] {
                let (text, invalid, places) = decode(encoding, &bytes, chunk);
                assert_eq!((text.as_str(), invalid.len()), (word, 0));
                for (at, letter) in word.char_indices() {
                    let before: String = word[..at].to_owned();
                    let expected = if encoding == UTF_16LE {
                        before.encode_utf16().count() * 2
                    } else {
                        encoding.encode(&before).0.len()
                    };
                    assert_eq!(places[at], expected as u64, "{letter} of {word} in chunks of {chunk}");
                }
            }
        }
    }

    #[test]
    fn invalid_bytes_are_reported_with_their_place() {
        let (_, invalid, _) = decode(UTF_8, b"a\xffb\xe2\x82,\xc3", 100);
        let found: Vec<(u64, u8)> = invalid.iter().map(|i| (i.source, i.len)).collect();
        assert_eq!(found, [(1, 1), (3, 2), (6, 1)]);
        for chunk in [1, 2, 100] {
            let (text, invalid, places) = decode(SHIFT_JIS, b"a\xfd,b", chunk);
            assert_eq!(text, "a\u{FFFD},b", "chunks of {chunk}");
            assert_eq!((invalid[0].source, invalid[0].bytes[0], invalid[0].text), (1, 0xfd, 1));
            assert_eq!(places[4], 2, "the comma behind it");
        }
    }
}
