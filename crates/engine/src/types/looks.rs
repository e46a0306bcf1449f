//! Cells that look alike: equal looks have equal shapes, so that only one cell of a look must be classified.
//!
//! The look of a short number is read from one machine word; most cells of most files have one.

use super::civil::is_valid;
use super::packed::{long_word, short_word};
use super::shapes::Shapes;
use super::words::Word;

/// Bytes of the longest number that has a look.
const LONGEST_NUMBER: usize = 16;
/// Bytes of the longest cell that may be anything but text.
const LONGEST_VALUE: usize = 80;
/// Bytes of a UUID.
const UUID_LEN: usize = 36;
/// Bytes of the longest cell that is told apart by its bytes alone.
const LONGEST_SHORT: usize = 7;

/// Numbers of looks: nothing, text, UUIDs without and with small letters, whole numbers by their digits, decimals, dates
/// and timestamps.
const EMPTY: usize = 0;
const TEXT: usize = 1;
const UUID: usize = 2;
const WHOLE: usize = 4;
const DECIMAL: usize = WHOLE + LONGEST_NUMBER + 1;
/// Most digits on each side of the mark, plus one.
const SIDE: usize = 8;
const MARKS: usize = 2;
const TAILS: usize = 3;
const DATE: usize = DECIMAL + MARKS * TAILS * SIDE * SIDE;
/// Month and day, each below 10 or not.
const DATES: usize = 4;
const TIMESTAMP: usize = DATE + DATES;
/// Hour below 10 or not, T or blank, digits behind the second (the last of which is zero or not), UTC or no zone.
const TIMES: usize = 2 * 2 * (7 * 2) * 2;
const N: usize = TIMESTAMP + DATES * TIMES;

/// Short cells that are remembered at once.
const SHORTS: usize = 32;

/// Counts looks of the cells of one column, up to the next [`Looks::flush`].
pub struct Looks<'a> {
    counts: [u32; N],
    /// The first cell of each look that was seen.
    firsts: Vec<(usize, &'a [u8])>,
    /// Short cells with no look of their own, such as words: each place remembers the last one.
    shorts: [Short<'a>; SHORTS],
    any_short: bool,
    /// Short cells whose places others have taken.
    evicted: Vec<&'a [u8]>,
}

/// How often the same short cell came.
#[derive(Clone, Copy)]
struct Short<'a> {
    word: u64,
    cell: &'a [u8],
    count: u32,
}

impl Default for Looks<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Looks<'a> {
    /// Of no cell.
    pub fn new() -> Self {
        let short = Short { word: 0, cell: &[], count: 0 };
        Self {
            counts: [0; N],
            firsts: Vec::new(),
            shorts: [short; SHORTS],
            any_short: false,
            evicted: Vec::new(),
        }
    }

    /// Counts a cell, here or in `shapes`; false when it has nothing in common with others, so that nothing is known of it
    /// by those that [`Looks::flush`] names.
    #[inline]
    pub fn add(&mut self, cell: &'a [u8], shapes: &mut Shapes) -> bool {
        if let Some(look) = look(cell) {
            let count = &mut self.counts[look];
            if *count == 0 {
                self.firsts.push((look, cell));
            }
            *count += 1;
        } else if cell.len() <= LONGEST_SHORT {
            self.short(cell, shapes);
        } else {
            shapes.add(cell);
            return false;
        }
        true
    }

    /// Moves what was counted here to `shapes`.
    pub fn flush(&mut self, shapes: &mut Shapes) {
        for (look, cell) in self.firsts.drain(..) {
            shapes.add_many(cell, u64::from(std::mem::take(&mut self.counts[look])));
        }
        if std::mem::take(&mut self.any_short) {
            self.shorts.iter_mut().for_each(|short| short.flush(shapes));
            self.evicted.clear();
        }
    }

    /// Whether one cell of each look holds, and every short cell that was counted by itself.
    pub(crate) fn all(&self, look: impl Fn(&[u8]) -> bool, short: impl Fn(&[u8]) -> bool) -> bool {
        let holds = |place: &Short<'_>| place.count == 0 || short(place.cell);
        let shorts = || self.shorts.iter().all(holds) && self.evicted.iter().all(|cell| short(cell));
        self.firsts.iter().all(|(_, cell)| look(cell)) && (!self.any_short || shorts())
    }

    #[inline]
    fn short(&mut self, cell: &'a [u8], shapes: &mut Shapes) {
        self.any_short = true;
        let word = short_word(cell) | (cell.len() as u64) << 56;
        // Multiplicative hashing, as for shapes.
        let at = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) as usize;
        let short = &mut self.shorts[at % SHORTS];
        if short.word != word {
            if short.count > 0 {
                self.evicted.push(short.cell);
                short.flush(shapes);
            }
            (short.word, short.cell) = (word, cell);
        }
        short.count += 1;
    }
}

