//! Column names from header rows.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::layout::shown_name;
use csvp_report::{ColumnRef, Detail, Position, Problem, ProblemCode};

/// The names of all columns and what is wrong with them.
pub(crate) struct Header {
    /// Unique names, one per column.
    pub(crate) names: Vec<String>,
    /// Problems of the header itself.
    pub(crate) problems: Vec<Problem>,
}

/// Names of at most `max_bytes`, but for a number behind them, for `n_columns` columns. `rows` are the header rows
/// (several are joined by a space), `place` is where they begin.
pub(crate) fn header(rows: &[Vec<String>], n_columns: usize, max_bytes: usize, place: &Position) -> Header {
    let rows = &*spread(rows);
    let mut problems = Vec::new();
    let mut names: Vec<String> = Vec::with_capacity(n_columns);
    let mut taken = HashSet::new();
    let mut suffixes = HashMap::new();
    for column in 0..n_columns {
        let written = join_rows(rows, column);
        // Outputs repeat names, NDJSON in every record: a long one would make a small file fill the disk.
        let is_long = written.len() > max_bytes;
        let base =
            if written.is_empty() || is_long { format!("column_{}", column + 1) } else { written.clone() };
        let name = unique(base, &taken, &mut suffixes);
        if !rows.is_empty() {
            let code = if written.is_empty() {
                Some((ProblemCode::HeaderBlank, Detail::None))
            } else if is_long {
                let detail = Detail::Limit { limit: max_bytes as u64, found: written.len() as u64 };
                Some((ProblemCode::LimitNameBytes, detail))
            } else if name != written {
                Some((
                    ProblemCode::HeaderDuplicate,
                    Detail::Name { found: shown_name(&written), expected: None },
                ))
            } else {
                None
            };
            if let Some((code, detail)) = code {
                let column =
                    ColumnRef { number: column as u32 + 1, name: shown_name(&name), line: None, byte: None };
                let position = Position { column: Some(column), ..place.clone() };
                problems.push(Problem { code, position, detail, value: None });
            }
        }
        taken.insert(name.clone());
        names.push(name);
    }
    let found = rows.iter().map(Vec::len).max().unwrap_or(n_columns);
    if found != n_columns {
        problems.push(Problem {
            code: ProblemCode::FieldCount,
            position: place.clone(),
            detail: Detail::Count { expected: n_columns as u64, found: found as u64 },
            value: None,
        });
    }
    Header { names, problems }
}

/// Several header rows, the cells of all but the last with a blank to their right spread over it when names repeat otherwise: a
/// spreadsheet's cell over several columns is saved as one cell and blanks.
pub(crate) fn spread(rows: &[Vec<String>]) -> Cow<'_, [Vec<String>]> {
    let Some((last, upper)) = rows.split_last().filter(|(_, upper)| !upper.is_empty()) else {
        return Cow::Borrowed(rows);
    };
    let repeated = |rows: &[Vec<String>]| {
        let mut seen = HashSet::new();
        let names = (0..last.len()).map(|column| join_rows(rows, column));
        names.filter(|name| !name.is_empty() && !seen.insert(name.clone())).count()
    };
    let mut wide = rows.to_vec();
    for (row, _) in wide.iter_mut().zip(upper) {
        for column in 1..row.len().min(last.len()) {
            if row[column].trim().is_empty() && !last[column].trim().is_empty() {
                row[column] = row[column - 1].clone();
            }
        }
    }
    if repeated(&wide) < repeated(rows) { Cow::Owned(wide) } else { Cow::Borrowed(rows) }
}

/// The cells of a column in several header rows, joined by a space.
pub(crate) fn join_rows(rows: &[Vec<String>], column: usize) -> String {
    let parts: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.trim())
        .filter(|cell| !cell.is_empty())
        .collect();
    parts.join(" ")
}

/// The name, with the first free number behind it when it is taken; `suffixes` remembers where to go on.
fn unique(base: String, taken: &HashSet<String>, suffixes: &mut HashMap<String, u32>) -> String {
    if !taken.contains(&base) {
        return base;
    }
    let suffix = suffixes.entry(base.clone()).or_insert(1);
    loop {
        *suffix += 1;
        let name = format!("{base}_{suffix}");
        if !taken.contains(&name) {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[&[&str]], n_columns: usize, names: &[&str], codes: &[&str]) {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        let header = header(&rows, n_columns, 10, &Position { record: None, line: 1, byte: 0, column: None });
        assert_eq!(header.names, names);
        let found: Vec<&str> = header.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(found, codes);
    }

    #[test]
    fn names_columns() {
        check(&[&["a", "b"]], 2, &["a", "b"], &[]);
        check(&[], 2, &["column_1", "column_2"], &[]);
        check(&[&["a", "", "a"]], 3, &["a", "column_2", "a_2"], &["header-blank", "header-duplicate"]);
        check(&[&["a", "a_2", "a"]], 3, &["a", "a_2", "a_3"], &["header-duplicate"]);
        check(&[&["x", "y"], &["1", "2"]], 2, &["x 1", "y 2"], &[]);
        // A cell over two columns, where the names would repeat without it.
        let years = &["", "2019", "", "2020", ""][..];
        let below = &["city", "m", "f", "m", "f"][..];
        check(&[years, below], 5, &["city", "2019 m", "2019 f", "2020 m", "2020 f"], &[]);
        check(&[&["a", "", "b"], &["x", "y", "z"]], 3, &["a x", "y", "b z"], &[]);
        check(&[&["a", "b"]], 3, &["a", "b", "column_3"], &["header-blank", "field-count"]);
        check(&[&["ten_bytes_", "eleven_byte"]], 2, &["ten_bytes_", "column_2"], &["limit-name-bytes"]);
        check(&[&["half_a", "b"], &["name", "c"]], 2, &["column_1", "b c"], &["limit-name-bytes"]);
    }
}
