//! Records with a cell that looks unlike the others of its column, for who asks ([`crate::Policy::unusual`]).
//!
//! The idea is that of Hameed, Vitagliano, Jiang and Naumann, "SURAGH: Syntactic Pattern Matching to Identify Ill-Formed
//! Records" (EDBT 2022): a record is ill-formed when it has none of the row patterns that most records of the file have.
//! Theirs are sequences of signs for each column, built up from the characters of the file; ours is one of the few [`Look`]s for
//! each column, so that counting takes the same small memory for any file, and counts of blocks add up.
//!
//! The first pass counts, its end decides ([`Habits`]), and the second pass names the records.

use csvp_report::Look;
use serde::{Deserialize, Serialize};

use super::rows::Records;
use crate::types::is_null_word;

/// Cells below which a column shows no habit.
const FEWEST_CELLS: u64 = 20;
/// Share of the cells with a value that must look alike for the others to be unusual, in percent.
const USUAL_PERCENT: u64 = 90;
/// Most cells without a value, in percent, for the lack of one to be unusual.
const LACKING_PERCENT: u64 = 25;
/// Cells that may be empty, in percent, in a column that is filled as a rule.
const HOLLOW_PERCENT: u64 = 50;
/// Bytes of a cell that are looked at.
const LOOKED_AT: usize = 1 << 10;

/// How many cells of a column have each look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Looked([u64; Look::ALL.len()]);

impl Looked {
    /// Counts a cell.
    pub(crate) fn add(&mut self, cell: &[u8]) {
        self.0[look(cell) as usize] += 1;
    }

    /// Adds the counts of another part of the file.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(ours, theirs)| *ours += theirs);
    }

    fn of(&self, look: Look) -> u64 {
        self.0[look as usize]
    }
}

/// What is unusual in each column of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Habits {
    columns: Vec<Habit>,
}

/// What is unusual in a column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Habit {
    /// What nearly all values look like.
    usual: Option<Look>,
    /// Lacks of a value that few cells have.
    rare: Vec<Look>,
}

impl Habits {
    /// The habits of columns whose cells were counted.
    pub(crate) fn of(columns: &[Looked]) -> Self {
        let at_most = |part: u64, percent: u64, all: u64| part * 100 <= all * percent;
        // Where a whole column is optional, an empty cell is how the table is written.
        let all_filled = columns.iter().all(|column| {
            let cells = column.0.iter().sum::<u64>();
            at_most(column.of(Look::Empty), HOLLOW_PERCENT, cells)
        });
        let habit = |column: &Looked| {
            let cells = column.0.iter().sum::<u64>();
            let (empty, missing) = (column.of(Look::Empty), column.of(Look::Missing));
            let values = cells - empty - missing;
            let mut rare = Vec::new();
            if cells >= FEWEST_CELLS && all_filled && at_most(empty, LACKING_PERCENT, cells) {
                rare.push(Look::Empty);
            }
            let has_value = at_most(empty + missing, HOLLOW_PERCENT, cells);
            if cells >= FEWEST_CELLS && has_value && at_most(missing, LACKING_PERCENT, cells) {
                rare.push(Look::Missing);
            }
            let is_usual = |&look: &Look| column.of(look) * 100 >= values * USUAL_PERCENT;
            let usual = Look::ALL.into_iter().filter(|&look| is_value(look)).find(is_usual);
            Habit { usual: usual.filter(|_| values >= FEWEST_CELLS), rare }
        };
        Self { columns: columns.iter().map(habit).collect() }
    }

    /// The first cell of a record that is unusual: its column, what is usual there and what it looks like.
    pub(crate) fn fault(&self, records: Records<'_>, record: usize) -> Option<(usize, Option<Look>, Look)> {
        let mut scratch = Vec::new();
        self.columns.iter().enumerate().find_map(|(column, habit)| {
            if habit.usual.is_none() && habit.rare.is_empty() {
                return None;
            }
            let cell = records.cell(record, column, &mut scratch)?;
            let found = look(cell);
            if !is_value(found) {
                return habit.rare.contains(&found).then_some((column, None, found));
            }
            habit.usual.filter(|&usual| usual != found).map(|usual| (column, Some(usual), found))
        })
    }
}

fn is_value(look: Look) -> bool {
    !matches!(look, Look::Empty | Look::Missing)
}

