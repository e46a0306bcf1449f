//! Problems as the checks find them: small, in any order, and without words.
//!
//! A damaged file has millions of them and its report shows the first ones: only those are put into words
//! ([`Words`]), all others are just counted ([`CodeCounts`]).

use csvp_parse::{Grammar, Skip, SkipKind};
use csvp_report::{Detail, Position, Problem, ProblemCode};

use super::quote;
use crate::Limits;
use crate::block::{Block, LineCounter};
use crate::layout::Layout;
use crate::schema::Column;

/// A problem of a block.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    /// Where in the block its record begins; its line, when it is in no record.
    start: u32,
    /// The faulty byte in the block, or the first byte of the faulty cell.
    at: u32,
    /// Number of its column, from 1; 0 when it belongs to none.
    column: u32,
    /// Index of its record; of its line among the skipped ones, when it is in no record.
    record: u32,
    place: Place,
    code: ProblemCode,
    fact: Fact,
}

/// What is at fault.
#[derive(Debug, Clone, Copy)]
enum Place {
    Record,
    Byte,
    Cell,
    Line,
}

/// The facts of a fault, as small as they can be kept.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// The code says it all.
    None,
    /// The record has so many fields.
    Fields(u64),
    /// It has so many bytes, above the limit of its code.
    Size(u64),
    /// The first of these bytes are invalid, so many.
    Bytes([u8; 4], u8),
    /// The cell holds letters of another encoding.
    Letters,
    /// The cell is not of the column's type.
    Type,
    /// The cell is not what the cells of its text column usually are.
    Usual,
    /// Facts of a rare fault.
    Told(Box<Detail>),
}

impl Spot {
    /// A record as a whole.
    pub(crate) fn of_record(block: &Block, record: usize, code: ProblemCode, fact: Fact) -> Self {
        let start = block.index.record_start(record) as u32;
        Self { start, at: start, column: 0, record: record as u32, place: Place::Record, code, fact }
    }

    /// A byte of a record, and the number of its column, from 1, or 0.
    pub(crate) fn of_byte(
        block: &Block,
        record: usize,
        (at, column): (usize, u32),
        code: ProblemCode,
        fact: Fact,
    ) -> Self {
        let start = block.index.record_start(record) as u32;
        Self { start, at: at as u32, column, record: record as u32, place: Place::Byte, code, fact }
    }

    /// A cell of a column; one that the record lacks is at fault at the record's first byte.
    pub(crate) fn of_cell(
        block: &Block,
        grammar: &Grammar,
        (record, column): (usize, usize),
        code: ProblemCode,
        fact: Fact,
    ) -> Self {
        let start = block.index.record_start(record);
        let at = block.index.raw_range(grammar, record, column).map_or(start, |(at, _)| at);
        let (start, at, column, record) = (start as u32, at as u32, column as u32 + 1, record as u32);
        Self { start, at, column, record, place: Place::Cell, code, fact }
    }

    /// A blank line, by its number among the skipped ones.
    fn of_blank_line(number: usize, skip: &Skip) -> Self {
        Self {
            start: skip.byte,
            at: skip.byte,
            column: 0,
            record: number as u32,
            place: Place::Line,
            code: ProblemCode::RowBlank,
            fact: Fact::None,
        }
    }

    /// Sorts as the problems of a report are sorted.
    fn key(&self) -> u128 {
        let at = if self.column == 0 { 0 } else { self.at + 1 };
        u128::from(self.start) << 96
            | u128::from(at) << 64
            | u128::from(self.column) << 32
            | self.code as u128
    }
}

/// Problems of a block: counted, and kept as long as somebody may read them.
#[derive(Debug, Default)]
pub(crate) struct Spots {
    counts: CodeCounts,
    total: usize,
    /// In no order; none when they are only counted.
    kept: Option<Vec<Spot>>,
}

impl Spots {
    /// Of no problem. `are_kept` says whether the problems that come are kept.
    pub(crate) fn new(are_kept: bool) -> Self {
        Self { kept: are_kept.then(Vec::new), ..Self::default() }
    }

    /// Adds a problem of a column, by its number from 1, or of none (0).
    #[inline]
    pub(crate) fn add(&mut self, code: ProblemCode, column: u32, spot: impl FnOnce() -> Spot) {
        self.counts.add(code, column, 1);
        self.total += 1;
        if let Some(kept) = &mut self.kept {
            kept.push(spot());
        }
    }

