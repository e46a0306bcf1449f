//! Some records from any place in a file, as they were judged.

use std::sync::Arc;

use csvp_report::Problem;

use crate::EngineError;
use crate::block::Base;
use crate::judge::Judge;
use crate::plan::Plan;
use crate::reader::Reader;
use crate::tally::RecordVerdict;

/// Reads a run of data records.
///
/// ```
/// use std::sync::Arc;
/// use csvp_engine::{Check, Settings, View};
///
/// let file = b"id,name\n1,Ann\n2,\n3,Cy\n";
/// let mut check = Check::new(Settings::default())?;
/// check.push(file)?;
/// let plan = Arc::new(check.finish()?.plan);
///
/// let mut view = View::new(plan, 1, 2)?;
/// let from = view.start_byte() as usize;
/// for chunk in file[from..].chunks(5) {
///     if view.push(chunk)? {
///         break;
///     }
/// }
/// let records = view.finish()?;
/// assert_eq!(records[0].cells, [Some("2".to_owned()), None]);
/// assert_eq!((records[1].record, records[1].line), (3, 4));
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
pub struct View {
    reader: Option<Reader>,
    judge: Judge,
    start_byte: u64,
    first: u64,
    n: usize,
    records: Vec<RecordView>,
    past: bool,
}

/// One record as it was read and judged.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordView {
    /// Number of the data record, from 1.
    pub record: u64,
    /// Physical line, from 1.
    pub line: u64,
    /// Offset in the decompressed source.
    pub byte: u64,
    /// What became of it.
    pub status: RecordVerdict,
    /// Its cells as they stand; null words and missing cells are none. Further fields of a long record come last.
    pub cells: Vec<Option<String>>,
    /// The text of cells that are null words, by the number of their column (from 0).
    pub null_words: Vec<(usize, String)>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl View {
    /// A view of `n` data records from `first` (from 0) on.
    ///
    /// # Errors
    /// The plan was stored by another version.
    pub fn new(plan: Arc<Plan>, first: u64, n: usize) -> Result<Self, EngineError> {
        plan.check_version()?;
        let entry = plan.index.before(first).filter(|_| !plan.is_compressed());
        let (reader, start_byte) = match entry {
            Some(entry) => {
                let base = Base { text: 0, line: entry.line, record: entry.record };
                (Reader::resumed(plan.layout.clone(), &plan.limits, entry.byte, base), entry.byte)
            }
            None => (Reader::planned(plan.layout.clone(), &plan.limits), 0),
        };
        let judge = Judge::new(plan)?;
        Ok(Self { reader: Some(reader), judge, start_byte, first, n, records: Vec::new(), past: n == 0 })
    }

    /// The byte of the original file from which on it must be pushed.
    pub fn start_byte(&self) -> u64 {
        self.start_byte
    }

    /// Takes the next bytes; true when all records asked for are there.
    ///
    /// # Errors
    /// A limit of the whole file is exceeded.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, EngineError> {
        if self.past {
            return Ok(true);
        }
        let Some(mut reader) = self.reader.take() else { return Ok(true) };
        let result = reader.push(bytes, &mut |block, layout| {
            self.block(block, layout);
            Ok(())
        });
        self.reader = Some(reader);
        result.map(|()| self.past)
    }

    /// Ends the file, unless all records are there already, and gives them.
    ///
    /// # Errors
    /// As [`View::push`].
    pub fn finish(mut self) -> Result<Vec<RecordView>, EngineError> {
        if !self.past
            && let Some(reader) = self.reader.take()
        {
            reader.finish(&mut |block, layout| {
                self.block(block, layout);
                Ok(())
            })?;
        }
        Ok(self.records)
    }

    fn block(&mut self, block: &crate::block::Block, layout: &crate::layout::Layout) {
        let data = block.data();
        let end = self.first + self.n as u64;
        let (block_first, block_end) = (block.base.record, block.base.record + data.len() as u64);
        if block_end > self.first && block_first < end {
            let judged = self.judge.block(block, usize::MAX);
            let from = data.start + self.first.saturating_sub(block_first) as usize;
            let to = data.end.min(data.start + (end - block_first) as usize);
            for record in from..to {
                let mut null_words = Vec::new();
                let position = block.position(record);
                let fields = block.fields(&self.judge.grammar, record);
                let mut cells: Vec<Option<String>> = fields
                    .iter()
                    .enumerate()
                    .map(|(column, field)| {
                        let null =
                            self.judge.plan.schema.columns.get(column).is_some_and(|c| c.is_null(field));
                        let text = String::from_utf8_lossy(field).into_owned();
                        if !null {
                            return Some(text);
                        }
                        if !text.is_empty() {
                            null_words.push((column, text));
                        }
                        None
                    })
                    .collect();
                if cells.len() < layout.n_columns() {
                    cells.resize(layout.n_columns(), None);
                }
                let number = block.number(record);
                self.records.push(RecordView {
                    record: number,
                    line: position.line,
                    byte: position.byte,
                    status: judged.verdicts[record],
                    cells,
                    null_words,
                    problems: judged
                        .problems
                        .iter()
                        .filter(|p| p.position.record == Some(number))
                        .cloned()
                        .collect(),
                });
            }
        }
        self.past |= block_end >= end;
    }
}
