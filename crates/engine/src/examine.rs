//! What the first pass finds in one block by itself: structure, shapes, and bad cells as far as types are
//! expected. Blocks are examined side by side.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use csvp_parse::{Grammar, Skip, SkipKind};
use csvp_report::Problem;

use crate::Limits;
use crate::block::Block;
use crate::check::cells::{BadCell, ColumnRun};
use crate::check::habits::Looked;
use crate::check::rows::Records;
use crate::check::structure::{self, Structure};
use crate::contradictions::Contradictions;
use crate::expect::Expected;
use crate::judge::{blank_line, verdicts};
use crate::layout::Layout;
use crate::settings::OnBad;
use crate::tally::{RecordVerdict, order};
use crate::types::{Looks, Shapes};

/// Records whose cells are looked at column by column before the next ones: their text stays in the second cache.
const STRIP_RECORDS: usize = 512;

/// Everything that is the same for all blocks of a file.
pub(crate) struct Examiner {
    pub(crate) grammar: Grammar,
    pub(crate) layout: Arc<Layout>,
    pub(crate) limits: Limits,
    pub(crate) on_bad: OnBad,
    /// Whether looks are counted.
    pub(crate) unusual: bool,
    /// Per column what its cells are judged by, if by anything; empty when nothing is expected of any.
    pub(crate) expected: Arc<[Option<Expected>]>,
}

/// What is found in a block.
pub(crate) struct Examined {
    pub(crate) structure: Findings,
    /// The same with bad cells, if there are any.
    pub(crate) judged: Option<Findings>,
    pub(crate) blank_lines: BlankLines,
    /// Per record of the field index: whether its structure and encoding are sound.
    pub(crate) sound: Vec<bool>,
    /// Per column.
    pub(crate) shapes: Vec<Shapes>,
    /// Per column, when looks are counted.
    pub(crate) looked: Vec<Looked>,
    pub(crate) later: Contradictions,
    /// Cells that become null.
    pub(crate) nulled: HashSet<BadCell>,
}

/// The blank lines of a block. A file may have nothing else: only those that are certainly problems have one each.
#[derive(Default)]
pub(crate) struct BlankLines {
    /// Those that a record or a comment of this block follows.
    pub(crate) inner: Vec<Problem>,
    /// How many stand behind its last record and comment, and the first ones.
    pub(crate) at_end: (u64, Vec<Problem>),
    /// Where in the block its last record or comment begins, if it has one.
    pub(crate) content: Option<usize>,
}

impl BlankLines {
    fn of(block: &Block, shown: usize) -> Self {
        let last_record = block.index.n_records().checked_sub(1).map(|last| block.index.record_start(last));
        let skips = block.index.skips();
        let last_comment = skips.iter().rfind(|skip| skip.kind == SkipKind::Comment);
        let content = last_record.max(last_comment.map(|skip| skip.byte as usize));
        let behind = skips.partition_point(|skip| content.is_some_and(|at| (skip.byte as usize) < at));
        let problems = |skips: &[Skip], most: usize| {
            let blank = skips.iter().filter(|skip| skip.kind == SkipKind::Blank);
            blank.take(most).map(|skip| blank_line(block, skip)).collect()
        };
        let (inner, at_end) = skips.split_at(behind);
        let count = at_end.iter().filter(|skip| skip.kind == SkipKind::Blank).count() as u64;
        Self { inner: problems(inner, usize::MAX), at_end: (count, problems(at_end, shown)), content }
    }
}

/// Problems in the order of the file, and what they mean for the records.
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) verdicts: Vec<RecordVerdict>,
}

