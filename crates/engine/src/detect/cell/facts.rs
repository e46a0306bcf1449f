//! What the bytes of a cell are, counted in one pass.

const DIGIT: u64 = 1;
const LETTER: u64 = 1 << 8;
const SPACE: u64 = 1 << 16;
/// Tabs and line ends.
const OTHER_BLANK: u64 = 1 << 24;
/// Signs that join the letters of a word.
const JOINER: u64 = 1 << 32;
/// What stands in no number.
const FOREIGN: u64 = 1 << 40;
/// What stands in addresses and in little else.
const ADDRESS: u64 = 1 << 48;
/// What would rather separate cells, or enclose them.
const RIVAL: u64 = 1 << 56;

/// What each byte counts as.
static MARKS: [u64; 256] = marks();

const fn marks() -> [u64; 256] {
    let mut all = [0; 256];
    let mut byte = 0;
    while byte < all.len() {
        all[byte] = class(byte as u8)
            | if is_foreign(byte as u8) { FOREIGN } else { 0 }
            | if matches!(byte as u8, b':' | b'@') { ADDRESS } else { 0 }
            | if matches!(byte as u8, b',' | b';' | b'\t' | b'|' | b'"' | b'^' | b'~' | b'#') {
                RIVAL
            } else {
                0
            };
        byte += 1;
    }
    all
}

const fn class(byte: u8) -> u64 {
    match byte {
        b'0'..=b'9' => DIGIT,
        b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => LETTER,
        b' ' => SPACE,
        b'\t' | b'\n' | b'\r' => OTHER_BLANK,
        b'-' | b'_' | b'\'' | b'.' => JOINER,
        _ => 0,
    }
}

/// Signs, currencies and exponents that [`number`](super::number) knows are not.
const fn is_foreign(byte: u8) -> bool {
    let sign = matches!(
        byte,
        b'.' | b','
            | b' '
            | b'\''
            | b'+'
            | b'-'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'~'
            | b'*'
            | b'#'
            | b'%'
            | b'$'
    );
    let letter = matches!(byte, b'e' | b'E' | b'U' | b'S' | b'k' | b'r' | 0x80..);
    !(byte.is_ascii_digit() || sign || letter)
}

/// Whether the byte would rather separate cells or enclose them.
#[inline]
pub(in super::super) fn is_rival(byte: u8) -> bool {
    MARKS[usize::from(byte)] >= RIVAL
}

/// How many bytes of a short cell are of which class: one class in each byte of the word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts(u64);

impl Facts {
    /// The most bytes that can be counted.
    pub(super) const MOST_BYTES: usize = u8::MAX as usize;

    /// Of at most [`Facts::MOST_BYTES`].
    pub(super) fn of(cell: &[u8]) -> Self {
        debug_assert!(cell.len() <= Self::MOST_BYTES, "each count has one byte");
        Self(cell.iter().map(|&byte| MARKS[usize::from(byte)]).sum())
    }

    fn count(self, class: u64) -> usize {
        usize::from((self.0 / class) as u8)
    }

    pub(super) fn digits(self) -> usize {
        self.count(DIGIT)
    }

    /// Letters of ASCII, and bytes beyond it.
    pub(super) fn letters(self) -> usize {
        self.count(LETTER)
    }

    pub(super) fn blanks(self) -> usize {
        self.count(SPACE) + self.count(OTHER_BLANK)
    }

    pub(super) fn joiners(self) -> usize {
        self.count(JOINER)
    }

    /// Whether something stands in the cell that stands in no number.
    pub(super) fn is_no_number(self) -> bool {
        self.count(FOREIGN) > 0
    }

    /// Whether a colon or an at sign stands in the cell, and no blank.
    pub(super) fn is_like_an_address(self) -> bool {
        self.count(ADDRESS) > 0 && self.count(SPACE) == 0
    }

    /// Whether signs stand in the cell that would rather separate cells or enclose them.
    pub(super) fn has_rivals(self) -> bool {
        self.count(RIVAL) > 0
    }
}
