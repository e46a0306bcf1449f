//! The plain way to tell the kind of a cell: the definition, which the fast way must equal.

use super::Kind;

/// The kind of a cell.
pub(super) fn kind(cell: &[u8]) -> Kind {
    let cell = cell.trim_ascii();
    let Some(&first) = cell.first() else { return Kind::Empty };
    if cell.len() > 60 {
        return long(cell, first);
    }
    if is_missing(cell) {
        return Kind::Missing;
    }
    let facts = Facts::of(cell);
    if facts.digits > 0 {
        if facts.digits == cell.len() {
            return Kind::Integer;
        }
        if let Some(kind) = number(cell) {
            return kind;
        }
        if is_date(cell, &facts) {
            return Kind::Date;
        }
    } else if is_boolean(cell) {
        return Kind::Boolean;
    }
    if is_address(cell) {
        return Kind::Address;
    }
    if matches!(first, b'{' | b'[' | b'<') && matches!(cell.last(), Some(b'}' | b']' | b'>')) {
        return Kind::Nested;
    }
    if facts.letters == 0 {
        return if facts.digits > 0 && facts.blanks == 0 { Kind::Code } else { Kind::Odd };
    }
    if facts.blanks > 0 {
        return Kind::Phrase;
    }
    if facts.letters + facts.joiners == cell.len() && facts.joiners <= 2 { Kind::Word } else { Kind::Code }
}

fn long(cell: &[u8], first: u8) -> Kind {
    if is_address(cell) {
        Kind::Address
    } else if matches!(first, b'{' | b'[' | b'<') && matches!(cell.last(), Some(b'}' | b']' | b'>')) {
        Kind::Nested
    } else if cell.iter().take(200).any(|&b| b == b' ' || b >= 0x80) {
        Kind::Prose
    } else {
        Kind::Code
    }
}

/// How many bytes of which class.
struct Facts {
    digits: usize,
    letters: usize,
    blanks: usize,
    joiners: usize,
}

impl Facts {
    fn of(cell: &[u8]) -> Self {
        let mut facts = Facts { digits: 0, letters: 0, blanks: 0, joiners: 0 };
        for &b in cell {
            match b {
                b'0'..=b'9' => facts.digits += 1,
                b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => facts.letters += 1,
                b' ' | b'\t' | b'\n' | b'\r' => facts.blanks += 1,
                b'-' | b'_' | b'\'' | b'.' => facts.joiners += 1,
                _ => {}
            }
        }
        facts
    }
}

/// Whether the cell is one of the usual words or signs for a missing value.
fn is_missing(cell: &[u8]) -> bool {
    const WORDS: [&[u8]; 12] =
        [b"na", b"n/a", b"#n/a", b"null", b"none", b"nil", b"nan", b"\\n", b"n.a.", b"(x)", b"..", b"..."];
    matches!(cell, b"-" | b"--" | b"---" | b"." | b"?" | b"*" | b"(NA)" | b"(D)" | b"(Z)" | b"(z)")
        || cell.len() <= 4 && WORDS.iter().any(|w| w.eq_ignore_ascii_case(cell))
}

fn is_boolean(cell: &[u8]) -> bool {
    const WORDS: [&[u8]; 8] = [b"true", b"false", b"yes", b"no", b"t", b"f", b"y", b"n"];
    cell.len() <= 5 && WORDS.iter().any(|w| w.eq_ignore_ascii_case(cell))
}

fn is_address(cell: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(cell, needle).is_some();
    if cell.contains(&b' ') {
        return false;
    }
    cell.starts_with(b"www.")
        || cell.starts_with(b"mailto:")
        || has(b"://")
        || cell.starts_with(b"/") && cell.len() > 2
        || cell.iter().position(|&b| b == b'@').is_some_and(|at| at > 0 && cell[at..].contains(&b'.'))
}

