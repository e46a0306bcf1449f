//! Cells against the decided schema: types, required values and the rules of a declared schema.

use std::cell::RefCell;
use std::ops::Range;

use csvp_parse::Grammar;
use csvp_report::{ColumnType, Detail, Problem, ProblemCode};

use super::quote;
use super::rules::Rules;
use crate::block::{Block, LineCounter};
use crate::schema::{Column, Schema};
use crate::types::{Format, FormatError, Value};
use crate::{EngineError, Limits};

/// Judges the cells of one column.
pub(crate) struct ColumnJudge {
    format: Format,
    rules: Option<Rules>,
    is_text: bool,
    /// What nearly all values of a text column are.
    usual: Option<Format>,
}

/// A cell that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BadCell {
    pub(crate) record: u32,
    pub(crate) column: u32,
}

/// Judges for all columns.
///
/// # Errors
/// A declared rule cannot be used.
pub(crate) fn judges(schema: &Schema) -> Result<Vec<ColumnJudge>, EngineError> {
    schema.columns.iter().map(ColumnJudge::try_new).collect()
}

impl ColumnJudge {
    /// # Errors
    /// A declared rule or format cannot be used.
    pub(crate) fn try_new(column: &Column) -> Result<Self, EngineError> {
        let fault =
            |error: FormatError| EngineError::schema(format!("column `{}`", column.name), error.to_string());
        let format = Format::new(&column.column_type).map_err(fault)?;
        let usual = column.usual.as_ref().map(Format::new).transpose().map_err(fault)?;
        let rules = if Rules::are_empty(column) { None } else { Some(Rules::compile(column)?) };
        Ok(Self { format, rules, is_text: column.column_type == ColumnType::Text, usual })
    }

    /// The value of a cell that is not null; none when it is not of the type.
    #[inline]
    pub(crate) fn value<'a>(&self, cell: &'a [u8]) -> Option<Value<'a>> {
        if self.is_text { Some(Value::Text(cell)) } else { self.format.parse(cell) }
    }

    /// Whether a cell that is not null is what the column's cells usually are.
    #[inline]
    pub(crate) fn is_usual(&self, cell: &[u8]) -> bool {
        self.usual.as_ref().is_none_or(|usual| usual.parse(cell).is_some())
    }

    /// The format of the column's type.
    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    /// Whether the rules say more than the type does.
    pub(crate) fn has_rules(&self) -> bool {
        self.rules.is_some()
    }

    /// Whether there is nothing to say of any cell.
    pub(crate) fn accepts_all(&self) -> bool {
        self.is_text && self.rules.is_none() && self.usual.is_none()
    }
}

/// Where a column is checked and what is found there.
pub(crate) struct ColumnRun<'a> {
    pub(crate) block: &'a Block,
    pub(crate) grammar: &'a Grammar,
    pub(crate) limits: &'a Limits,
    pub(crate) lines: RefCell<LineCounter>,
    /// Per record: whether its structure is sound; the cells of others are not judged.
    pub(crate) sound: &'a [bool],
}

impl ColumnRun<'_> {
    /// Judges some records of one column; bad cells and their problems are added, in record order.
    pub(crate) fn judge(
        &self,
        records: Range<usize>,
        column_idx: usize,
        (column, judge): (&Column, &ColumnJudge),
        bad: &mut Vec<BadCell>,
        problems: &mut Vec<Problem>,
    ) {
        let mut scratch = Vec::new();
        for record in records.filter(|&record| self.sound[record]) {
            let cell = self
                .block
                .index
                .field(self.grammar, &self.block.text, record, column_idx, &mut scratch)
                .unwrap_or_default();
            if column.is_null(cell) {
                if judge.rules.as_ref().is_some_and(|rules| rules.required) {
                    problems.push(self.problem(
                        record,
                        column_idx,
                        column,
                        cell,
                        (ProblemCode::ValueRequired, Detail::None),
                    ));
                    bad.push(BadCell { record: record as u32, column: column_idx as u32 });
                }
                continue;
            }
            let value = judge.value(cell);
            let fault = match &value {
                None => {
                    Some((ProblemCode::TypeMismatch, Detail::Type { expected: column.column_type.clone() }))
                }
                Some(value) => judge
                    .rules
                    .as_ref()
                    .and_then(|rules| rules.check(cell, value))
                    .map(|(code, rule)| (code, Detail::Rule { rule })),
            };
            if let Some(fault) = fault {
                problems.push(self.problem(record, column_idx, column, cell, fault));
                bad.push(BadCell { record: record as u32, column: column_idx as u32 });
            } else if let Some(usual) = column.usual.as_ref().filter(|_| !judge.is_usual(cell)) {
                let detail = Detail::Type { expected: usual.clone() };
                problems.push(self.problem(
                    record,
                    column_idx,
                    column,
                    cell,
                    (ProblemCode::ValueUnusual, detail),
                ));
            }
        }
    }

    /// A problem of one cell.
    pub(crate) fn problem(
        &self,
        record: usize,
        column_idx: usize,
        column: &Column,
        cell: &[u8],
        (code, detail): (ProblemCode, Detail),
    ) -> Problem {
        let range = self.block.index.raw_range(self.grammar, record, column_idx);
        let at = range.map_or(self.block.index.record_start(record), |(start, _)| start);
        let lines = self.lines.borrow_mut().count(self.block, self.grammar, record, at);
        Problem {
            code,
            position: self.block.cell_position(record, at, (column_idx, &column.name), lines),
            detail,
            value: (!cell.is_empty()).then(|| quote(cell, self.limits.value_chars)),
        }
    }
}
