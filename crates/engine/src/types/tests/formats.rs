//! Types that a schema declares: what they read, what they refuse, and which of them cannot be read.

use csvp_report::{ColumnType, DecimalForm, FloatForm, NumberMarks, Zone};

use super::super::{Format, Shapes, TypePolicy, Value, decide};

fn check(column_type: &ColumnType, accepted: &[(&str, Value<'_>)], refused: &[&str]) {
    let format = Format::new(column_type).expect("the type can be read");
    assert_eq!(format.column_type(), column_type);
    for (cell, value) in accepted {
        assert_eq!(format.parse(cell.as_bytes()), Some(*value), "{cell} as {column_type}");
        let mut text = Vec::new();
        format.write(value, &mut text);
        assert_eq!(String::from_utf8_lossy(&text), *cell);
    }
    for cell in refused {
        assert_eq!(format.parse(cell.as_bytes()), None, "{cell} as {column_type}");
    }
}

fn marks(decimal: char, group: Option<char>) -> NumberMarks {
    NumberMarks { decimal, group }
}

#[test]
fn integers() {
    let plain = ColumnType::Integer { marks: NumberMarks::default() };
    let values = [
        ("0", Value::Integer(0)),
        ("-1", Value::Integer(-1)),
        ("9223372036854775807", Value::Integer(i64::MAX)),
        ("-9223372036854775808", Value::Integer(i64::MIN)),
    ];
    let others = [
        "",
        "-",
        "00",
        "01",
        "-0",
        "+1",
        " 1",
        "1 ",
        "1.",
        "1.0",
        "1e3",
        "9223372036854775808",
        "1,000",
        "١",
        "--1",
    ];
    check(&plain, &values, &others);
    let grouped = ColumnType::Integer { marks: marks('.', Some(',')) };
    let values = [
        ("999", Value::Integer(999)),
        ("-1,000", Value::Integer(-1000)),
        ("12,345,678", Value::Integer(12_345_678)),
    ];
    check(
        &grouped,
        &values,
        &["1000", "1,00", "1,0000", ",100", "1,", "0,100", "1,,000", "1,000.5", "0012,345"],
    );
}

#[test]
fn decimals() {
    let of = |precision, scale, form, marks| ColumnType::Decimal { precision, scale, form, marks };
    let plain = NumberMarks::default();
    let values =
        [("1.50", Value::Decimal(150)), ("-0.05", Value::Decimal(-5)), ("123.00", Value::Decimal(12_300))];
    check(
        &of(5, 2, DecimalForm::Fixed, plain),
        &values,
        &["1.5", "1", "1234.00", "-0.00", "1.500", ".50", "01.50"],
    );
    let values = [("1.5", Value::Decimal(150)), ("2", Value::Decimal(200)), ("0.01", Value::Decimal(1))];
    check(&of(5, 2, DecimalForm::Minimal, plain), &values, &["1.50", "1.0", "1.", "1.234", "1000"]);
    let values = [("1.50", Value::Decimal(150)), ("2", Value::Decimal(200))];
    check(&of(5, 2, DecimalForm::FixedOrWhole, plain), &values, &["1.5", "2.00"]);
    let values =
        [("1.5", Value::Decimal(150)), ("2.0", Value::Decimal(200)), ("-10.25", Value::Decimal(-1_025))];
    check(&of(5, 2, DecimalForm::MinimalPoint, plain), &values, &["2", "2.00", "1.50", "-0.0"]);
    let values = [("1.234,5", Value::Decimal(12_345)), ("0,5", Value::Decimal(5))];
    check(&of(6, 1, DecimalForm::Fixed, marks(',', Some('.'))), &values, &["1234,5", "1.234.5", "1,234.5"]);
    let most = "99999999999999999999999999999999999999";
    check(
        &of(38, 0, DecimalForm::Fixed, plain),
        &[(most, Value::Decimal(10_i128.pow(38) - 1))],
        &["100000000000000000000000000000000000000"],
    );
}

#[test]
fn floats_of_fixed_digits() {
    let of =
        |scale, decimal| ColumnType::Float { form: FloatForm::Fixed { scale }, marks: marks(decimal, None) };
    check(
        &of(4, '.'),
        &[
            ("0.0000", Value::Float(0.0)),
            ("1.5000", Value::Float(1.5)),
            ("-0.0001", Value::Float(-0.0001)),
            ("99999999999.9999", Value::Float(99_999_999_999.999_9)),
        ],
        &[
            "1.5",
            "1.50000",
            "1",
            "1e5",
            "1,5000",
            "999999999999.9999",
            "01.5000",
            ".5000",
            "-",
            "",
            "+1.5000",
        ],
    );
    check(&of(2, ','), &[("-1,50", Value::Float(-1.5))], &["1.50", "-1,5"]);
    let smallest = "0.000000000000001";
    check(&of(15, '.'), &[(smallest, Value::Float(1e-15))], &["1.000000000000001"]);
    let format = Format::new(&of(3, '.')).expect("the type can be read");
    let zero = format.parse(b"-0.000").expect("floats have a negative zero");
    assert!(matches!(zero, Value::Float(zero) if zero == 0.0 && zero.is_sign_negative()));
    let mut text = Vec::new();
    format.write(&zero, &mut text);
    // A number that no cell of this form holds is written all the same.
    format.write(&Value::Float(1e300), &mut text);
    assert_eq!(text, b"-0.0001e+300");
}

#[test]
fn dates_and_times() {
    let date = |format: &str| ColumnType::Date { format: format.to_owned() };
    check(&date("%Y%m%d"), &[("20240229", Value::Date(19_782))], &["20230229", "2024229", "202402291"]);
    check(
        &date("%-d/%-m/%Y"),
        &[("1/2/2024", Value::Date(19_754))],
        &["01/2/2024", "1/02/2024", "1/2/24", "0/2/2024"],
    );
    check(
        &date("%d.%m.%y"),
        &[("01.01.70", Value::Date(0)), ("31.12.69", Value::Date(-1))],
        &["1.1.70", "01.01.1970"],
    );
    check(&date("%F"), &[("1970-01-01", Value::Date(0))], &["1970-1-1"]);
    let time = |format: &str| ColumnType::Time { format: format.to_owned() };
    let half = 12 * 3_600_000_000 + 30 * 60_000_000;
    check(
        &time("%I:%M %p"),
        &[("12:30 PM", Value::Time(half)), ("12:30 AM", Value::Time(half / 25))],
        &["00:30 AM", "13:00 PM", "12:30 pm", "12:30PM"],
    );
    check(
        &time("%T,%3f"),
        &[("12:30:00,007", Value::Time(half + 7_000))],
        &["12:30:00.007", "12:30:60,000", "24:00:00,000"],
    );
    let timestamp = |format: &str, zone| ColumnType::Timestamp { format: format.to_owned(), zone };
    check(
        &timestamp("%Y-%m-%dT%H:%M:%S%.f+01:00", Zone::Offset),
        &[
            ("1970-01-01T01:00:00.5+01:00", Value::Timestamp(500_000)),
            ("1970-01-01T00:00:00+01:00", Value::Timestamp(-3_600_000_000)),
        ],
        &["1970-01-01T01:00:00.50+01:00", "1970-01-01T01:00:00+02:00", "1970-01-01T01:00:00Z"],
    );
    check(
        &timestamp("%FT%TZ", Zone::Utc),
        &[("1969-12-31T23:59:59Z", Value::Timestamp(-1_000_000))],
        &["1969-12-31T23:59:59"],
    );
}

#[test]
fn types_that_cannot_be_read() {
    let date = |format: &str| ColumnType::Date { format: format.to_owned() };
    let timestamp = |format: &str, zone| ColumnType::Timestamp { format: format.to_owned(), zone };
    for (column_type, words) in [
        (date("%Y-%m"), "date format `%Y-%m` must have year, month and day, each once"),
        (date("%Y-%m-%d %H"), "date format `%Y-%m-%d %H` must not have hours, minutes or seconds"),
        (date("%Q"), "date format `%Q` holds `%Q`, which is not one of the signs known here"),
        (date("%é"), "date format `%é` holds `%é`, which is not one of the signs known here"),
        (date("%Y-%m-%d%"), "date format `%Y-%m-%d%` holds `%`, which is not one of the signs known here"),
        (
            ColumnType::Time { format: "%I:%M".to_owned() },
            "time format `%I:%M` must have `%p` or `%P` with hours of 12 and with no others",
        ),
        (
            timestamp("%F %T", Zone::Utc),
            "timestamp format `%F %T` must end with `Z`, because its zone is UTC",
        ),
        (
            timestamp("%F %T", Zone::Offset),
            "timestamp format `%F %T` must end with an offset such as `+01:00` or `-0530`",
        ),
        (
            timestamp("%F %R:%M", Zone::None),
            "timestamp format `%F %R:%M` must not have a part of the time twice",
        ),
        (
            ColumnType::Integer { marks: marks('.', Some('.')) },
            "numbers cannot have the decimal mark `.` and the thousands mark `.`",
        ),
        (
            ColumnType::Float { form: FloatForm::Repr, marks: marks('.', Some(',')) },
            "numbers cannot have the decimal mark `.` and the thousands mark `,`",
        ),
        (
            ColumnType::Float { form: FloatForm::Fixed { scale: 16 }, marks: NumberMarks::default() },
            "floats with 16 digits behind the mark are not possible: at least 1, at most 15",
        ),
        (
            ColumnType::Decimal {
                precision: 39,
                scale: 2,
                form: DecimalForm::Fixed,
                marks: NumberMarks::default(),
            },
            "decimal(39,2) is not possible: at most 38 digits, and no more of them behind the mark",
        ),
        (
            ColumnType::boolean("x", "x"),
            "the words for true and false must be two different ones, found `x` twice or nothing",
        ),
    ] {
        assert_eq!(Format::new(&column_type).unwrap_err().to_string(), words);
    }
}

#[test]
fn a_column_with_too_many_shapes_is_text_however_it_is_cut() {
    let offsets = (0..56).flat_map(|quarters| [("+", quarters), ("-", quarters + 1)]);
    let cells: Vec<String> = offsets
        .flat_map(|(sign, quarters)| {
            let offset = format!("{sign}{:02}:{:02}", quarters / 4, quarters % 4 * 15);
            ["2024-01-11T00:00", "2024-11-11T00:00", "2024-01-01T00:00"].map(|time| format!("{time}{offset}"))
        })
        .collect();
    assert!(cells.len() > Shapes::MOST);
    let whole = super::shapes(cells.iter().map(String::as_bytes));
    let decision = decide(&whole, &TypePolicy::default());
    assert_eq!(decision.column_type, ColumnType::Text);
    assert_eq!(decision.reason.as_deref(), Some("the values are written in more than 256 different ways"));
    let mut parts = Shapes::new();
    for part in cells.chunks(50) {
        let mut shapes = super::shapes(part.iter().map(String::as_bytes));
        shapes.add(b"");
        parts.merge(&shapes);
    }
    assert_eq!(parts.cells(), cells.len() as u64 + 7);
    assert_eq!(decide(&parts, &TypePolicy::default()).reason, decision.reason);
    let mut late = super::shapes([&b"5"[..]]);
    late.merge(&whole);
    assert_eq!(
        (late.cells(), decide(&late, &TypePolicy::default()).reason),
        (cells.len() as u64 + 1, decision.reason)
    );
}
