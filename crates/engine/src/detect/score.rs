//! How well one candidate dialect explains a sample: do the records agree in length, do the cells look like values, do
//! the quotes stand where quotes belong?
//!
//! The product of a pattern score and a type score follows van den Burg, Nazábal and Sutton, "Wrangling messy CSV files
//! by detecting row and type patterns" (2019); the weights and the cell kinds are our own.

use super::cell::{self, Kind};
use super::split::{Grid, RowSpan};

/// What the score of one candidate is made of; each part from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Score {
    /// The product of the parts.
    pub(super) total: f64,
    /// Share of records that have the usual number of cells.
    pub(super) uniformity: f64,
    /// How much the cells look like whole values.
    pub(super) types: f64,
    /// The usual number of cells.
    pub(super) width: usize,
    /// Records that were looked at, blank ones aside.
    pub(super) n_rows: usize,
    /// Share of non-blank cells that are numbers, dates or booleans.
    pub(super) typed: f64,
    /// Share of non-blank cells that are properly enclosed in quotes.
    pub(super) quoted: f64,
    /// Share of records with more than one cell.
    pub(super) divided: f64,
}

/// Whether nothing but blanks stands in the record.
pub(super) fn is_blank(bytes: &[u8], row: &RowSpan) -> bool {
    bytes[row.start..row.end].trim_ascii().is_empty()
}

/// Scores `grid`, which was split from `bytes` with `delimiter`.
pub(super) fn score(bytes: &[u8], grid: &Grid, delimiter: &[u8]) -> Score {
    let rows: Vec<&RowSpan> = grid.rows.iter().filter(|r| !is_blank(bytes, r)).collect();
    let weights = weights(bytes, &rows, delimiter);
    let Some(width) = usual_width(&rows, &weights) else { return Score::default() };
    let uniformity = uniformity(bytes, grid, &rows, &weights, width);
    let Types { quality: types, typed, quoted } = types(bytes, grid, &rows, &weights);
    let divided = rows.iter().filter(|r| r.width > 1).count() as f64 / rows.len().max(1) as f64;
    let quotes = quotes(grid);
    let wide = 1.0 - 0.5 / width as f64;
    let total = uniformity * (0.15 + 0.85 * types) * wide * quotes * prior(delimiter, typed.max(quoted));
    Score { total, uniformity, types, width, n_rows: rows.len(), typed, quoted, divided }
}

/// Comment lines count little, and so do lines without any delimiter before the first and after the last line with one.
fn weights(bytes: &[u8], rows: &[&RowSpan], delimiter: &[u8]) -> Vec<f64> {
    let comment = |r: &RowSpan| {
        let line = bytes[r.start..r.end].trim_ascii_start();
        delimiter != b"#" && line.starts_with(b"#") || line.starts_with(b"//")
    };
    let first = rows.iter().position(|r| r.width > 1).unwrap_or(0);
    let last = rows.iter().rposition(|r| r.width > 1).unwrap_or(0);
    let edge = |i: usize| i < first && i < 25 || i > last && rows.len() - i < 25;
    let n_comments = rows.iter().filter(|r| comment(r)).count();
    let comments_are_rare = n_comments * 2 < rows.len() || n_comments > 1 && n_comments < rows.len();
    let weight = |(i, r): (usize, &&RowSpan)| {
        if comments_are_rare && comment(r) {
            0.05
        } else if edge(i) {
            0.3
        } else {
            1.0
        }
    };
    rows.iter().enumerate().map(weight).collect()
}

/// The most frequent number of cells above 1; the larger one on a tie.
fn usual_width(rows: &[&RowSpan], weights: &[f64]) -> Option<usize> {
    let mut counts: Vec<(usize, f64)> = Vec::new();
    for (row, weight) in rows.iter().zip(weights).filter(|(r, _)| r.width > 1) {
        match counts.iter().position(|(w, _)| *w == row.width) {
            Some(at) => counts[at].1 += weight,
            None if counts.len() < 200 => counts.push((row.width, *weight)),
            None => {}
        }
    }
    counts.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).map(|(w, _)| w)
}

fn uniformity(bytes: &[u8], grid: &Grid, rows: &[&RowSpan], weights: &[f64], width: usize) -> f64 {
    let total: f64 = weights.iter().sum();
    let fit = |row: &RowSpan| {
        if row.width == width {
            return 1.0;
        }
        let cells = grid.cells_of(row);
        // A delimiter too many or too few at the end of a line is a frequent habit of exporters.
        let surplus_is_blank =
            row.width > width && cells[width..].iter().all(|c| bytes[c.start..c.end].trim_ascii().is_empty());
        if surplus_is_blank {
            0.8
        } else if row.width > 1 && width >= 4 && row.width.abs_diff(width) == 1 {
            0.5
        } else if row.width > 2 && width >= 4 {
            0.15
        } else {
            0.0
        }
    };
    let same: f64 = rows.iter().zip(weights).map(|(r, w)| fit(r) * w).sum();
    let (mut pairs, mut equal) = (0.0, 0.0);
    for i in 1..rows.len() {
        let weight = weights[i].min(weights[i - 1]);
        pairs += weight;
        if rows[i].width == rows[i - 1].width && rows[i].width > 1 {
            equal += weight;
        }
    }
    let neighbours = if pairs > 0.0 { 0.9 * equal / pairs } else { 0.0 };
    (same / total.max(1e-9)).max(neighbours)
}

