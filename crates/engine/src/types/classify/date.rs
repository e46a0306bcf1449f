//! The grammar of dates, times and timestamps: which shape they have.

use super::super::civil::{century, is_valid};
use super::super::shape::{
    Clock, DAY_FIRST, DateShape, Joint, LONG_NAME, LONG_UPPER, Layout, MONTH_FIRST, Odd, OffsetStyle, Pad,
    SHORT_NAME, SHORT_UPPER, Shape, TimeShape, YEAR_FIRST, ZoneShape,
};
use super::number::digit_run;

/// English names of the months; the first three letters are the short name.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The shape of a date or timestamp; none when the cell is neither.
pub(super) fn date(cell: &[u8]) -> Option<Shape> {
    let (date, len) = date_at(cell)?;
    let (joint, after) = match &cell[len..] {
        [] => return Some(Shape::Date(date)),
        [b'T', after @ ..] => (Joint::T, after),
        [b' ', after @ ..] => (Joint::Blank, after),
        _ => return None,
    };
    let (time, len) = time_at(after)?;
    let zone = zone(&after[len..])?;
    Some(time.map_or(Shape::Odd(Odd::FineFraction), |time| Shape::Timestamp(date, joint, time, zone)))
}

/// The shape of a time of day; none when the cell is not one.
pub(super) fn time(cell: &[u8]) -> Option<Shape> {
    let (time, len) = time_at(cell)?;
    (len == cell.len()).then(|| time.map_or(Shape::Odd(Odd::FineFraction), Shape::Time))
}

