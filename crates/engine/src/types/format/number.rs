//! Integers and decimals with their marks.

use csvp_report::{DecimalForm, NumberMarks};

use super::super::classify::MOST_DIGITS;
use super::super::packed::{ShortNumber, few_digits, fixed_number};
use super::FormatError;

/// The marks of a column's numbers as bytes.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    decimal: u8,
    /// Empty when thousands are not separated.
    group: Vec<u8>,
}

/// The digits of a number.
#[derive(Debug, PartialEq)]
struct Digits {
    negative: bool,
    /// All digits as one number.
    value: u128,
    /// Digits of the number, zeros in front left out.
    significant: usize,
    /// Digits behind the mark; none when there is no mark.
    scale: Option<usize>,
}

impl Marks {
    pub(super) fn try_new(marks: NumberMarks) -> Result<Self, FormatError> {
        let bad_group = |group: char| group.is_ascii_digit() || group == '-' || group == marks.decimal;
        if !matches!(marks.decimal, '.' | ',') || marks.group.is_some_and(bad_group) {
            return Err(FormatError::Marks {
                decimal: marks.decimal,
                group: marks.group.map(String::from).unwrap_or_default(),
            });
        }
        let group = marks.group.map(|group| group.to_string().into_bytes()).unwrap_or_default();
        Ok(Self { decimal: marks.decimal as u8, group })
    }

    /// The decimal mark of numbers that cannot have groups.
    pub(super) fn without_groups(&self) -> Result<u8, FormatError> {
        if self.group.is_empty() {
            return Ok(self.decimal);
        }
        let group = String::from_utf8_lossy(&self.group).into_owned();
        Err(FormatError::Marks { decimal: self.decimal as char, group })
    }

    #[inline]
    pub(super) fn parse_integer(&self, cell: &[u8]) -> Option<i64> {
        if let ([b'1'..=b'9', ..], ..=8, true) = (cell, cell.len(), self.group.is_empty()) {
            return few_digits(cell).map(|value| value as i64);
        }
        self.parse_any_integer(cell)
    }

    /// The same for every number: the plain twin.
    fn parse_any_integer(&self, cell: &[u8]) -> Option<i64> {
        let digits = self.read(cell)?;
        if digits.scale.is_some() {
            return None;
        }
        let limit = u128::from(i64::MAX.unsigned_abs()) + u128::from(digits.negative);
        (digits.value <= limit).then(|| {
            let size = digits.value as u64;
            if digits.negative { size.wrapping_neg() as i64 } else { size as i64 }
        })
    }

    pub(super) fn write_integer(&self, value: i64, out: &mut Vec<u8>) {
        if value < 0 {
            out.push(b'-');
        }
        self.write_whole(u128::from(value.unsigned_abs()), out);
    }

    /// The digits of a cell that is a number with these marks, with no zero in front and no signed zero.
    #[inline]
    fn read(&self, cell: &[u8]) -> Option<Digits> {
        match ShortNumber::read(cell, self.decimal).filter(|_| self.group.is_empty()) {
            Some(short) => (!(short.negative && short.value == 0)).then(|| Digits {
                negative: short.negative,
                value: u128::from(short.value),
                significant: if short.zero_first { 0 } else { short.whole } + short.scale,
                scale: (short.scale > 0).then_some(short.scale),
            }),
            None => self.read_any(cell),
        }
    }

    /// The same for numbers of any length and with groups: the plain twin.
    fn read_any(&self, cell: &[u8]) -> Option<Digits> {
        let (negative, body) = match cell {
            [b'-', body @ ..] => (true, body),
            body => (false, body),
        };
        let mut value = 0;
        let mut len = 0;
        let mut rest = take_digits(body, &mut value, &mut len)?;
        let first = len;
        let zero_first = body.first() == Some(&b'0');
        if first == 0 || zero_first && first > 1 {
            return None;
        }
        if !self.group.is_empty() {
            while let Some(part) = rest.strip_prefix(&self.group[..]) {
                let before = len;
                rest = take_digits(part, &mut value, &mut len)?;
                if first > 3 || zero_first || len - before != 3 {
                    return None;
                }
            }
            // Above 999 all numbers are in groups, or the marks could not be put back.
            if first > 3 {
                return None;
            }
        }
        let whole = if zero_first { 0 } else { len };
        let scale = match rest {
            [] => None,
            [mark, fraction @ ..] if *mark == self.decimal && !fraction.is_empty() => {
                let before = len;
                if !take_digits(fraction, &mut value, &mut len)?.is_empty() {
                    return None;
                }
                Some(len - before)
            }
            _ => return None,
        };
        let significant = whole + scale.unwrap_or(0);
        (significant <= MOST_DIGITS && !(negative && value == 0)).then_some(Digits {
            negative,
            value,
            significant,
            scale,
        })
    }

    fn write_whole(&self, value: u128, out: &mut Vec<u8>) {
        let mut digits = [0; MOST_DIGITS + 1];
        let digits = decimal_digits(value, &mut digits);
        for (at, &digit) in digits.iter().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.extend_from_slice(&self.group);
            }
            out.push(digit);
        }
    }
}

/// Adds the digits that the text begins with; none when they are too many for 128 bits.
fn take_digits<'a>(text: &'a [u8], value: &mut u128, len: &mut usize) -> Option<&'a [u8]> {
    let run = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    *len += run;
    // One more than there may be: the zero before a decimal mark is no digit of the number.
    if *len > MOST_DIGITS + 1 {
        return None;
    }
    for part in text[..run].chunks(18) {
        let small = part.iter().fold(0_u64, |n, byte| n * 10 + u64::from(byte - b'0'));
        *value = value.checked_mul(10_u128.pow(part.len() as u32))?.checked_add(u128::from(small))?;
    }
    Some(&text[run..])
}

