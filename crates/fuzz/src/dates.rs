//! Dates and times: what a format reads is what the calendar of another library says, and nothing else is read.

use csvp_engine::types::Value;
use csvp_report::{ColumnType, Zone};
use jiff::Unit;
use jiff::civil::{Date, Time};

use crate::choices::Choices;
use crate::numbers::read;

/// A format, and the places of year, month and day among its parts.
const DATES: &[(&str, u8, [usize; 3])] = &[
    ("%Y-%m-%d", b'-', [0, 1, 2]),
    ("%d/%m/%Y", b'/', [2, 1, 0]),
    ("%m/%d/%Y", b'/', [2, 0, 1]),
    ("%d.%m.%Y", b'.', [2, 1, 0]),
];

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let (format, mark, places) = choices.one_of(DATES);
    let any = choices.one_of(&["%-d/%-m/%y", "%d %b %Y", "%B %-d, %Y", "%I:%M %p", "%H:%M:%S%.f"]);
    let cell = choices.text();

    let date = ColumnType::Date { format: format.to_owned() };
    let found = read(&date, cell, true);
    assert_eq!(found, days_of(cell, mark, places).map(Value::Date), "{format}");

    let timestamp = ColumnType::Timestamp { format: "%Y-%m-%dT%H:%M:%S".to_owned(), zone: Zone::None };
    let expected = cell.split_at_checked(10).and_then(|(date, time)| {
        let days = days_of(date, b'-', [0, 1, 2])?;
        Some(Value::Timestamp(i64::from(days) * 86_400_000_000 + micros_of(time.strip_prefix(b"T")?)?))
    });
    assert_eq!(read(&timestamp, cell, true), expected);

    let other = match any.contains('H') || any.contains('I') {
        true => ColumnType::Time { format: any.to_owned() },
        false => ColumnType::Date { format: any.to_owned() },
    };
    read(&other, cell, true);
}

/// Days since 1970-01-01 by the calendar of jiff, of a text of digits in the widths of the format.
fn days_of(cell: &[u8], mark: u8, places: [usize; 3]) -> Option<i32> {
    let parts: Vec<&[u8]> = cell.split(|&byte| byte == mark).collect();
    let [year, month, day] = [(0, 4), (1, 2), (2, 2)].map(|(part, width)| {
        let text = parts.get(places[part]).filter(|text| text.len() == width)?;
        number(text)
    });
    if parts.len() != 3 {
        return None;
    }
    // Years begin with 1, as in ISO 8601 without agreement.
    let year = year.filter(|&year| year > 0);
    let date =
        Date::new(i16::try_from(year?).ok()?, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?).ok()?;
    let epoch = Date::new(1970, 1, 1).ok()?;
    Some(epoch.until((Unit::Day, date)).ok()?.get_days())
}

fn micros_of(time: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = time else { return None };
    let part = |tens: &u8, ones: &u8| i8::try_from(number(&[*tens, *ones])?).ok();
    let second = part(s1, s2)?;
    Time::new(part(h1, h2)?, part(m1, m2)?, second, 0).ok()?;
    let seconds = i64::from(part(h1, h2)?) * 3_600 + i64::from(part(m1, m2)?) * 60 + i64::from(second);
    Some(seconds * 1_000_000)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, byte| byte.is_ascii_digit().then(|| n * 10 + u32::from(byte - b'0')))
}
