//! Dates and times after a `strftime` pattern that reads and writes; the signs stand in `signs.rs`.

use csvp_report::Zone;

use super::super::civil::{
    Civil, MICROS_PER_DAY, MICROS_PER_SECOND, century, civil_from_days, days_from_civil, has_two_digit_form,
    is_valid,
};
use super::super::classify::MONTHS;
use super::super::packed::{clock, iso_date};
use super::FormatError;
use super::signs::{Item, check_parts, items, offset_micros};

/// A pattern taken apart.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    items: Vec<Item>,
    front: Front,
    /// Microseconds east of Greenwich, which the text has and the value has not.
    offset_micros: i64,
}

/// What a pattern begins with that is read a word at a time, and how many items that is.
#[derive(Debug, Clone, Copy)]
enum Front {
    Other,
    /// `2024-05-31`.
    Date,
    /// `2024-05-31`, this byte, and `23:59:59`.
    DateAndClock(u8),
}

impl Front {
    fn of(items: &[Item]) -> Self {
        let (month, day, hour) =
            (Item::Month { padded: true }, Item::Day { padded: true }, Item::Hour { padded: true });
        let Some(rest) = items.strip_prefix(&[Item::Year, Item::Byte(b'-'), month, Item::Byte(b'-'), day])
        else {
            return Self::Other;
        };
        let clock = [hour, Item::Byte(b':'), Item::Minute, Item::Byte(b':'), Item::Second];
        match rest {
            [Item::Byte(joint), rest @ ..] if rest.starts_with(&clock) => Self::DateAndClock(*joint),
            _ => Self::Date,
        }
    }

    fn items(self) -> usize {
        match self {
            Self::Other => 0,
            Self::Date => 5,
            Self::DateAndClock(_) => 11,
        }
    }
}

/// The parts of a date and time.
struct Parts {
    date: Civil,
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
    afternoon: bool,
}

impl Pattern {
    pub(super) fn date(format: &str) -> Result<Self, FormatError> {
        let items = items(format)?;
        check_parts("date", format, &items, true, false)?;
        Ok(Self { front: Front::of(&items), items, offset_micros: 0 })
    }

    pub(super) fn time(format: &str) -> Result<Self, FormatError> {
        let items = items(format)?;
        check_parts("time", format, &items, false, true)?;
        Ok(Self { front: Front::of(&items), items, offset_micros: 0 })
    }

    pub(super) fn timestamp(format: &str, zone: Zone) -> Result<Self, FormatError> {
        let items = items(format)?;
        check_parts("timestamp", format, &items, true, true)?;
        let fault = |fault| FormatError::Parts { what: "timestamp", format: format.to_owned(), fault };
        let offset_micros = match zone {
            Zone::None => 0,
            Zone::Utc if format.ends_with('Z') => 0,
            Zone::Utc => return Err(fault("must end with `Z`, because its zone is UTC")),
            Zone::Offset => offset_micros(format)
                .ok_or_else(|| fault("must end with an offset such as `+01:00` or `-0530`"))?,
        };
        Ok(Self { front: Front::of(&items), items, offset_micros })
    }

    pub(super) fn parse_date(&self, cell: &[u8]) -> Option<i32> {
        let parts = self.parse(cell)?;
        is_valid(parts.date.year, parts.date.month, parts.date.day).then(|| days_from_civil(parts.date))
    }

    pub(super) fn parse_time(&self, cell: &[u8]) -> Option<i64> {
        Some(self.parse(cell)?.micros_of_day())
    }

    pub(super) fn parse_timestamp(&self, cell: &[u8]) -> Option<i64> {
        let parts = self.parse(cell)?;
        let Civil { year, month, day } = parts.date;
        is_valid(year, month, day).then(|| {
            i64::from(days_from_civil(parts.date)) * MICROS_PER_DAY + parts.micros_of_day()
                - self.offset_micros
        })
    }

    pub(super) fn write_date(&self, days: i32, out: &mut Vec<u8>) {
        self.write(&Parts::of(days, 0), out);
    }

    pub(super) fn write_time(&self, micros: i64, out: &mut Vec<u8>) {
        self.write(&Parts::of(0, micros), out);
    }

    pub(super) fn write_timestamp(&self, micros: i64, out: &mut Vec<u8>) {
        let local = micros + self.offset_micros;
        self.write(
            &Parts::of(local.div_euclid(MICROS_PER_DAY) as i32, local.rem_euclid(MICROS_PER_DAY)),
            out,
        );
    }

