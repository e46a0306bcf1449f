//! Dates and times, in one of many ways of writing.

use super::facts::Facts;

/// Runs of digits beyond which something is no date.
const MOST_RUNS: usize = 9;

/// Dates and times: groups of digits with date signs between them, or with a month's name.
pub(super) fn is_date(cell: &[u8], facts: Facts) -> bool {
    if facts.digits() > 20 || cell.len() > 40 {
        return false;
    }
    if facts.letters() == 0 {
        return is_digit_date(cell);
    }
    let mut words = 0;
    for word in cell.split(|b| !b.is_ascii_alphabetic()).filter(|w| !w.is_empty()) {
        if is_month(word) || is_date_word(word) {
            words += 1;
        } else {
            return false;
        }
    }
    let signs_fit = cell.iter().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'/' | b'.' | b',' | b':' | b'+' | b'\'')
    });
    // `T1`, `Z9` or `12 am` alone: letters that belong to times need the digits of one.
    let named = cell.split(|b| !b.is_ascii_alphabetic()).any(is_month);
    words > 0 && signs_fit && (named || cell.contains(&b':') || is_digit_date(strip_letters(cell)))
}

fn strip_letters(cell: &[u8]) -> &[u8] {
    let end = cell.iter().position(u8::is_ascii_alphabetic).unwrap_or(cell.len());
    cell[..end].trim_ascii()
}

/// The name of a month, or its first three letters.
fn is_month(word: &[u8]) -> bool {
    let Some(&(mut start)) = word.first_chunk::<3>() else { return false };
    start.make_ascii_lowercase();
    let month: &[u8] = match &start {
        b"jan" => b"january",
        b"feb" => b"february",
        b"mar" => b"march",
        b"apr" => b"april",
        b"may" => b"may",
        b"jun" => b"june",
        b"jul" => b"july",
        b"aug" => b"august",
        b"sep" => b"september",
        b"oct" => b"october",
        b"nov" => b"november",
        b"dec" => b"december",
        _ => return false,
    };
    word.len() == 3 || word.eq_ignore_ascii_case(month) || word.eq_ignore_ascii_case(b"sept")
}

fn is_date_word(word: &[u8]) -> bool {
    let mut small = [0; 3];
    // None of them is longer.
    let Some(small) = small.get_mut(..word.len()) else { return false };
    small.copy_from_slice(word);
    small.make_ascii_lowercase();
    matches!(
        &*small,
        b"t" | b"z"
            | b"am"
            | b"pm"
            | b"utc"
            | b"gmt"
            | b"st"
            | b"nd"
            | b"rd"
            | b"th"
            | b"mon"
            | b"tue"
            | b"wed"
            | b"thu"
            | b"fri"
            | b"sat"
            | b"sun"
            | b"est"
            | b"cet"
            | b"a"
    )
}

/// `2020-01-31`, `31/01/2020`, `12:30:05.123`, `2020-01-31 12:30+01:00`, but not `1-2` or `555-1234`.
fn is_digit_date(cell: &[u8]) -> bool {
    // Each run of digits but the last has a sign behind it.
    let (mut runs, mut signs) = ([0_usize; MOST_RUNS], [0_u8; MOST_RUNS - 1]);
    let (mut n, mut run) = (0, 0);
    for &b in cell {
        match b {
            b'0'..=b'9' => run += 1,
            b'-' | b'/' | b'.' | b':' | b' ' | b'+' | b',' => {
                if run > 0 {
                    if n == signs.len() {
                        return false;
                    }
                    (runs[n], signs[n]) = (run, b);
                    n += 1;
                }
                run = 0;
            }
            _ => return false,
        }
    }
    runs[n] = run;
    let (runs, signs) = (&runs[..=n], &signs[..n]);
    if runs.len() < 2 || runs.iter().any(|&r| r > 9) {
        return false;
    }
    // Durations have more hours than a day.
    let hours_fit = runs[0] <= 2 || runs[0] <= 4 && signs.get(1) == Some(&b':') && runs.get(2) == Some(&2);
    let is_time = signs[0] == b':' && hours_fit && runs[1] == 2;
    // Behind a time, a blank stands before a date; behind a date, before a time.
    let blank = signs.iter().position(|&sign| sign == b' ');
    let parts_fit = blank.is_none_or(|at| {
        let next = signs[at + 1..].iter().find(|&&sign| sign != b' ');
        match next {
            Some(b':') => !is_time,
            Some(b'-' | b'/' | b'.') => is_time && runs.len() >= at + 4,
            Some(b'+') => true,
            _ => false,
        }
    });
    if !parts_fit {
        return false;
    }
    let three = runs.len() >= 3 && signs[0] == signs[1] && matches!(signs[0], b'-' | b'/' | b'.');
    let lengths_fit = three
        && (runs[0] == 4 && runs[1] <= 2 && runs[2] <= 2
            || runs[0] <= 2 && runs[1] <= 2 && matches!(runs[2], 2 | 4));
    let month = runs.len() == 2
        && matches!(signs[0], b'-' | b'/')
        && (runs[0] == 4 && runs[1] == 2 || runs[0] == 2 && runs[1] == 4);
    // A colon behind a date stands before an hour, as in logs of web servers.
    let hour_fits = !lengths_fit || signs.get(2) != Some(&b':') || runs[3] <= 2;
    hour_fits && (is_time || lengths_fit || month)
}