impl Short<'_> {
    fn flush(&mut self, shapes: &mut Shapes) {
        if self.count > 0 {
            shapes.add_many(self.cell, u64::from(std::mem::take(&mut self.count)));
        }
    }
}

/// A number for the look of a cell; none for cells that are nothing usual.
#[inline]
fn look(cell: &[u8]) -> Option<usize> {
    match (cell, cell.len()) {
        ([], _) => Some(EMPTY),
        ([b'0'..=b'9' | b'-', ..], ..=8) => short_number(cell, short_word(cell)),
        ([b'0'..=b'9' | b'-', ..], ..=LONGEST_NUMBER) => {
            let word = long_word(cell);
            if is_date(cell, word) { date(word) } else { long_number(cell, word) }
        }
        ([b'0'..=b'9', ..], 19..=27) => timestamp(cell),
        (_, UUID_LEN) => uuid(cell),
        _ => text(cell),
    }
}

/// Certainly text: too long for anything else, or begun with a letter and not ended with a digit, and no word.
#[inline]
fn text(cell: &[u8]) -> Option<usize> {
    let is_text = match cell {
        _ if cell.len() > LONGEST_VALUE => true,
        [first, .., last] => {
            first.is_ascii_alphabetic() && !last.is_ascii_digit() && cell.len() > Word::LONGEST
        }
        _ => false,
    };
    is_text.then_some(TEXT)
}

/// The look of a short number in a word of a given size: digits with at most one mark among them.
macro_rules! number_in {
    ($name:ident, $word:ident) => {
        #[inline]
        fn $name(cell: &[u8], word: $word) -> Option<usize> {
            const BYTES: usize = size_of::<$word>();
            const TOPS: $word = $word::from_ne_bytes([0x80; BYTES]);
            const ABOVE_NINE: $word = $word::from_ne_bytes([0x76; BYTES]);
            let len = cell.len();
            let used = $word::MAX >> (8 * (BYTES - len));
            // Digits become 0 to 9, and the top bit of every byte that is none is set.
            let values = word ^ $word::from_ne_bytes([b'0'; BYTES]);
            let others = (((values & !TOPS) + ABOVE_NINE) | values) & TOPS & used;
            let negative = cell[0] == b'-';
            let first = usize::from(negative);
            let others = if negative { others & (others - 1) } else { others };
            let zero_first = *cell.get(first)? == b'0';
            if others == 0 {
                let n = len - first;
                return match n {
                    // `-0` is odd, and zeros in front are.
                    _ if zero_first => (n == 1 && !negative).then_some(WHOLE),
                    3.. if cell.ends_with(b"000") => None,
                    _ => Some(WHOLE + n),
                };
            }
            let at = (others.trailing_zeros() / 8) as usize;
            let (whole, scale) = (at - first, len - at - 1);
            let mark = match cell[at] {
                b'.' => 0,
                b',' => 1,
                _ => return None,
            };
            let one_mark = others & (others - 1) == 0;
            let fits = whole > 0 && scale > 0 && whole < SIDE && scale < SIDE;
            if !one_mark || !fits || zero_first && whole > 1 {
                return None;
            }
            let whole = if zero_first { 0 } else { whole };
            let behind = (values & used) >> (8 * (at + 1));
            let tail = match cell[len - 1] {
                b'0' if behind == 0 => 2,
                b'0' => 1,
                _ => 0,
            };
            // How many zeros follow `0.` decides about floats, and `-0.0` is no decimal.
            if whole == 0 && (tail == 0 && behind & 0xff_ffff == 0 || tail == 2 && negative) {
                return None;
            }
            Some(DECIMAL + ((mark * TAILS + tail) * SIDE + scale) * SIDE + whole)
        }
    };
}
number_in!(short_number, u64);
number_in!(long_number, u128);

/// Whether ten bytes are digits with `-` where they are in an ISO 8601 date; `word` holds them.
#[inline]
fn is_date(cell: &[u8], word: u128) -> bool {
    const DASHES: u128 = 0x2d << 32 | 0x2d << 56;
    cell.len() == 10 && word & (0xff << 32 | 0xff << 56) == DASHES
}

