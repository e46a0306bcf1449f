//! Reading and writing the values of one column type.

mod boolean;
pub(crate) mod float;
mod number;
mod pattern;
mod signs;
mod uuid;

use csvp_report::{ColumnType, FloatForm};

use super::column::{CellRun, Texts, ValueData, Values, read, read_texts};
use super::value::Value;
use boolean::Words;
use number::{DecimalText, Marks};
use pattern::Pattern;

/// A column type that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A sign after `%` that is not known.
    #[error("date format `{format}` holds `{sign}`, which is not one of the signs known here")]
    UnknownSign {
        /// The sign, with its `%`.
        sign: String,
        /// The whole format.
        format: String,
    },
    /// A part of a date or time is missing, or stands where it cannot.
    #[error("{what} format `{format}` {fault}")]
    Parts {
        /// `date`, `time` or `timestamp`.
        what: &'static str,
        /// The whole format.
        format: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Marks that numbers cannot have.
    #[error("numbers cannot have the decimal mark `{decimal}` and the thousands mark `{group}`")]
    Marks {
        /// The decimal mark.
        decimal: char,
        /// The thousands mark, or nothing.
        group: String,
    },
    /// A precision and scale that decimals cannot have.
    #[error(
        "decimal({precision},{scale}) is not possible: at most 38 digits, and no more of them behind the mark"
    )]
    Precision {
        /// Digits in all.
        precision: u8,
        /// Digits behind the mark.
        scale: u8,
    },
    /// Digits behind the mark that floats cannot have.
    #[error("floats with {0} digits behind the mark are not possible: at least 1, at most 15")]
    FloatScale(u8),
    /// Words that cannot be told apart.
    #[error("the words for true and false must be two different ones, found `{0}` twice or nothing")]
    Words(String),
}

/// Reads and writes the values of one column type.
///
/// Whatever [`Format::parse`] accepts is written by [`Format::write`] as exactly the same bytes. (The exceptions are
/// [`csvp_report::DecimalForm::Declared`], [`FloatForm::Declared`] and further words of booleans, which only a schema can
/// choose.)
///
/// The formats of dates and times are `strftime` patterns of these signs:
///
/// | sign | meaning |
/// |---|---|
/// | `%Y` `%y` | year of four digits; of two, where 69 to 99 are 1969 to 1999 and 00 to 68 are 2000 to 2068 |
/// | `%m` `%-m` | month of two digits; without a zero in front |
/// | `%b` `%B` `%^b` `%^B` | English name of the month: `Jan`, `January`, `JAN`, `JANUARY` |
/// | `%d` `%-d` | day of two digits; without a zero in front |
/// | `%H` `%-H` `%I` `%-I` | hour of 24; of 12, which needs `%p` |
/// | `%M` `%S` | minute and second of two digits |
/// | `%p` `%P` | `AM` or `PM`; `am` or `pm` |
/// | `%f` `%3f` | six digits behind the second; as many as the number says, 1 to 6 |
/// | `%.3f` `%.f` | a point and that many digits; a point and the digits without zeros at the end, nothing for a whole second |
/// | `%F` `%T` `%R` `%D` | `%Y-%m-%d`, `%H:%M:%S`, `%H:%M`, `%m/%d/%y` |
/// | `%%` | a percent sign |
///
/// Every other byte stands for itself. Time zones are such bytes: `Z` or one constant offset at the end.
///
/// ```
/// use csvp_engine::types::{Format, Value};
/// use csvp_report::ColumnType;
///
/// let format = Format::new(&ColumnType::Date { format: "%d/%m/%Y".to_owned() })?;
/// let value = format.parse(b"29/02/2024").expect("a leap day");
/// assert_eq!(value, Value::Date(19_782));
/// let mut text = Vec::new();
/// format.write(&value, &mut text);
/// assert_eq!(text, b"29/02/2024");
/// assert_eq!(format.parse(b"29/02/2023"), None);
/// # Ok::<(), csvp_engine::types::FormatError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Format {
    column_type: ColumnType,
    reader: Reader,
}

#[derive(Debug, Clone)]
enum Reader {
    Null,
    Boolean(Words),
    Integer(Marks),
    Decimal(DecimalText),
    Float { mark: u8, form: FloatForm },
    Date(Pattern),
    Time(Pattern),
    Timestamp(Pattern),
    Uuid { uppercase: bool },
    Text,
}

