//! What the second pass hands to the outputs: judged blocks in file order.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use csvp_parse::Grammar;
use csvp_report::Problem;

use crate::block::Block;
use crate::check::cells::BadCell;
use crate::columns::Columns;
use crate::schema::Schema;
use crate::tally::RecordVerdict;

/// Receives judged blocks.
///
/// Promises of the engine: blocks come in file order, each record in exactly one of them; calls come from one thread. An
/// error ends the pass, and nothing more is called.
pub trait Output {
    /// Whether blocks must come with their typed values ([`JudgedBlock::columns`]), which are read on all threads.
    fn needs_columns(&self) -> bool {
        false
    }

    /// Whether blocks must come with their problems ([`JudgedBlock::problems`]). What needs none can be written while
    /// the types are still being found ([`crate::OnePass`]).
    fn needs_problems(&self) -> bool {
        true
    }

    /// The next block.
    ///
    /// # Errors
    /// The block could not be written.
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()>;

    /// Problems of the file as a whole; called once, behind the last block.
    ///
    /// # Errors
    /// They could not be written.
    fn file_problems(&mut self, problems: &[Problem]) -> std::io::Result<()> {
        let _ = problems;
        Ok(())
    }
}

/// No output: the pass only judges.
impl Output for () {
    fn needs_problems(&self) -> bool {
        false
    }

    fn block(&mut self, _: &JudgedBlock<'_>) -> std::io::Result<()> {
        Ok(())
    }
}

/// A block of records, each with its verdict. Records count from 0 in the block, columns from 0.
pub struct JudgedBlock<'a> {
    pub(crate) block: &'a Block,
    pub(crate) grammar: &'a Grammar,
    pub(crate) schema: &'a Schema,
    pub(crate) verdicts: &'a [RecordVerdict],
    pub(crate) problems: &'a [Problem],
    /// Cells that became null.
    pub(crate) nulled: &'a HashSet<BadCell>,
    pub(crate) columns: Option<&'a Arc<Columns>>,
}

impl JudgedBlock<'_> {
    /// The columns.
    pub fn schema(&self) -> &Schema {
        self.schema
    }

    /// Records in the block, header and footer rows included.
    pub fn n_records(&self) -> usize {
        self.block.index.n_records()
    }

    /// What became of a record.
    pub fn verdict(&self, record: usize) -> RecordVerdict {
        self.verdicts[record]
    }

    /// The typed values of its accepted and repaired records, for outputs that need them.
    pub fn columns(&self) -> Option<&Arc<Columns>> {
        self.columns
    }

    /// Number of a data record in the file, from 1.
    pub fn number(&self, record: usize) -> u64 {
        self.block.number(record)
    }

    /// Physical line of a record, from 1.
    pub fn line(&self, record: usize) -> u64 {
        self.block.line(record)
    }

    /// Offset of a record in the decompressed source, from 0.
    pub fn byte(&self, record: usize) -> u64 {
        self.block.source_byte(self.block.index.record_start(record))
    }

    /// The text of a cell in UTF-8; none when it is null. `scratch` is used where quotes must be undone.
    pub fn cell<'s>(&'s self, record: usize, column: usize, scratch: &'s mut Vec<u8>) -> Option<&'s [u8]> {
        if !self.nulled.is_empty()
            && self.nulled.contains(&BadCell { record: record as u32, column: column as u32 })
        {
            return None;
        }
        let cell = self.block.index.field(self.grammar, &self.block.text, record, column, scratch)?;
        (!self.schema.columns[column].is_null(cell)).then_some(cell)
    }

    /// The text of a cell as it stands, null words and all; none when the record has no such field.
    pub fn raw_cell<'s>(
        &'s self,
        record: usize,
        column: usize,
        scratch: &'s mut Vec<u8>,
    ) -> Option<&'s [u8]> {
        self.block.index.field(self.grammar, &self.block.text, record, column, scratch)
    }

    /// The record as it stands (decoded to UTF-8), quotes and delimiters included, terminator not.
    pub fn raw_record(&self, record: usize) -> &[u8] {
        &self.block.text[self.block.index.record_start(record)..self.block.index.record_end(record)]
    }

    /// All fields of the record, however many, unescaped.
    pub fn raw_fields(&self, record: usize) -> Vec<Cow<'_, [u8]>> {
        self.block.fields(self.grammar, record)
    }

    /// The block's problems by their place, for outputs that need them; those of one record share `position.record`.
    pub fn problems(&self) -> &[Problem] {
        self.problems
    }

    /// The problems of one data record.
    pub fn problems_of(&self, record: usize) -> &[Problem] {
        // Problems stand in the order of the file, and no two records begin on one line.
        let line = self.line(record);
        let start = self.problems.partition_point(|problem| problem.position.line < line);
        let end = self.problems.partition_point(|problem| problem.position.line <= line);
        &self.problems[start..end]
    }
}