/// The look of the ISO 8601 date whose bytes are the lowest ten of a word, with `-` in their places.
#[inline]
fn date(word: u128) -> Option<usize> {
    const TEN: u128 = (1 << 80) - 1;
    const DASHES: u128 = 0xff << 32 | 0xff << 56;
    let values = (word & TEN & !DASHES) ^ (u128::from_ne_bytes([b'0'; 16]) & TEN & !DASHES);
    const NINES: u128 = u128::from_ne_bytes([0x76; 16]) & TEN & !DASHES;
    const TOPS: u128 = u128::from_ne_bytes([0x80; 16]) & TEN;
    if (((values & !TOPS) + NINES) | values) & TOPS != 0 {
        return None;
    }
    let digit = |at: u32| (values >> (8 * at)) as u32 & 0xff;
    let (month, day) = (digit(5) * 10 + digit(6), digit(8) * 10 + digit(9));
    let exists = if (1..=12).contains(&month) && (1..=28).contains(&day) {
        digit(0) > 0
    } else {
        let year = digit(0) * 1_000 + digit(1) * 100 + digit(2) * 10 + digit(3);
        digit(0) > 0 && is_valid(year as i32, month, day)
    };
    exists.then(|| DATE + usize::from(month < 10) * 2 + usize::from(day < 10))
}

/// The look of an ISO 8601 timestamp with seconds, perhaps with digits behind them, without zone or in UTC.
#[inline]
fn timestamp(cell: &[u8]) -> Option<usize> {
    let front = cell.first_chunk::<16>()?;
    let word = u128::from_le_bytes(*front);
    let joint = match front[10] {
        b'T' => 0,
        b' ' => 1,
        _ => return None,
    };
    if word & (0xff << 32 | 0xff << 56) != 0x2d << 32 | 0x2d << 56 || front[13] != b':' {
        return None;
    }
    let date = date(word)? - DATE;
    let digit = |byte: u8| byte.wrapping_sub(b'0');
    let (hour_tens, hour_ones) = (digit(front[11]), digit(front[12]));
    let (minute_tens, minute_ones) = (digit(front[14]), digit(front[15]));
    let [b':', second_tens, second_ones, rest @ ..] = &cell[16..] else { return None };
    let (second_tens, second_ones) = (digit(*second_tens), digit(*second_ones));
    let hour = hour_tens.wrapping_mul(10).wrapping_add(hour_ones);
    let clock = hour_tens <= 2 && hour_ones <= 9 && hour <= 23 && minute_tens <= 5 && minute_ones <= 9;
    if !clock || second_tens > 5 || second_ones > 9 {
        return None;
    }
    let (utc, rest) = match rest {
        [rest @ .., b'Z'] => (1, rest),
        rest => (0, rest),
    };
    let (digits, zero) = match rest {
        [] => (0, 0),
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => {
            (digits.len(), usize::from(digits.ends_with(b"0")))
        }
        _ => return None,
    };
    let time = ((usize::from(hour < 10) * 2 + joint) * 14 + digits * 2 + zero) * 2 + utc;
    Some(TIMESTAMP + date * TIMES + time)
}