/// A number in one of many ways of writing; none when it is not one.
fn number(cell: &[u8]) -> Option<Kind> {
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
    if text.is_empty() || text.len() > 40 || !text.iter().any(u8::is_ascii_digit) {
        return None;
    }
    if text.iter().all(u8::is_ascii_digit) {
        return Some(true);
    }
    let mut groups: Vec<(u8, usize)> = Vec::new();
    let mut run = 0;
    let mut sign = 0;
    for &b in text {
        match b {
            b'0'..=b'9' => run += 1,
            b'.' | b',' | b' ' | b'\'' => {
                groups.push((sign, run));
                (sign, run) = (b, 0);
            }
            _ => return None,
        }
    }
    groups.push((sign, run));
    let (last_sign, last_run) = *groups.last()?;
    let first_run = groups[0].1;
    // One sign: a decimal sign (or a group of three, which is a number as well).
    if groups.len() == 2 && matches!(last_sign, b'.' | b',') && (last_run > 0 || first_run > 0) {
        return Some(false);
    }
    let middle = &groups[1..groups.len() - 1];
    let group_sign = groups[1].0;
    let grouped = |g: &(u8, usize)| g.0 == group_sign && (g.1 == 3 || g.1 == 2);
    let tail_fits =
        if last_sign == group_sign { last_run == 3 } else { last_sign != b' ' && last_sign != b'\'' };
    ((1..=3).contains(&first_run) && middle.iter().all(grouped) && tail_fits).then_some(false)
}

/// Dates and times: groups of digits with date signs between them, or with a month's name.
fn is_date(cell: &[u8], facts: &Facts) -> bool {
    if facts.digits > 20 || cell.len() > 40 {
        return false;
    }
    if facts.letters == 0 {
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
    let signs_fit = cell.iter().all(|b| b.is_ascii_alphanumeric() || b" -/.,:+'".contains(b));
    // `T1`, `Z9` or `12 am` alone: letters that belong to times need the digits of one.
    let named = cell.split(|b| !b.is_ascii_alphabetic()).any(is_month);
    words > 0 && signs_fit && (named || cell.contains(&b':') || is_digit_date(strip_letters(cell)))
}

fn strip_letters(cell: &[u8]) -> &[u8] {
    let end = cell.iter().position(u8::is_ascii_alphabetic).unwrap_or(cell.len());
    cell[..end].trim_ascii()
}

fn is_month(word: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    word.len() >= 3
        && MONTHS.iter().any(|m| {
            let short = word.len() == 3 || word.len() == m.len() || word.eq_ignore_ascii_case(b"sept");
            short && m.len() >= word.len() && m[..word.len()].eq_ignore_ascii_case(word)
        })
}

fn is_date_word(word: &[u8]) -> bool {
    const WORDS: [&[u8]; 20] = [
        b"t", b"z", b"am", b"pm", b"utc", b"gmt", b"st", b"nd", b"rd", b"th", b"mon", b"tue", b"wed", b"thu",
        b"fri", b"sat", b"sun", b"est", b"cet", b"a",
    ];
    WORDS.iter().any(|w| w.eq_ignore_ascii_case(word))
}

/// `2020-01-31`, `31/01/2020`, `12:30:05.123`, `2020-01-31 12:30+01:00`, but not `1-2` or `555-1234`.
fn is_digit_date(cell: &[u8]) -> bool {
    let mut runs: Vec<usize> = Vec::new();
    let mut signs: Vec<u8> = Vec::new();
    let mut run = 0;
    for &b in cell {
        match b {
            b'0'..=b'9' => run += 1,
            b'-' | b'/' | b'.' | b':' | b' ' | b'+' | b',' => {
                if run > 0 {
                    runs.push(run);
                    signs.push(b);
                }
                run = 0;
            }
            _ => return false,
        }
    }
    runs.push(run);
    if runs.len() < 2 || runs.len() > 9 || runs.iter().any(|&r| r > 9) {
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
