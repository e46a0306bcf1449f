//! Structure and encoding: what can be said without types.

use csvp_parse::{FaultKind, Grammar};
use csvp_report::{Detail, ProblemCode};

use super::rows::{MARK, Records};
use super::spot::{Fact, Spot, Spots};
use crate::Limits;
use crate::block::Block;
use crate::decode::{Invalid, is_western, utf_8_letters};
use crate::layout::Layout;
use crate::rejects::Kept;

/// What the structure of a block says.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) spots: Spots,
    /// Per record of the field index: whether its structure and encoding are sound.
    pub(crate) sound: Vec<bool>,
}

/// Checks a block; `invalid` are its invalid sequences, `are_kept` says whether problems are more than counted.
pub(crate) fn check(
    block: &Block,
    grammar: &Grammar,
    layout: &Layout,
    invalid: &[Invalid],
    limits: &Limits,
    are_kept: bool,
) -> Structure {
    let found = Structure { spots: Spots::new(are_kept), sound: vec![true; block.index.n_records()] };
    let mut checker = Checker { block, grammar, layout, invalid, limits, found };
    checker.faults();
    checker.ragged();
    checker.rows();
    checker.cut_record();
    checker.invalid_bytes();
    checker.mixed_encodings();
    checker.marks();
    checker.nul_bytes();
    checker.large_cells();
    checker.found
}

struct Checker<'a> {
    block: &'a Block,
    grammar: &'a Grammar,
    layout: &'a Layout,
    invalid: &'a [Invalid],
    limits: &'a Limits,
    found: Structure,
}