/// The look of a UUID without letters or with small ones, in the 8-4-4-4-12 form.
#[inline]
fn uuid(cell: &[u8]) -> Option<usize> {
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let cell: &[u8; UUID_LEN] = cell.try_into().ok()?;
    if [cell[8], cell[13], cell[18], cell[23]] != *b"----" {
        return text(cell);
    }
    let eight = |a: usize, b: usize| {
        let four = |at: usize| [cell[at], cell[at + 1], cell[at + 2], cell[at + 3]];
        u64::from(u32::from_le_bytes(four(a))) | u64::from(u32::from_le_bytes(four(b))) << 32
    };
    let (mut letters, mut strange) = (0, 0);
    for word in [eight(0, 4), eight(9, 14), eight(19, 24), eight(28, 32)] {
        let low = word & !TOPS;
        let no_digit = (low ^ u64::from_ne_bytes([b'0'; 8])) + u64::from_ne_bytes([0x76; 8]);
        // `a` to `f` become 1 to 6.
        let letter = low ^ u64::from_ne_bytes([0x60; 8]);
        let is_letter = (letter + u64::from_ne_bytes([0x7f; 8])) & !(letter + u64::from_ne_bytes([0x79; 8]));
        letters |= is_letter;
        strange |= word | no_digit & !is_letter;
    }
    (strange & TOPS == 0).then(|| UUID + usize::from(letters & TOPS != 0))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::classify::classify;
    use super::*;

    #[test]
    fn equal_looks_have_equal_shapes() {
        // All short numbers over the digits that matter, and words around them.
        let mut known = HashMap::new();
        let mut check = |cell: &[u8]| {
            if let Some(look) = look(cell) {
                let found = classify(cell);
                let first = known.entry(look).or_insert_with(|| (found, cell.to_vec()));
                assert_eq!(first.0, found, "{} and {}", cell.escape_ascii(), first.1.escape_ascii());
            }
        };
        for sign in ["", "-"] {
            for n in 0..7_u32.pow(7) {
                let mut cell = sign.as_bytes().to_vec();
                let mut rest = n;
                while rest > 0 {
                    cell.push(b" 019.,x"[rest as usize % 7]);
                    rest /= 7;
                }
                check(&cell);
            }
        }
        for cell in
            ["", "-", "a", "NA", "unknown", "Unknowns", "falsch", "a longer text", "May 2024", "12:30:00"]
        {
            check(cell.as_bytes());
        }
        assert!(known.len() > 30, "{} looks", known.len());
    }

    /// A cell of the look.
    fn example(look: usize) -> String {
        match look {
            EMPTY => String::new(),
            TEXT => "some long text".to_owned(),
            UUID => "12345678-1234-1234-1234-123456789012".to_owned(),
            3 => "12345678-1234-1234-1234-12345678901a".to_owned(),
            WHOLE => "0".to_owned(),
            n if n < DECIMAL => "7".repeat(n - WHOLE),
            n if n < DATE => {
                let n = n - DECIMAL;
                let (whole, scale) = (n % SIDE, n / SIDE % SIDE);
                let (tail, mark) = (n / SIDE / SIDE % TAILS, n / SIDE / SIDE / TAILS);
                let whole = if whole == 0 { "0".to_owned() } else { "7".repeat(whole) };
                let fraction = match tail {
                    0 => "7".repeat(scale),
                    1 => format!("{}0", "7".repeat(scale - 1)),
                    _ => "0".repeat(scale),
                };
                format!("{whole}{}{fraction}", [".", ","][mark])
            }
            n => {
                let (date, time) = if n < TIMESTAMP {
                    (n - DATE, None)
                } else {
                    ((n - TIMESTAMP) / TIMES, Some((n - TIMESTAMP) % TIMES))
                };
                let date = format!("2024-{}-{}", ["11", "01"][date / 2], ["11", "01"][date % 2]);
                time.map_or(date.clone(), |n| {
                    let (utc, digits, joint, hour) = (n % 2, n / 2 % 14, n / 28 % 2, n / 56);
                    let fraction = match (digits / 2, digits % 2) {
                        (0, _) => String::new(),
                        (n, zero) => format!(".{}{}", "7".repeat(n - 1), ["7", "0"][zero]),
                    };
                    format!(
                        "{date}{}{}:30:15{fraction}{}",
                        ["T", " "][joint],
                        ["11", "01"][hour],
                        ["", "Z"][utc]
                    )
                })
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn longer_ones_too(
            number in "-?(0|[1-9][0-9]{0,9}|[1-9]0{0,9})(|[.,][0-9]{1,8}|[.,]0{0,8}[1-9]?)",
            date in "[0-2][0-9]{3}-[0-3][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](|\\.[0-9]{0,7})(|Z|z))?",
            uuid in "([0-9]{8}-[0-9]{4}-|[0-9a-f]{8}-[0-9a-g]{4}-|[0-9A-F]{8}-[0-9a-f`:@/]{4}-)[0-9]{4}-[0-9]{4}-[0-9]{12}",
            other in "[0-9a-zA-Z.,:@ é-]{0,40}",
        ) {
            for cell in [number, date, uuid, other] {
                if let Some(found) = look(cell.as_bytes()) {
                    let example = example(found);
                    prop_assert_eq!(look(example.as_bytes()), Some(found), "{}", example);
                    prop_assert_eq!(classify(cell.as_bytes()), classify(example.as_bytes()), "{} and {}", cell, example);
                }
            }
        }

    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Counting by looks gives the types that counting cell by cell gives.
        #[test]
        fn shapes_are_those_of_single_cells(cells in proptest::collection::vec("[0-9.-]{0,6}|true|false|NA|[A-Z]{2}|20[0-9]{2}-0[1-9]-[0-3][0-9]", 0..200)) {
            let (mut looks, mut by_looks, mut one_by_one) = (Looks::new(), Shapes::new(), Shapes::new());
            for (at, cell) in cells.iter().enumerate() {
                looks.add(cell.as_bytes(), &mut by_looks);
                one_by_one.add(cell.as_bytes());
                if at % 50 == 0 {
                    looks.flush(&mut by_looks);
                }
            }
            looks.flush(&mut by_looks);
            let sorted = |shapes: &Shapes| {
                let mut slots: Vec<_> = shapes.slots().map(|slot| (slot.shape, slot.digits, slot.count)).collect();
                slots.sort_unstable();
                (shapes.cells(), shapes.empty(), slots)
            };
            prop_assert_eq!(sorted(&by_looks), sorted(&one_by_one));
        }
    }
}