    /// The parts of a cell: each in its own range, the date perhaps not yet held against the calendar.
    fn parse(&self, cell: &[u8]) -> Option<Parts> {
        let mut parts = Parts::NONE;
        let mut rest = parts.read_front(self.front, cell)?;
        for item in &self.items[self.front.items()..] {
            rest = parts.read(*item, rest)?;
        }
        if parts.afternoon {
            parts.hour += 12;
        }
        rest.is_empty().then_some(parts)
    }

    fn write(&self, parts: &Parts, out: &mut Vec<u8>) {
        for item in &self.items {
            parts.write(*item, out);
        }
    }
}

impl Parts {
    /// Midnight of the first day.
    const NONE: Self = Self {
        date: Civil { year: 1970, month: 1, day: 1 },
        hour: 0,
        minute: 0,
        second: 0,
        micros: 0,
        afternoon: false,
    };

    fn of(days: i32, micros_of_day: i64) -> Parts {
        let seconds = (micros_of_day / MICROS_PER_SECOND) as u32;
        Parts {
            date: civil_from_days(days),
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            micros: (micros_of_day % MICROS_PER_SECOND) as u32,
            afternoon: false,
        }
    }

    fn micros_of_day(&self) -> i64 {
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        seconds * MICROS_PER_SECOND + i64::from(self.micros)
    }

    /// Reads what a pattern begins with and gives what is behind it.
    #[inline]
    fn read_front<'a>(&mut self, front: Front, text: &'a [u8]) -> Option<&'a [u8]> {
        if matches!(front, Front::Other) {
            return Some(text);
        }
        self.date = iso_date(text)?;
        let rest = &text[10..];
        let Front::DateAndClock(joint) = front else { return Some(rest) };
        let rest = rest.strip_prefix(&[joint])?;
        (self.hour, self.minute, self.second) = clock(rest)?;
        Some(&rest[8..])
    }

    /// Reads one item from the front of the text and gives what is behind it.
    fn read<'a>(&mut self, item: Item, text: &'a [u8]) -> Option<&'a [u8]> {
        let rest;
        match item {
            Item::Byte(byte) => return text.strip_prefix(&[byte]),
            Item::Year => {
                let year;
                (year, rest) = fixed(text, 4)?;
                self.date.year = year as i32;
            }
            Item::ShortYear => {
                let year;
                (year, rest) = fixed(text, 2)?;
                self.date.year = century(year as i32);
            }
            Item::Month { padded } => (self.date.month, rest) = one_or_two(text, padded)?,
            Item::MonthName { long, upper } => (self.date.month, rest) = month_name(text, long, upper)?,
            Item::Day { padded } => (self.date.day, rest) = one_or_two(text, padded)?,
            Item::Hour { padded } => {
                (self.hour, rest) = one_or_two(text, padded)?;
                return (self.hour < 24).then_some(rest);
            }
            Item::Hour12 { padded } => {
                (self.hour, rest) = one_or_two(text, padded)?;
                let fits = (1..=12).contains(&self.hour);
                self.hour %= 12;
                return fits.then_some(rest);
            }
            Item::Minute => {
                (self.minute, rest) = fixed(text, 2)?;
                return (self.minute < 60).then_some(rest);
            }
            Item::Second => {
                (self.second, rest) = fixed(text, 2)?;
                return (self.second < 60).then_some(rest);
            }
            Item::HalfDay { upper } => {
                let (half, after) = text.split_at_checked(2)?;
                let (before_noon, after_noon): (&[u8], &[u8]) =
                    if upper { (b"AM", b"PM") } else { (b"am", b"pm") };
                self.afternoon = half == after_noon;
                return (self.afternoon || half == before_noon).then_some(after);
            }
            Item::Fraction { digits, point } => {
                let text = if point { text.strip_prefix(b".")? } else { text };
                let value;
                (value, rest) = fixed(text, usize::from(digits))?;
                self.micros = value * 10_u32.pow(u32::from(6 - digits));
            }
            Item::ShortestFraction => {
                let Some(after) = text.strip_prefix(b".") else { return Some(text) };
                let len = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if len == 0 || len > 6 || after[len - 1] == b'0' {
                    return None;
                }
                let value;
                (value, rest) = fixed(after, len)?;
                self.micros = value * 10_u32.pow(6 - len as u32);
            }
        }
        Some(rest)
    }

    fn write(&self, item: Item, out: &mut Vec<u8>) {
        match item {
            Item::Byte(byte) => out.push(byte),
            Item::Year => write_padded(self.date.year.unsigned_abs(), 4, out),
            Item::ShortYear => {
                debug_assert!(has_two_digit_form(self.date.year), "the value was not read by this pattern");
                write_padded(self.date.year.unsigned_abs() % 100, 2, out);
            }
            Item::Month { padded } => write_padded(self.date.month, if padded { 2 } else { 1 }, out),
            Item::MonthName { long, upper } => {
                let name = MONTHS[self.date.month as usize - 1].as_bytes();
                let start = out.len();
                out.extend_from_slice(if long { name } else { &name[..3] });
                if upper {
                    out[start..].make_ascii_uppercase();
                }
            }
            Item::Day { padded } => write_padded(self.date.day, if padded { 2 } else { 1 }, out),
            Item::Hour { padded } => write_padded(self.hour, if padded { 2 } else { 1 }, out),
            Item::Hour12 { padded } => {
                let hour = if self.hour.is_multiple_of(12) { 12 } else { self.hour % 12 };
                write_padded(hour, if padded { 2 } else { 1 }, out);
            }
            Item::Minute => write_padded(self.minute, 2, out),
            Item::Second => write_padded(self.second, 2, out),
            Item::HalfDay { upper } => out.extend_from_slice(match (self.hour < 12, upper) {
                (true, true) => b"AM",
                (false, true) => b"PM",
                (true, false) => b"am",
                (false, false) => b"pm",
            }),
            Item::Fraction { digits, point } => {
                if point {
                    out.push(b'.');
                }
                write_padded(self.micros / 10_u32.pow(u32::from(6 - digits)), usize::from(digits), out);
            }
            Item::ShortestFraction if self.micros > 0 => {
                out.push(b'.');
                write_padded(self.micros, 6, out);
                while out.last() == Some(&b'0') {
                    out.pop();
                }
            }
            Item::ShortestFraction => {}
        }
    }
}