impl Examiner {
    pub(crate) fn examine(&self, block: &Block) -> Examined {
        let invalid = block.invalid();
        let Structure { mut problems, sound } =
            structure::check(block, &self.grammar, &self.layout, &invalid, &self.limits);
        let later = Contradictions::of(block, &invalid, self.limits.detect_bytes as u64);
        problems.sort_by_key(order);
        let lines = RefCell::default();
        let run = ColumnRun { block, grammar: &self.grammar, limits: &self.limits, lines, sound: &sound };
        let mut cells = CellFaults::default();
        let shapes = self.columns(&run, &mut cells);
        let judged = (!cells.problems.is_empty()).then(|| {
            let mut problems = [&problems[..], &cells.problems].concat();
            problems.sort_by_key(order);
            Findings { problems, verdicts: verdicts(block, &sound, &cells.bad, self.on_bad) }
        });
        let nulled =
            if self.on_bad == OnBad::Null { cells.bad.into_iter().collect() } else { HashSet::new() };
        Examined {
            nulled,
            structure: Findings { problems, verdicts: verdicts(block, &sound, &[], self.on_bad) },
            judged,
            blank_lines: BlankLines::of(block, self.limits.problems_shown),
            looked: if self.unusual { self.looked(block, &sound) } else { Vec::new() },
            shapes,
            sound,
            later,
        }
    }

    /// Counts the looks of every column, in records that are whole and no titles, totals or headers.
    fn looked(&self, block: &Block, sound: &[bool]) -> Vec<Looked> {
        let mut looked = vec![Looked::default(); self.layout.n_columns()];
        let records =
            Records { index: &block.index, grammar: &self.grammar, text: &block.text, layout: &self.layout };
        let is_plain = |&record: &usize| {
            sound[record] && records.is_whole(record) && self.layout.rows.fault(records, record).is_none()
        };
        let mut scratch = Vec::new();
        for record in block.data().filter(is_plain) {
            for (column, looked) in looked.iter_mut().enumerate() {
                looked.add(records.cell(record, column, &mut scratch).unwrap_or_default());
            }
        }
        looked
    }

    /// Counts the shapes of every column, and judges the cells of those of which something is expected.
    fn columns(&self, run: &ColumnRun<'_>, faults: &mut CellFaults) -> Vec<Shapes> {
        let mut shapes = vec![Shapes::new(); self.layout.n_columns()];
        let data = run.block.data();
        let mut looks = Looks::new();
        for start in data.clone().step_by(STRIP_RECORDS) {
            let strip = start..data.end.min(start + STRIP_RECORDS);
            for (idx, shapes) in shapes.iter_mut().enumerate() {
                let expected = self.expected.get(idx).and_then(Option::as_ref);
                let expected = expected.filter(|expected| !expected.has_given_up());
                let sound = self.strip(run, strip.clone(), idx, expected, &mut looks, shapes);
                let Some(expected) = expected.filter(|_| !sound) else { continue };
                let before = faults.problems.len();
                let judge = (&expected.column, &expected.judge);
                run.judge(strip.clone(), idx, judge, &mut faults.bad, &mut faults.problems);
                if (faults.problems.len() - before) * 2 > strip.len() && !expected.every {
                    expected.give_up();
                }
            }
        }
        shapes
    }

    /// Counts some cells of a column; false when one of them may be bad.
    fn strip<'a>(
        &self,
        run: &ColumnRun<'a>,
        strip: Range<usize>,
        column: usize,
        expected: Option<&Expected>,
        looks: &mut Looks<'a>,
        shapes: &mut Shapes,
    ) -> bool {
        let mut scratch = Vec::new();
        let mut sound = expected.is_none_or(|expected| !expected.every);
        for record in strip.filter(|&record| run.sound[record]) {
            let (cell, alike) = match run.block.index.slice(&self.grammar, &run.block.text, record, column) {
                Some(cell) => (cell, looks.add(cell, shapes)),
                None => {
                    let index = &run.block.index;
                    let cell = index.field(&self.grammar, &run.block.text, record, column, &mut scratch);
                    // What a short record lacks is empty.
                    let cell = cell.unwrap_or_default();
                    shapes.add(cell);
                    (cell, false)
                }
            };
            if !alike && sound {
                sound = expected.is_none_or(|expected| expected.accepts(cell));
            }
        }
        if let Some(expected) = expected.filter(|_| sound) {
            sound = looks.all(|cell| expected.accepts_look(cell), |cell| expected.accepts(cell));
        }
        looks.flush(shapes);
        sound
    }
}

/// Bad cells of a block, with their problems.
#[derive(Default)]
struct CellFaults {
    bad: Vec<BadCell>,
    problems: Vec<Problem>,
}
