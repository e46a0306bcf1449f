//! What the first pass finds in one block by itself: structure and shapes. Blocks are examined side by side.

use std::sync::Arc;

use csvp_parse::Grammar;
use csvp_report::Problem;

use crate::Limits;
use crate::block::Block;
use crate::check::structure::{self, Structure};
use crate::contradictions::Contradictions;
use crate::judge::{blank_lines, verdicts};
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
}

/// What is found in a block.
pub(crate) struct Examined {
    pub(crate) problems: Vec<Problem>,
    pub(crate) blank_lines: Vec<Problem>,
    pub(crate) verdicts: Vec<RecordVerdict>,
    /// Per record of the field index: whether its structure and encoding are sound.
    pub(crate) sound: Vec<bool>,
    /// Per column.
    pub(crate) shapes: Vec<Shapes>,
    pub(crate) later: Contradictions,
}

impl Examiner {
    pub(crate) fn examine(&self, block: &Block) -> Examined {
        let invalid = block.invalid();
        let Structure { mut problems, sound } =
            structure::check(block, &self.grammar, &self.layout, &invalid, &self.limits);
        let later = Contradictions::of(block, &invalid, self.limits.detect_bytes as u64);
        let verdicts = verdicts(block, &sound, &[], self.on_bad);
        problems.sort_by_key(order);
        Examined {
            problems,
            blank_lines: blank_lines(block, &self.layout),
            verdicts,
            shapes: self.shapes(block, &sound),
            sound,
            later,
        }
    }

    fn shapes(&self, block: &Block, sound: &[bool]) -> Vec<Shapes> {
        let mut shapes = vec![Shapes::new(); self.layout.n_columns()];
        let data = block.data();
        let (mut scratch, mut looks) = (Vec::new(), Looks::new());
        for start in data.clone().step_by(STRIP_RECORDS) {
            let strip = start..data.end.min(start + STRIP_RECORDS);
            for (column, shapes) in shapes.iter_mut().enumerate() {
                for record in strip.clone().filter(|&record| sound[record]) {
                    if let Some(cell) = block.index.slice(&self.grammar, &block.text, record, column) {
                        looks.add(cell, shapes);
                        continue;
                    }
                    match block.index.field(&self.grammar, &block.text, record, column, &mut scratch) {
                        Some(cell) => shapes.add(cell),
                        None => shapes.add_missing(),
                    }
                }
                looks.flush(shapes);
            }
        }
        shapes
    }
}
