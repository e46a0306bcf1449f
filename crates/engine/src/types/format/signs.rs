//! The signs of date and time patterns, which the documentation of [`super::Format`] lists.

use super::super::civil::MICROS_PER_SECOND;
use super::FormatError;
use super::pattern::fixed;

/// One step of reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Byte(u8),
    Year,
    ShortYear,
    Month {
        padded: bool,
    },
    MonthName {
        long: bool,
        upper: bool,
    },
    Day {
        padded: bool,
    },
    Hour {
        padded: bool,
    },
    Hour12 {
        padded: bool,
    },
    Minute,
    Second,
    HalfDay {
        upper: bool,
    },
    /// Digits behind the second, with a point before them or without.
    Fraction {
        digits: u8,
        point: bool,
    },
    /// A point and digits without zeros at the end, or nothing.
    ShortestFraction,
}

/// The items of a format.
pub(super) fn items(format: &str) -> Result<Vec<Item>, FormatError> {
    let mut items = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        items.extend(rest.bytes().take(at).map(Item::Byte));
        rest = &rest[at + 1..];
        let (sign, more) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(|| {
            FormatError::UnknownSign {
                sign: format!("%{}", rest.chars().take(1).collect::<String>()),
                format: format.to_owned(),
            }
        })?;
        items.extend_from_slice(more);
        rest = &rest[sign.len()..];
    }
    items.extend(rest.bytes().map(Item::Byte));
    Ok(items)
}

const SLASH: Item = Item::Byte(b'/');
const HYPHEN: Item = Item::Byte(b'-');
const COLON: Item = Item::Byte(b':');
const MONTH: Item = Item::Month { padded: true };
const DAY: Item = Item::Day { padded: true };
const HOUR: Item = Item::Hour { padded: true };

const SIGNS: &[(&str, &[Item])] = &[
    ("Y", &[Item::Year]),
    ("y", &[Item::ShortYear]),
    ("m", &[MONTH]),
    ("-m", &[Item::Month { padded: false }]),
    ("b", &[Item::MonthName { long: false, upper: false }]),
    ("B", &[Item::MonthName { long: true, upper: false }]),
    ("^b", &[Item::MonthName { long: false, upper: true }]),
    ("^B", &[Item::MonthName { long: true, upper: true }]),
    ("d", &[DAY]),
    ("-d", &[Item::Day { padded: false }]),
    ("H", &[HOUR]),
    ("-H", &[Item::Hour { padded: false }]),
    ("I", &[Item::Hour12 { padded: true }]),
    ("-I", &[Item::Hour12 { padded: false }]),
    ("M", &[Item::Minute]),
    ("S", &[Item::Second]),
    ("p", &[Item::HalfDay { upper: true }]),
    ("P", &[Item::HalfDay { upper: false }]),
    ("f", &[Item::Fraction { digits: 6, point: false }]),
    ("1f", &[Item::Fraction { digits: 1, point: false }]),
    ("2f", &[Item::Fraction { digits: 2, point: false }]),
    ("3f", &[Item::Fraction { digits: 3, point: false }]),
    ("4f", &[Item::Fraction { digits: 4, point: false }]),
    ("5f", &[Item::Fraction { digits: 5, point: false }]),
    ("6f", &[Item::Fraction { digits: 6, point: false }]),
    (".1f", &[Item::Fraction { digits: 1, point: true }]),
    (".2f", &[Item::Fraction { digits: 2, point: true }]),
    (".3f", &[Item::Fraction { digits: 3, point: true }]),
    (".4f", &[Item::Fraction { digits: 4, point: true }]),
    (".5f", &[Item::Fraction { digits: 5, point: true }]),
    (".6f", &[Item::Fraction { digits: 6, point: true }]),
    (".f", &[Item::ShortestFraction]),
    ("F", &[Item::Year, HYPHEN, MONTH, HYPHEN, DAY]),
    ("T", &[HOUR, COLON, Item::Minute, COLON, Item::Second]),
    ("R", &[HOUR, COLON, Item::Minute]),
    ("D", &[MONTH, SLASH, DAY, SLASH, Item::ShortYear]),
    ("%", &[Item::Byte(b'%')]),
];

/// Whether a format has each part that it needs once, and no part that its values cannot hold.
pub(super) fn check_parts(
    what: &'static str,
    format: &str,
    items: &[Item],
    date: bool,
    time: bool,
) -> Result<(), FormatError> {
    let count = |wanted: fn(&Item) -> bool| items.iter().filter(|item| wanted(item)).count();
    let years = count(|item| matches!(item, Item::Year | Item::ShortYear));
    let months = count(|item| matches!(item, Item::Month { .. } | Item::MonthName { .. }));
    let days = count(|item| matches!(item, Item::Day { .. }));
    let hours = count(|item| matches!(item, Item::Hour { .. } | Item::Hour12 { .. }));
    let hours_of_12 = count(|item| matches!(item, Item::Hour12 { .. }));
    let halves = count(|item| matches!(item, Item::HalfDay { .. }));
    let minutes = count(|item| matches!(item, Item::Minute));
    let seconds = count(|item| matches!(item, Item::Second));
    let fractions = count(|item| matches!(item, Item::Fraction { .. } | Item::ShortestFraction));
    let fault = if date && (years, months, days) != (1, 1, 1) {
        "must have year, month and day, each once"
    } else if !date && years + months + days > 0 {
        "must not have year, month or day"
    } else if time && hours != 1 {
        "must have the hour once"
    } else if time && (minutes > 1 || seconds > 1 || fractions > 1 || halves > 1) {
        "must not have a part of the time twice"
    } else if time && (minutes < seconds || seconds < fractions) {
        "must have minutes if it has seconds, and seconds if it has fractions of them"
    } else if hours_of_12 != halves {
        "must have `%p` or `%P` with hours of 12 and with no others"
    } else if !time && hours + minutes + seconds + fractions + halves > 0 {
        "must not have hours, minutes or seconds"
    } else {
        return Ok(());
    };
    Err(FormatError::Parts { what, format: format.to_owned(), fault })
}

/// The offset that a format ends with: `+01:00`, `-0530` or `+01`.
pub(super) fn offset_micros(format: &str) -> Option<i64> {
    let at = format.rfind(['+', '-'])?;
    let bytes = format.as_bytes();
    let (hours, minutes) = match &bytes[at + 1..] {
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => ([*h1, *h2], [*m1, *m2]),
        [h1, h2] => ([*h1, *h2], *b"00"),
        _ => return None,
    };
    let ((hours, _), (minutes, _)) = (fixed(&hours, 2)?, fixed(&minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let micros = i64::from(hours * 3600 + minutes * 60) * MICROS_PER_SECOND;
    Some(if bytes[at] == b'-' { -micros } else { micros })
}
