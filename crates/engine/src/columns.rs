//! Accepted records as typed columns: the cells of each column are read in one loop that knows its type.

use crate::block::Block;
use crate::judge::Judge;
use crate::schema::Column;
use crate::tally::RecordVerdict;
use crate::types::{CellRun, Values};

/// The accepted records of a block, column by column.
#[derive(Debug, Default)]
pub struct Columns {
    n_records: usize,
    columns: Vec<Values>,
}

/// An accepted cell that is not of its column's type: a fault of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Number of the record in the file, from 1.
    pub(crate) record: u64,
    /// Number of the column, from 0.
    pub(crate) column: usize,
}

impl Columns {
    /// Records in each column.
    pub fn n_records(&self) -> usize {
        self.n_records
    }

    /// The columns, in the order of the schema.
    pub fn values(&self) -> &[Values] {
        &self.columns
    }

    /// Reads the accepted and repaired records of a block.
    pub(crate) fn read(
        judge: &Judge,
        block: &Block,
        verdicts: &[RecordVerdict],
        is_nulled: impl Fn(usize, usize) -> bool,
    ) -> Result<Self, Misfit> {
        let is_kept =
            |&record: &usize| matches!(verdicts[record], RecordVerdict::Accepted | RecordVerdict::Repaired);
        let records: Vec<usize> = block.data().filter(is_kept).collect();
        let columns = judge.plan.schema.columns.iter().enumerate();
        let columns = columns
            .map(|(idx, column)| {
                let cells =
                    ColumnCells { judge, block, records: &records, idx, column, is_nulled: &is_nulled };
                judge
                    .format(idx)
                    .read_column(&cells, records.len())
                    .map_err(|at| Misfit { record: block.number(records[at]), column: idx })
            })
            .collect::<Result<_, Misfit>>()?;
        Ok(Self { n_records: records.len(), columns })
    }
}

/// The cells of one column in some records.
struct ColumnCells<'a, N> {
    judge: &'a Judge,
    block: &'a Block,
    records: &'a [usize],
    idx: usize,
    column: &'a Column,
    is_nulled: &'a N,
}

impl<N: Fn(usize, usize) -> bool> CellRun for ColumnCells<'_, N> {
    #[inline]
    fn each(&self, mut cell_read: impl FnMut(Option<&[u8]>) -> bool) -> Result<(), usize> {
        let (index, grammar, text) = (&self.block.index, &self.judge.grammar, &self.block.text);
        let mut scratch = Vec::new();
        for (at, &record) in self.records.iter().enumerate() {
            let cell = match index.slice(grammar, text, record, self.idx) {
                Some(cell) => Some(cell),
                None => index.field(grammar, text, record, self.idx, &mut scratch),
            };
            let cell = cell.filter(|cell| !self.column.is_null(cell) && !(self.is_nulled)(record, self.idx));
            if !cell_read(cell) {
                return Err(at);
            }
        }
        Ok(())
    }
}