/// As many digits as said, as a number; at most nine.
pub(super) fn fixed(text: &[u8], len: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(len)?;
    let mut value = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some((value, rest))
}

/// Two digits; or, when not padded, one or two with no zero in front of another.
fn one_or_two(text: &[u8], padded: bool) -> Option<(u32, &[u8])> {
    let second_is_digit = text.get(1).is_some_and(u8::is_ascii_digit);
    match (padded, second_is_digit) {
        (true, _) => fixed(text, 2),
        (false, true) if text[0] != b'0' => fixed(text, 2),
        (false, true) => None,
        (false, false) => fixed(text, 1),
    }
}

fn month_name(text: &[u8], long: bool, upper: bool) -> Option<(u32, &[u8])> {
    MONTHS.iter().zip(1..).find_map(|(name, month)| {
        let name = if long { name.as_bytes() } else { &name.as_bytes()[..3] };
        let (word, rest) = text.split_at_checked(name.len())?;
        let same = if upper {
            word.iter().zip(name).all(|(&letter, of_name)| letter == of_name.to_ascii_uppercase())
        } else {
            word == name
        };
        same.then_some((month, rest))
    })
}

fn write_padded(value: u32, len: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 10];
    let mut at = digits.len();
    let mut left = value;
    while left > 0 || at > digits.len() - len {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_front_is_read_as_its_items_are(
            cell in "[012][0-9]{3}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,6})?Z?)?|[-0-9T:.]{8,24}",
        ) {
            for format in ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%.f", "%F %T", "%FT%T%.3fZ"] {
                let zone = if format.ends_with('Z') { Zone::Utc } else { Zone::None };
                let read = |pattern: &Pattern| {
                    if format == "%Y-%m-%d" {
                        pattern.parse_date(cell.as_bytes()).map(i64::from)
                    } else {
                        pattern.parse_timestamp(cell.as_bytes())
                    }
                };
                let pattern = match format {
                    "%Y-%m-%d" => Pattern::date(format).unwrap(),
                    _ => Pattern::timestamp(format, zone).unwrap(),
                };
                prop_assert!(!matches!(pattern.front, Front::Other));
                let plain = Pattern { front: Front::Other, ..pattern.clone() };
                prop_assert_eq!(read(&pattern), read(&plain), "{} by {}", &cell, format);
            }
        }
    }
}
