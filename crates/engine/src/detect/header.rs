//! Where the table starts: rows before the header, and header rows.

use super::below::Below;
use super::cell::Kind;
use super::features::features;
use super::model::judge;
use super::table::Table;
use super::words::is_year;

/// Rows among which header and body start.
const SEARCHED_ROWS: usize = 40;
/// More header rows than this are not believed.
const MAX_HEADER_ROWS: usize = 8;
/// Rows below a row that it is compared with.
const COMPARED_ROWS: usize = 40;
/// What a table without any header costs, as a logarithm of a probability.
const NO_HEADER: f32 = -0.3;
/// What it costs in addition in a file of few rows, which show little of what the columns hold: most files have one.
const NO_HEADER_ON_FEW_ROWS: f32 = -1.0;
/// Rows that are few.
const FEW_ROWS: usize = 4;
/// What it costs in addition when there are rows before it: titles stand above headers.
const TITLE_WITHOUT_HEADER: f32 = -4.0;
/// What a title above a header costs in a file of one column, where titles look like values.
const TITLE_IN_ONE_COLUMN: f32 = -3.0;

/// The start of a table, in rows of a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Start {
    /// Rows before the header.
    pub(super) preamble: usize,
    /// Header rows.
    pub(super) header: usize,
    /// How much more likely this start is than the next best with another number of header rows; 0 to 1.
    pub(super) certainty: f64,
}

/// The most likely start. `preamble` or `header` given means: only starts with that number of rows.
pub(super) fn find(table: &mut Table<'_>, preamble: Option<usize>, header: Option<usize>) -> Start {
    let n = table.rows.len().min(SEARCHED_ROWS);
    if table.rows.len() == 1 && header.is_none() {
        table.tell_kinds(1);
        return Start { preamble: 0, header: usize::from(only_row_is_header(table)), certainty: 0.5 };
    }
    let most_preamble = if preamble.is_some() { n } else { full_row(table, n) };
    // Rows beyond can only be body, under every start alike.
    let in_question = n.min(most_preamble + MAX_HEADER_ROWS);
    table.tell_kinds(in_question + COMPARED_ROWS);
    let table = &*table;
    let mut below = Below::new(table);
    let judge_row = |i: usize| {
        below.descend(i);
        judge(&features(table, &below))
    };
    let judged: Vec<_> = (0..in_question).map(judge_row).collect();
    let sums = |get: fn(&super::model::LogProbabilities) -> f32| {
        let mut sum = vec![0.0_f32];
        for j in &judged {
            sum.push(sum[sum.len() - 1] + get(j));
        }
        sum
    };
    let no_header = NO_HEADER + if n <= FEW_ROWS { NO_HEADER_ON_FEW_ROWS } else { 0.0 };
    let (before, head, body) = (sums(|j| j.preamble), sums(|j| j.header), sums(|j| j.body));
    let mut best = (f32::MIN, 0, 0);
    let mut by_header = [f32::MIN; MAX_HEADER_ROWS + 1];
    for p in 0..=most_preamble {
        if preamble.is_some_and(|given| given != p) {
            continue;
        }
        for h in 0..=(n - p).min(MAX_HEADER_ROWS) {
            // Several header rows above fewer records are rather records themselves.
            let top_heavy = h > 1 && n - p - h < h;
            if header.is_none() && (top_heavy || table.one_column && !fits_one_column(p, h)) {
                continue;
            }
            if header.is_some_and(|given| given.min(n - p).min(MAX_HEADER_ROWS) != h) {
                continue;
            }
            let mut score = before[p] + head[p + h] - head[p] + body[in_question] - body[p + h];
            score += match (p, h) {
                (0, 0) => no_header,
                (_, 0) => no_header + TITLE_WITHOUT_HEADER,
                _ => 0.0,
            };
            if table.one_column && p > 0 {
                score += TITLE_IN_ONE_COLUMN;
            }
            by_header[h] = by_header[h].max(score);
            let is_record =
                || h == 1 && holds_values(table, p) || p == 0 && h > 0 && reads_as_record(table, h - 1);
            if score > best.0 && (header.is_some() || !is_record()) {
                best = (score, p, h);
            }
        }
    }
    let rival =
        by_header.iter().enumerate().filter(|(h, _)| *h != best.2).map(|(_, s)| *s).fold(f32::MIN, f32::max);
    let certainty = if rival == f32::MIN { 1.0 } else { f64::from(1.0 - (rival - best.0).exp()) };
    Start { preamble: best.1, header: best.2, certainty }
}

/// Whether every cell of a row stands in its column again, in records that differ from the row: names do not.
fn holds_values(table: &Table<'_>, at: usize) -> bool {
    let Some(row) = table.rows.get(at).filter(|row| row.filled >= 2) else { return false };
    // One bit for each cell, of which a table has at most [`MAX_COLUMNS`].
    let bits = |is: &dyn Fn(usize) -> bool| {
        (0..row.n_cells).fold(0_u64, |bits, column| bits | u64::from(is(column)) << column)
    };
    let all = bits(&|_| true);
    let mut again = bits(&|column| table.text(row, column).is_empty());
    for other in &table.rows[at + 1..] {
        let equal = bits(&|column| table.text(other, column) == table.text(row, column));
        if equal != all {
            again |= equal;
        }
        if again == all {
            return true;
        }
    }
    again == all
}

/// Whether a row has what the columns below it have, and nothing that only names have: a date among dates, a decimal among
/// decimals. Whole numbers may be names, of years for example.
fn reads_as_record(table: &Table<'_>, at: usize) -> bool {
    let below = &table.rows[at + 1..table.rows.len().min(at + 1 + COMPARED_ROWS)];
    let mut fits = false;
    for (column, &kind) in table.kinds(&table.rows[at]).iter().enumerate() {
        if kind.is_blank() {
            continue;
        }
        let kinds =
            below.iter().filter_map(|row| table.kinds(row).get(column)).filter(|kind| !kind.is_blank());
        let filled = kinds.clone().count();
        let typed = kinds.clone().filter(|kind| kind.is_typed()).count();
        if filled < 2 || typed * 10 < filled * 6 {
            continue;
        }
        if !kind.is_typed() {
            return false;
        }
        let may_name = kind == Kind::Integer || is_year(table.text(&table.rows[at], column));
        fits |= !may_name && kinds.filter(|&&other| other == kind).count() * 2 > filled;
    }
    fits
}

/// The first row that fills nearly all columns: no title or note does.
fn full_row(table: &Table<'_>, n: usize) -> usize {
    let full = |r: &super::table::Row| r.filled >= 3 && r.filled * 10 >= table.width * 9;
    table.rows[..n].iter().position(full).unwrap_or(n)
}

/// Lines of text in one column are all alike: only few titles above one header can be told from them.
fn fits_one_column(preamble: usize, header: usize) -> bool {
    header <= 1 && (preamble == 0 || preamble <= 3 && header == 1)
}

/// A file of one row is a header when the row is several short different texts without a value among them.
fn only_row_is_header(table: &Table<'_>) -> bool {
    let Some(row) = table.rows.first() else { return false };
    let mut texts: Vec<&[u8]> = (0..row.n_cells).map(|c| table.text(row, c)).collect();
    let n = texts.len();
    let short = texts.iter().all(|t| (1..=60).contains(&t.len()));
    let named = !table.kinds(row).iter().any(|k| k.is_typed() || k.is_blank());
    texts.sort_unstable();
    texts.dedup();
    n >= 2 && texts.len() == n && short && named
}
