//! What the first block lets expect of the types of columns.
//!
//! Types are known only behind the last record. But mostly they are those that the first block has; so cells are judged
//! against these while the file is read, and when the end confirms them nobody needs to read the cells again.

use std::sync::atomic::{AtomicBool, Ordering};

use csvp_report::{ColumnType, DecimalForm};

use crate::EngineError;
use crate::check::cells::ColumnJudge;
use crate::schema::{Column, Declared, Schema};

/// The type that is expected of a column, and what must be judged by it.
pub(crate) struct Expected {
    pub(crate) column: Column,
    pub(crate) judge: ColumnJudge,
    /// Whether every cell must be judged by itself: cells that look alike may differ in the eyes of a rule.
    pub(crate) every: bool,
    /// Most cells of some place do not fit: the expectation is wrong.
    given_up: AtomicBool,
}

/// What to expect of all columns; none where there is nothing to judge.
///
/// # Errors
/// A declared rule cannot be used.
pub(crate) fn expectations(
    schema: Schema,
    declared: &[Option<Declared>],
) -> Result<Vec<Option<Expected>>, EngineError> {
    let columns = schema.columns.into_iter().zip(declared);
    columns
        .map(|(column, declared)| {
            let column = widest(column);
            let judge = ColumnJudge::try_new(&column)?;
            if judge.accepts_all() {
                return Ok(None);
            }
            let exact = declared.as_ref().is_some_and(Declared::is_exact);
            let every = judge.has_rules() || exact;
            Ok(Some(Expected { column, judge, every, given_up: AtomicBool::new(false) }))
        })
        .collect()
}

impl Expected {
    /// Whether a cell is null or of the type.
    pub(crate) fn accepts(&self, cell: &[u8]) -> bool {
        self.column.is_null(cell) || self.judge.value(cell).is_some() && self.judge.is_usual(cell)
    }

    /// Whether all cells that look like this one are null or of the type. (One of them may be a word for null that looks
    /// like a value.)
    pub(crate) fn accepts_look(&self, cell: &[u8]) -> bool {
        if cell.is_empty() {
            return self.column.empty_is_null;
        }
        self.judge.value(cell).is_some() && self.judge.is_usual(cell)
    }

    /// From now on nothing is judged by it.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }
}

/// Whether cells judged by what was expected were judged as the final `column` wants it.
pub(crate) fn is_confirmed(expected: Option<&Expected>, column: &Column) -> Result<bool, EngineError> {
    match expected {
        Some(expected) => Ok(!expected.has_given_up() && expected.column == widest(column.clone())),
        None => Ok(ColumnJudge::try_new(column)?.accepts_all()),
    }
}

/// A column whose inferred decimals may have any number of digits: the number grows from block to block, and no cell that
/// it was inferred from has more.
fn widest(mut column: Column) -> Column {
    for column_type in [Some(&mut column.column_type), column.usual.as_mut()].into_iter().flatten() {
        if let ColumnType::Decimal { precision, form, .. } = column_type
            && *form != DecimalForm::Declared
        {
            *precision = 38;
        }
    }
    column
}
