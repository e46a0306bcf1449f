//! What one row near the start of a file looks like, as numbers: the input of the row model.

use super::below::Below;
use super::cell::Kind;
use super::table::{MAX_COLUMNS, Row, Table};
use super::words::{has_header_word, is_name_style, is_year, starts_a_note};

/// How many numbers describe one row.
pub(super) const N_FEATURES: usize = 54;

/// Describes the row that stands above `below`.
pub(super) fn features(table: &Table<'_>, all_below: &Below<'_>) -> [f32; N_FEATURES] {
    let i = all_below.at();
    let row = &table.rows[i];
    let below = all_below.rows();
    let shape = shape(table, row, below);
    let around = around(table, i);
    let own = own(table, row);
    let versus = versus(table, row, all_below);
    let mut all = [0.0; N_FEATURES];
    let place = [
        1.0,
        f32::from(u8::from(i == 0)),
        (i as f32 / 10.0).min(1.5),
        f32::from(u8::from(row.after_blank)),
        f32::from(u8::from(table.rows.get(i + 1).is_some_and(|n| n.after_blank))),
        f32::from(u8::from(below.is_empty())),
        f32::from(u8::from(below.len() == 1)),
    ];
    for (slot, value) in
        all.iter_mut().zip(place.into_iter().chain(shape).chain(around).chain(own).chain(versus))
    {
        *slot = value;
    }
    all
}

/// Filling and extent, against the rows below.
fn shape(table: &Table<'_>, row: &Row, below: &[Row]) -> [f32; 9] {
    let mut filled: Vec<usize> = below.iter().map(|r| r.filled).collect();
    if !filled.is_sorted() {
        filled.sort_unstable();
    }
    let usual = filled.get(filled.len() / 2).copied().unwrap_or(row.filled).max(1) as f32;
    let most = filled.get(filled.len() * 9 / 10).copied().unwrap_or(row.filled).max(1) as f32;
    let next = below.first();
    let width_fits = below.iter().filter(|r| r.width == row.width).count() as f32 / below.len().max(1) as f32;
    [
        (row.filled as f32 / usual).min(1.5),
        (row.filled as f32 / most).min(1.2),
        f32::from(u8::from(row.filled == 1 && most > 1.5)),
        f32::from(u8::from(row.filled == 2 && most > 3.5)),
        f32::from(u8::from(row.filled == row.width)),
        if below.is_empty() { 1.0 } else { width_fits },
        next.map_or(1.0, |n| (n.filled as f32 / usual).min(1.5)),
        (row.extent as f32 / table.width.max(1) as f32).min(1.2),
        f32::from(u8::from(table.usual_filled.max(table.width) <= 1)),
    ]
}

/// The rows directly before and after, and titles by their place.
fn around(table: &Table<'_>, i: usize) -> [f32; 11] {
    let row = &table.rows[i];
    let next = table.rows.get(i + 1);
    let before = i.checked_sub(1).map(|at| &table.rows[at]);
    let usual = table.usual_filled.max(1) as f32;
    let alone = row.filled == 1 && usual > 1.5;
    let first_blank = |r: &Row| table.kinds(r).first() == Some(&Kind::Empty);
    let flag = |b: bool| f32::from(u8::from(b));
    [
        next.map_or(0.0, |n| numeric_share(table, n)),
        flag(next.is_some_and(|n| n.filled == 1 && usual > 1.5)),
        flag(next.is_some_and(first_blank)),
        before.map_or(0.0, |b| numeric_share(table, b)),
        before.map_or(0.0, |b| (b.filled as f32 / usual).min(1.5)),
        flag(before.is_some_and(|b| b.filled == 1 && usual > 1.5)),
        flag(before.is_some_and(first_blank)),
        flag(alone && i == 0),
        flag(alone && !first_blank(row)),
        next.map_or(0.0, |n| (row.filled as f32 / n.filled.max(1) as f32).min(2.0)),
        flag(row.hollow_before > 0),
    ]
}

fn numeric_share(table: &Table<'_>, row: &Row) -> f32 {
    let typed = table.kinds(row).iter().filter(|k| k.is_typed()).count();
    typed as f32 / row.filled.clamp(1, MAX_COLUMNS) as f32
}

