//! Numbers, in one of many ways of writing.

use super::Kind;

/// Longer ones are no numbers.
const MOST_MANTISSA_BYTES: usize = 40;

/// The kind of number that a cell with so many digits is; none when it is not one.
pub(super) fn number(cell: &[u8], digits: usize) -> Option<Kind> {
    simple(cell, digits).or_else(|| marked(cell))
}

/// Digits with a sign before them and a point or a comma among them, as nearly all numbers are written.
fn simple(cell: &[u8], digits: usize) -> Option<Kind> {
    if cell.len() > MOST_MANTISSA_BYTES {
        return None;
    }
    let unsigned = match cell {
        [b'-' | b'+', unsigned @ ..] => unsigned,
        _ => cell,
    };
    match unsigned.len() - digits {
        0 => Some(Kind::Integer),
        1 if unsigned.iter().any(|b| matches!(b, b'.' | b',')) => Some(Kind::Number),
        _ => None,
    }
}

/// A number with everything that may stand before it, behind it and in it; none when it is not one.
fn marked(cell: &[u8]) -> Option<Kind> {
    let mut rest = cell;
    if rest.len() > 2 && rest.starts_with(b"(") && rest.ends_with(b")") {
        rest = &rest[1..rest.len() - 1];
    }
    let mut marks = rest.len() != cell.len();
    // No mark is a digit: plain numbers, by far the most, need none of the comparisons.
    while !rest.first().is_some_and(u8::is_ascii_digit) {
        let before = rest.len();
        for prefix in ["$", "€", "£", "¥", "US$", "+", "-", "<", ">", "~", " ", "\u{2212}", "*", "#"] {
            if let Some(r) = rest.strip_prefix(prefix.as_bytes()) {
                rest = r;
                marks |= !matches!(prefix, "-" | "+");
            }
        }
        if rest.len() == before || cell.len() - rest.len() > 8 {
            break;
        }
    }
    for suffix in ["%", "€", "$", " ", "*", " kr", "‰", "%"] {
        if rest.last().is_some_and(u8::is_ascii_digit) {
            break;
        }
        if let Some(r) = rest.strip_suffix(suffix.as_bytes()) {
            rest = r;
            marks = true;
        }
    }
    let (mantissa, exponent) = match rest.iter().position(|&b| b == b'e' || b == b'E') {
        Some(at) if at > 0 => (&rest[..at], Some(&rest[at + 1..])),
        _ => (rest, None),
    };
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
        if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
    }
    let plain = is_mantissa(mantissa)?;
    Some(if plain && !marks && exponent.is_none() { Kind::Integer } else { Kind::Number })
}

/// Digits with points, commas, blanks or quotes as groups of three and at most one decimal sign; true when only digits.
fn is_mantissa(text: &[u8]) -> Option<bool> {
    if text.len() > MOST_MANTISSA_BYTES || !text.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let (mut first_run, mut group_sign) = (0, 0);
    // The last group so far, and whether those between it and the first one are groups of thousands.
    let (mut sign, mut run, mut grouped) = (0, 0, true);
    let mut signs = 0;
    for &b in text {
        match b {
            b'0'..=b'9' => run += 1,
            b'.' | b',' | b' ' | b'\'' => {
                if signs == 0 {
                    (first_run, group_sign) = (run, b);
                } else {
                    grouped &= sign == group_sign && (run == 3 || run == 2);
                }
                (sign, run) = (b, 0);
                signs += 1;
            }
            _ => return None,
        }
    }
    if signs == 0 {
        return Some(true);
    }
    // One sign: a decimal sign (or a group of three, which is a number as well).
    if signs == 1 && matches!(sign, b'.' | b',') && (run > 0 || first_run > 0) {
        return Some(false);
    }
    let tail_fits = if sign == group_sign { run == 3 } else { sign != b' ' && sign != b'\'' };
    ((1..=3).contains(&first_run) && grouped && tail_fits).then_some(false)
}
