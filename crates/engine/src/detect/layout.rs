//! From rows to the numbers of a dialect: physical lines of the preamble, records of the header.

use csvp_parse::{Dialect, FieldIndex, Grammar, scan};

use super::DialectHints;
use super::choose::sep_line;
use super::evidence::Notes;
use super::header::{self, Start};
use super::split::{CellSpan, Grid, RowSpan, Rules};
use super::table::Table;

/// Where the table starts in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    /// Physical lines before the header.
    pub(super) preamble_lines: u64,
    /// Records of the header.
    pub(super) header_rows: u32,
    /// How sure the number of header rows is, 0 to 1.
    pub(super) certainty: f64,
}

/// Finds preamble and header in the first records of a sample, whose records usually have `width` cells.
pub(super) fn find(
    bytes: &[u8],
    grid: Grid,
    (width, rules): (usize, &Rules),
    comment: Option<&[u8]>,
    hints: &DialectHints,
    notes: &mut Notes,
) -> Layout {
    let first_line = hints.preamble_lines.unwrap_or(u64::from(sep_line(bytes).is_some()));
    let is_comment = |line: &[u8]| comment.is_some_and(|prefix| line.starts_with(prefix));
    let Grid { rows, cells, .. } = grid;
    let kept = rows.iter().filter(|r| r.line >= first_line).copied().collect();
    let mut kept = Grid { rows: kept, cells, ..Grid::default() };
    mend(bytes, &mut kept, width, rules);
    let mut table = Table::new(bytes, &kept, width, is_comment);
    let header = hints.header_rows.map(|n| n as usize);
    let start = header::find(&mut table, hints.preamble_lines.map(|_| 0), header);
    let preamble_lines = hints
        .preamble_lines
        .unwrap_or_else(|| preamble_lines(&table, start, first_line, &rows, &is_comment, bytes));
    let header_rows = hints.header_rows.unwrap_or_else(|| header_records(&table, start));
    notes.about_layout(preamble_lines, header_rows, hints, start.certainty);
    Layout { preamble_lines, header_rows, certainty: start.certainty }
}

/// Lines with a quote too many or too few are read as the reader reads a damaged record. Those that then have the usual
/// number of cells are records: left as the one wide cell that the quote makes of them, they would pass for titles, and
/// a header would be lost in silence.
fn mend(bytes: &[u8], grid: &mut Grid, width: usize, rules: &Rules) {
    let Some(quote) = rules.quote.filter(|_| width > 1 && !rules.collapse) else { return };
    if grid.rows.iter().all(|row| row.width == width) {
        return;
    }
    let dialect = Dialect {
        delimiter: rules.delimiter.clone(),
        quote: rules.quote,
        escape: rules.escape,
        skip_initial_space: rules.skip_space,
        ..Dialect::default()
    };
    let mut index = FieldIndex::new(width);
    let Grid { rows, cells, .. } = grid;
    for row in rows.iter_mut().filter(|row| row.width != width) {
        let line = &bytes[row.start..row.end];
        let quotes = line.iter().filter(|&&byte| byte == quote).count();
        if quotes % 2 == 0 || line.contains(&b'\n') {
            continue;
        }
        index.clear();
        let grammar = Grammar::new(&dialect, Some(width), line.len());
        scan::plain::index(&grammar, line, true, &mut index);
        if index.n_records() == 1 && index.n_fields(0) == width {
            (row.first, row.width) = (cells.len(), width);
            let fields = (0..width).filter_map(|field| index.raw_range(&grammar, 0, field));
            cells.extend(
                fields.map(|(start, end)| unquoted(bytes, row.start + start, row.start + end, quote)),
            );
        }
    }
}

/// A cell without the quotes at its ends.
fn unquoted(bytes: &[u8], mut start: usize, mut end: usize, quote: u8) -> CellSpan {
    while start < end && bytes[start] == quote {
        start += 1;
    }
    while start < end && bytes[end - 1] == quote {
        end -= 1;
    }
    CellSpan { start, end, quoted: true }
}

/// Physical lines before the first row of header or body. Comments and blank lines alone are no preamble.
fn preamble_lines(
    table: &Table<'_>,
    start: Start,
    first_line: u64,
    rows: &[RowSpan],
    is_comment: &dyn Fn(&[u8]) -> bool,
    bytes: &[u8],
) -> u64 {
    let Some(row) = table.rows.get(start.preamble) else { return first_line };
    let skipped = |r: &RowSpan| {
        let line = &bytes[r.start..r.end];
        line.trim_ascii().is_empty() || is_comment(line)
    };
    let only_skipped = rows.iter().filter(|r| r.line >= first_line && r.line < row.line).all(skipped);
    if only_skipped { first_line } else { row.line }
}

/// Header rows, with the rows of empty cells between them.
fn header_records(table: &Table<'_>, start: Start) -> u32 {
    let rows = table.rows.iter().skip(start.preamble).take(start.header);
    let hollow: u32 = rows.skip(1).map(|r| r.hollow_before).sum();
    u32::try_from(start.header).unwrap_or(u32::MAX).saturating_add(hollow)
}