/// Kinds, words and writing of the row's own cells.
fn own(table: &Table<'_>, row: &Row) -> [f32; 14] {
    let kinds = table.kinds(row);
    let n = kinds.iter().filter(|k| **k != Kind::Empty).count().max(1) as f32;
    let share = |wanted: &dyn Fn(Kind) -> bool| kinds.iter().filter(|k| wanted(**k)).count() as f32 / n;
    let texts: Vec<&[u8]> = (0..row.n_cells).map(|c| table.text(row, c)).filter(|t| !t.is_empty()).collect();
    let count = |wanted: &dyn Fn(&[u8]) -> bool| texts.iter().filter(|t| wanted(t)).count() as f32 / n;
    let mut sorted = texts.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let mean_length = texts.iter().map(|t| t.len().min(200)).sum::<usize>() as f32 / n;
    let first = texts.first().copied().unwrap_or_default();
    [
        share(&|k| k.is_numeric()),
        share(&|k| k == Kind::Date || k == Kind::Boolean),
        share(&|k| k == Kind::Word),
        share(&|k| matches!(k, Kind::Prose | Kind::Address | Kind::Nested | Kind::Odd)),
        share(&|k| k == Kind::Missing),
        count(&is_year),
        count(&is_name_style),
        count(&has_header_word),
        count(&|t| !t.iter().any(u8::is_ascii_lowercase) && t.iter().any(u8::is_ascii_uppercase)),
        sorted.len() as f32 / n,
        (mean_length / 40.0).min(2.0),
        f32::from(u8::from(starts_a_note(first))),
        f32::from(u8::from(kinds.first() == Some(&Kind::Empty))),
        count(&|t| t.starts_with(b"(") && t.ends_with(b")") || t == b"%"),
    ]
}

/// The row against the columns below it.
fn versus(table: &Table<'_>, row: &Row, below: &Below<'_>) -> [f32; 13] {
    let (kinds, n_columns) = (table.kinds(row), below.n_columns());
    let (mut typed_columns, mut contrast, mut agree, mut gap) = (0.0, 0.0, 0.0, 0.0);
    let (mut text_columns, mut equal, mut unlike, mut off_length) = (0.0_f32, 0.0, 0.0, 0.0);
    let (mut years, mut same_years) = (0.0, 0.0);
    let (mut quoted, mut quoted_below, mut blank_below, mut repeats) = (0.0, 0.0, 0.0, 0.0);
    let rows = below.n_told().max(1) as f32;
    for i in 0..n_columns {
        let column = below.column(i);
        let kind = kinds.get(i).copied().unwrap_or(Kind::Empty);
        let filled = column.filled as f32;
        if kind != Kind::Empty {
            quoted += f32::from(u8::from(table.cells(row)[i].quoted));
            quoted_below += column.quoted as f32 / rows;
            blank_below += 1.0 - filled / rows;
            if is_year(table.text(row, i)) {
                years += 1.0;
                same_years += column.years as f32 / filled.max(1.0);
            }
        }
        if filled == 0.0 {
            continue;
        }
        let typed = column.typed as f32 / filled;
        if typed >= 0.6 {
            typed_columns += 1.0;
            let is_text = kind != Kind::Empty && !kind.is_typed() && kind != Kind::Missing;
            contrast += f32::from(u8::from(is_text));
            let date_fits = (kind == Kind::Date) == (column.dates * 2 > column.typed);
            agree += f32::from(u8::from(kind.is_typed() && date_fits));
            gap += f32::from(u8::from(kind.is_blank()));
        } else if kind != Kind::Empty {
            text_columns += 1.0;
            let length = table.text(row, i).len().min(200) as f32;
            let mean = column.length as f32 / filled;
            let deviation = (column.length_squared as f32 / filled - mean * mean).max(0.0).sqrt();
            off_length += f32::from(u8::from((length - mean).abs() > 2.0 * deviation + 2.0));
            let like = below.like(i);
            equal += f32::from(u8::from(like.texts > 0));
            repeats += like.texts as f32 / filled;
            unlike += 1.0 - like.kinds as f32 / filled;
        }
    }
    let n = kinds.iter().filter(|k| **k != Kind::Empty).count().max(1) as f32;
    let of_typed = |x: f32| if typed_columns > 0.0 { x / typed_columns } else { 0.0 };
    let of_text = |x: f32| if text_columns > 0.0 { x / text_columns } else { 0.0 };
    [
        f32::from(u8::from(typed_columns > 0.0)),
        typed_columns / n_columns.max(1) as f32,
        of_typed(contrast),
        of_typed(agree),
        of_typed(gap),
        of_text(equal),
        of_text(repeats),
        of_text(unlike),
        of_text(off_length),
        (quoted - quoted_below) / n,
        blank_below / n,
        (years - same_years) / n,
        same_years / n,
    ]
}