/// What a cell looks like.
fn look(cell: &[u8]) -> Look {
    let cell = cell[..cell.len().min(LOOKED_AT)].trim_ascii();
    if cell.is_empty() {
        return Look::Empty;
    }
    if is_null_word(cell) {
        return Look::Missing;
    }
    if cell.iter().any(|&byte| matches!(byte, b'\n' | b'\r')) {
        return Look::Lines;
    }
    let has_digits = cell.iter().any(u8::is_ascii_digit);
    // What is not ASCII is a letter of some alphabet, nearly always.
    let has_letters = cell.iter().any(|&byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    match (has_letters, has_digits) {
        (false, false) => Look::Nothing,
        (false, true) => number(cell).unwrap_or(Look::Digits),
        (true, _) if cell.iter().any(|&byte| !is_of_names(byte)) => Look::Signs,
        (true, false) => Look::Letters,
        (true, true) => Look::LettersAndDigits,
    }
}

/// Letters, digits and the signs that stand in names of people and places.
fn is_of_names(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || !byte.is_ascii()
        || matches!(byte, b' ' | b'\t' | b'.' | b'-' | b'\'' | b'&' | b'/' | b'_')
}

/// The look of a cell of digits and signs that is a number.
fn number(cell: &[u8]) -> Option<Look> {
    let is_front = |byte: &u8| matches!(byte, b'-' | b'+' | b'$' | b'(');
    let front = cell.iter().take_while(|byte| is_front(byte)).count();
    let behind = cell.iter().rev().take_while(|&&byte| matches!(byte, b'%' | b')' | b' ')).count();
    let digits = cell.get(front..cell.len() - behind)?;
    if digits.is_empty() || digits.iter().any(|&byte| !byte.is_ascii_digit() && !matches!(byte, b'.' | b','))
    {
        return None;
    }
    let groups = |window: &[u8]| window[0] == b',' && window[1..].iter().all(u8::is_ascii_digit);
    Some(if digits.windows(4).any(groups) {
        Look::Grouped
    } else if cell[..front].iter().any(|byte| matches!(byte, b'-' | b'(')) {
        Look::Negative
    } else if digits[0] == b'.' {
        Look::BareMark
    } else {
        Look::Number
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_looks() {
        for (cell, expected) in [
            ("", Look::Empty),
            ("  ", Look::Empty),
            ("NA", Look::Missing),
            ("unknown", Look::Missing),
            ("12", Look::Number),
            ("$1.50", Look::Number),
            ("37 %", Look::Number),
            ("1,339", Look::Grouped),
            ("-1", Look::Negative),
            ("(7)", Look::Negative),
            (".5", Look::BareMark),
            ("2024-01-31", Look::Digits),
            ("37-44", Look::Digits),
            ("Anna O'Neil", Look::Letters),
            ("Zürich", Look::Letters),
            ("GRE06604-1010", Look::LettersAndDigits),
            ("Bristol, City of", Look::Signs),
            ("two\nlines", Look::Lines),
            ("###", Look::Nothing),
        ] {
            assert_eq!(look(cell.as_bytes()), expected, "{cell}");
        }
    }

    #[test]
    fn looks_have_the_numbers_of_their_place() {
        for (at, look) in Look::ALL.into_iter().enumerate() {
            assert_eq!(look as usize, at);
        }
    }

    fn column(cells: &[(&str, u64)]) -> Looked {
        let mut looked = Looked::default();
        for &(cell, times) in cells {
            (0..times).for_each(|_| looked.add(cell.as_bytes()));
        }
        looked
    }

    #[test]
    fn habits_need_nearly_all_cells() {
        let habit = |cells: &[(&str, u64)]| Habits::of(&[column(cells)]).columns.remove(0);
        assert_eq!(habit(&[("1", 90), ("a", 10)]).usual, Some(Look::Number));
        assert_eq!(habit(&[("1", 89), ("a", 11)]).usual, None);
        assert_eq!(habit(&[("1", 18), ("a", 1)]).usual, None, "too few");
        assert_eq!(habit(&[("1", 75), ("", 25)]).rare, [Look::Empty, Look::Missing]);
        assert_eq!(habit(&[("1", 74), ("", 26)]).rare, [Look::Missing]);
        // A column that is mostly empty makes empty cells usual in all.
        let both = Habits::of(&[column(&[("1", 95), ("", 5)]), column(&[("", 90), ("x", 10)])]);
        assert_eq!(both.columns[0].rare, [Look::Missing]);
    }
}