/// Whether the last digit is zero. Divisions of 64 bits are several times as fast as those of 128.
fn ends_in_zero(value: u128) -> bool {
    u64::try_from(value).map_or_else(|_| value.is_multiple_of(10), |small| small.is_multiple_of(10))
}

/// The digits of a number, at the end of the room for them.
fn decimal_digits(mut value: u128, room: &mut [u8; MOST_DIGITS + 1]) -> &[u8] {
    let mut at = room.len();
    while value > u128::from(u64::MAX) {
        at -= 1;
        room[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let mut small = value as u64;
    loop {
        at -= 1;
        room[at] = b'0' + (small % 10) as u8;
        small /= 10;
        if small == 0 {
            return &room[at..];
        }
    }
}

/// Decimals of one precision, scale and form.
#[derive(Debug, Clone)]
pub(super) struct DecimalText {
    marks: Marks,
    precision: usize,
    scale: usize,
    form: DecimalForm,
}

impl DecimalText {
    pub(super) fn try_new(
        precision: u8,
        scale: u8,
        form: DecimalForm,
        marks: NumberMarks,
    ) -> Result<Self, FormatError> {
        if precision == 0 || usize::from(precision) > MOST_DIGITS || scale > precision {
            return Err(FormatError::Precision { precision, scale });
        }
        let marks = Marks::try_new(marks)?;
        Ok(Self { marks, precision: usize::from(precision), scale: usize::from(scale), form })
    }

    #[inline]
    pub(super) fn parse(&self, cell: &[u8]) -> Option<i128> {
        if self.form == DecimalForm::Fixed
            && self.marks.group.is_empty()
            && let Some((negative, value, whole)) = fixed_number(cell, self.marks.decimal, self.scale)
            && value > 0
            && whole + self.scale <= self.precision
        {
            let value = i128::from(value);
            return Some(if negative { -value } else { value });
        }
        self.parse_any(cell)
    }

    /// The same for every form and length: the plain twin.
    fn parse_any(&self, cell: &[u8]) -> Option<i128> {
        let digits = self.marks.read(cell)?;
        let written = digits.scale.unwrap_or(0);
        let fits = match (self.form, digits.scale) {
            (DecimalForm::Fixed, _) => written == self.scale,
            (DecimalForm::MinimalPoint, None) => false,
            (DecimalForm::MinimalPoint, Some(_)) => {
                written <= self.scale && (written == 1 || !ends_in_zero(digits.value))
            }
            (_, None) => true,
            (DecimalForm::Declared, Some(_)) => written <= self.scale,
            (DecimalForm::Minimal, Some(_)) => written <= self.scale && !ends_in_zero(digits.value),
            (DecimalForm::FixedOrWhole, Some(_)) => {
                written == self.scale && !digits.value.is_multiple_of(10_u128.pow(written as u32))
            }
        };
        if !fits || digits.significant + self.scale - written > self.precision {
            return None;
        }
        let missing = self.scale - written;
        let size =
            if missing == 0 { digits.value } else { digits.value * 10_u128.pow(missing as u32) } as i128;
        Some(if digits.negative { -size } else { size })
    }

    pub(super) fn write(&self, value: i128, out: &mut Vec<u8>) {
        if value < 0 {
            out.push(b'-');
        }
        let unit = 10_u128.pow(self.scale as u32);
        let size = value.unsigned_abs();
        self.marks.write_whole(size / unit, out);
        let fraction = size % unit;
        let all_digits = !matches!(self.form, DecimalForm::Minimal | DecimalForm::FixedOrWhole);
        if self.scale == 0 || (!all_digits && fraction == 0) {
            return;
        }
        out.push(self.marks.decimal);
        let start = out.len();
        let mut room = [0; MOST_DIGITS + 1];
        let digits = decimal_digits(fraction, &mut room);
        out.resize(start + self.scale - digits.len(), b'0');
        out.extend_from_slice(digits);
        if matches!(self.form, DecimalForm::Minimal | DecimalForm::MinimalPoint) {
            let kept = usize::from(self.form == DecimalForm::MinimalPoint);
            let zeros = out[start + kept..].iter().rev().take_while(|&&byte| byte == b'0').count();
            out.truncate(out.len() - zeros);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decimals_of_one_scale_are_read_as_by_the_plain_twin(cell in "-?[0-9]{0,9}[.,]?[0-9]{0,9}", precision in 1..20_u8, scale in 0..9_u8) {
            let marks = NumberMarks { decimal: '.', group: None };
            if let Ok(text) = DecimalText::try_new(precision, scale, DecimalForm::Fixed, marks) {
                prop_assert_eq!(text.parse(cell.as_bytes()), text.parse_any(cell.as_bytes()));
            }
        }

        #[test]
        fn short_numbers_are_read_as_by_the_plain_twin(cell in "-?[0-9]{0,12}[.,]?[0-9]{0,12}") {
            for (decimal, group) in [('.', None), (',', None), ('.', Some(','))] {
                let marks = Marks::try_new(NumberMarks { decimal, group }).unwrap();
                prop_assert_eq!(marks.read(cell.as_bytes()), marks.read_any(cell.as_bytes()));
                prop_assert_eq!(marks.parse_integer(cell.as_bytes()), marks.parse_any_integer(cell.as_bytes()));
            }
        }
    }
}
