//! Short cells as one machine word, all bytes of which are worked on at once (Lamport 1975, "multiple byte processing with
//! full-word instructions").

use super::civil::{Civil, is_valid};

/// Digits with at most one decimal mark among them, and a minus sign before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShortNumber {
    pub(crate) negative: bool,
    /// All digits as one number.
    pub(crate) value: u64,
    /// Digits before the mark.
    pub(crate) whole: usize,
    /// Digits behind the mark; 0 without a mark.
    pub(crate) scale: usize,
    /// Whether the first digit is zero.
    pub(crate) zero_first: bool,
}

impl ShortNumber {
    /// Most digits and marks.
    const LONGEST: usize = 16;

    /// Reads a number of at most [`ShortNumber::LONGEST`] bytes behind its sign, with digits on both sides of its mark and no
    /// zero in front of another digit; none for longer ones and all that is no such number.
    #[inline]
    pub(crate) fn read(cell: &[u8], mark: u8) -> Option<Self> {
        let (negative, body) = match cell {
            [b'-', body @ ..] => (true, body),
            body => (false, body),
        };
        let number = match body.len() {
            0 => return None,
            1..=8 => read_8(body, short_word(body), mark)?,
            9..=Self::LONGEST => read_16(body, long_word(body), mark)?,
            _ => return None,
        };
        Some(Self { negative, ..number })
    }
}

macro_rules! number_in {
    ($name:ident, $word:ident, $value:ident) => {
        #[inline]
        fn $name(body: &[u8], word: $word, mark: u8) -> Option<ShortNumber> {
            const BYTES: usize = size_of::<$word>();
            const TOPS: $word = $word::from_ne_bytes([0x80; BYTES]);
            const ABOVE_NINE: $word = $word::from_ne_bytes([0x76; BYTES]);
            let len = body.len();
            let used = $word::MAX >> (8 * (BYTES - len));
            // Digits become 0 to 9, and the top bit of every byte that is none is set.
            let values = (word ^ $word::from_ne_bytes([b'0'; BYTES])) & used;
            let others = (((values & !TOPS) + ABOVE_NINE) | values) & TOPS & used;
            let (digits, whole, scale) = if others == 0 {
                (values, len, 0)
            } else {
                let at = (others.trailing_zeros() / 8) as usize;
                let scale = len - at - 1;
                if others & (others - 1) != 0 || body[at] != mark || at == 0 || scale == 0 {
                    return None;
                }
                let before = values & !($word::MAX << (8 * at));
                (before | values >> (8 * (at + 1)) << (8 * at), at, scale)
            };
            let zero_first = body[0] == b'0';
            if zero_first && whole > 1 {
                return None;
            }
            // Zeros in front fill the word.
            let value = $value(digits << (8 * (BYTES - whole - scale)));
            Some(ShortNumber { negative: false, value, whole, scale, zero_first })
        }
    };
}
number_in!(read_8, u64, value_of_8);
number_in!(read_16, u128, value_of_16);

/// Eight digits, the first one lowest: neighbours are joined to pairs, pairs to fours, and these to eight.
#[inline]
fn value_of_8(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

#[inline]
fn value_of_16(digits: u128) -> u64 {
    value_of_8(digits as u64) * 100_000_000 + value_of_8((digits >> 64) as u64)
}

/// Digits with a decimal mark so many places before their end, at most eight on each side, and a minus sign before them: the
/// sign, all digits as one number, and how many stand before the mark. None for all that is no such number, and for numbers
/// with a zero in front of another digit.
#[inline]
pub(crate) fn fixed_number(cell: &[u8], mark: u8, scale: usize) -> Option<(bool, u64, usize)> {
    let (negative, body) = match cell {
        [b'-', body @ ..] => (true, body),
        body => (false, body),
    };
    let at = body.len().checked_sub(scale + 1).filter(|at| (1..=8).contains(at))?;
    if !(1..=8).contains(&scale) || body[at] != mark || body[0] == b'0' && at > 1 {
        return None;
    }
    let (whole, fraction) = (few_digits(&body[..at])?, few_digits(&body[at + 1..])?);
    Some((negative, whole * POWERS[scale] + fraction, at))
}

/// Powers of ten.
const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The number of one to eight digits.
#[inline]
pub(crate) fn few_digits(text: &[u8]) -> Option<u64> {
    // Zeros in front fill the word.
    let filled = 8 * (8 - text.len());
    eight_digits(short_word(text) << filled | (u64::from_ne_bytes([b'0'; 8]) & !(u64::MAX << filled)))
}

/// The ISO 8601 date at the front of a text; none when there is none, or when the calendar has no such day.
#[inline]
pub(crate) fn iso_date(text: &[u8]) -> Option<Civil> {
    let (low, high) = (text.first_chunk::<8>()?, text.get(2..10)?.first_chunk::<8>()?);
    // `YYYY-MM-` and `YY-MM-DD`.
    const DASHES: u64 = 0xff << 32 | 0xff << 56;
    const DASH: u64 = 0x2d << 32 | 0x2d << 56;
    let (low, high) = (u64::from_le_bytes(*low), u64::from_le_bytes(*high));
    if low & DASHES != DASH {
        return None;
    }
    // `YYYYMMDD`.
    let date = eight_digits(low & 0xffff_ffff | low >> 8 & 0xffff_0000_0000 | high & 0xffff << 48)?;
    let (year, month, day) = ((date / 10_000) as i32, (date / 100 % 100) as u32, (date % 100) as u32);
    is_valid(year, month, day).then_some(Civil { year, month, day })
}

/// Hour, minute and second at the front of a text, as in `23:59:59`; none when there is no such time.
#[inline]
pub(crate) fn clock(text: &[u8]) -> Option<(u32, u32, u32)> {
    const COLONS: u64 = 0xff << 16 | 0xff << 40;
    let word = u64::from_le_bytes(*text.first_chunk::<8>()?);
    if word & COLONS != 0x3a << 16 | 0x3a << 40 {
        return None;
    }
    // `HH0MM0SS`.
    let time = eight_digits(word & !COLONS | 0x30 << 16 | 0x30 << 40)?;
    let (hour, minute, second) =
        ((time / 1_000_000) as u32, (time / 1_000 % 1_000) as u32, (time % 1_000) as u32);
    (hour < 24 && minute < 60 && second < 60).then_some((hour, minute, second))
}

/// The number of eight digits, the first one lowest.
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let values = word ^ u64::from_ne_bytes([b'0'; 8]);
    let others = (((values & !TOPS) + u64::from_ne_bytes([0x76; 8])) | values) & TOPS;
    (others == 0).then(|| value_of_8(values))
}

