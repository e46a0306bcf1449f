//! Numbers: what a format reads is what the standard library reads, and it is written back.

use csvp_engine::types::{Format, Value};
use csvp_report::{ColumnType, DecimalForm, FloatForm, NumberMarks};

use crate::choices::Choices;

const FORMS: &[FloatForm] = &[
    FloatForm::Repr,
    FloatForm::General,
    FloatForm::Vroom,
    FloatForm::R,
    FloatForm::Readr,
    FloatForm::Java,
    FloatForm::Fixed { scale: 1 },
    FloatForm::Fixed { scale: 4 },
    FloatForm::Fixed { scale: 15 },
];

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let marks = choices.one_of(&[('.', None), (',', None), ('.', Some(',')), (',', Some('\u{a0}'))]);
    let marks = NumberMarks { decimal: marks.0, group: marks.1 };
    let (form, scale) = (choices.one_of(FORMS), choices.below(20) as u8);
    let decimal_form = choices.one_of(&[
        DecimalForm::Fixed,
        DecimalForm::Minimal,
        DecimalForm::MinimalPoint,
        DecimalForm::FixedOrWhole,
    ]);
    let cell = choices.text();
    let plain = plain_text(cell, marks);

    if let Some(Value::Integer(found)) = read(&ColumnType::Integer { marks }, cell, true) {
        assert_eq!(plain.parse(), Ok(found));
    } else if marks.group.is_none() && is_canonical_integer(cell) {
        assert!(plain.parse::<i64>().is_err(), "{plain} is a whole number of 64 bits");
    }
    let decimal = ColumnType::Decimal { precision: 38, scale, form: decimal_form, marks };
    if let Some(Value::Decimal(found)) = read(&decimal, cell, true) {
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let digits = format!("{whole}{fraction}{}", "0".repeat(usize::from(scale) - fraction.len()));
        assert_eq!(digits.parse(), Ok(found), "{plain} with scale {scale}");
    }
    if marks.group.is_none() {
        for (form, exact) in [(form, true), (FloatForm::Declared, false)] {
            if let Some(Value::Float(found)) = read(&ColumnType::Float { form, marks }, cell, exact) {
                let theirs: f64 = plain.parse().expect("the library reads what we read");
                assert_eq!(theirs.to_bits(), found.to_bits(), "{plain} in the form {form:?}");
            }
        }
    }
}

/// The value of a cell, which is written back when the form is `exact`.
pub(crate) fn read<'a>(column_type: &ColumnType, cell: &'a [u8], exact: bool) -> Option<Value<'a>> {
    let format = Format::new(column_type).expect("the type is one that can be read");
    let value = format.parse(cell)?;
    let mut text = Vec::new();
    format.write(&value, &mut text);
    if exact {
        assert_eq!(text, cell, "{value:?} of {column_type:?} was written as another text");
    }
    Some(value)
}

/// The cell with a point for its decimal mark and without thousands marks.
fn plain_text(cell: &[u8], marks: NumberMarks) -> String {
    let text = String::from_utf8_lossy(cell);
    let text = marks.group.map_or(text.to_string(), |group| text.replace(group, ""));
    text.replace(marks.decimal, ".")
}

fn is_canonical_integer(cell: &[u8]) -> bool {
    let digits = cell.strip_prefix(b"-").unwrap_or(cell);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) && (digits[0] != b'0' || cell == b"0")
}
