//! Blocks against a plan: which records are accepted, repaired or rejected, and why.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use csvp_parse::{Grammar, Skip, SkipKind};
use csvp_report::{ColumnType, Detail, Problem, ProblemCode};

use crate::block::Block;
use crate::check::cells::{BadCell, ColumnJudge, ColumnRun, judges};
use crate::check::structure::{self, Structure};
use crate::columns::{Columns, Misfit};
use crate::layout::Layout;
use crate::plan::Plan;
use crate::profile::{Batch, ColumnProfile};
use crate::schema::Column;
use crate::settings::OnBad;
use crate::tally::{RecordVerdict, order};
use crate::types::Format;
use crate::{EngineError, Limits};

/// Judges blocks against a plan.
pub(crate) struct Judge {
    pub(crate) plan: Arc<Plan>,
    pub(crate) grammar: Grammar,
    columns: Vec<ColumnJudge>,
    /// Per column whether the first pass has left anything to find in it.
    open: Vec<bool>,
}

/// What became of the records of a block.
pub(crate) struct Judged {
    pub(crate) verdicts: Vec<RecordVerdict>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) nulled: HashSet<BadCell>,
    /// Per record of the field index: whether its structure and encoding are sound.
    pub(crate) sound: Vec<bool>,
}

impl Judge {
    pub(crate) fn new(plan: Arc<Plan>) -> Result<Self, EngineError> {
        let columns = judges(&plan.schema)?;
        let inferred = |column: &Column| !column.declared || column.column_type == ColumnType::Text;
        let said = |column: &Column| column.usual.is_some();
        // No cell of an inferred type without exceptions is bad: that is what the first pass has counted.
        let open = plan.schema.columns.iter().zip(&columns).zip(&plan.report.columns);
        let open = open
            .map(|((column, judge), report)| {
                judge.has_rules() || !inferred(column) || said(column) || report.exceptions > 0
            })
            .collect();
        Ok(Self { grammar: plan.layout.grammar(&plan.limits), columns, open, plan })
    }

    /// The format of a column's type.
    pub(crate) fn format(&self, idx: usize) -> &Format {
        self.columns[idx].format()
    }

    /// Judges a block.
    pub(crate) fn block(&self, block: &Block) -> Judged {
        let (limits, layout): (&Limits, _) = (&self.plan.limits, &self.plan.layout);
        let Structure { mut problems, sound } =
            structure::check(block, &self.grammar, layout, &block.invalid(), limits);
        let lines = RefCell::default();
        let run = ColumnRun { block, grammar: &self.grammar, limits, lines, sound: &sound };
        let mut bad = Vec::new();
        let columns = self.plan.schema.columns.iter().zip(&self.columns).zip(&self.open).enumerate();
        for (idx, (judge, _)) in columns.filter(|(_, (_, open))| **open) {
            run.judge(block.data(), idx, judge, &mut bad, &mut problems);
        }
        self.key_faults(&run, &mut bad, &mut problems);
        let on_bad = self.plan.policy.on_bad;
        let verdicts = verdicts(block, &sound, &bad, on_bad);
        problems.extend(blank_lines(block, layout));
        problems.sort_by_key(order);
        let nulled = if on_bad == OnBad::Null { bad.into_iter().collect() } else { HashSet::new() };
        Judged { verdicts, problems, nulled, sound }
    }

    /// The accepted records of a block as typed columns.
    ///
    /// # Errors
    /// A cell that was accepted is not of its column's type.
    pub(crate) fn columns(&self, block: &Block, judged: &Judged) -> Result<Columns, Misfit> {
        let nulled = &judged.nulled;
        Columns::read(self, block, &judged.verdicts, |record, column| {
            !nulled.is_empty() && nulled.contains(&BadCell { record: record as u32, column: column as u32 })
        })
    }

