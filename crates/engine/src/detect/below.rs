//! What the rows below one row are like, column by column: what a header differs from.

use super::cell::Kind;
use super::table::{Row, Table};
use super::words::is_year;

/// Rows below a row that are compared with it.
const MOST_ROWS: usize = 40;
/// Bytes of a text beyond which its length says nothing more.
const MOST_BYTES: usize = 200;

/// The cells of one column that hold a value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Column {
    pub(super) filled: u32,
    pub(super) typed: u32,
    pub(super) dates: u32,
    pub(super) years: u32,
    pub(super) quoted: u32,
    /// Sum of their lengths, and of the squares. A few rows give whole numbers that an `f32` holds.
    pub(super) length: u32,
    pub(super) length_squared: u32,
}

/// How many cells of a column are like the one of the row above them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Like {
    pub(super) texts: u32,
    pub(super) kinds: u32,
}

/// The rows below a row. It moves down: what leaves it is taken away, what comes in is added.
pub(super) struct Below<'a> {
    table: &'a Table<'a>,
    at: usize,
    /// Rows of the table that are counted.
    end: usize,
    columns: Vec<Column>,
    told: u32,
}

impl<'a> Below<'a> {
    /// The rows below the first one. Their kinds have been told, and those of all that will come in.
    pub(super) fn new(table: &'a Table<'a>) -> Self {
        let mut below = Self { table, at: 0, end: 1.min(table.rows.len()), columns: Vec::new(), told: 0 };
        below.reach();
        below
    }

    /// The row above them.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Moves down to the rows below row `at`.
    pub(super) fn descend(&mut self, at: usize) {
        while self.at < at {
            self.at += 1;
            self.count(self.at, |sum, part| *sum -= part);
            self.reach();
        }
    }

    fn reach(&mut self) {
        while self.end < self.table.rows.len().min(self.at + 1 + MOST_ROWS) {
            self.count(self.end, |sum, part| *sum += part);
            self.end += 1;
        }
    }

    fn count(&mut self, at: usize, add: impl Fn(&mut u32, u32)) {
        let table = self.table;
        let row = &table.rows[at];
        if !self.tells(row) {
            return;
        }
        add(&mut self.told, 1);
        if self.columns.len() < row.n_cells {
            self.columns.resize(row.n_cells, Column::default());
        }
        let cells = table.kinds(row).iter().zip(table.cells(row));
        for (column, (kind, cell)) in self.columns.iter_mut().zip(cells) {
            if kind.is_blank() {
                continue;
            }
            let text = &table.bytes[cell.start..cell.end];
            let length = text.len().min(MOST_BYTES) as u32;
            add(&mut column.filled, 1);
            add(&mut column.typed, u32::from(kind.is_typed()));
            add(&mut column.dates, u32::from(*kind == Kind::Date));
            add(&mut column.years, u32::from(kind.is_numeric() && is_year(text)));
            add(&mut column.quoted, u32::from(cell.quoted));
            add(&mut column.length, length);
            add(&mut column.length_squared, length * length);
        }
    }

    /// A title or a note says nothing about the columns.
    fn tells(&self, row: &Row) -> bool {
        row.filled != 1 || self.table.usual_filled <= 1
    }

    /// The rows.
    pub(super) fn rows(&self) -> &'a [Row] {
        &self.table.rows[self.at + 1..self.end]
    }

    /// How many rows say something about the columns.
    pub(super) fn n_told(&self) -> u32 {
        self.told
    }

    /// How many columns there are: as many as the row above or one of the rows has cells.
    pub(super) fn n_columns(&self) -> usize {
        self.table.rows[self.at..self.end].iter().map(|row| row.n_cells).max().unwrap_or(0)
    }

    pub(super) fn column(&self, column: usize) -> Column {
        self.columns.get(column).copied().unwrap_or_default()
    }

    /// How many cells with a value in a column are like the one of the row above.
    pub(super) fn like(&self, column: usize) -> Like {
        let above = &self.table.rows[self.at];
        let (text, kind) = (self.table.text(above, column), self.table.kinds(above).get(column));
        let mut like = Like::default();
        for row in self.rows().iter().filter(|row| self.tells(row)) {
            let other = self.table.kinds(row).get(column).filter(|other| !other.is_blank());
            let Some(other) = other else { continue };
            like.texts += u32::from(self.table.text(row, column) == text);
            like.kinds += u32::from(Some(other) == kind);
        }
        like
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::split::{Rules, split};
    use super::*;

    /// The columns below row `at`, counted anew: the definition.
    fn plain(table: &Table<'_>, at: usize) -> (usize, u32, Vec<(Column, Like)>) {
        let (above, below) = (&table.rows[at], &table.rows[at + 1..table.rows.len().min(at + 1 + MOST_ROWS)]);
        let n_columns = below.iter().chain([above]).map(|row| row.n_cells).max().unwrap_or(0);
        let telling: Vec<&Row> =
            below.iter().filter(|row| row.filled > 1 || table.usual_filled <= 1).collect();
        let columns = (0..n_columns).map(|i| {
            let (mut column, mut like) = (Column::default(), Like::default());
            for row in &telling {
                let Some(kind) = table.kinds(row).get(i).filter(|kind| !kind.is_blank()) else { continue };
                let text = table.text(row, i);
                let length = text.len().min(MOST_BYTES) as u32;
                column.filled += 1;
                column.typed += u32::from(kind.is_typed());
                column.dates += u32::from(*kind == Kind::Date);
                column.years += u32::from(kind.is_numeric() && is_year(text));
                column.quoted += u32::from(table.cells(row)[i].quoted);
                column.length += length;
                column.length_squared += length * length;
                like.texts += u32::from(text == table.text(above, i));
                like.kinds += u32::from(Some(kind) == table.kinds(above).get(i));
            }
            (column, like)
        });
        (n_columns, telling.len() as u32, columns.collect())
    }

    proptest! {
        #[test]
        fn moving_down_counts_the_same(cells in prop::collection::vec(
            prop::sample::select(vec!["a", "1999", "2,5", "", "2020-01-31", "\"x\"", "a title", "NA", ";", ";", ";", ";", "\n", "\n"]), 1..400,
        )) {
            let text = cells.concat();
            let rules = Rules { delimiter: vec![b';'], quote: Some(b'"'), escape: None, bare_cr: false, skip_space: false, collapse: false };
            let grid = split(text.as_bytes(), true, &rules, 300);
            let mut table = Table::new(text.as_bytes(), &grid, 2, |_| false);
            table.tell_kinds(usize::MAX);
            let mut below = Below::new(&table);
            for at in 0..table.rows.len() {
                below.descend(at);
                let columns = (0..below.n_columns()).map(|i| (below.column(i), below.like(i))).collect();
                prop_assert_eq!((below.n_columns(), below.n_told(), columns), plain(&table, at));
            }
        }
    }
}
