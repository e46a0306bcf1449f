//! The sentence of a value that is not of its column's type, with what a person can do where that is plain.

use crate::{ColumnType, DecimalForm};

/// What was expected and what came. A number that only has another count of decimal places is told so, because
/// `decimal(3,2)` alone does not say why `2` is wrong.
pub(crate) fn sentence(expected: &ColumnType, value: Option<&str>) -> String {
    let shown = value.map_or("value".to_owned(), |value| format!("`{value}`"));
    let plain = format!("expected {expected}, found {shown}");
    let (&ColumnType::Decimal { scale, form: DecimalForm::Fixed, marks, .. }, Some(value)) =
        (expected, value)
    else {
        return plain;
    };
    let Some((whole, places)) = decimal_places(value, marks.decimal, marks.group) else { return plain };
    let (mark, wanted) = (marks.decimal, usize::from(scale));
    let wants = format!("expected {expected}, always with {}", plural(wanted));
    match places {
        _ if places == wanted => plain,
        0 => format!("{wants}, found {shown} without any; `{whole}{mark}{}` would fit", "0".repeat(wanted)),
        _ if places < wanted => {
            format!(
                "{wants}, found {shown} with {places}; `{value}{}` would fit",
                "0".repeat(wanted - places)
            )
        }
        _ => format!("{wants}, found {shown} with {places}"),
    }
}

fn plural(places: usize) -> String {
    if places == 1 { "1 decimal place".to_owned() } else { format!("{places} decimal places") }
}

/// What stands before the mark of a number, and how many digits behind it; none for what is no number with these marks.
fn decimal_places(value: &str, mark: char, group: Option<char>) -> Option<(&str, usize)> {
    let (whole, fraction) = value.split_once(mark).unwrap_or((value, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || Some(c) == group)
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((whole, fraction.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NumberMarks;

    fn check(scale: u8, marks: (char, Option<char>), value: &str, expected: &str) {
        let marks = NumberMarks { decimal: marks.0, group: marks.1 };
        let column_type = ColumnType::Decimal { precision: 8, scale, form: DecimalForm::Fixed, marks };
        assert_eq!(sentence(&column_type, Some(value)), expected);
    }

    #[test]
    fn other_counts_of_decimal_places_are_told() {
        let plain = ('.', None);
        check(
            2,
            plain,
            "2",
            "expected decimal(8,2), always with 2 decimal places, found `2` without any; `2.00` would fit",
        );
        check(
            2,
            plain,
            "-7.",
            "expected decimal(8,2), always with 2 decimal places, found `-7.` without any; `-7.00` would fit",
        );
        check(
            2,
            plain,
            "1.5",
            "expected decimal(8,2), always with 2 decimal places, found `1.5` with 1; `1.50` would fit",
        );
        check(1, plain, "1.25", "expected decimal(8,1), always with 1 decimal place, found `1.25` with 2");
        check(
            2,
            (',', Some('.')),
            "1.234",
            "expected decimal(8,2) with decimal comma, always with 2 decimal places, found `1.234` without any; `1.234,00` would fit",
        );
    }

    #[test]
    fn anything_else_is_said_plainly() {
        for value in ["free", "", "-", "1.23", "1,5", "1.2.3", "$5", "1e5"] {
            check(2, ('.', None), value, &format!("expected decimal(8,2), found `{value}`"));
        }
        assert_eq!(sentence(&ColumnType::Text, None), "expected text, found value");
    }
}