impl Checker<'_> {
    fn faults(&mut self) {
        let index = &self.block.index;
        let mut stray = None;
        for fault in index.faults() {
            let (record, column) = (fault.record as usize, index.column_of(fault));
            match fault.kind {
                FaultKind::QuoteUnclosed => {
                    self.at_cell(
                        ProblemCode::QuoteUnclosed,
                        record,
                        (fault.byte as usize, column),
                        Fact::None,
                    );
                }
                FaultKind::QuoteStray => {
                    // One problem per cell: a cell with one stray quote often has many.
                    if stray != Some((record, column)) {
                        stray = Some((record, column));
                        self.at_cell(
                            ProblemCode::QuoteStray,
                            record,
                            (fault.byte as usize, column),
                            Fact::None,
                        );
                    }
                }
                FaultKind::RecordTooLarge(found) => {
                    self.of_record(ProblemCode::LimitRecordBytes, record, Fact::Size(found));
                }
            }
        }
    }

    fn ragged(&mut self) {
        let (block, n_columns) = (self.block, self.layout.n_columns());
        let footer_start = block.data().end;
        for (record, found) in block.index.ragged() {
            let trailing = self.layout.trailing_delimiter && found == n_columns + 1 && {
                let fields = block.index.fields(self.grammar, &block.text, record);
                fields.last().is_some_and(|field| field.is_empty())
            };
            let lacking = self.layout.may_lack(found);
            if record >= self.block.header_rows && record < footer_start && !trailing && !lacking {
                self.of_record(ProblemCode::FieldCount, record, Fact::Fields(found as u64));
            }
        }
        if self.layout.is_rejects {
            self.kept_fields();
        }
    }

    /// Records that are wrong as a whole although their fields may be right.
    fn rows(&mut self) {
        if self.layout.rows.are_empty() && self.layout.habits.is_none() {
            return;
        }
        let block = self.block;
        let records =
            Records { index: &block.index, grammar: self.grammar, text: &block.text, layout: self.layout };
        for record in block.data() {
            let Some((code, column)) = self.layout.rows.fault(records, record) else {
                self.unusual(records, record);
                continue;
            };
            let start = column.and_then(|column| block.index.raw_range(self.grammar, record, column));
            match start {
                Some((start, _)) => self.at_byte(code, record, start, Fact::None),
                None => self.of_record(code, record, Fact::None),
            }
        }
    }

    /// A record with a cell that looks unlike the others of its column, where somebody asks for it.
    fn unusual(&mut self, records: Records<'_>, record: usize) {
        let Some(habits) = self.layout.habits.as_ref().filter(|_| records.is_whole(record)) else { return };
        let Some((column, usual, found)) = habits.fault(records, record) else { return };
        let Some((start, _)) = self.block.index.raw_range(self.grammar, record, column) else { return };
        let told = Fact::Told(Box::new(Detail::Look { usual, found }));
        self.at_byte(ProblemCode::RowUnusual, record, start, told);
    }

    /// The last record of a compressed file of which no more could be read.
    fn cut_record(&mut self) {
        let data = self.block.data();
        if self.block.cut && !data.is_empty() && data.end == self.block.index.n_records() {
            let byte = self.block.source_byte(self.block.text.len());
            let text =
                format!("record is not whole: compressed data is damaged or cut behind {byte} bytes of text");
            let told = Fact::Told(Box::new(Detail::Note { text }));
            self.of_record(ProblemCode::CompressionDamaged, data.end - 1, told);
        }
    }

    /// A rejected record still has the number of fields that it had, as long as the cell that keeps it says so.
    fn kept_fields(&mut self) {
        let n_columns = self.layout.n_columns();
        for record in self.block.data() {
            let found = match self.block.kept_fields(self.grammar, record) {
                Kept::Extra(fields) => n_columns + fields.len(),
                Kept::Missing(n) => n_columns.saturating_sub(n),
            };
            if self.layout.may_lack(found) {
                continue;
            }
            if found != n_columns && self.block.index.n_fields(record) == n_columns {
                self.of_record(ProblemCode::FieldCount, record, Fact::Fields(found as u64));
            }
        }
    }

    fn invalid_bytes(&mut self) {
        let mut last = None;
        for invalid in self.invalid {
            let at = (invalid.text - self.block.base.text) as usize;
            let Some(record) = self.block.record_at(at) else { continue };
            // One problem per cell: a cell in another encoding has many invalid bytes.
            let field = self.column_at(record, at);
            if last == Some((record, field)) {
                continue;
            }
            last = Some((record, field));
            let bytes = Fact::Bytes(invalid.bytes, invalid.len);
            self.at_cell(ProblemCode::EncodingInvalid, record, (at, field), bytes);
        }
    }

    /// Cells of a western text that hold letters of UTF-8. Each is read as two signs, which is no fault of its bytes.
    fn mixed_encodings(&mut self) {
        let encoding = self.layout.encoding();
        if self.layout.encoding_facts.source != "statistics" || !is_western(encoding) {
            return;
        }
        let block = self.block;
        let mut last = None;
        for at in utf_8_letters(&block.text) {
            let Some(record) = block.record_at(at) else { continue };
            let field = self.column_at(record, at);
            if last != Some((record, field)) {
                last = Some((record, field));
                self.at_cell(ProblemCode::EncodingContradicted, record, (at, field), Fact::Letters);
            }
        }
    }

    /// Byte order marks in front of records: files that begin with one were joined.
    fn marks(&mut self) {
        let block = self.block;
        for at in memchr::memmem::find_iter(&block.text, MARK) {
            let in_front = |&record: &usize| block.index.record_start(record) == at;
            let Some(record) = block.record_at(at).filter(in_front) else { continue };
            if block.data().contains(&record) {
                self.at_byte(ProblemCode::MarkInside, record, at, Fact::None);
            }
        }
    }

    fn nul_bytes(&mut self) {
        let block = self.block;
        let mut last = None;
        for at in memchr::memchr_iter(0, &block.text) {
            let Some(record) = block.record_at(at) else { continue };
            let field = self.column_at(record, at);
            if last != Some((record, field)) {
                last = Some((record, field));
                self.at_cell(ProblemCode::NulByte, record, (at, field), Fact::None);
            }
        }
    }

    fn large_cells(&mut self) {
        let limit = self.limits.max_cell_bytes;
        if limit >= self.limits.max_record_bytes {
            return;
        }
        for record in self.block.data() {
            if self.block.index.record_end(record) - self.block.index.record_start(record) <= limit {
                continue;
            }
            for field in 0..self.block.index.n_fields(record) {
                let Some((start, end)) = self.block.index.raw_range(self.grammar, record, field) else {
                    continue;
                };
                if end - start > limit {
                    let size = Fact::Size((end - start) as u64);
                    self.at_byte(ProblemCode::LimitCellBytes, record, start, size);
                }
            }
        }
    }

    /// The column that holds a byte. Fields beyond the last column count as one: a record may have any number of them.
    fn column_at(&self, record: usize, at: usize) -> Option<usize> {
        self.block.field_at(self.grammar, record, at).filter(|&field| field < self.layout.n_columns())
    }

    fn of_record(&mut self, code: ProblemCode, record: usize, fact: Fact) {
        self.mark(code, record);
        self.found.spots.add(code, 0, || Spot::of_record(self.block, record, code, fact));
    }

    fn at_byte(&mut self, code: ProblemCode, record: usize, at: usize, fact: Fact) {
        let column = self.column_at(record, at);
        self.at_cell(code, record, (at, column), fact);
    }

    /// `place` is a byte and the column that holds it.
    fn at_cell(&mut self, code: ProblemCode, record: usize, place: (usize, Option<usize>), fact: Fact) {
        self.mark(code, record);
        let column = place.1.map_or(0, |column| column as u32 + 1);
        self.found
            .spots
            .add(code, column, || Spot::of_byte(self.block, record, (place.0, column), code, fact));
    }

    fn mark(&mut self, code: ProblemCode, record: usize) {
        if code.severity() == csvp_report::Severity::Error {
            self.found.sound[record] = false;
        }
    }
}