/// The date that the text begins with, and its bytes.
fn date_at(text: &[u8]) -> Option<(DateShape, usize)> {
    let run = digit_run(text);
    match (run, text.get(run)) {
        (0, Some(_)) => name_first(text),
        (4, Some(&separator @ (b'-' | b'/' | b'.'))) => year_first(text, separator),
        (1..=2, Some(&separator @ (b'-' | b'/' | b'.' | b' '))) => {
            if text.get(run + 1)?.is_ascii_alphabetic() {
                name_second(text, run, separator)
            } else if separator != b' ' {
                year_last(text, run, separator)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// `2024-01-31`, `2024/1/31`.
fn year_first(text: &[u8], separator: u8) -> Option<(DateShape, usize)> {
    if let [_, _, _, _, _, m1, m2, at, d1, d2, after @ ..] = text
        && *at == separator
        && [m1, m2, d1, d2].iter().all(|byte| byte.is_ascii_digit())
        && !after.first().is_some_and(u8::is_ascii_digit)
    {
        let (month, day) = ([*m1, *m2], [*d1, *d2]);
        let (first, second) = (Pad::of(&month), Pad::of(&day));
        return is_valid(value(&text[..4]) as i32, value(&month), value(&day)).then_some((
            DateShape { layout: Layout::YearFirst, separator, first, second, readings: YEAR_FIRST },
            10,
        ));
    }
    let (month, at) = part(text, 5)?;
    if text.get(at) != Some(&separator) {
        return None;
    }
    let (day, end) = part(text, at + 1)?;
    let (first, second) = (Pad::of(month), Pad::of(day));
    is_valid(value(&text[..4]) as i32, value(month), value(day)).then_some((
        DateShape { layout: Layout::YearFirst, separator, first, second, readings: YEAR_FIRST },
        end,
    ))
}

/// `31/01/2024`, `1/31/24`.
fn year_last(text: &[u8], run: usize, separator: u8) -> Option<(DateShape, usize)> {
    let one = &text[..run];
    let (two, at) = part(text, run + 1)?;
    if text.get(at) != Some(&separator) {
        return None;
    }
    let three_len = digit_run(&text[at + 1..]);
    let end = at + 1 + three_len;
    let three = &text[at + 1..end];
    let (a, b) = (value(one), value(two));
    let (layout, year) = match three_len {
        4 => (Layout::YearLast, value(three) as i32),
        2 => (Layout::ShortYear, century(value(three) as i32)),
        _ => return None,
    };
    let mut readings = 0;
    if is_valid(year, b, a) {
        readings |= DAY_FIRST;
    }
    if is_valid(year, a, b) {
        readings |= MONTH_FIRST;
    }
    let all_two = one.len() == 2 && two.len() == 2 && three_len == 2;
    if all_two && is_valid(century(a as i32), b, value(three)) {
        readings |= YEAR_FIRST;
    }
    (readings != 0).then_some((
        DateShape { layout, separator, first: Pad::of(one), second: Pad::of(two), readings },
        end,
    ))
}

/// `31 Jan 2024`, `31-JAN-24`.
fn name_second(text: &[u8], run: usize, separator: u8) -> Option<(DateShape, usize)> {
    let (month, readings, at) = month_at(text, run + 1)?;
    if text.get(at) != Some(&separator) {
        return None;
    }
    let year_len = digit_run(&text[at + 1..]);
    let end = at + 1 + year_len;
    let digits = &text[at + 1..end];
    let (layout, year) = match year_len {
        4 => (Layout::DayName, value(digits) as i32),
        2 => (Layout::DayNameShortYear, century(value(digits) as i32)),
        _ => return None,
    };
    named(layout, separator, &text[..run], month, year, readings, end)
}

/// `Jan 31, 2024`, `January 31 2024`.
fn name_first(text: &[u8]) -> Option<(DateShape, usize)> {
    let (month, readings, at) = month_at(text, 0)?;
    if text.get(at) != Some(&b' ') {
        return None;
    }
    let (day, at) = part(text, at + 1)?;
    let (layout, at) = match &text[at..] {
        [b',', b' ', ..] => (Layout::NameDay, at + 2),
        [b' ', ..] => (Layout::NameDayPlain, at + 1),
        _ => return None,
    };
    if digit_run(&text[at..]) != 4 {
        return None;
    }
    named(layout, b' ', day, month, value(&text[at..at + 4]) as i32, readings, at + 4)
}

fn named(
    layout: Layout,
    separator: u8,
    day: &[u8],
    month: u32,
    year: i32,
    readings: u8,
    end: usize,
) -> Option<(DateShape, usize)> {
    let shape = DateShape { layout, separator, first: Pad::of(day), second: Pad::Unknown, readings };
    is_valid(year, month, value(day)).then_some((shape, end))
}

/// The month's name at a place: its number, the styles in which it is written so, and the place behind it.
fn month_at(text: &[u8], at: usize) -> Option<(u32, u8, usize)> {
    let len = text[at..].iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(text.len() - at);
    let word = &text[at..at + len];
    let month = MONTHS.iter().position(|name| {
        len >= 3 && name.as_bytes()[..3].eq_ignore_ascii_case(&word[..3]) && (len == 3 || len == name.len())
    })?;
    let name = MONTHS[month].as_bytes();
    let mut readings = 0;
    for (style, style_len, upper) in [
        (SHORT_NAME, 3, false),
        (LONG_NAME, name.len(), false),
        (SHORT_UPPER, 3, true),
        (LONG_UPPER, name.len(), true),
    ] {
        let same = if upper {
            word.iter().zip(name).all(|(&a, b)| a == b.to_ascii_uppercase())
        } else {
            word.iter().zip(name).all(|(a, b)| a == b)
        };
        if same && len == style_len {
            readings |= style;
        }
    }
    (readings != 0).then_some((month as u32 + 1, readings, at + len))
}

/// A number of one or two digits at a place, and the place behind it.
fn part(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let len = digit_run(text.get(at..)?);
    matches!(len, 1 | 2).then(|| (&text[at..at + len], at + len))
}

/// At most nine digits as a number.
fn value(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |n, byte| n * 10 + u32::from(byte - b'0'))
}

/// The time that the text begins with, and its bytes; no shape when its fraction is too fine.
fn time_at(text: &[u8]) -> Option<(Option<TimeShape>, usize)> {
    let (hour, at) = part(text, 0)?;
    let minute = sixty(text, at)?;
    let mut end = at + 3;
    let seconds = text.get(end) == Some(&b':');
    let mut fraction = 0;
    if seconds {
        sixty(text, end)?;
        end += 3;
        if text.get(end) == Some(&b'.') {
            fraction = digit_run(&text[end + 1..]);
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
    }
    let ends_in_zero = fraction > 0 && text[end - 1] == b'0';
    let (clock, len) = match &text[end..] {
        [b' ', b'A' | b'P', b'M', ..] => (Clock::BlankUpper, 3),
        [b' ', b'a' | b'p', b'm', ..] => (Clock::BlankLower, 3),
        [b'A' | b'P', b'M', ..] => (Clock::TightUpper, 2),
        [b'a' | b'p', b'm', ..] => (Clock::TightLower, 2),
        _ => (Clock::Hours24, 0),
    };
    let hours = if clock == Clock::Hours24 { 0..=23 } else { 1..=12 };
    if !hours.contains(&value(hour)) || minute > 59 {
        return None;
    }
    let shape = (fraction <= 6).then(|| TimeShape {
        clock,
        hour: Pad::of(hour),
        seconds,
        fraction: fraction as u8,
        ends_in_zero,
    });
    Some((shape, end + len))
}

/// `:` and two digits below 60.
fn sixty(text: &[u8], at: usize) -> Option<u32> {
    match text.get(at..at + 3)? {
        [b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9'] => {
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    }
}

/// The zone that the whole text is.
fn zone(text: &[u8]) -> Option<ZoneShape> {
    match text {
        [] => return Some(ZoneShape::None),
        b"Z" => return Some(ZoneShape::Utc),
        _ => {}
    }
    let (spaced, text) = match text {
        [b' ', text @ ..] => (true, text),
        text => (false, text),
    };
    let (style, hours, minutes) = match text {
        [_, h1, h2, b':', m1, m2] => (OffsetStyle::Colon, [*h1, *h2], [*m1, *m2]),
        [_, h1, h2, m1, m2] => (OffsetStyle::Plain, [*h1, *h2], [*m1, *m2]),
        [_, h1, h2] => (OffsetStyle::Hours, [*h1, *h2], *b"00"),
        _ => return None,
    };
    if digit_run(&hours) != 2 || digit_run(&minutes) != 2 {
        return None;
    }
    let minutes = value(&hours) * 60
        + match value(&minutes) {
            minutes @ (0 | 15 | 30 | 45) => minutes,
            _ => return None,
        };
    let quarters = match (text[0], (minutes / 15) as i8) {
        _ if minutes > 14 * 60 => return None,
        (b'+', quarters) => quarters,
        (b'-', quarters) if quarters > 0 => -quarters,
        _ => return None,
    };
    Some(ZoneShape::Offset { quarters, style, spaced })
}
