//! What the first pass finds in one block by itself: structure, shapes, and bad cells as far as types are
//! expected. Blocks are examined side by side.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use csvp_parse::{Grammar, SkipKind};
use csvp_report::Problem;

use crate::Limits;
use crate::block::Block;
use crate::check::cells::{BadCell, ColumnRun};
use crate::check::habits::Looked;
use crate::check::rows::Records;
use crate::check::spot::{CodeCounts, Spots, Words};
use crate::check::structure::{self, Structure};
use crate::contradictions::Contradictions;
use crate::expect::Expected;
use crate::judge::verdicts;
use crate::layout::Layout;
use crate::settings::OnBad;
use crate::tally::{Fates, RecordVerdict, Room};
use crate::types::{Looks, Shapes};

/// Records whose cells are looked at column by column before the next ones: their text stays in the second cache.
const STRIP_RECORDS: usize = 512;
/// Records that are looked at again together when a cell of their strip may be bad: most parts of a strip are sound.
const PART_RECORDS: usize = 64;

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
    pub(crate) wanted: Wanted,
}

/// How many problems of a block the report may still show.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Of those that need no types.
    pub(crate) structure: Room,
    /// Of those with bad cells.
    pub(crate) judged: Room,
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

/// The blank lines behind the last record and comment of a block: whether they are problems tells what follows.
#[derive(Default)]
pub(crate) struct BlankLines {
    /// How many they are, and the first ones.
    pub(crate) at_end: (u64, Vec<Problem>),
    /// Where in the block its last record or comment begins, if it has one.
    pub(crate) content: Option<usize>,
}

impl BlankLines {
    /// Adds those that a record or a comment of the block follows to its problems, and gives the others: nothing but blank
    /// lines stands behind the content.
    fn of(words: &Words<'_>, spots: &mut Spots, wanted: usize) -> Self {
        let block = words.block;
        let last_record = block.index.n_records().checked_sub(1).map(|last| block.index.record_start(last));
        let skips = block.index.skips();
        let last_comment = skips.iter().rfind(|skip| skip.kind == SkipKind::Comment);
        let content = last_record.max(last_comment.map(|skip| skip.byte as usize));
        let behind = skips.partition_point(|skip| content.is_some_and(|at| skip.byte as usize <= at));
        spots.add_blank_lines(&skips[..behind]);
        let count = (skips.len() - behind) as u64;
        Self { at_end: (count, words.blank_lines(behind, wanted)), content }
    }
}

/// What is wrong with a block, and what it means for its records.
pub(crate) struct Findings {
    pub(crate) counts: CodeCounts,
    /// The first problems in the order of the file, as many as are wanted.
    pub(crate) first: Vec<Problem>,
    pub(crate) verdicts: Vec<RecordVerdict>,
    pub(crate) fates: Fates,
}

impl Findings {
    fn new(words: &Words<'_>, spots: &mut Spots, wanted: usize, verdicts: Vec<RecordVerdict>) -> Self {
        Self {
            counts: spots.counts().clone(),
            first: words.of(spots, wanted),
            fates: Fates::of(&verdicts),
            verdicts,
        }
    }
}

impl Examiner {
    pub(crate) fn examine(&self, block: &Block) -> Examined {
        let invalid = block.invalid();
        let (wanted, wanted_judged) = (self.wanted.structure.get(), self.wanted.judged.get());
        let Structure { mut spots, sound } =
            structure::check(block, &self.grammar, &self.layout, &invalid, &self.limits, wanted > 0);
        let later = Contradictions::of(block, &invalid, self.limits.detect_bytes as u64);
        let words = Words {
            block,
            grammar: &self.grammar,
            layout: &self.layout,
            limits: &self.limits,
            column: &|idx| Some(&self.expected.get(idx)?.as_ref()?.column),
        };
        let blank_lines = BlankLines::of(&words, &mut spots, wanted);
        let sound_verdicts = verdicts(block, &sound, &[], self.on_bad);
        let structure = Findings::new(&words, &mut spots, wanted, sound_verdicts);
        let run = ColumnRun { block, grammar: &self.grammar, sound: &sound };
        let mut cells = CellFaults { bad: Vec::new(), spots: Spots::new(wanted_judged > 0) };
        let shapes = self.columns(&run, &mut cells);
        let judged = (cells.spots.len() > 0).then(|| {
            spots.append(cells.spots);
            let verdicts = verdicts(block, &sound, &cells.bad, self.on_bad);
            Findings::new(&words, &mut spots, wanted_judged, verdicts)
        });
        let nulled =
            if self.on_bad == OnBad::Null { cells.bad.into_iter().collect() } else { HashSet::new() };
        Examined {
            nulled,
            structure,
            judged,
            blank_lines,
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
                let before = faults.spots.len();
                self.judge_parts(run, strip.clone(), (idx, expected), &mut looks, faults);
                if (faults.spots.len() - before) * 2 > strip.len() && !expected.every {
                    expected.give_up();
                }
            }
        }
        shapes
    }

    /// Judges cells of a column of which one may be bad: part by part, until it shows that they are many.
    fn judge_parts<'a>(
        &self,
        run: &ColumnRun<'a>,
        strip: Range<usize>,
        (idx, expected): (usize, &Expected),
        looks: &mut Looks<'a>,
        faults: &mut CellFaults,
    ) {
        let judge = (&expected.column, &expected.judge);
        // These cells are counted already.
        let mut counted = Shapes::new();
        let (mut rest, mut suspect) = (strip, 0);
        while !expected.every && suspect < 2 && !rest.is_empty() {
            let part = rest.start..rest.end.min(rest.start + PART_RECORDS);
            rest.start = part.end;
            if !self.strip(run, part.clone(), idx, Some(expected), looks, &mut counted) {
                suspect += 1;
                run.judge(part, idx, judge, &mut faults.bad, &mut faults.spots);
            }
        }
        run.judge(rest, idx, judge, &mut faults.bad, &mut faults.spots);
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
struct CellFaults {
    bad: Vec<BadCell>,
    spots: Spots,
}