/// Mean quality of the cells, and which share of those that hold something is typed or quoted.
struct Types {
    quality: f64,
    typed: f64,
    quoted: f64,
}

fn types(bytes: &[u8], grid: &Grid, rows: &[&RowSpan], weights: &[f64]) -> Types {
    let (mut sum, mut total, mut typed, mut quoted, mut filled) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (row, row_weight) in rows.iter().zip(weights) {
        let cells = grid.cells_of(row);
        // A record counts by its cells, but a very wide one does not drown the others.
        let weight = row_weight / (cells.len() as f64).sqrt();
        for c in cells {
            let text = &bytes[c.start..c.end];
            let (kind, may_have_rivals) = cell::look(text);
            sum += weight * quality(text, kind, c.quoted, may_have_rivals);
            total += weight;
            if kind != Kind::Empty {
                filled += weight;
                typed += if kind.is_typed() { weight } else { 0.0 };
                quoted += if c.quoted { weight } else { 0.0 };
            }
        }
    }
    let share = |part: f64, of: f64| if of > 0.0 { part / of } else { 0.0 };
    Types { quality: share(sum, total), typed: share(typed, filled), quoted: share(quoted, filled) }
}

/// How much one cell looks like a whole value that was cut at the right places.
fn quality(text: &[u8], kind: Kind, quoted: bool, may_have_rivals: bool) -> f64 {
    if quoted {
        return 1.0;
    }
    if kind.is_typed() {
        return 1.0;
    }
    if kind == Kind::Empty {
        return 0.85;
    }
    if kind == Kind::Missing {
        return 0.95;
    }
    let base = match kind {
        Kind::Address => 0.95,
        Kind::Word => 0.9,
        Kind::Code | Kind::Phrase => 0.85,
        Kind::Nested => 0.8,
        Kind::Prose => 0.75,
        _ => 0.5,
    };
    if may_have_rivals { base * rivals(text, kind) } else { base }
}

/// Below 1 when signs stand in the cell that would rather separate cells.
fn rivals(text: &[u8], kind: Kind) -> f64 {
    let mut factor: f64 = 1.0;
    let (mut tight, mut semicolons, mut tabs, mut pipes, mut quotes, mut rare) = (0, 0, 0, 0, 0, 0);
    for (i, &b) in text.iter().enumerate().filter(|&(_, &b)| cell::is_rival(b)) {
        let loose = matches!(text.get(i + 1), None | Some(b' '));
        match b {
            b',' if !loose => tight += 1,
            b';' if !loose => semicolons += 1,
            b'\t' => tabs += 1,
            b'|' => pipes += 1,
            b'"' => quotes += 1,
            b'^' | b'~' | b'#' if i > 0 && text[i - 1] > b' ' && !loose => rare += 1,
            _ => {}
        }
    }
    if tabs > 0 {
        factor *= 0.3;
    }
    if semicolons > 0 && kind != Kind::Prose {
        factor *= 0.4;
    }
    if pipes > 0 {
        factor *= 0.7;
    }
    if rare > 0 && kind == Kind::Code {
        factor *= 0.75;
    }
    if tight > 0 && kind != Kind::Prose && kind != Kind::Address && kind != Kind::Nested {
        factor *= 0.6;
    }
    if quotes > 0 {
        let edge = text.trim_ascii();
        factor *= if edge.starts_with(b"\"") != edge.ends_with(b"\"") { 0.3 } else { 0.8 };
    }
    factor
}

/// Broken quotes speak against a candidate.
fn quotes(grid: &Grid) -> f64 {
    let seen = f64::from(grid.well_quoted + grid.broken);
    if seen == 0.0 { 1.0 } else { 1.0 - 0.5 * f64::from(grid.broken) / seen }
}

/// How usual a delimiter is. Blank, colon and the like separate words in any text, so they need cells that are `sure`:
/// typed or quoted.
fn prior(delimiter: &[u8], sure: f64) -> f64 {
    match delimiter {
        b"," => 1.0,
        b";" | b"\t" => 0.99,
        b"|" => 0.92,
        b" " => 0.45 + 0.35 * sure,
        b":" => 0.4 + 0.3 * sure,
        b"#" | b"~" | b"^" | b"*" => 0.75,
        b"=" | b"&" | b"!" => 0.5 + 0.2 * sure,
        [_] => 0.8,
        _ => 0.9,
    }
}
