//! The grammar of numbers: which shape a number has.
//!
//! A number is `-`? whole (mark digits+)? with no zero in front of the whole part, or one with an exponent. The whole
//! part may be in groups of three, all with the same thousands mark.

use csvp_report::FloatForm;

use super::super::format::float::{FIXED_DIGITS, FloatForms, forms_of};
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
        (b'0', 1) => return (Shape::Integer { digits: 0, fits: true, floats: whole_forms(digits) }, 0),
        (b'0', _) => Shape::Odd(Odd::LeadingZeros(len.min(MOST_DIGITS + 1) as u8)),
        (_, ..=18) => Shape::Integer { digits: len as u8, fits: true, floats: whole_forms(digits) },
        (_, 19) => {
            Shape::Integer { digits: 19, fits: fits_64_bits(negative, digits), floats: FloatForms::NONE }
        }
        (_, ..=MOST_DIGITS) => Shape::Integer { digits: len as u8, fits: false, floats: FloatForms::NONE },
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
        return match fraction.len() {
            scale @ ..=FIXED_DIGITS => (Shape::NegativeZero { mark, scale: scale as u8 }, 0),
            _ => (Shape::Odd(Odd::SignedZero), 0),
        };
    }
    if digits + fraction.len() > MOST_DIGITS {
        return (Shape::Odd(Odd::TooManyDigits), 0);
    }
    let floats = decimal_forms(cell, digits, mark, fraction, tail);
    number_shape(digits, Group::None, mark, fraction, tail, floats)
}

fn number_shape(
    digits: usize,
    group: Group,
    mark: Mark,
    fraction: &[u8],
    tail: Tail,
    floats: FloatForms,
) -> Sized {
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
        floats,
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

/// The forms of floats whose whole numbers stand as these digits, of which the first is not a zero in front.
///
/// Programs that write floats without mark begin exponents at 10^15 at the latest.
fn whole_forms(digits: &[u8]) -> FloatForms {
    use FloatForm::{General, R, Readr, Vroom};
    if digits.len() > 15 {
        return FloatForms::NONE;
    }
    let forms = FloatForms::of(&[General, Vroom]);
    if !digits.ends_with(b"000") {
        return forms.with(R, true).with(Readr, true);
    }
    let significant = digits.iter().rposition(|&byte| byte != b'0').map_or(0, |last| last + 1);
    // `1e+05` is shorter than `100000`, `1.2e+05` is not shorter than `120000`.
    forms.with(R, digits.len() - significant <= 4 + usize::from(significant > 1))
}

/// The forms of floats in which a decimal without groups stands so.
///
/// Up to 15 digits every decimal is the shortest text of its float, so that the digits themselves decide; above, the
/// float must be made and written.
fn decimal_forms(cell: &[u8], whole_digits: usize, mark: Mark, fraction: &[u8], tail: Tail) -> FloatForms {
    use FloatForm::{General, Java, R, Readr, Repr, Vroom};
    let zeros = fraction.iter().take_while(|&&byte| byte == b'0').count();
    let significant = match (tail, whole_digits) {
        (Tail::Zero, _) => return FloatForms::NONE,
        (Tail::Zeros, _) if fraction.len() > 1 => return FloatForms::NONE,
        (Tail::Zeros, digits) => digits,
        (Tail::Digit, 0) => fraction.len() - zeros,
        (Tail::Digit, digits) => digits + fraction.len(),
    };
    let few_digits = FloatForms::NONE.with(Java, whole_digits <= 7 && (whole_digits > 0 || zeros <= 2));
    match (significant, tail) {
        (16..=17, _) => forms_of(cell, mark_byte(mark)),
        (18.., _) => FloatForms::NONE,
        (_, Tail::Zeros) => few_digits.with(Repr, true),
        (_, _) if whole_digits == 0 && zeros > 3 => FloatForms::NONE,
        _ => {
            let by_length = whole_digits > 0 || zeros <= 2 + usize::from(significant > 1);
            [Repr, General, Vroom, Readr]
                .into_iter()
                .fold(few_digits, |forms, form| forms.with(form, true))
                .with(R, by_length)
        }
    }
}

fn mark_byte(mark: Mark) -> u8 {
    if mark == Mark::Comma { b',' } else { b'.' }
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
    Some((Shape::Exponent { mark, floats: forms_of(cell, mark_byte(mark)) }, 0))
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
    Some(number_shape(digits, group, mark, fraction, tail, FloatForms::NONE))
}
