//! From a place in transcoded text back to the byte of the source.

use std::collections::VecDeque;

use encoding_rs::Encoding;

/// Remembers where the steps of transcoding began, and the source bytes of those still asked for.
///
/// A place is found by transcoding its step again, so no table of characters is kept.
#[derive(Debug, Clone)]
pub(crate) struct SourceMap {
    encoding: &'static Encoding,
    /// Where decoding began in the source.
    origin: u64,
    /// (offset in the text, offset in the source) where each step began.
    marks: VecDeque<(u64, u64)>,
    /// Source bytes from `raw_base` on.
    raw: VecDeque<u8>,
    raw_base: u64,
    /// A place that is kept although the bytes behind it are forgotten.
    pinned: Option<(u64, u64)>,
}

impl SourceMap {
    pub(super) fn new(encoding: &'static Encoding, source: u64) -> Self {
        Self {
            encoding,
            origin: source,
            marks: VecDeque::from([(0, source)]),
            raw: VecDeque::new(),
            raw_base: source,
            pinned: None,
        }
    }

    /// `bytes` come next; the text before them is `text` bytes long. Mid-character starts are never marked: a mark is
    /// set only where the decoder holds nothing back, which is after ASCII.
    pub(super) fn mark(&mut self, text: u64, bytes: &[u8]) {
        let source = self.raw_base + self.raw.len() as u64;
        let far = self.marks.back().is_none_or(|&(_, last)| source - last >= super::STEP_BYTES as u64);
        if far && self.at_character() {
            self.marks.push_back((text, source));
        }
        self.raw.extend(bytes);
    }

    /// Length of the next step: up to a place where a mark can be set, if one is near.
    pub(super) fn step(&self, bytes: &[u8]) -> usize {
        let near = &bytes[..bytes.len().min(super::STEP_BYTES)];
        if self.is_utf_16() {
            // Steps end behind whole units, wherever the bytes were cut on their way here.
            let odd = (self.raw_base + self.raw.len() as u64 - self.origin) % 2;
            return if odd == 1 { 1 } else { (near.len() & !1).max(1) };
        }
        near.iter().rposition(|&byte| byte < 0x30).map_or(near.len(), |at| at + 1)
    }

    fn is_utf_16(&self) -> bool {
        self.encoding == encoding_rs::UTF_16LE || self.encoding == encoding_rs::UTF_16BE
    }

    /// Keeps the place of `text` for later.
    pub(super) fn pin(&mut self, text: u64) {
        if self.pinned.is_none_or(|(pinned, _)| pinned != text) {
            self.pinned = Some((text, self.source_byte(text)));
        }
    }

    /// Whether the source so far certainly ends between two characters.
    fn at_character(&self) -> bool {
        let n = self.raw.len();
        if self.is_utf_16() {
            let unit_start = n >= 2 && (self.raw_base + n as u64 - self.origin).is_multiple_of(2);
            let (low, high) = if n >= 2 { (self.raw[n - 2], self.raw[n - 1]) } else { (0, 0) };
            let high = if self.encoding == encoding_rs::UTF_16LE { high } else { low };
            return unit_start && !(0xd8..0xdc).contains(&high);
        }
        // In the multi-byte encodings a byte below 0x30 is never part of a longer character.
        self.encoding.is_single_byte() || n > 0 && self.raw[n - 1] < 0x30
    }

    pub(super) fn source_byte(&self, text: u64) -> u64 {
        if let Some((_, source)) = self.pinned.filter(|&(pinned, _)| pinned == text) {
            return source;
        }
        let at = self.marks.partition_point(|&(start, _)| start <= text);
        let (mut text_at, mut source) = self.marks[at.saturating_sub(1)];
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let mut out = [0; 32];
        let mut held = source;
        while text_at <= text {
            let Some(&byte) = self.raw.get((source - self.raw_base) as usize) else { break };
            let (_, _, written, _) = decoder.decode_to_utf8(&[byte], &mut out, false);
            source += 1;
            if written > 0 {
                if text_at + written as u64 > text {
                    return self.start_of(held, source, text - text_at, &out[..written]);
                }
                text_at += written as u64;
                held = source;
            }
        }
        held
    }

    /// The bytes `held..source` gave `out`; the place is `offset` bytes into it. More than one character comes at once
    /// only when an invalid sequence ends in a byte that stands for itself.
    fn start_of(&self, held: u64, source: u64, offset: u64, out: &[u8]) -> u64 {
        let first =
            std::str::from_utf8(out).ok().and_then(|text| text.chars().next()).map_or(0, char::len_utf8);
        if first as u64 <= offset && source - held > 1 { source - 1 } else { held }
    }

    /// Up to four bytes of the source.
    pub(super) fn bytes_at(&self, source: u64, len: u8) -> [u8; 4] {
        let mut bytes = [0; 4];
        for (n, byte) in bytes.iter_mut().take(len as usize).enumerate() {
            *byte = self.raw.get((source - self.raw_base) as usize + n).copied().unwrap_or(0);
        }
        bytes
    }

    pub(super) fn forget_before(&mut self, text: u64) {
        while self.marks.len() > 1 && self.marks[1].0 <= text {
            self.marks.pop_front();
        }
        let keep_from = self.marks[0].1;
        self.raw.drain(..((keep_from - self.raw_base) as usize).min(self.raw.len()));
        self.raw_base = keep_from;
    }
}
