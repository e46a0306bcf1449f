//! The first records of a sample as rows of cell kinds: what the search for header and preamble looks at.

use super::cell::{Kind, kind};
use super::split::{CellSpan, Grid};

/// Rows that are kept; the table starts among the first of them and the rest shows what its body looks like.
const MAX_ROWS: usize = 120;
/// Columns whose kinds are kept.
pub(super) const MAX_COLUMNS: usize = 64;

/// One record that is not blank.
#[derive(Debug)]
pub(super) struct Row {
    /// Physical line, from 0, on which it starts.
    pub(super) line: u64,
    /// Cells in the record.
    pub(super) width: usize,
    /// Cells that hold something.
    pub(super) filled: usize,
    /// The last cell that holds something, as a number from 1.
    pub(super) extent: usize,
    /// Whether a row without any content stands directly before.
    pub(super) after_blank: bool,
    /// Records without content, but with delimiters, that stand directly before.
    pub(super) hollow_before: u32,
    /// The first of its cells in [`Table::cells`].
    first: usize,
    /// How many of its cells are kept, at most [`MAX_COLUMNS`].
    pub(super) n_cells: usize,
}

/// The first rows of a sample that hold something.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) rows: Vec<Row>,
    /// The cells of all rows, without blanks at their ends.
    cells: Vec<CellSpan>,
    /// Their kinds, as far as they were asked for.
    kinds: Vec<Kind>,
    /// The usual number of cells that hold something.
    pub(super) usual_filled: usize,
    /// The usual number of cells.
    pub(super) width: usize,
    /// All records are one cell.
    pub(super) one_column: bool,
}

impl<'a> Table<'a> {
    /// Takes the first rows of `grid`, without those that `skip` says are comments. Records of
    /// the file usually have `width` cells.
    pub(super) fn new(bytes: &'a [u8], grid: &Grid, width: usize, skip: impl Fn(&[u8]) -> bool) -> Self {
        let mut rows: Vec<Row> = Vec::with_capacity(grid.rows.len().min(MAX_ROWS));
        let mut cells = Vec::with_capacity(rows.capacity() * width.min(MAX_COLUMNS));
        let (mut after_blank, mut hollow_before) = (false, 0);
        for span in &grid.rows {
            if rows.len() == MAX_ROWS {
                break;
            }
            if skip(&bytes[span.start..span.end]) {
                continue;
            }
            let (mut filled, mut extent) = (0, 0);
            let first = cells.len();
            for (column, cell) in grid.cells_of(span).iter().enumerate() {
                let cell = trimmed(bytes, *cell);
                if cell.end > cell.start {
                    (filled, extent) = (filled + 1, column + 1);
                }
                if column < MAX_COLUMNS {
                    cells.push(cell);
                }
            }
            if filled == 0 {
                after_blank = true;
                hollow_before += u32::from(span.width > 1 || span.end > span.start);
                cells.truncate(first);
                continue;
            }
            rows.push(Row {
                line: span.line,
                width: span.width,
                filled,
                extent,
                after_blank,
                hollow_before,
                first,
                n_cells: cells.len() - first,
            });
            (after_blank, hollow_before) = (false, 0);
        }
        let usual_filled = most_frequent(rows.iter().map(|r| r.filled));
        let one_column = width <= 1;
        let width = most_frequent(rows.iter().map(|r| r.width));
        Self { bytes, rows, cells, kinds: Vec::new(), usual_filled, width, one_column }
    }

    /// Tells the kinds of the first `n` rows: those of the others are asked for by nobody.
    pub(super) fn tell_kinds(&mut self, n: usize) {
        let end = self.rows.get(n).map_or(self.cells.len(), |row| row.first);
        self.kinds = self.cells[..end].iter().map(|c| kind(&self.bytes[c.start..c.end])).collect();
    }

    /// The first [`MAX_COLUMNS`] cells of a row.
    pub(super) fn cells(&self, row: &Row) -> &[CellSpan] {
        &self.cells[row.first..row.first + row.n_cells]
    }

    /// Their kinds, which have been told.
    pub(super) fn kinds(&self, row: &Row) -> &[Kind] {
        &self.kinds[row.first..row.first + row.n_cells]
    }

    /// The bytes of one cell, without blanks at its ends; none where the row is too short.
    pub(super) fn text(&self, row: &Row, column: usize) -> &'a [u8] {
        self.cells(row).get(column).map_or(b"", |c| &self.bytes[c.start..c.end])
    }
}

/// A cell without blanks at its ends.
fn trimmed(bytes: &[u8], cell: CellSpan) -> CellSpan {
    let text = bytes[cell.start..cell.end].trim_ascii_start();
    let start = cell.end - text.len();
    CellSpan { start, end: start + text.trim_ascii_end().len(), ..cell }
}

/// The most frequent number; the larger one on a tie.
fn most_frequent(numbers: impl Iterator<Item = usize>) -> usize {
    let mut sorted: Vec<usize> = numbers.collect();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).max_by_key(|run| (run.len(), run[0])).map_or(0, |run| run[0])
}
