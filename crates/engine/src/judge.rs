//! Blocks against a plan: which records are accepted, repaired or rejected, and why.

use std::collections::HashSet;
use std::sync::Arc;

use csvp_parse::Grammar;
use csvp_report::{ColumnType, Detail, Problem, ProblemCode};

use crate::block::{Block, partition_point};
use crate::check::cells::{BadCell, ColumnJudge, ColumnRun, judges};
use crate::check::spot::{CodeCounts, Fact, Spots, Words};
use crate::check::structure::{self, Structure};
use crate::columns::{Columns, Misfit};
use crate::layout::Layout;
use crate::plan::Plan;
use crate::profile::{Batch, ColumnProfile};
use crate::schema::Column;
use crate::settings::OnBad;
use crate::tally::RecordVerdict;
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
    pub(crate) counts: CodeCounts,
    /// The first problems in the order of the file, as many as are wanted.
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

    /// Judges a block; `wanted` is how many of its problems somebody reads.
    pub(crate) fn block(&self, block: &Block, wanted: usize) -> Judged {
        let (limits, layout): (&Limits, &Layout) = (&self.plan.limits, &self.plan.layout);
        let Structure { mut spots, sound } =
            structure::check(block, &self.grammar, layout, &block.invalid(), limits, wanted > 0);
        let run = ColumnRun { block, grammar: &self.grammar, sound: &sound };
        let mut bad = Vec::new();
        let columns = self.plan.schema.columns.iter().zip(&self.columns).zip(&self.open).enumerate();
        for (idx, (judge, _)) in columns.filter(|(_, (_, open))| **open) {
            run.judge(block.data(), idx, judge, &mut bad, &mut spots);
        }
        self.key_faults(&run, &mut bad, &mut spots);
        let on_bad = self.plan.policy.on_bad;
        let verdicts = verdicts(block, &sound, &bad, on_bad);
        add_blank_lines(block, layout, &mut spots);
        let column = |idx: usize| self.plan.schema.columns.get(idx);
        let words = Words { block, grammar: &self.grammar, layout, limits, column: &column };
        let nulled = if on_bad == OnBad::Null { bad.into_iter().collect() } else { HashSet::new() };
        let problems = words.of(&mut spots, wanted);
        Judged { verdicts, counts: spots.into_counts(), problems, nulled, sound }
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

    fn key_faults(&self, run: &ColumnRun<'_>, bad: &mut Vec<BadCell>, spots: &mut Spots) {
        let data = run.block.data();
        if data.is_empty() {
            return;
        }
        let (first, last) = (run.block.number(data.start), run.block.number(data.end - 1));
        for fault in self.plan.key_faults.of_records(first, last) {
            let record = data.start + (fault.record - first) as usize;
            let (code, detail) = match fault.first_record {
                Some(first_record) => (ProblemCode::ValueNotUnique, Detail::Repeat { first_record }),
                None => (ProblemCode::ValueKeyMissing, Detail::Rule { rule: "foreignKeys".to_owned() }),
            };
            run.add(spots, (record, fault.column as usize), code, Fact::Told(Box::new(detail)));
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

/// Adds the lines with nothing on them: worth knowing, but no fault. Those behind the content of the file do not count.
fn add_blank_lines(block: &Block, layout: &Layout, spots: &mut Spots) {
    let skips = block.index.skips();
    let counts = |byte: u32| layout.content_end.is_none_or(|end| block.source_byte(byte as usize) < end);
    let counted = partition_point(skips.len(), |number| counts(skips[number].byte));
    spots.add_blank_lines(&skips[..counted]);
}