    /// The error for a cell that is not of its column's type.
    pub(crate) fn misfit(&self, misfit: &Misfit) -> EngineError {
        let column = &self.plan.schema.columns[misfit.column];
        EngineError::Misfit {
            record: misfit.record,
            column: column.name.clone(),
            expected: column.column_type.to_string(),
        }
    }

    /// Adds the cells of one column, in records that are sound, to its statistics.
    pub(crate) fn profile(&self, block: &Block, sound: &[bool], idx: usize, profile: &mut ColumnProfile) {
        let (column, judge) = (&self.plan.schema.columns[idx], &self.columns[idx]);
        let mut scratch = Vec::new();
        let data = block.data();
        let mut batch = Batch::new(profile, data.len());
        for record in data.filter(|&record| sound[record]) {
            match block.index.slice(&self.grammar, &block.text, record, idx) {
                Some(cell) if column.is_null(cell) => batch.add_null(),
                Some(cell) => batch.add(cell, |cell| judge.value(cell)),
                None => {
                    let cell = block.index.field(&self.grammar, &block.text, record, idx, &mut scratch);
                    match cell.unwrap_or_default() {
                        cell if column.is_null(cell) => batch.add_null(),
                        cell => batch.add_once(cell, judge.value(cell).as_ref()),
                    }
                }
            }
        }
        batch.finish();
    }

    fn key_faults(&self, run: &ColumnRun<'_>, bad: &mut Vec<BadCell>, problems: &mut Vec<Problem>) {
        let data = run.block.data();
        if data.is_empty() {
            return;
        }
        let (first, last) = (run.block.number(data.start), run.block.number(data.end - 1));
        let mut scratch = Vec::new();
        for fault in self.plan.key_faults.of_records(first, last) {
            let record = data.start + (fault.record - first) as usize;
            let idx = fault.column as usize;
            let column = &self.plan.schema.columns[idx];
            let cell = run
                .block
                .index
                .field(run.grammar, &run.block.text, record, idx, &mut scratch)
                .unwrap_or_default();
            let what = match fault.first_record {
                Some(first_record) => (ProblemCode::ValueNotUnique, Detail::Repeat { first_record }),
                None => (ProblemCode::ValueKeyMissing, Detail::Rule { rule: "foreignKeys".to_owned() }),
            };
            problems.push(run.problem(record, idx, column, cell, what));
            bad.push(BadCell { record: record as u32, column: fault.column });
        }
    }
}

/// The verdict of every record of a block.
pub(crate) fn verdicts(block: &Block, sound: &[bool], bad: &[BadCell], on_bad: OnBad) -> Vec<RecordVerdict> {
    let mut verdicts = vec![RecordVerdict::Skipped; block.index.n_records()];
    for record in block.data() {
        verdicts[record] = if sound[record] { RecordVerdict::Accepted } else { RecordVerdict::Rejected };
    }
    for cell in bad {
        let verdict = &mut verdicts[cell.record as usize];
        if *verdict == RecordVerdict::Accepted {
            *verdict = if on_bad == OnBad::Null { RecordVerdict::Repaired } else { RecordVerdict::Rejected };
        }
    }
    verdicts
}

/// Lines with nothing on them: worth knowing, but no fault. Those behind the content of the file do not count.
pub(crate) fn blank_lines(block: &Block, layout: &Layout) -> Vec<Problem> {
    let blank = block.index.skips().iter().filter(|skip| skip.kind == SkipKind::Blank);
    blank
        .map(|skip| blank_line(block, skip))
        .filter(|problem| layout.content_end.is_none_or(|end| problem.position.byte < end))
        .collect()
}

pub(crate) fn blank_line(block: &Block, skip: &Skip) -> Problem {
    Problem {
        code: ProblemCode::RowBlank,
        position: csvp_report::Position {
            record: None,
            line: block.base.line + u64::from(skip.line) + 1,
            byte: block.source_byte(skip.byte as usize),
            column: None,
        },
        detail: Detail::None,
        value: None,
    }
}