impl Format {
    /// Of a column type, inferred or declared.
    ///
    /// # Errors
    /// When a declared type has a format that cannot be read.
    pub fn new(column_type: &ColumnType) -> Result<Self, FormatError> {
        let reader = match column_type {
            ColumnType::Null => Reader::Null,
            ColumnType::Boolean { true_word, false_word, also_true, also_false } => {
                let with = |word, also| std::iter::once(word).chain(also);
                Reader::Boolean(Words::try_new(with(true_word, also_true), with(false_word, also_false))?)
            }
            ColumnType::Integer { marks } => Reader::Integer(Marks::try_new(*marks)?),
            ColumnType::Decimal { precision, scale, form, marks } => {
                Reader::Decimal(DecimalText::try_new(*precision, *scale, *form, *marks)?)
            }
            ColumnType::Float { marks, form } => {
                float::check(*form)?;
                Reader::Float { mark: Marks::try_new(*marks)?.without_groups()?, form: *form }
            }
            ColumnType::Date { format } => Reader::Date(Pattern::date(format)?),
            ColumnType::Time { format } => Reader::Time(Pattern::time(format)?),
            ColumnType::Timestamp { format, zone } => Reader::Timestamp(Pattern::timestamp(format, *zone)?),
            ColumnType::Uuid { uppercase } => Reader::Uuid { uppercase: *uppercase },
            ColumnType::Text => Reader::Text,
        };
        Ok(Self { column_type: column_type.clone(), reader })
    }

    /// The type that is read and written.
    pub fn column_type(&self) -> &ColumnType {
        &self.column_type
    }

    /// The value of a cell; none when the cell is not of the type, or could not be written back.
    ///
    /// Whether a cell means null is the caller's question: the empty cell and the column's null words are not tested here.
    pub fn parse<'a>(&self, cell: &'a [u8]) -> Option<Value<'a>> {
        match &self.reader {
            Reader::Null => None,
            Reader::Boolean(words) => words.parse(cell).map(Value::Boolean),
            Reader::Integer(marks) => marks.parse_integer(cell).map(Value::Integer),
            Reader::Decimal(text) => text.parse(cell).map(Value::Decimal),
            Reader::Float { mark, form } => float::parse_spelled(cell, *mark, *form).map(Value::Float),
            Reader::Date(pattern) => pattern.parse_date(cell).map(Value::Date),
            Reader::Time(pattern) => pattern.parse_time(cell).map(Value::Time),
            Reader::Timestamp(pattern) => pattern.parse_timestamp(cell).map(Value::Timestamp),
            Reader::Uuid { uppercase } => uuid::parse(cell, *uppercase).map(Value::Uuid),
            Reader::Text => Some(Value::Text(cell)),
        }
    }

    /// The values of `n` cells.
    ///
    /// # Errors
    /// The place of the first cell that [`Format::parse`] does not accept.
    pub(crate) fn read_column(&self, cells: &impl CellRun, n: usize) -> Result<Values, usize> {
        macro_rules! values {
            ($kind:ident, $parse:expr) => {{
                let (values, nulls) = read(cells, n, $parse)?;
                Values { data: ValueData::$kind(values), nulls }
            }};
        }
        Ok(match &self.reader {
            Reader::Boolean(words) => values!(Boolean, |cell| words.parse(cell)),
            Reader::Integer(marks) => values!(Integer, |cell| marks.parse_integer(cell)),
            Reader::Decimal(text) => values!(Decimal, |cell| text.parse(cell)),
            Reader::Float { mark, form } => {
                values!(Float, |cell| float::parse_spelled(cell, *mark, *form))
            }
            Reader::Date(pattern) => values!(Date, |cell| pattern.parse_date(cell)),
            Reader::Time(pattern) => values!(Time, |cell| pattern.parse_time(cell)),
            Reader::Timestamp(pattern) => values!(Timestamp, |cell| pattern.parse_timestamp(cell)),
            Reader::Uuid { uppercase } => values!(Uuid, |cell| uuid::parse(cell, *uppercase)),
            Reader::Null => {
                cells.each(|cell| cell.is_none())?;
                Values { data: ValueData::Text(Texts::empty(n)), nulls: vec![true; n] }
            }
            Reader::Text => {
                let (texts, nulls) = read_texts(cells, n)?;
                Values { data: ValueData::Text(texts), nulls }
            }
        })
    }

    /// Writes a value of this format's [`Format::parse`] behind what is in `out`. A value of another type, which is a
    /// mistake of the caller, writes nothing.
    pub fn write(&self, value: &Value<'_>, out: &mut Vec<u8>) {
        match (&self.reader, value) {
            (Reader::Boolean(words), Value::Boolean(value)) => words.write(*value, out),
            (Reader::Integer(marks), Value::Integer(value)) => marks.write_integer(*value, out),
            (Reader::Decimal(text), Value::Decimal(value)) => text.write(*value, out),
            (Reader::Float { mark, form }, Value::Float(value)) => {
                out.extend_from_slice(float::spell(*value, *mark, *form).as_bytes());
            }
            (Reader::Date(pattern), Value::Date(days)) => pattern.write_date(*days, out),
            (Reader::Time(pattern), Value::Time(micros)) => pattern.write_time(*micros, out),
            (Reader::Timestamp(pattern), Value::Timestamp(micros)) => pattern.write_timestamp(*micros, out),
            (Reader::Uuid { uppercase }, Value::Uuid(bytes)) => uuid::write(*bytes, *uppercase, out),
            (Reader::Text, Value::Text(text)) => out.extend_from_slice(text),
            (reader, value) => debug_assert!(false, "a value {value:?} is not of the format {reader:?}"),
        }
    }
}
