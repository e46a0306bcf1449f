//! What the blocks of the first pass have given so far, in their order.

use csvp_parse::Grammar;
use csvp_report::{ColumnReport, Problem, ProblemCode};

use crate::EngineError;
use crate::block::Block;
use crate::check::habits::{Habits, Looked};
use crate::check::keys::Keys;
use crate::contradictions::Contradictions;
use crate::examine::{BlankLines, Examined, Findings, Wanted};
use crate::plan::BlockIndex;
use crate::schema::Schema;
use crate::tally::{Room, Tally};
use crate::types::Shapes;

/// Sums over all blocks.
pub(crate) struct Found {
    /// Counts of what needs no types.
    structure: Tally,
    /// Counts with bad cells, by the types that are expected; none before the first of them.
    judged: Option<Tally>,
    /// Cells of each column that are not of the type that is expected.
    exceptions: Vec<u64>,
    grammar: Option<Grammar>,
    shapes: Vec<Shapes>,
    looked: Vec<Looked>,
    keys: Option<Keys>,
    index: BlockIndex,
    footer_rows: u64,
    /// Byte behind the start of the last record or comment.
    content_end: u64,
    /// Blank lines behind it: how many, and the first ones.
    blank_at_end: (u64, Vec<Problem>),
    problems_shown: usize,
    wanted: Wanted,
    later: Contradictions,
    /// A block whose memory can be used again.
    spare: Option<Block>,
    blocks: u64,
}

impl Found {
    pub(crate) fn new(problems_shown: usize) -> Self {
        Self {
            structure: Tally::new(problems_shown),
            judged: None,
            exceptions: Vec::new(),
            grammar: None,
            shapes: Vec::new(),
            looked: Vec::new(),
            keys: None,
            index: BlockIndex::default(),
            footer_rows: 0,
            content_end: 0,
            blank_at_end: (0, Vec::new()),
            problems_shown,
            wanted: Wanted { structure: Room::new(problems_shown), judged: Room::new(problems_shown) },
            later: Contradictions::default(),
            spare: None,
            blocks: 0,
        }
    }

    /// The layout is known.
    pub(crate) fn open(&mut self, n_columns: usize, grammar: Grammar, keys: Option<Keys>) {
        self.shapes = vec![Shapes::new(); n_columns];
        self.looked = vec![Looked::default(); n_columns];
        self.exceptions = vec![0; n_columns];
        self.grammar = Some(grammar);
        self.keys = keys;
    }

    /// Adds the next block in order, and gives it back.
    pub(crate) fn add(&mut self, block: Block, examined: Examined) -> Result<Block, EngineError> {
        let Examined { structure, judged, blank_lines, sound, shapes, looked, later, nulled: _ } = examined;
        self.shapes.iter_mut().zip(&shapes).for_each(|(ours, theirs)| ours.merge(theirs));
        self.looked.iter_mut().zip(&looked).for_each(|(ours, theirs)| ours.merge(theirs));
        if let (Some(keys), Some(grammar)) = (&mut self.keys, &self.grammar) {
            keys.add(&block, grammar, &sound)?;
        }
        self.index.add(&block);
        self.later.merge(&later);
        self.footer_rows += block.footer_rows as u64;
        self.count_blank_lines(&block, blank_lines);
        self.count(&block, &structure, judged.as_ref());
        self.want();
        self.blocks += 1;
        Ok(block)
    }

    fn count(&mut self, block: &Block, structure: &Findings, judged: Option<&Findings>) {
        if let Some(judged) = judged {
            self.judged.get_or_insert_with(|| self.structure.clone());
            let bad = judged.counts.by_column(ProblemCode::TypeMismatch);
            self.exceptions.iter_mut().zip(bad).for_each(|(sum, bad)| *sum += bad);
        }
        self.structure.block(block, structure.fates, &structure.counts, &structure.first);
        if let Some(tally) = &mut self.judged {
            let findings = judged.unwrap_or(structure);
            tally.block(block, findings.fates, &findings.counts, &findings.first);
        }
    }

    /// Blank lines at the end of a block wait for a record or a comment; behind the last one they are no problem.
    fn count_blank_lines(&mut self, block: &Block, found: BlankLines) {
        if let Some(content) = found.content {
            let (count, first) = std::mem::take(&mut self.blank_at_end);
            for tally in [Some(&mut self.structure), self.judged.as_mut()].into_iter().flatten() {
                tally.problems_of(ProblemCode::RowBlank, count, &first);
            }
            self.content_end = block.source_byte(content) + 1;
        }
        let (count, first) = &mut self.blank_at_end;
        *count += found.at_end.0;
        let room = self.problems_shown.saturating_sub(first.len());
        first.extend(found.at_end.1.into_iter().take(room));
    }

    /// Says how many problems of the next blocks are wanted. Blank lines that wait come before them, if they count; and if
    /// they do not, nothing comes behind them.
    fn want(&self) {
        let waiting = self.blank_at_end.1.len();
        let judged = self.judged.as_ref().unwrap_or(&self.structure);
        self.wanted.structure.shrink(self.structure.room().saturating_sub(waiting));
        self.wanted.judged.shrink(judged.room().saturating_sub(waiting));
    }

    /// How many problems of a block are wanted.
    pub(crate) fn wanted(&self) -> Wanted {
        self.wanted.clone()
    }

    /// How many there were.
    pub(crate) fn blocks(&self) -> u64 {
        self.blocks
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.structure
    }

    pub(crate) fn shapes(&self) -> &[Shapes] {
        &self.shapes
    }

    /// What is unusual in the columns.
    pub(crate) fn habits(&self) -> Habits {
        Habits::of(&self.looked)
    }

    pub(crate) fn later(&self) -> &Contradictions {
        &self.later
    }

    pub(crate) fn footer_rows(&self) -> u64 {
        self.footer_rows
    }

    pub(crate) fn content_end(&self) -> u64 {
        self.content_end
    }

    pub(crate) fn take_keys(&mut self) -> Option<Keys> {
        self.keys.take()
    }

    /// Keeps a block whose memory can be used again.
    pub(crate) fn keep_spare(&mut self, block: Option<Block>) {
        self.spare = block;
    }

    pub(crate) fn take_spare(&mut self) -> Option<Block> {
        self.spare.take()
    }

    /// The counts and the block index. When what was expected is confirmed, `confirmed` holds the final columns: the counts
    /// are then those with bad cells, and the columns get their exceptions.
    pub(crate) fn into_parts(
        self,
        schema: &Schema,
        confirmed: Option<&mut Vec<ColumnReport>>,
    ) -> (Tally, BlockIndex) {
        let Some(columns) = confirmed else { return (self.structure, self.index) };
        for (column, exceptions) in columns.iter_mut().zip(self.exceptions) {
            column.exceptions = exceptions;
        }
        let mut tally = self.judged.unwrap_or(self.structure);
        tally.name_types(schema);
        (tally, self.index)
    }
}
