//! Floats as text: one spelling per number in each form, so that a value can be written back.
//!
//! All forms but one write the shortest digits that give the same number again; they differ in when there is an exponent
//! and how that and whole numbers look ([`FloatForm`]). [`FloatForm::Fixed`] writes as many digits behind the mark as the
//! column has, which gives the text back as long as it has no more digits than any float keeps. Text in a spelling of no form is not accepted as a float, because the
//! value alone could not give it back.

use std::io::Write;

use csvp_report::FloatForm;

use super::super::classify::classify;
use super::super::packed::ShortNumber;
use super::super::shape::{Group, Shape};
use super::FormatError;

/// A float as text; never longer than 24 bytes.
pub(crate) struct Spelling {
    bytes: [u8; Spelling::CAPACITY],
    len: usize,
}

impl Spelling {
    const CAPACITY: usize = 32;

    fn empty() -> Spelling {
        Spelling { bytes: [0; Self::CAPACITY], len: 0 }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn zeros(&mut self, count: usize) {
        for _ in 0..count {
            self.push(b'0');
        }
    }

    /// The text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// How one program writes floats.
struct Style {
    /// Whole numbers have a digit behind the mark.
    point: bool,
    /// `e` or `E`.
    letter: u8,
    /// The sign of a positive exponent, and a second digit where it has one only.
    padded: bool,
    /// The powers of ten that are written without exponent.
    plain: std::ops::Range<i32>,
    zeros: Zeros,
}

/// When zeros make an exponent although the power of ten does not.
#[derive(PartialEq)]
enum Zeros {
    Plain,
    /// When the text with an exponent is shorter.
    Shorter,
    /// When a whole number ends in three of them, which the exponent then counts.
    Three,
}

const PYTHON: Style = Style { point: true, letter: b'e', padded: true, plain: -4..16, zeros: Zeros::Plain };

fn style(form: FloatForm) -> Style {
    match form {
        // Fixed digits have no style; this one is for a number that is too large for them.
        FloatForm::Repr | FloatForm::Declared | FloatForm::Fixed { .. } => PYTHON,
        FloatForm::General => Style { point: false, plain: -4..15, ..PYTHON },
        FloatForm::Vroom => Style { point: false, padded: false, plain: -4..15, ..PYTHON },
        FloatForm::R => Style { point: false, plain: -9..15, zeros: Zeros::Shorter, ..PYTHON },
        FloatForm::Readr => {
            Style { point: false, padded: false, plain: -4..15, zeros: Zeros::Three, ..PYTHON }
        }
        FloatForm::Java => Style { letter: b'E', padded: false, plain: -3..7, ..PYTHON },
    }
}

/// A set of forms in which a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FloatForms(u8);

impl FloatForms {
    pub(crate) const NONE: FloatForms = FloatForms(0);
    /// All that a file may be found to have, the likelier first.
    pub(crate) const ALL: [FloatForm; 6] = [
        FloatForm::Repr,
        FloatForm::General,
        FloatForm::Vroom,
        FloatForm::R,
        FloatForm::Readr,
        FloatForm::Java,
    ];

    pub(crate) fn of(forms: &[FloatForm]) -> Self {
        forms.iter().fold(FloatForms::NONE, |forms, form| forms.with(*form, true))
    }

    pub(crate) fn with(self, form: FloatForm, when: bool) -> Self {
        FloatForms(if when { self.0 | bit(form) } else { self.0 })
    }

    pub(crate) fn has(self, form: FloatForm) -> bool {
        self.0 & bit(form) != 0
    }

    pub(crate) fn code(self) -> u64 {
        u64::from(self.0)
    }
}

/// The bit of a form in a set; none for the forms that are not a question to the digits of one number alone.
fn bit(form: FloatForm) -> u8 {
    match form {
        FloatForm::Repr => 1,
        FloatForm::General => 2,
        FloatForm::Vroom => 4,
        FloatForm::R => 8,
        FloatForm::Readr => 16,
        FloatForm::Java => 32,
        FloatForm::Fixed { .. } | FloatForm::Declared => 0,
    }
}

/// A finite number as its shortest decimal digits.
struct Parts {
    digits: [u8; 20],
    len: usize,
    exponent: i32,
    negative: bool,
}

impl Parts {
    fn of(value: f64) -> Parts {
        let mut scientific = Spelling::empty();
        let mut room = &mut scientific.bytes[..];
        write!(room, "{value:e}").expect("the shortest digits of a float fit 32 bytes");
        scientific.len = Spelling::CAPACITY - room.len();
        let (digits, len, exponent, negative) = take_apart(scientific.as_bytes());
        Parts { digits, len, exponent, negative }
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    fn spell(&self, mark: u8, style: &Style) -> Spelling {
        let mut out = Spelling::empty();
        let is_zero = self.digits() == b"0";
        // Who writes no mark writes no signed zero either.
        if self.negative && (style.point || !is_zero) {
            out.push(b'-');
        }
        let end_zeros = self.exponent - (self.len as i32 - 1);
        if !style.plain.contains(&self.exponent) {
            self.with_exponent(&mut out, mark, style);
        } else if style.zeros == Zeros::Three && end_zeros >= 3 && !is_zero {
            out.extend(self.digits());
            exponent(&mut out, end_zeros, style);
        } else if style.zeros == Zeros::Shorter && self.is_shorter_with_exponent(end_zeros) {
            self.with_exponent(&mut out, mark, style);
        } else {
            plain(&mut out, self.digits(), self.exponent, mark, style.point);
        }
        out
    }

    /// Whether `1e+05` is shorter than the number without exponent.
    fn is_shorter_with_exponent(&self, end_zeros: i32) -> bool {
        let len = self.len as i32;
        let with = len + i32::from(len > 1) + 4;
        let without = match self.exponent {
            below @ ..0 => len + 1 - below,
            _ if end_zeros >= 0 => self.exponent + 1,
            _ => len + 1,
        };
        with < without
    }

    fn with_exponent(&self, out: &mut Spelling, mark: u8, style: &Style) {
        out.push(self.digits[0]);
        if self.len > 1 {
            out.push(mark);
            out.extend(&self.digits()[1..]);
        } else if style.letter == b'E' {
            out.push(mark);
            out.push(b'0');
        }
        exponent(out, self.exponent, style);
    }
}

fn exponent(out: &mut Spelling, exponent: i32, style: &Style) {
    out.push(style.letter);
    match (exponent < 0, style.padded) {
        (true, _) => out.push(b'-'),
        (false, true) => out.push(b'+'),
        (false, false) => {}
    }
    let size = exponent.unsigned_abs();
    if size >= 100 {
        out.push(b'0' + (size / 100) as u8);
    }
    if size >= 10 || style.padded {
        out.push(b'0' + (size / 10 % 10) as u8);
    }
    out.push(b'0' + (size % 10) as u8);
}

/// The one text of a finite number in a form, with this decimal mark.
pub(crate) fn spell(value: f64, mark: u8, form: FloatForm) -> Spelling {
    if let FloatForm::Fixed { scale } = form
        && let Some(text) = fixed(value, mark, usize::from(scale))
    {
        return text;
    }
    Parts::of(value).spell(mark, &style(form))
}

/// A number with so many digits behind the mark; none when it is too large to have been read in this form.
fn fixed(value: f64, mark: u8, scale: usize) -> Option<Spelling> {
    let mut out = Spelling::empty();
    let mut room = &mut out.bytes[..];
    write!(room, "{value:.scale$}").ok()?;
    out.len = Spelling::CAPACITY - room.len();
    if let Some(point) = out.bytes.iter_mut().find(|byte| **byte == b'.') {
        *point = mark;
    }
    Some(out)
}

fn plain(out: &mut Spelling, digits: &[u8], exponent: i32, mark: u8, point: bool) {
    if exponent < 0 {
        out.push(b'0');
        out.push(mark);
        out.zeros((-exponent - 1) as usize);
        out.extend(digits);
        return;
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        out.extend(digits);
        out.zeros(whole - digits.len());
        if point {
            out.push(mark);
            out.push(b'0');
        }
    } else {
        out.extend(&digits[..whole]);
        out.push(mark);
        out.extend(&digits[whole..]);
    }
}

/// The digits, how many, the exponent and the sign of what `{:e}` writes: `-1.25e-7`.
fn take_apart(text: &[u8]) -> ([u8; 20], usize, i32, bool) {
    let negative = text.first() == Some(&b'-');
    let at_e = text.iter().position(|&byte| byte == b'e').unwrap_or(text.len());
    let mut digits = [0; 20];
    let mut len = 0;
    for &byte in text[usize::from(negative)..at_e].iter().filter(|byte| byte.is_ascii_digit()) {
        digits[len] = byte;
        len += 1;
    }
    let after = text.get(at_e + 1..).unwrap_or_default();
    let size =
        after.iter().filter(|byte| byte.is_ascii_digit()).fold(0, |n, &byte| n * 10 + i32::from(byte - b'0'));
    (digits, len, if after.first() == Some(&b'-') { -size } else { size }, negative)
}

/// Whether a form is one that can be read.
///
/// # Errors
/// When the digits behind the mark are too many or none.
pub(super) fn check(form: FloatForm) -> Result<(), FormatError> {
    match form {
        FloatForm::Fixed { scale } if !(1..=FIXED_DIGITS).contains(&usize::from(scale)) => {
            Err(FormatError::FloatScale(scale))
        }
        _ => Ok(()),
    }
}

/// The longest text that can be a spelling.
const LONGEST: usize = 24;
/// The longest text that is read as a float at all.
const MOST_BYTES: usize = 80;

/// The number of a text in the one spelling of a form; none for any other text.
pub(crate) fn parse_spelled(text: &[u8], mark: u8, form: FloatForm) -> Option<f64> {
    if let FloatForm::Fixed { scale } = form {
        return parse_fixed(text, mark, usize::from(scale));
    }
    let is_usual = !matches!(form, FloatForm::R | FloatForm::Java | FloatForm::Declared);
    if let Some(value) = is_usual.then(|| parse_short(text, mark)).flatten() {
        return Some(value);
    }
    let value = parse(text, mark)?;
    if form == FloatForm::Declared {
        return is_number(text).then_some(value);
    }
    (spell(value, mark, form).as_bytes() == text).then_some(value)
}

/// Whether a text is a number by the grammar of all other numbers here: no sign `+`, no zeros in front, no bare mark.
fn is_number(text: &[u8]) -> bool {
    match classify(text).0 {
        Shape::Integer { .. } | Shape::Exponent { .. } | Shape::NegativeZero { .. } => true,
        Shape::Number(number) => number.group == Group::None,
        _ => false,
    }
}

/// The forms in which a text is the one spelling of its number.
pub(crate) fn forms_of(text: &[u8], mark: u8) -> FloatForms {
    let Some(value) = parse(text, mark).filter(|_| text.len() <= LONGEST) else { return FloatForms::NONE };
    let parts = Parts::of(value);
    FloatForms::ALL.into_iter().fold(FloatForms::NONE, |forms, form| {
        forms.with(form, parts.spell(mark, &style(form)).as_bytes() == text)
    })
}

/// The finite number of a text of digits, signs, this mark and an exponent.
fn parse(text: &[u8], mark: u8) -> Option<f64> {
    // Longer texts, which only a declared column takes, have digits that no float holds.
    let mut plain = [0; MOST_BYTES];
    let plain = plain.get_mut(..text.len())?;
    for (to, &from) in plain.iter_mut().zip(text) {
        *to = match from {
            _ if from == mark => b'.',
            b'0'..=b'9' | b'-' | b'+' | b'e' | b'E' => from,
            _ => return None,
        };
    }
    let value: f64 = std::str::from_utf8(plain).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

/// Powers of ten that floats hold exactly.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The common case: digits, mark and digits, at most 15 in all, not zero and no zero at the end.
///
/// So many digits are the shortest text of their float (`DBL_DIG` of C is 15), and the quotient of two numbers that
/// floats hold exactly is the float next to the true one.
fn parse_short(text: &[u8], mark: u8) -> Option<f64> {
    let short = Short::read(text, mark).filter(|short| short.digits.len() <= 16)?;
    // Below 0.0001 there is an exponent.
    let small = short.digits.starts_with(b"0") && short.digits[2..].starts_with(b"0000");
    (!short.digits.ends_with(b"0") && !small).then(|| short.value())
}

/// Most digits of a number of fixed digits behind the mark, the zero before the mark not counted.
pub(crate) const FIXED_DIGITS: usize = 15;

/// The number of a text with so many digits behind the mark and at most [`FIXED_DIGITS`] in all, which are those that
/// its float is written with.
fn parse_fixed(text: &[u8], mark: u8, scale: usize) -> Option<f64> {
    Short::read(text, mark).filter(|short| short.scale == scale).map(|short| short.value())
}

/// A number of so few digits that its float is a quotient of two numbers that floats hold exactly.
#[derive(Debug, PartialEq)]
struct Short<'a> {
    negative: bool,
    /// Digits and mark.
    digits: &'a [u8],
    mantissa: u64,
    /// Digits behind the mark, at least one.
    scale: usize,
}

impl<'a> Short<'a> {
    /// Digits, mark and digits, at most [`FIXED_DIGITS`]; none for any other text.
    fn read(text: &'a [u8], mark: u8) -> Option<Self> {
        let Some(number) = ShortNumber::read(text, mark) else { return Self::read_any(text, mark) };
        let most = FIXED_DIGITS + usize::from(number.zero_first);
        let fits = number.scale > 0 && number.whole + number.scale <= most;
        fits.then(|| Self {
            negative: number.negative,
            digits: &text[usize::from(number.negative)..],
            mantissa: number.value,
            scale: number.scale,
        })
    }

    /// The same byte by byte: the plain twin.
    fn read_any(text: &'a [u8], mark: u8) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let zero_first = digits.first() == Some(&b'0');
        let most = FIXED_DIGITS + 1 + usize::from(zero_first);
        if digits.len() > most || zero_first && digits.get(1) != Some(&mark) {
            return None;
        }
        let mut mantissa = 0_u64;
        let mut at_mark = None;
        for (at, &byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
                _ if byte == mark && at > 0 && at_mark.is_none() => at_mark = Some(at),
                _ => return None,
            }
        }
        let at_mark = at_mark?;
        let scale = digits.len() - 1 - at_mark;
        (scale > 0).then_some(Self { negative, digits, mantissa, scale })
    }

    fn value(&self) -> f64 {
        let value = self.mantissa as f64 / POWERS[self.scale];
        if self.negative { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_numbers_are_read_as_by_the_plain_twin(text in "-?0?[0-9]{0,9}[.,]?[0-9]{0,9}") {
            for mark in *b".," {
                let text = text.as_bytes();
                prop_assert_eq!(Short::read(text, mark), Short::read_any(text, mark));
            }
        }
    }

    #[test]
    fn spelled_as_python_does() {
        for text in [
            "0.0",
            "-0.0",
            "1.0",
            "1.5",
            "-2.25",
            "0.1",
            "0.0001",
            "1e-05",
            "1.5e-05",
            "9.999e-05",
            "123456789.125",
            "1234567890123456.0",
            "1e+16",
            "1.2345e+16",
            "5e-324",
            "1.7976931348623157e+308",
            "2.2250738585072014e-308",
            "0.30000000000000004",
            "1e+100",
            "-1.2345678901234567e-100",
        ] {
            let value: f64 = text.parse().unwrap();
            assert_eq!(String::from_utf8_lossy(spell(value, b'.', FloatForm::Repr).as_bytes()), text);
            assert_eq!(parse_spelled(text.as_bytes(), b'.', FloatForm::Repr), Some(value));
            let comma = text.replace('.', ",");
            assert_eq!(parse_spelled(comma.as_bytes(), b',', FloatForm::Repr), Some(value));
        }
    }

    #[test]
    fn spelled_as_other_programs_do() {
        for (form, texts) in [
            (FloatForm::General, "0 1 -1.5 1000 100000 999999999999999 1e+15 0.0001 1e-05 1.5e-05"),
            (FloatForm::Vroom, "0 1 -1.5 1000 100000 999999999999999 1e15 1.2e15 0.0001 1e-5 1.5e-5"),
            (
                FloatForm::R,
                "0 1 -1.5 10000 1e+05 120000 1200000 1.2e+07 123456 0.001 1e-04 0.00012 1.2e-05 1e+15",
            ),
            (FloatForm::Readr, "0 1 -1.5 100 1e3 12e3 -1e5 123456 1012.3 0.0001 1e-5 1e15"),
            (FloatForm::Java, "0.0 -0.0 1.0 -1.5 9999999.0 1.0E7 1.25E8 0.001 1.0E-4 1.2E-5"),
        ] {
            for text in texts.split(' ') {
                let value: f64 = text.parse().unwrap();
                assert_eq!(String::from_utf8_lossy(spell(value, b'.', form).as_bytes()), text, "{form:?}");
                assert_eq!(parse_spelled(text.as_bytes(), b'.', form), Some(value), "{form:?}");
                assert!(forms_of(text.as_bytes(), b'.').has(form), "{form:?} {text}");
            }
        }
        for (form, texts) in [
            (FloatForm::General, "1.0 1e15 1e-5 0.00001 -0 1e3"),
            (FloatForm::R, "100000 0.0001 1e5 1e+5 1.0"),
            (FloatForm::Readr, "1000 1e+03 1e03 12000 1.2e4"),
            (FloatForm::Java, "1 1E7 1.0e7 10000000.0 0.0001"),
            (FloatForm::Declared, "inf nan x 1e999 1_0 +1 .5 5. 007"),
        ] {
            for text in texts.split(' ') {
                assert_eq!(parse_spelled(text.as_bytes(), b'.', form), None, "{form:?} {text}");
                assert!(!forms_of(text.as_bytes(), b'.').has(form), "{form:?} {text}");
            }
        }
        assert_eq!(parse_spelled(b"1,50e3", b',', FloatForm::Declared), Some(1500.0));
    }

    #[test]
    fn short_texts_are_the_floats_that_the_library_reads() {
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = (state >> 20) % 10_u64.pow((state % 15) as u32 + 1);
            let scale = (state >> 8) as usize % 15 + 1;
            let text = format!("{digits:0width$}", width = scale + 1);
            let text = format!("{}.{}", &text[..text.len() - scale], &text[text.len() - scale..]);
            if let Some(value) = parse_short(text.as_bytes(), b'.') {
                assert_eq!(value, text.parse::<f64>().unwrap());
                assert_eq!(String::from_utf8_lossy(spell(value, b'.', FloatForm::Repr).as_bytes()), text);
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "1",
            "1.50",
            "1e5",
            "1E-05",
            "1e-5",
            "1e+05",
            "0.00001",
            ".5",
            "1.",
            "+1.5",
            "inf",
            "NaN",
            "",
            "-",
            "1e",
            "1e999",
            "12e-07",
            "0.300000000000000041",
            "10000000000000000.0",
            "1,5",
            "--1.0",
            "1.0-",
        ] {
            assert_eq!(parse_spelled(text.as_bytes(), b'.', FloatForm::Repr), None, "{text}");
        }
    }
}
