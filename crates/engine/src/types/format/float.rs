//! Floats as text: one spelling per number, so that a value can be written back.
//!
//! The spelling is that of Python's `repr`, which pandas and most data tools write too: the shortest digits that give
//! the same number again, at least one digit behind the mark (`1.0`), and an exponent of at least two digits below
//! 0.0001 and from 10^16 on (`1e-05`, `1.5e+16`). Text in any other spelling is not accepted as a float, because the
//! value alone could not give it back.

use std::io::Write;

/// A float as text; never longer than 24 bytes.
pub(crate) struct Spelling {
    bytes: [u8; Spelling::CAPACITY],
    len: usize,
}

impl Spelling {
    const CAPACITY: usize = 32;

    fn empty() -> Spelling {
        Spelling { bytes: [0; Self::CAPACITY], len: 0 }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn zeros(&mut self, count: usize) {
        for _ in 0..count {
            self.push(b'0');
        }
    }

    /// The text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Exponents below this one are written as such.
const SMALLEST_PLAIN: i32 = -4;
/// Exponents from this one on are written as such.
const FIRST_EXPONENT: i32 = 16;

/// The one text of a finite number, with this decimal mark.
pub(crate) fn spell(value: f64, mark: u8) -> Spelling {
    let mut scientific = Spelling::empty();
    let mut room = &mut scientific.bytes[..];
    write!(room, "{value:e}").expect("the shortest digits of a float fit 32 bytes");
    scientific.len = Spelling::CAPACITY - room.len();
    let (digits, len, exponent, negative) = take_apart(scientific.as_bytes());
    let digits = &digits[..len];

    let mut out = Spelling::empty();
    if negative {
        out.push(b'-');
    }
    if (SMALLEST_PLAIN..FIRST_EXPONENT).contains(&exponent) {
        plain(&mut out, digits, exponent, mark);
    } else {
        out.push(digits[0]);
        if len > 1 {
            out.push(mark);
            out.extend(&digits[1..]);
        }
        out.push(b'e');
        out.push(if exponent < 0 { b'-' } else { b'+' });
        let size = exponent.unsigned_abs();
        if size >= 100 {
            out.push(b'0' + (size / 100) as u8);
        }
        out.push(b'0' + (size / 10 % 10) as u8);
        out.push(b'0' + (size % 10) as u8);
    }
    out
}

fn plain(out: &mut Spelling, digits: &[u8], exponent: i32, mark: u8) {
    if exponent < 0 {
        out.push(b'0');
        out.push(mark);
        out.zeros((-exponent - 1) as usize);
        out.extend(digits);
        return;
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        out.extend(digits);
        out.zeros(whole - digits.len());
        out.push(mark);
        out.push(b'0');
    } else {
        out.extend(&digits[..whole]);
        out.push(mark);
        out.extend(&digits[whole..]);
    }
}

/// The digits, how many, the exponent and the sign of what `{:e}` writes: `-1.25e-7`.
fn take_apart(text: &[u8]) -> ([u8; 20], usize, i32, bool) {
    let negative = text.first() == Some(&b'-');
    let at_e = text.iter().position(|&byte| byte == b'e').unwrap_or(text.len());
    let mut digits = [0; 20];
    let mut len = 0;
    for &byte in text[usize::from(negative)..at_e].iter().filter(|byte| byte.is_ascii_digit()) {
        digits[len] = byte;
        len += 1;
    }
    let after = text.get(at_e + 1..).unwrap_or_default();
    let size =
        after.iter().filter(|byte| byte.is_ascii_digit()).fold(0, |n, &byte| n * 10 + i32::from(byte - b'0'));
    (digits, len, if after.first() == Some(&b'-') { -size } else { size }, negative)
}

/// The longest text that can be a spelling.
const LONGEST: usize = 24;

/// The number of a text in the one spelling; none for any other text.
pub(crate) fn parse_spelled(text: &[u8], mark: u8) -> Option<f64> {
    if let Some(value) = parse_short(text, mark) {
        return Some(value);
    }
    if text.len() > LONGEST
        || !text.iter().all(|&byte| byte.is_ascii_digit() || byte == mark || b"-+e".contains(&byte))
    {
        return None;
    }
    let mut plain = [0; LONGEST];
    for (to, &from) in plain.iter_mut().zip(text) {
        *to = if from == mark { b'.' } else { from };
    }
    let value: f64 = std::str::from_utf8(&plain[..text.len()]).ok()?.parse().ok()?;
    (value.is_finite() && spell(value, mark).as_bytes() == text).then_some(value)
}

/// Powers of ten that floats hold exactly.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The common case: digits, mark and digits, at most 15 in all, not zero and no zero at the end.
///
/// So many digits are the shortest text of their float (`DBL_DIG` of C is 15), and the quotient of two numbers that
/// floats hold exactly is the float next to the true one.
fn parse_short(text: &[u8], mark: u8) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 16 || digits.first() == Some(&b'0') && digits.get(1) != Some(&mark) {
        return None;
    }
    let mut mantissa = 0_u64;
    let mut at_mark = None;
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            _ if byte == mark && at > 0 && at_mark.is_none() => at_mark = Some(at),
            _ => return None,
        }
    }
    let at_mark = at_mark?;
    let scale = digits.len() - 1 - at_mark;
    // Below 0.0001 there is an exponent.
    let small = digits.starts_with(b"0") && digits[2..].starts_with(b"0000");
    if scale == 0 || digits.ends_with(b"0") || small {
        return None;
    }
    let value = mantissa as f64 / POWERS[scale];
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_as_python_does() {
        for text in [
            "0.0",
            "-0.0",
            "1.0",
            "1.5",
            "-2.25",
            "0.1",
            "0.0001",
            "1e-05",
            "1.5e-05",
            "9.999e-05",
            "123456789.125",
            "1234567890123456.0",
            "1e+16",
            "1.2345e+16",
            "5e-324",
            "1.7976931348623157e+308",
            "2.2250738585072014e-308",
            "0.30000000000000004",
            "1e+100",
            "-1.2345678901234567e-100",
        ] {
            let value: f64 = text.parse().unwrap();
            assert_eq!(String::from_utf8_lossy(spell(value, b'.').as_bytes()), text);
            assert_eq!(parse_spelled(text.as_bytes(), b'.'), Some(value));
            let comma = text.replace('.', ",");
            assert_eq!(parse_spelled(comma.as_bytes(), b','), Some(value));
        }
    }

    #[test]
    fn short_texts_are_the_floats_that_the_library_reads() {
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = (state >> 20) % 10_u64.pow((state % 15) as u32 + 1);
            let scale = (state >> 8) as usize % 15 + 1;
            let text = format!("{digits:0width$}", width = scale + 1);
            let text = format!("{}.{}", &text[..text.len() - scale], &text[text.len() - scale..]);
            if let Some(value) = parse_short(text.as_bytes(), b'.') {
                assert_eq!(value, text.parse::<f64>().unwrap());
                assert_eq!(String::from_utf8_lossy(spell(value, b'.').as_bytes()), text);
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "1",
            "1.50",
            "1e5",
            "1E-05",
            "1e-5",
            "1e+05",
            "0.00001",
            ".5",
            "1.",
            "+1.5",
            "inf",
            "NaN",
            "",
            "-",
            "1e",
            "1e999",
            "12e-07",
            "0.300000000000000041",
            "10000000000000000.0",
            "1,5",
            "--1.0",
            "1.0-",
        ] {
            assert_eq!(parse_spelled(text.as_bytes(), b'.'), None, "{text}");
        }
    }
}
