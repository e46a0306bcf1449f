//! UUIDs as 8-4-4-4-12 hexadecimal digits.

/// Where the hyphens stand: before the byte of this number.
const HYPHENS: [usize; 4] = [4, 6, 8, 10];

/// Where the bytes stand in the text.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// What is no digit.
const NONE: u8 = 0x80;

const fn values(first_letter: u8) -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < 16 {
        let byte = if digit < 10 { b'0' + digit } else { first_letter + digit - 10 };
        values[byte as usize] = digit;
        digit += 1;
    }
    values
}

static LOWER: [u8; 256] = values(b'a');
static UPPER: [u8; 256] = values(b'A');

pub(super) fn parse(cell: &[u8], uppercase: bool) -> Option<[u8; 16]> {
    let cell: &[u8; 36] = cell.try_into().ok()?;
    if [cell[8], cell[13], cell[18], cell[23]] != *b"----" {
        return None;
    }
    let values = if uppercase { &UPPER } else { &LOWER };
    let mut bytes = [0; 16];
    let mut seen = 0;
    for (byte, at) in bytes.iter_mut().zip(PLACES) {
        let (high, low) = (values[usize::from(cell[at])], values[usize::from(cell[at + 1])]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen & NONE == 0).then_some(bytes)
}

pub(super) fn write(bytes: [u8; 16], uppercase: bool, out: &mut Vec<u8>) {
    let digits: &[u8; 16] = if uppercase { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    for (number, byte) in bytes.into_iter().enumerate() {
        if HYPHENS.contains(&number) {
            out.push(b'-');
        }
        out.push(digits[usize::from(byte >> 4)]);
        out.push(digits[usize::from(byte & 15)]);
    }
}
