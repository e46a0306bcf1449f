//! UTF-16 without a byte order mark, told by its delimiters, digits and line ends.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// Bytes that are looked at.
const LOOKED_AT: usize = 64 << 10;

/// The byte order of UTF-16 text, when `sample` is that.
///
/// Delimited text of any language holds ASCII characters, at least its delimiters and line ends: in UTF-16 each has a
/// zero byte, always on the same side.
pub(super) fn without_mark(sample: &[u8]) -> Option<&'static Encoding> {
    let sample = &sample[..sample.len().min(LOOKED_AT) & !1];
    if sample.len() < 4 || memchr::memchr(0, sample).is_none() {
        return None;
    }
    let (little, big) = (Units::of(sample, u16::from_le_bytes), Units::of(sample, u16::from_be_bytes));
    match (little.read_as_text(), big.read_as_text()) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        // A character such as U+4E00 is a letter in the other byte order, but none is a line end there.
        (true, true) if little.rank() > big.rank() => Some(UTF_16LE),
        (true, true) if big.rank() > little.rank() => Some(UTF_16BE),
        _ => None,
    }
}

/// What the units of a text in one byte order are.
#[derive(Default)]
struct Units {
    all: usize,
    /// Printable ASCII, tabs and line ends.
    ascii: usize,
    line_ends: usize,
    /// Control characters, and surrogates without their other half.
    faults: usize,
    /// Units whose bytes are both printable ASCII: in another encoding these are two characters.
    ascii_pairs: usize,
}

impl Units {
    fn of(sample: &[u8], unit: fn([u8; 2]) -> u16) -> Self {
        let mut units = Units::default();
        let printable = |byte: u8| (0x20..0x7f).contains(&byte);
        let mut high = false;
        for bytes in sample.chunks_exact(2) {
            let pair = [bytes[0], bytes[1]];
            let value = unit(pair);
            units.all += 1;
            let low = (0xdc00..0xe000).contains(&value);
            units.faults += usize::from(high != low);
            high = (0xd800..0xdc00).contains(&value);
            units.line_ends += usize::from(matches!(value, 0x0a | 0x0d));
            match value {
                0x20..=0x7e | 0x09 | 0x0a | 0x0d => units.ascii += 1,
                0..0x20 | 0xfffe | 0xffff => units.faults += 1,
                _ => units.ascii_pairs += usize::from(pair.into_iter().all(printable)),
            }
        }
        units
    }

    fn rank(&self) -> (usize, usize) {
        (self.line_ends, self.ascii)
    }

    /// Enough ASCII, few faults, and among the other units not mostly pairs of ASCII bytes.
    fn read_as_text(&self) -> bool {
        let others = self.all - self.ascii;
        self.ascii >= 3
            && self.ascii * 20 >= self.all
            && self.faults * 20 < self.all
            && (others < 8 || self.ascii_pairs * 10 <= others * 7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_byte_order() {
        let texts = ["a,b\n1,2\n", "番号,名\n1,太郎\n2,一郎\n", "номер;имя\n1;Иван\n", "一,一\n一,一\n"];
        for text in texts {
            let bytes = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
                text.encode_utf16().flat_map(to_bytes).collect()
            };
            assert_eq!(without_mark(&bytes(u16::to_le_bytes)), Some(UTF_16LE), "{text}");
            assert_eq!(without_mark(&bytes(u16::to_be_bytes)), Some(UTF_16BE), "{text}");
        }
    }

    #[test]
    fn zero_bytes_alone_are_damage() {
        let texts: [&[u8]; 5] = [
            b"id,name\n1,an\0na\n2,bert\n3,carla\n",
            b"id,name\0\0\0\0\0\0\n1,anna\0\0\0\0\0\0\n",
            b"id,name\n1,a\0n\0n\0a\n2,bert\n3,carla is here too\n4,and a little more text\n",
            b"\0\x01\x02\0\0\x03\0\0\0\0\0\0",
            "名前,都市\n1,\0\n".as_bytes(),
        ];
        for text in texts {
            assert_eq!(without_mark(text), None, "{text:?}");
        }
    }
}
