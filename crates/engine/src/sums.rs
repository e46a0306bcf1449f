//! What judged blocks give, in the order of the file: counts, statistics and the output.

use std::sync::Arc;

use csvp_report::{ColumnReport, ProblemCode, Report};

use crate::EngineError;
use crate::assemble;
use crate::block::Block;
use crate::columns::{Columns, Misfit};
use crate::judge::{Judge, Judged};
use crate::lanes::Lanes;
use crate::output::{JudgedBlock, Output};
use crate::profile::ColumnProfile;
use crate::tally::{Fates, Room, Tally};

/// What becomes of a block on any thread.
pub(crate) struct Done {
    pub(crate) block: Block,
    pub(crate) judged: Judged,
    pub(crate) columns: Option<Result<Arc<Columns>, Misfit>>,
}

/// Sums over the blocks so far.
pub(crate) struct Sums<O> {
    pub(crate) judge: Arc<Judge>,
    pub(crate) tally: Tally,
    exceptions: Vec<u64>,
    /// How many problems of the next blocks somebody reads.
    pub(crate) wanted: Room,
    profiles: Profiles,
    pub(crate) output: O,
    /// A block whose memory can be used again.
    pub(crate) spare: Option<Block>,
}

/// Statistics of the columns, if they are wanted.
enum Profiles {
    Unwanted,
    Wanted,
    Running(Lanes<(Block, Judged), ColumnProfile>),
}

impl<O: Output> Sums<O> {
    pub(crate) fn new(judge: Arc<Judge>, output: O) -> Self {
        let shown = judge.plan.limits.problems_shown;
        Self {
            tally: Tally::new(shown),
            wanted: Room::new(if output.needs_problems() { usize::MAX } else { shown }),
            exceptions: vec![0; judge.plan.schema.columns.len()],
            profiles: Profiles::Unwanted,
            output,
            spare: None,
            judge,
        }
    }

    pub(crate) fn want_profiles(&mut self) {
        self.profiles = Profiles::Wanted;
    }

    /// Starts the statistics, if they are wanted.
    pub(crate) fn start_profiles(&mut self, threads: usize) -> bool {
        if !matches!(self.profiles, Profiles::Wanted) {
            return false;
        }
        let plan = &self.judge.plan;
        let columns = plan.schema.columns.iter().take(plan.limits.max_profiled_columns);
        let states = columns.map(|column| ColumnProfile::new(&column.column_type)).collect();
        let judge = Arc::clone(&self.judge);
        let lanes = Lanes::new(threads, states, move |column, profile, (block, judged): &(Block, Judged)| {
            judge.profile(block, &judged.sound, column, profile);
        });
        self.profiles = Profiles::Running(lanes);
        true
    }

    /// Adds the next block in order.
    pub(crate) fn add(&mut self, Done { block, judged, columns }: Done) -> Result<(), EngineError> {
        let bad = judged.counts.by_column(ProblemCode::TypeMismatch);
        self.exceptions.iter_mut().zip(bad).for_each(|(sum, bad)| *sum += bad);
        self.tally.block(&block, Fates::of(&judged.verdicts), &judged.counts, &judged.problems);
        if !self.output.needs_problems() {
            self.wanted.shrink(self.tally.room());
        }
        let columns = columns.transpose().map_err(|misfit| self.judge.misfit(&misfit))?;
        let view = JudgedBlock {
            block: &block,
            grammar: &self.judge.grammar,
            schema: &self.judge.plan.schema,
            verdicts: &judged.verdicts,
            problems: &judged.problems,
            nulled: &judged.nulled,
            columns: columns.as_ref(),
        };
        self.output.block(&view).map_err(EngineError::Output)?;
        match &mut self.profiles {
            Profiles::Running(lanes) => lanes.give((block, judged)),
            Profiles::Unwanted | Profiles::Wanted => self.spare = Some(block),
        }
        Ok(())
    }

    /// The report and the output of a pass that has ended.
    pub(crate) fn finish(mut self) -> Result<(Report, O), EngineError> {
        let plan = Arc::clone(&self.judge.plan);
        plan.layout.problems.iter().for_each(|problem| self.tally.file_problem(problem));
        self.output.file_problems(&plan.layout.problems).map_err(EngineError::Output)?;
        let mut columns = plan.report.columns.clone();
        for (column, exceptions) in columns.iter_mut().zip(&self.exceptions) {
            column.exceptions = *exceptions;
        }
        let tally = std::mem::take(&mut self.tally);
        let output = self.finish_profiles(&mut columns);
        let report = assemble::report(&plan.layout, &plan.file, &tally, columns, &plan.policy);
        Ok((report, output))
    }

    /// Ends the statistics, puts them where they are told, and gives the output.
    pub(crate) fn finish_profiles(self, columns: &mut [ColumnReport]) -> O {
        if let Profiles::Running(lanes) = self.profiles {
            for (column, profile) in columns.iter_mut().zip(lanes.finish()) {
                column.profile = Some(profile.finish());
            }
        }
        self.output
    }
}
