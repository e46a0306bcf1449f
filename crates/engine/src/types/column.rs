//! Values of one type, one beside the other.

/// The values of one column in some records. Where [`Values::nulls`] says so there is none, and what stands in its place
/// means nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// The values.
    pub data: ValueData,
    /// Per record whether there is no value; empty when there are all.
    pub nulls: Vec<bool>,
}

/// The values of one column, by the type of the column.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueData {
    /// Of a boolean.
    Boolean(Vec<bool>),
    /// Of an integer.
    Integer(Vec<i64>),
    /// Of a decimal: the number without its mark, as long as the scale says.
    Decimal(Vec<i128>),
    /// Of a float.
    Float(Vec<f64>),
    /// Of a date: days since 1970-01-01.
    Date(Vec<i32>),
    /// Of a time: microseconds since midnight.
    Time(Vec<i64>),
    /// Of a timestamp: microseconds since 1970-01-01T00:00:00, in UTC where the text names its offset.
    Timestamp(Vec<i64>),
    /// Of a UUID.
    Uuid(Vec<[u8; 16]>),
    /// Of a text, and of a column without values.
    Text(Texts),
}

/// Texts, one behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// All bytes.
    pub bytes: Vec<u8>,
    /// Per record the end of its text in `bytes`, which is where the next one begins.
    pub ends: Vec<usize>,
}

impl Texts {
    /// Of `n` records, all of them empty.
    pub(super) fn empty(n: usize) -> Self {
        Self { bytes: Vec::new(), ends: vec![0; n] }
    }

    /// The texts.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

/// The cells of a column in some records; none where there is no value.
pub(crate) trait CellRun {
    /// Gives each cell to a function that says whether it could be read.
    ///
    /// # Errors
    /// The place in the run of the first one that could not.
    fn each(&self, cell_read: impl FnMut(Option<&[u8]>) -> bool) -> Result<(), usize>;
}

/// Reads values of one kind.
///
/// # Errors
/// The place of the first cell that is no such value.
pub(super) fn read<T: Default>(
    cells: &impl CellRun,
    n: usize,
    parse: impl Fn(&[u8]) -> Option<T>,
) -> Result<(Vec<T>, Vec<bool>), usize> {
    let (mut values, mut nulls) = (Vec::with_capacity(n), Vec::new());
    cells.each(|cell| {
        let Some(cell) = cell else {
            null(&mut nulls, values.len(), n);
            values.push(T::default());
            return true;
        };
        let value = parse(cell);
        let is_value = value.is_some();
        values.extend(value);
        is_value
    })?;
    Ok((values, nulls))
}

/// Reads texts.
pub(super) fn read_texts(cells: &impl CellRun, n: usize) -> Result<(Texts, Vec<bool>), usize> {
    let (mut texts, mut nulls) = (Texts { bytes: Vec::new(), ends: Vec::with_capacity(n) }, Vec::new());
    cells.each(|cell| {
        match cell {
            Some(cell) => texts.bytes.extend_from_slice(cell),
            None => null(&mut nulls, texts.ends.len(), n),
        }
        texts.ends.push(texts.bytes.len());
        true
    })?;
    Ok((texts, nulls))
}

/// Says that there is no value at a place; most columns have them all.
#[cold]
fn null(nulls: &mut Vec<bool>, at: usize, n: usize) {
    nulls.resize(n, false);
    nulls[at] = true;
}