/// At most 8 bytes, the first one lowest.
#[inline]
pub(crate) fn short_word(cell: &[u8]) -> u64 {
    if let Some(all) = cell.first_chunk::<8>() {
        return u64::from_le_bytes(*all);
    }
    if let (Some(low), Some(high)) = (cell.first_chunk::<4>(), cell.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*low))
            | u64::from(u32::from_le_bytes(*high)) << (8 * (cell.len() - 4));
    }
    // One to three bytes: the first, the middle and the last one, which may be the same.
    let (Some(&first), Some(&last)) = (cell.first(), cell.last()) else { return 0 };
    let middle = cell.len() / 2;
    u64::from(first) | u64::from(cell[middle]) << (8 * middle) | u64::from(last) << (8 * (cell.len() - 1))
}

/// 8 to 16 bytes, the first one lowest.
#[inline]
pub(crate) fn long_word(cell: &[u8]) -> u128 {
    match (cell.first_chunk::<8>(), cell.last_chunk::<8>()) {
        (Some(low), Some(high)) => {
            u128::from(u64::from_le_bytes(*low))
                | u128::from(u64::from_le_bytes(*high)) << (8 * (cell.len() - 8))
        }
        _ => u128::from(short_word(cell)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The plain twin: byte by byte.
    fn plain(cell: &[u8], mark: u8) -> Option<ShortNumber> {
        let (negative, body) = match cell {
            [b'-', body @ ..] => (true, body),
            body => (false, body),
        };
        let (whole, behind) = match body.iter().position(|&byte| byte == mark) {
            Some(at) => (&body[..at], Some(&body[at + 1..])),
            None => (body, None),
        };
        let digits = [whole, behind.unwrap_or_default()].concat();
        let zero_first = whole.first() == Some(&b'0');
        let is_number = !whole.is_empty() && behind != Some(&[]) && digits.iter().all(u8::is_ascii_digit);
        (is_number && body.len() <= ShortNumber::LONGEST && !(zero_first && whole.len() > 1)).then(|| {
            ShortNumber {
                negative,
                value: digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')),
                whole: whole.len(),
                scale: digits.len() - whole.len(),
                zero_first,
            }
        })
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_by_the_plain_twin(cell in "-?[0-9]{0,12}[.,]?[0-9]{0,12}|[-0-9.,x\u{b2}]{0,18}") {
            for mark in *b".," {
                let cell = cell.as_bytes();
                prop_assert_eq!(ShortNumber::read(cell, mark), plain(cell, mark), "{}", cell.escape_ascii());
            }
        }

        #[test]
        fn numbers_of_one_scale_are_read_as_by_the_plain_twin(cell in "-?[0-9]{0,9}[.,][0-9]{0,9}|[-0-9.,x\u{b2}]{0,18}", scale in 0..10_usize) {
            let cell = cell.as_bytes();
            let expected = plain(cell, b'.').filter(|number| number.scale == scale && number.whole <= 8 && (1..=8).contains(&scale));
            let found = fixed_number(cell, b'.', scale);
            prop_assert_eq!(found, expected.map(|number| (number.negative, number.value, number.whole)), "{}", cell.escape_ascii());
        }

        #[test]
        fn dates_and_times_have_their_digits(text in "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]") {
            let n = |from: usize, to: usize| text[from..to].parse::<u32>().unwrap();
            let date = Civil { year: n(0, 4) as i32, month: n(5, 7), day: n(8, 10) };
            let exists = is_valid(date.year, date.month, date.day);
            prop_assert_eq!(iso_date(text.as_bytes()), exists.then_some(date));
            let time = (n(11, 13), n(14, 16), n(17, 19));
            let exists = time.0 < 24 && time.1 < 60 && time.2 < 60;
            prop_assert_eq!(clock(&text.as_bytes()[11..]), exists.then_some(time));
        }

        #[test]
        fn nothing_else_is_a_date_or_time(text in "[-0-9:/a\u{b2}]{0,12}") {
            let bytes = text.as_bytes();
            if iso_date(bytes).is_some() {
                let dashes: Vec<usize> = (0..10).filter(|&at| bytes[at] == b'-').collect();
                prop_assert_eq!((dashes, bytes[..10].iter().filter(|byte| byte.is_ascii_digit()).count()), (vec![4, 7], 8));
            }
            if clock(bytes).is_some() {
                let colons: Vec<usize> = (0..8).filter(|&at| bytes[at] == b':').collect();
                prop_assert_eq!((colons, bytes[..8].iter().filter(|byte| byte.is_ascii_digit()).count()), (vec![2, 5], 6));
            }
        }
    }
}