    /// Adds the blank ones of the first skipped lines of a block.
    pub(crate) fn add_blank_lines(&mut self, skips: &[Skip]) {
        let blank = skips.iter().enumerate().filter(|(_, skip)| skip.kind == SkipKind::Blank);
        if let Some(kept) = &mut self.kept {
            kept.extend(blank.clone().map(|(number, skip)| Spot::of_blank_line(number, skip)));
        }
        let count = blank.count();
        self.total += count;
        if count > 0 {
            self.counts.add(ProblemCode::RowBlank, 0, count as u64);
        }
    }

    /// Adds the problems of `other`.
    pub(crate) fn append(&mut self, other: Spots) {
        self.counts.merge(&other.counts);
        self.total += other.total;
        if let (Some(ours), Some(theirs)) = (&mut self.kept, other.kept) {
            ours.extend(theirs);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.total
    }

    /// How many of each code and column.
    pub(crate) fn counts(&self) -> &CodeCounts {
        &self.counts
    }

    pub(crate) fn into_counts(self) -> CodeCounts {
        self.counts
    }

    /// Those that are kept, in the order of the file.
    fn sorted(&mut self) -> &[Spot] {
        let kept = self.kept.as_deref_mut().unwrap_or_default();
        kept.sort_by_key(Spot::key);
        kept
    }
}

/// What problems are put into words with.
pub(crate) struct Words<'a> {
    pub(crate) block: &'a Block,
    pub(crate) grammar: &'a Grammar,
    pub(crate) layout: &'a Layout,
    pub(crate) limits: &'a Limits,
    /// The column that cells were judged by.
    pub(crate) column: &'a dyn Fn(usize) -> Option<&'a Column>,
}

impl Words<'_> {
    /// The first `most` of the problems that are kept.
    pub(crate) fn of(&self, spots: &mut Spots, most: usize) -> Vec<Problem> {
        let mut lines = LineCounter::default();
        spots.sorted().iter().take(most).map(|spot| self.problem(spot, &mut lines)).collect()
    }

    /// The first `most` blank lines from number `from` of the skipped lines on.
    pub(crate) fn blank_lines(&self, from: usize, most: usize) -> Vec<Problem> {
        let skips = self.block.index.skips()[from..].iter().zip(from..);
        let blank = skips.filter(|(skip, _)| skip.kind == SkipKind::Blank).take(most);
        let mut lines = LineCounter::default();
        blank.map(|(skip, number)| self.problem(&Spot::of_blank_line(number, skip), &mut lines)).collect()
    }

    fn problem(&self, spot: &Spot, lines: &mut LineCounter) -> Problem {
        let (record, at) = (spot.record as usize, spot.at as usize);
        let mut scratch = Vec::new();
        let (position, value) = match spot.place {
            Place::Record => (self.block.position(record), None),
            Place::Line => (self.line(spot), None),
            Place::Byte => {
                let field = self.block.field_at(self.grammar, record, at);
                let cell = field.and_then(|field| self.cell(record, field, &mut scratch));
                (self.place(spot, lines), cell.map(|cell| quote(cell, self.limits.value_chars)))
            }
            Place::Cell => {
                let cell = self.cell(record, spot.column as usize - 1, &mut scratch).unwrap_or_default();
                let value = (!cell.is_empty()).then(|| quote(cell, self.limits.value_chars));
                (self.place(spot, lines), value)
            }
        };
        Problem { code: spot.code, position, detail: self.detail(spot), value }
    }

    fn cell<'s>(&'s self, record: usize, field: usize, scratch: &'s mut Vec<u8>) -> Option<&'s [u8]> {
        self.block.index.field(self.grammar, &self.block.text, record, field, scratch)
    }

    fn place(&self, spot: &Spot, lines: &mut LineCounter) -> Position {
        let (record, at) = (spot.record as usize, spot.at as usize);
        let known = (spot.column as usize).checked_sub(1);
        match known.and_then(|column| Some((column, self.layout.names.get(column)?.as_str()))) {
            Some(column) => {
                let lines = lines.count(self.block, self.grammar, record, at);
                self.block.cell_position(record, at, column, lines)
            }
            None => self.block.position(record),
        }
    }

    fn line(&self, spot: &Spot) -> Position {
        let skip = &self.block.index.skips()[spot.record as usize];
        Position {
            record: None,
            line: self.block.base.line + u64::from(skip.line) + 1,
            byte: self.block.source_byte(skip.byte as usize),
            column: None,
        }
    }

    fn detail(&self, spot: &Spot) -> Detail {
        let column = || (self.column)((spot.column as usize).checked_sub(1)?);
        let encoding = || self.layout.encoding().name();
        match &spot.fact {
            Fact::None => Detail::None,
            Fact::Fields(found) => Detail::Count { expected: self.layout.n_columns() as u64, found: *found },
            Fact::Size(found) => {
                let limit = match spot.code {
                    ProblemCode::LimitRecordBytes => self.limits.max_record_bytes,
                    _ => self.limits.max_cell_bytes,
                };
                Detail::Limit { limit: limit as u64, found: *found }
            }
            Fact::Bytes(bytes, len) => {
                let hex: Vec<String> =
                    bytes[..usize::from(*len)].iter().map(|b| format!("{b:02x}")).collect();
                Detail::Bytes { hex: hex.join(" "), encoding: encoding().to_owned() }
            }
            Fact::Letters => {
                let text = format!("cell is read as {} but holds letters in UTF-8", encoding());
                Detail::Note { text }
            }
            Fact::Type => {
                column().map_or(Detail::None, |column| Detail::Type { expected: column.column_type.clone() })
            }
            Fact::Usual => {
                let usual = column().and_then(|column| column.usual.clone());
                usual.map_or(Detail::None, |expected| Detail::Type { expected })
            }
            Fact::Told(detail) => (**detail).clone(),
        }
    }
}

