//! Cells against the decided schema: types, required values and the rules of a declared schema.

use std::ops::Range;

use csvp_parse::Grammar;
use csvp_report::{ColumnType, Detail, ProblemCode};

use super::rules::Rules;
use super::spot::{Fact, Spot, Spots};
use crate::EngineError;
use crate::block::Block;
use crate::schema::{Column, Schema};
use crate::types::{Format, FormatError, Value};

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

    /// What is wrong with a cell that is not null.
    fn fault(&self, cell: &[u8]) -> Option<(ProblemCode, Fact)> {
        let Some(value) = self.value(cell) else { return Some((ProblemCode::TypeMismatch, Fact::Type)) };
        let broken = self.rules.as_ref().and_then(|rules| rules.check(cell, &value));
        match broken {
            Some((code, rule)) => Some((code, Fact::Told(Box::new(Detail::Rule { rule })))),
            None => (!self.is_usual(cell)).then_some((ProblemCode::ValueUnusual, Fact::Usual)),
        }
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
        spots: &mut Spots,
    ) {
        let mut scratch = Vec::new();
        for record in records.filter(|&record| self.sound[record]) {
            let cell = self
                .block
                .index
                .field(self.grammar, &self.block.text, record, column_idx, &mut scratch)
                .unwrap_or_default();
            let fault = if column.is_null(cell) {
                let required = judge.rules.as_ref().is_some_and(|rules| rules.required);
                required.then_some((ProblemCode::ValueRequired, Fact::None))
            } else {
                judge.fault(cell)
            };
            if let Some((code, fact)) = fault {
                if code != ProblemCode::ValueUnusual {
                    bad.push(BadCell { record: record as u32, column: column_idx as u32 });
                }
                self.add(spots, (record, column_idx), code, fact);
            }
        }
    }

    /// Adds a problem of one cell, by its record and column.
    pub(crate) fn add(&self, spots: &mut Spots, cell: (usize, usize), code: ProblemCode, fact: Fact) {
        let column = cell.1 as u32 + 1;
        spots.add(code, column, || Spot::of_cell(self.block, self.grammar, cell, code, fact));
    }
}
