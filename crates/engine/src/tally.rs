//! Counts of records and problems, as blocks come by.

use std::collections::BTreeMap;

use csvp_parse::SkipKind;
use csvp_report::{CodeCount, Counts, Detail, Problem, ProblemCode, Problems, Severity};

use crate::block::Block;
use crate::layout::whole_file;
use crate::schema::Schema;

/// The fate of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordVerdict {
    /// It goes into the clean files.
    Accepted,
    /// It goes into the clean files with a bad cell made null.
    Repaired,
    /// It is set aside.
    Rejected,
    /// It is no data: a header or footer row.
    Skipped,
}

/// Running counts of one pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    counts: Counts,
    by_code: BTreeMap<(ProblemCode, Option<u32>), u64>,
    first: Vec<Problem>,
    shown: usize,
    endings: [u64; 3],
    last_line_open: bool,
}

impl Tally {
    /// Keeps the first `shown` problems in full.
    pub(crate) fn new(shown: usize) -> Self {
        Self { shown, ..Self::default() }
    }

    /// Counts a block whose data records have these verdicts; `problems` are its own, in order.
    pub(crate) fn block(&mut self, block: &Block, verdicts: &[RecordVerdict], problems: &[Problem]) {
        for verdict in verdicts {
            match verdict {
                RecordVerdict::Accepted => self.counts.accepted += 1,
                RecordVerdict::Repaired => {
                    self.counts.accepted += 1;
                    self.counts.repaired += 1;
                }
                RecordVerdict::Rejected => self.counts.rejected += 1,
                RecordVerdict::Skipped => {}
            }
        }
        self.counts.skipped.footer += block.footer_rows as u64;
        for skip in block.index.skips() {
            match skip.kind {
                SkipKind::Blank => self.counts.skipped.blank += 1,
                SkipKind::Comment => self.counts.skipped.comment += 1,
            }
        }
        let endings = block.index.line_endings();
        self.endings[0] += endings.lf;
        self.endings[1] += endings.crlf;
        self.endings[2] += endings.cr;
        self.counts.lines = block.base.line + u64::from(block.index.n_lines());
        if let Some(last) = block.text.last() {
            self.last_line_open = !matches!(last, b'\n' | b'\r');
        }
        problems.iter().for_each(|problem| self.problem(problem));
    }

    /// Counts one problem.
    pub(crate) fn problem(&mut self, problem: &Problem) {
        let column = problem.position.column.as_ref().map(|column| column.number);
        *self.by_code.entry((problem.code, column)).or_default() += 1;
        if self.first.len() < self.shown {
            self.first.push(problem.clone());
        }
    }

    /// Counts problems of one code that belong to no column, of which only the first ones are known.
    pub(crate) fn problems_of(&mut self, code: ProblemCode, count: u64, first: &[Problem]) {
        if count > 0 {
            *self.by_code.entry((code, None)).or_default() += count;
            let room = self.shown.saturating_sub(self.first.len());
            self.first.extend(first.iter().take(room).cloned());
        }
    }

    /// Names the final types in problems that were found when other types were expected.
    pub(crate) fn name_types(&mut self, schema: &Schema) {
        for problem in &mut self.first {
            let column = problem.position.column.as_ref();
            let column = column.and_then(|column| schema.columns.get(column.number as usize - 1));
            if let (Detail::Type { expected }, Some(column)) = (&mut problem.detail, column) {
                *expected = column.usual.as_ref().unwrap_or(&column.column_type).clone();
            }
        }
    }

    /// Counts a problem of the file as a whole; these are few and always shown.
    pub(crate) fn file_problem(&mut self, problem: &Problem) {
        self.shown = self.shown.max(self.first.len() + 1);
        self.problem(problem);
    }

    /// Whether a problem of this code was counted.
    pub(crate) fn has(&self, code: ProblemCode) -> bool {
        self.by_code.keys().any(|&(counted, _)| counted == code)
    }

    /// Data records so far.
    pub(crate) fn data_records(&self) -> u64 {
        self.counts.data_records()
    }

    /// Problems of the line endings, once all are counted.
    pub(crate) fn line_ending_problem(&self) -> Option<Problem> {
        let [lf, crlf, cr] = self.endings;
        if [lf, crlf, cr].iter().filter(|&&n| n > 0).count() < 2 {
            return None;
        }
        Some(whole_file(ProblemCode::LineEndingMixed, Detail::LineEndings { lf, crlf, cr }))
    }

    /// `lf`, `crlf`, `cr` or `mixed`.
    pub(crate) fn terminator(&self) -> &'static str {
        match self.endings {
            [_, 0, 0] => "lf",
            [0, _, 0] => "crlf",
            [0, 0, _] => "cr",
            _ => "mixed",
        }
    }

    pub(crate) fn counts(&self, preamble: u64) -> Counts {
        let mut counts = self.counts.clone();
        counts.lines += u64::from(self.last_line_open);
        counts.skipped.preamble = preamble;
        counts.records = counts.accepted + counts.rejected + counts.skipped.total();
        counts
    }

    pub(crate) fn problems(&self) -> Problems {
        let of = |severity: Severity| {
            self.by_code.iter().filter(|((code, _), _)| code.severity() == severity).map(|(_, n)| n).sum()
        };
        let mut first = self.first.clone();
        first.sort_by_key(order);
        Problems {
            total: self.by_code.values().sum(),
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            by_code: self
                .by_code
                .iter()
                .map(|(&(code, column), &count)| CodeCount { code, severity: code.severity(), column, count })
                .collect(),
            first,
        }
    }
}

/// Problems are listed by their place in the file.
pub(crate) fn order(problem: &Problem) -> (u64, u64, Option<u64>, Option<u32>, ProblemCode) {
    let column = problem.position.column.as_ref();
    (
        problem.position.byte,
        problem.position.record.unwrap_or(0),
        column.and_then(|column| column.byte),
        column.map(|column| column.number),
        problem.code,
    )
}
