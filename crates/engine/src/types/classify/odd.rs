//! Cells that a person takes for numbers but that cannot be written back from one. They count for reasons only.

use super::super::shape::{Odd, Shape};
use super::number::{digit_run, number};

const CURRENCIES: &[&str] =
    &["$", "€", "£", "¥", "₹", "₽", "₩", "CHF", "EUR", "USD", "GBP", "JPY", "US$", "R$", "kr", "zł"];

/// Why a cell that is no value nearly is one.
pub(super) fn odd(cell: &[u8]) -> Option<Odd> {
    if !cell.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let inner = cell.trim_ascii();
    if inner.len() < cell.len() {
        return (is_number(inner) || super::dated(inner).is_some()).then_some(Odd::Blanks);
    }
    if let [b'+', rest @ ..] = cell {
        return is_number(rest).then_some(Odd::PlusSign);
    }
    if let [rest @ .., b'%'] = cell {
        return is_number(rest.trim_ascii_end()).then_some(Odd::Percent);
    }
    if is_bare_mark(cell) {
        return Some(Odd::BareMark);
    }
    let unsigned = cell.strip_prefix(b"-").unwrap_or(cell);
    CURRENCIES
        .iter()
        .any(|sign| {
            let sign = sign.as_bytes();
            // One byte tells of nearly all cells that they have no such sign.
            if unsigned.first() != sign.first() && cell.last() != sign.last() {
                return false;
            }
            unsigned.strip_prefix(sign).is_some_and(|rest| is_number(rest.trim_ascii_start()))
                || cell.strip_suffix(sign).is_some_and(|rest| is_number(without_blank_end(rest)))
        })
        .then_some(Odd::Currency)
}

fn is_number(text: &[u8]) -> bool {
    number(text).is_some_and(|(shape, _)| !matches!(shape, Shape::Odd(_)))
}

/// `.5` and `5.`
fn is_bare_mark(cell: &[u8]) -> bool {
    let unsigned = cell.strip_prefix(b"-").unwrap_or(cell);
    match unsigned {
        [b'.' | b',', digits @ ..] | [digits @ .., b'.' | b','] => {
            !digits.is_empty() && digit_run(digits) == digits.len()
        }
        _ => false,
    }
}

fn without_blank_end(text: &[u8]) -> &[u8] {
    text.strip_suffix("\u{a0}".as_bytes()).unwrap_or(text).trim_ascii_end()
}
