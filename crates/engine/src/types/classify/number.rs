//! The grammar of numbers: which shape a number has.
//!
//! A number is `-`? whole (mark digits+)? with no zero in front of the whole part, or one with an exponent. The whole
//! part may be in groups of three, all with the same thousands mark.

use super::super::format::float::parse_spelled;
use super::super::shape::{Group, Mark, NARROW, NumberShape, Odd, Shape, Tail, Whole};

/// Most digits of a number, which is what 128 bits hold.
pub(crate) const MOST_DIGITS: usize = 38;

/// A shape and the digits of its whole part (0 for the whole part `0`).
pub(crate) type Sized = (Shape, u8);

/// The shape of a number; none when the cell is not one.
pub(super) fn number(cell: &[u8]) -> Option<Sized> {
    let (negative, body) = match cell {
        [b'-', body @ ..] => (true, body),
        body => (false, body),
    };
    let whole_len = digit_run(body);
    let (whole, rest) = body.split_at(whole_len);
    if whole.is_empty() {
        return None;
    }
    if rest.is_empty() {
        return Some(integer(negative, whole));
    }
    if whole[0] == b'0' && whole_len > 1 {
        return None;
    }
    if let Some(mark) = Mark::of(rest[0]) {
        let fraction_len = digit_run(&rest[1..]);
        let (fraction, after) = rest[1..].split_at(fraction_len);
        match after.first() {
            _ if fraction.is_empty() => return None,
            None => return Some(decimal(cell, negative, whole, mark, fraction)),
            Some(b'e' | b'E') => return exponent(cell, after, mark),
            Some(_) => {}
        }
    } else if matches!(rest[0], b'e' | b'E') {
        return exponent(cell, rest, Mark::None);
    }
    grouped(negative, whole, rest)
}

/// How many digits the text begins with.
pub(crate) fn digit_run(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

fn integer(negative: bool, digits: &[u8]) -> Sized {
    let len = digits.len();
    let shape = match (digits[0], len) {
        (b'0', 1) if negative => Shape::Odd(Odd::SignedZero),
        (b'0', 1) => return (Shape::Integer { digits: 0, fits: true }, 0),
        (b'0', _) => Shape::Odd(Odd::LeadingZeros(len.min(MOST_DIGITS + 1) as u8)),
        (_, ..=18) => Shape::Integer { digits: len as u8, fits: true },
        (_, 19) => Shape::Integer { digits: 19, fits: fits_64_bits(negative, digits) },
        (_, ..=MOST_DIGITS) => Shape::Integer { digits: len as u8, fits: false },
        _ => Shape::Odd(Odd::TooManyDigits),
    };
    (shape, len.min(MOST_DIGITS) as u8)
}

/// Whether 19 digits are in the range of a 64-bit integer: texts of one length compare as their numbers do.
fn fits_64_bits(negative: bool, digits: &[u8]) -> bool {
    let limit: &[u8] = if negative { b"9223372036854775808" } else { b"9223372036854775807" };
    digits <= limit
}

fn decimal(cell: &[u8], negative: bool, whole: &[u8], mark: Mark, fraction: &[u8]) -> Sized {
    let digits = if whole == b"0" { 0 } else { whole.len() };
    let tail = tail_of(fraction);
    if negative && digits == 0 && tail == Tail::Zeros {
        return match fraction {
            b"0" => (Shape::NegativeZero { mark }, 0),
            _ => (Shape::Odd(Odd::SignedZero), 0),
        };
    }
    if digits + fraction.len() > MOST_DIGITS {
        return (Shape::Odd(Odd::TooManyDigits), 0);
    }
    let float = is_spelled_as_float(cell, digits, mark, fraction, tail);
    number_shape(digits, Group::None, mark, fraction, tail, float)
}

fn number_shape(digits: usize, group: Group, mark: Mark, fraction: &[u8], tail: Tail, float: bool) -> Sized {
    let scale = fraction.len() as u8;
    let wide = digits > usize::from(NARROW) || scale > NARROW;
    let shape = NumberShape {
        mark,
        group,
        scale,
        tail,
        whole: match digits {
            0 => Whole::Zero,
            1..=3 => Whole::UpTo999,
            _ => Whole::Above999,
        },
        float,
        wide_digits: if wide { digits as u8 } else { 0 },
    };
    (Shape::Number(shape), digits as u8)
}

fn tail_of(fraction: &[u8]) -> Tail {
    if fraction.last() != Some(&b'0') {
        Tail::Digit
    } else if fraction.iter().all(|&byte| byte == b'0') {
        Tail::Zeros
    } else {
        Tail::Zero
    }
}

/// Whether a decimal without groups stands as our writer of floats spells it.
///
/// Up to 15 digits every decimal is the shortest text of its float, so that the digits themselves decide; above, the
/// float must be made and written.
fn is_spelled_as_float(cell: &[u8], whole_digits: usize, mark: Mark, fraction: &[u8], tail: Tail) -> bool {
    let zeros = fraction.iter().take_while(|&&byte| byte == b'0').count();
    let significant = match (tail, whole_digits) {
        (Tail::Zero, _) => return false,
        (Tail::Zeros, _) if fraction.len() > 1 => return false,
        (Tail::Zeros, digits) => digits,
        (Tail::Digit, 0) if zeros > 3 => return false,
        (Tail::Digit, 0) => fraction.len() - zeros,
        (Tail::Digit, digits) => digits + fraction.len(),
    };
    match significant {
        ..=15 => true,
        16..=17 => parse_spelled(cell, if mark == Mark::Comma { b',' } else { b'.' }).is_some(),
        _ => false,
    }
}

/// A number whose `rest` behind the mantissa begins with `e` or `E`.
fn exponent(cell: &[u8], rest: &[u8], mark: Mark) -> Option<Sized> {
    let digits = match rest {
        [_, b'+' | b'-', digits @ ..] => digits,
        [_, digits @ ..] => digits,
        [] => return None,
    };
    if digits.is_empty() || digit_run(digits) != digits.len() {
        return None;
    }
    let spelled = parse_spelled(cell, if mark == Mark::Comma { b',' } else { b'.' }).is_some();
    Some((Shape::Exponent { mark, spelled }, 0))
}

/// A number in groups of three, whose first group is `first`.
fn grouped(negative: bool, first: &[u8], rest: &[u8]) -> Option<Sized> {
    let (group, group_len) = Group::at(rest)?;
    if first.len() > 3 || first[0] == b'0' {
        return None;
    }
    let mut digits = first.len();
    let mut rest = rest;
    while Group::at(rest).is_some_and(|(found, _)| found == group) {
        let part = &rest[group_len..];
        if digit_run(part) != 3 {
            return None;
        }
        digits += 3;
        rest = &part[3..];
    }
    let (mark, fraction) = match rest {
        [] => (Mark::None, rest),
        [byte, fraction @ ..] => {
            let mark = Mark::of(*byte).filter(|&mark| !group.is(mark))?;
            if fraction.is_empty() || digit_run(fraction) != fraction.len() {
                return None;
            }
            (mark, fraction)
        }
    };
    debug_assert!(digits > 3 && (!negative || digits > 0), "a group of three follows the first");
    if digits + fraction.len() > MOST_DIGITS {
        return Some((Shape::Odd(Odd::TooManyDigits), 0));
    }
    let tail = if fraction.is_empty() { Tail::Digit } else { tail_of(fraction) };
    Some(number_shape(digits, group, mark, fraction, tail, false))
}
