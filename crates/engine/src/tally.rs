//! Counts of records and problems, as blocks come by.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csvp_parse::SkipKind;
use csvp_report::{CodeCount, Counts, Detail, Problem, ProblemCode, Problems, Severity};

use crate::block::Block;
use crate::check::spot::CodeCounts;
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

/// How many records of a block have each fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fates {
    accepted: u64,
    repaired: u64,
    rejected: u64,
}

impl Fates {
    pub(crate) fn of(verdicts: &[RecordVerdict]) -> Self {
        let count = |wanted| verdicts.iter().filter(|&&verdict| verdict == wanted).count() as u64;
        Self {
            accepted: count(RecordVerdict::Accepted),
            repaired: count(RecordVerdict::Repaired),
            rejected: count(RecordVerdict::Rejected),
        }
    }
}

/// How many problems of a block somebody may still read, for all threads. It only ever shrinks, so a block that is looked at
/// before those in front of it are counted has too many at worst.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<AtomicUsize>);

impl Room {
    /// Of so many problems.
    pub(crate) fn new(problems: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(problems)))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn shrink(&self, problems: usize) {
        self.0.fetch_min(problems, Ordering::Relaxed);
    }
}

/// Running counts of one pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    counts: Counts,
    by_code: CodeCounts,
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

    /// Counts a block: the fates of its data records and its problems, of which the first ones are given in order, as many
    /// as there is [`Tally::room`] for.
    pub(crate) fn block(&mut self, block: &Block, fates: Fates, counts: &CodeCounts, first: &[Problem]) {
        self.counts.accepted += fates.accepted + fates.repaired;
        self.counts.repaired += fates.repaired;
        self.counts.rejected += fates.rejected;
        self.counts.skipped.footer += block.footer_rows as u64;
        let skips = block.index.skips();
        let comments = skips.iter().filter(|skip| skip.kind == SkipKind::Comment).count();
        self.counts.skipped.comment += comments as u64;
        self.counts.skipped.blank += (skips.len() - comments) as u64;
        let endings = block.index.line_endings();
        self.endings[0] += endings.lf;
        self.endings[1] += endings.crlf;
        self.endings[2] += endings.cr;
        self.counts.lines = block.base.line + u64::from(block.index.n_lines());
        if let Some(last) = block.text.last() {
            self.last_line_open = !matches!(last, b'\n' | b'\r');
        }
        self.by_code.merge(counts);
        self.show(first);
    }

    /// How many more problems are shown in full.
    pub(crate) fn room(&self) -> usize {
        self.shown.saturating_sub(self.first.len())
    }

    fn show(&mut self, problems: &[Problem]) {
        let room = self.room();
        self.first.extend(problems.iter().take(room).cloned());
    }

    /// Counts problems of one code that belong to no column, of which only the first ones are known.
    pub(crate) fn problems_of(&mut self, code: ProblemCode, count: u64, first: &[Problem]) {
        if count > 0 {
            self.by_code.add(code, 0, count);
            self.show(first);
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
        let column = problem.position.column.as_ref().map_or(0, |column| column.number);
        self.by_code.add(problem.code, column, 1);
        self.first.push(problem.clone());
    }

    /// Whether a problem of this code was counted.
    pub(crate) fn has(&self, code: ProblemCode) -> bool {
        self.by_code.all().any(|(counted, ..)| counted == code)
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
        let by_code: Vec<CodeCount> = self
            .by_code
            .all()
            .map(|(code, column, count)| CodeCount { code, severity: code.severity(), column, count })
            .collect();
        let of = |severity: Severity| {
            by_code.iter().filter(|counted| counted.severity == severity).map(|counted| counted.count).sum()
        };
        let mut first = self.first.clone();
        first.sort_by_key(order);
        Problems {
            total: by_code.iter().map(|counted| counted.count).sum(),
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            by_code,
            first,
        }
    }
}

/// Problems are listed by their place in the file.
fn order(problem: &Problem) -> (u64, u64, Option<u64>, Option<u32>, ProblemCode) {
    let column = problem.position.column.as_ref();
    (
        problem.position.byte,
        problem.position.record.unwrap_or(0),
        column.and_then(|column| column.byte),
        column.map(|column| column.number),
        problem.code,
    )
}