/// How many problems there are of each code and column.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodeCounts {
    /// By code, in the order of [`ProblemCode::ALL`], and number of the column, from 1; those of no column come first.
    codes: Vec<Vec<u64>>,
}

impl CodeCounts {
    /// Counts so many more; `column` is its number, from 1, or 0.
    pub(crate) fn add(&mut self, code: ProblemCode, column: u32, count: u64) {
        let (code, column) = (code as usize, column as usize);
        if code >= self.codes.len() {
            self.codes.resize(ProblemCode::ALL.len(), Vec::new());
        }
        let columns = &mut self.codes[code];
        if column >= columns.len() {
            columns.resize(column + 1, 0);
        }
        columns[column] += count;
    }

    /// Adds other counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.codes.resize(self.codes.len().max(other.codes.len()), Vec::new());
        for (ours, theirs) in self.codes.iter_mut().zip(&other.codes) {
            ours.resize(ours.len().max(theirs.len()), 0);
            ours.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours += theirs);
        }
    }

    /// Those of one code, by column from 0.
    pub(crate) fn by_column(&self, code: ProblemCode) -> &[u64] {
        self.codes.get(code as usize).and_then(|columns| columns.get(1..)).unwrap_or_default()
    }

    /// All that are not zero, by code and number of the column.
    pub(crate) fn all(&self) -> impl Iterator<Item = (ProblemCode, Option<u32>, u64)> {
        ProblemCode::ALL.iter().zip(&self.codes).flat_map(|(&code, columns)| {
            let counts = columns.iter().enumerate().filter(|&(_, &count)| count > 0);
            counts.map(move |(column, &count)| (code, (column > 0).then_some(column as u32), count))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_in_the_order_of_their_numbers() {
        assert!(ProblemCode::ALL.iter().enumerate().all(|(number, &code)| number == code as usize));
        assert!(ProblemCode::ALL.is_sorted(), "counts are told in the order of codes");
        assert!(size_of::<Spot>() <= 40, "a damaged block has as many as it has fields");
    }

    #[test]
    fn counts_add_up_and_come_in_order() {
        let mut counts = CodeCounts::default();
        counts.add(ProblemCode::NulByte, 3, 1);
        counts.add(ProblemCode::FieldCount, 0, 2);
        let mut more = CodeCounts::default();
        more.add(ProblemCode::NulByte, 0, 1);
        more.add(ProblemCode::NulByte, 5, 4);
        counts.merge(&more);
        counts.merge(&CodeCounts::default());
        let all: Vec<_> = counts.all().collect();
        let nul = ProblemCode::NulByte;
        assert_eq!(
            all,
            [(ProblemCode::FieldCount, None, 2), (nul, None, 1), (nul, Some(3), 1), (nul, Some(5), 4)]
        );
        assert_eq!(counts.by_column(nul), [0, 0, 1, 0, 4]);
    }
}
