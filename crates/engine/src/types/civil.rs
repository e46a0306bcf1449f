//! Calendar arithmetic: days and dates of the proleptic Gregorian calendar, without a table of years.
//!
//! Both directions are Howard Hinnant's `days_from_civil` and `civil_from_days`
//! (<https://howardhinnant.github.io/date_algorithms.html>): a year begins in March, so that the leap day is its
//! last one, and an era is 400 years of 146,097 days.

/// Microseconds of a second.
pub(crate) const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub(crate) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

const DAYS_PER_ERA: i32 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i32 = 719_468;

/// A date; the fields are checked by [`is_valid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// Whether the date exists; years run from 1 to 9999.
pub(crate) fn is_valid(year: i32, month: u32, day: u32) -> bool {
    (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month)
}

/// Days of a month, which must be 1 to 12.
fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days since 1970-01-01.
pub(crate) fn days_from_civil(date: Civil) -> i32 {
    let year = if date.month <= 2 { date.year - 1 } else { date.year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (date.month as i32 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + date.day as i32 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - EPOCH
}

/// The date of a day since 1970-01-01.
pub(crate) fn civil_from_days(days: i32) -> Civil {
    let shifted = i64::from(days) + i64::from(EPOCH);
    let era = shifted.div_euclid(i64::from(DAYS_PER_ERA)) as i32;
    let day_of_era = shifted.rem_euclid(i64::from(DAYS_PER_ERA)) as i32;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }) as u32;
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    Civil { year, month, day }
}

/// The year of two digits: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068 (the rule of POSIX `strptime`).
pub(crate) fn century(two_digits: i32) -> i32 {
    if two_digits >= 69 { 1900 + two_digits } else { 2000 + two_digits }
}

/// Whether [`century`] gives this year back from its last two digits.
pub(crate) fn has_two_digit_form(year: i32) -> bool {
    (1969..=2068).contains(&year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (year, month, day, days) in [
            (1970, 1, 1, 0),
            (1969, 12, 31, -1),
            (2000, 2, 29, 11_016),
            (2024, 2, 29, 19_782),
            (1, 1, 1, -719_162),
            (9999, 12, 31, 2_932_896),
        ] {
            assert_eq!(days_from_civil(Civil { year, month, day }), days, "{year}-{month}-{day}");
            assert_eq!(civil_from_days(days), Civil { year, month, day });
        }
    }

    #[test]
    fn every_day_of_our_years_comes_back() {
        let mut previous = Civil { year: 0, month: 12, day: 31 };
        for days in -719_162..=2_932_896 {
            let date = civil_from_days(days);
            assert!(is_valid(date.year, date.month, date.day));
            assert_eq!(days_from_civil(date), days);
            assert!((date.year, date.month, date.day) > (previous.year, previous.month, previous.day));
            previous = date;
        }
    }

    #[test]
    fn dates_that_do_not_exist() {
        for (year, month, day) in [
            (2023, 2, 29),
            (2023, 2, 30),
            (1900, 2, 29),
            (2024, 4, 31),
            (2024, 13, 1),
            (2024, 0, 1),
            (0, 1, 1),
            (2024, 1, 0),
        ] {
            assert!(!is_valid(year, month, day), "{year}-{month}-{day}");
        }
    }
}
