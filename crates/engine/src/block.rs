//! Blocks of whole records: text, field index, and where in the file they stand.

use std::borrow::Cow;

use csvp_parse::{FieldIndex, Grammar};
use csvp_report::{ColumnRef, Position};

use crate::decode::{Invalid, Places, invalid_utf8};
use crate::layout::{Layout, shown_name};
use crate::rejects::{self, Kept};

/// A run of whole records.
///
/// Blocks are cut at record ends by the content alone, so the same file gives the same blocks for any chunks.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Number of the block, from 0.
    pub(crate) seq: u64,
    /// UTF-8, but for invalid bytes of a source that should be UTF-8.
    pub(crate) text: Vec<u8>,
    pub(crate) index: FieldIndex,
    pub(crate) base: Base,
    pub(crate) places: Places,
    /// Invalid sequences of the source that transcoding met, by their place in the text; see [`Block::invalid`].
    pub(crate) untranslated: Vec<Invalid>,
    /// Leading records that are header rows.
    pub(crate) header_rows: usize,
    /// Trailing records that are footer.
    pub(crate) footer_rows: usize,
    /// Whether it is the file's last.
    pub(crate) last: bool,
    /// Whether its last record is not whole, because no more of a compressed file could be read.
    pub(crate) cut: bool,
}

/// Where a block begins.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Base {
    /// Offset in the text.
    pub(crate) text: u64,
    /// Physical line of the file, from 0.
    pub(crate) line: u64,
    /// Data records before it.
    pub(crate) record: u64,
}

impl Block {
    /// An empty block for records of a file.
    pub(crate) fn for_layout(layout: &Layout) -> Self {
        Self { index: layout.index(), ..Self::default() }
    }

    /// Indexes of the data records in the field index.
    pub(crate) fn data(&self) -> std::ops::Range<usize> {
        let end = self.index.n_records() - self.footer_rows;
        self.header_rows.min(end)..end
    }

    /// Number of a data record in the file, from 1.
    pub(crate) fn number(&self, record: usize) -> u64 {
        self.base.record + (record - self.header_rows) as u64 + 1
    }

    /// Physical line of a record, from 1.
    pub(crate) fn line(&self, record: usize) -> u64 {
        self.base.line + u64::from(self.index.line(record)) + 1
    }

    /// Invalid sequences of the source, by their place in the text. UTF-8 is searched for them.
    pub(crate) fn invalid(&self) -> Cow<'_, [Invalid]> {
        match self.places {
            Places::Shifted(base) => Cow::Owned(invalid_utf8(self.base.text, base, &self.text)),
            Places::Mapped(_) => Cow::Borrowed(&self.untranslated),
        }
    }

    /// Byte of the source for an offset in this block's text.
    pub(crate) fn source_byte(&self, at: usize) -> u64 {
        self.places.source_byte(self.base.text + at as u64)
    }

    /// Place of a record.
    pub(crate) fn position(&self, record: usize) -> Position {
        Position {
            record: (record >= self.header_rows).then(|| self.number(record)),
            line: self.line(record),
            byte: self.source_byte(self.index.record_start(record)),
            column: None,
        }
    }

    /// Place of a byte in a record, `lines` below its start, which belongs to a cell of the named column.
    pub(crate) fn cell_position(
        &self,
        record: usize,
        at: usize,
        (column, name): (usize, &str),
        lines: u64,
    ) -> Position {
        Position {
            column: Some(ColumnRef {
                number: column as u32 + 1,
                name: shown_name(name),
                line: Some(self.line(record) + lines),
                byte: Some(self.source_byte(at)),
            }),
            ..self.position(record)
        }
    }

    /// All fields of a record, however many; those that a file of rejected records keeps in one cell come last.
    pub(crate) fn fields(&self, grammar: &Grammar, record: usize) -> Vec<Cow<'_, [u8]>> {
        let mut fields = self.index.fields(grammar, &self.text, record);
        match self.kept_fields(grammar, record) {
            Kept::Missing(n) => fields.truncate(self.index.n_columns().saturating_sub(n)),
            Kept::Extra(kept) if !kept.is_empty() => {
                fields.resize(fields.len().max(self.index.n_columns()), Cow::Borrowed(b""));
                fields.extend(kept.into_iter().map(Cow::Owned));
            }
            Kept::Extra(_) => {}
        }
        fields
    }

    /// What a file of rejected records keeps of a record whose number of fields was wrong.
    pub(crate) fn kept_fields(&self, grammar: &Grammar, record: usize) -> Kept {
        let mut scratch = Vec::new();
        let cell = self.index.left_out_behind(grammar, &self.text, record, &mut scratch);
        cell.map_or(Kept::Extra(Vec::new()), rejects::kept)
    }

    /// The record that holds the byte at `at`, if it is in one.
    pub(crate) fn record_at(&self, at: usize) -> Option<usize> {
        let n = self.index.n_records();
        let after = partition_point(n, |record| self.index.record_start(record) <= at);
        let record = after.checked_sub(1)?;
        (at < self.index.record_end(record).max(self.index.record_start(record) + 1)).then_some(record)
    }

    /// The field of a record that holds the byte at `at`.
    pub(crate) fn field_at(&self, grammar: &Grammar, record: usize, at: usize) -> Option<usize> {
        // Ends ascend: the field is the first that ends at or behind the byte.
        let ends_before =
            |field: usize| self.index.raw_range(grammar, record, field).is_some_and(|(_, end)| end < at);
        let field = partition_point(self.index.n_fields(record), ends_before);
        Some(field).filter(|&field| {
            self.index
                .raw_range(grammar, record, field)
                .is_some_and(|(start, end)| (start..=end).contains(&at))
        })
    }
}

/// Counts the line ends inside records, each byte once: the places of a record are asked for in ascending order.
#[derive(Debug, Default)]
pub(crate) struct LineCounter {
    /// A record, a byte of it, and the line ends of the record before that byte.
    last: Option<(usize, usize, u64)>,
}

impl LineCounter {
    /// Line ends between a record's start and the byte at `at`.
    pub(crate) fn count(&mut self, block: &Block, grammar: &Grammar, record: usize, at: usize) -> u64 {
        let next = record + 1;
        let end = if next < block.index.n_records() { block.index.line(next) } else { block.index.n_lines() };
        if end <= block.index.line(record) + 1 {
            return 0;
        }
        let known = self.last.filter(|&(last, before, _)| last == record && before <= at);
        let (from, before) =
            known.map_or((block.index.record_start(record), 0), |(_, from, lines)| (from, lines));
        let lines = before + grammar.count_line_ends(&block.text[from..at]);
        // A CR is counted once the byte behind it is known.
        let whole = if at > from && block.text[at - 1] == b'\r' { at - 1 } else { at };
        self.last = Some((record, whole, lines));
        lines
    }
}

/// The first of `n` indexes for which `before` does not hold, when it holds for all before that one.
pub(crate) fn partition_point(n: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
