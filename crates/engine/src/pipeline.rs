//! The two passes, naming all stages in order.
//!
//! First pass, while bytes arrive: source → decode → detect → blocks → structure → shapes → (end) types.
//! Second pass, over the stored bytes: source → decode → blocks → structure → cells → verdicts → outputs.

use csvp_report::{ProblemCode, Report};

use crate::EngineError;
use crate::assemble;
use crate::block::Block;
use crate::judge::Judge;
use crate::layout::Layout;
use crate::output::{JudgedBlock, Output};
use crate::plan::Plan;
use crate::profile::ColumnProfile;
use crate::reader::Reader;
use crate::settings::Settings;
use crate::survey::Survey;
use crate::tally::Tally;

/// What has been read so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes pushed.
    pub bytes_in: u64,
    /// Data records in whole blocks.
    pub records: u64,
}

/// The first pass: bytes in any chunks → report, types and a plan for the second pass.
pub struct Check {
    reader: Reader,
    survey: Survey,
}

/// The outcome of the first pass.
pub struct Checked {
    /// Final, unless a second pass is needed; then its counts and problems lack what only types can tell.
    pub report: Report,
    /// What the second pass needs.
    pub plan: Plan,
    /// Whether cells must be judged against the types before the report is true.
    pub needs_second_pass: bool,
}

impl Check {
    /// # Errors
    /// The settings cannot be used, see [`Settings::validate`].
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        settings.validate()?;
        Ok(Self { survey: Survey::new(&settings, 1), reader: Reader::detecting(settings) })
    }

    /// Works on `threads` threads, the caller's being one. The outcome is the same for any number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.survey.set_threads(threads);
        self
    }

    /// Takes the next bytes of the file, in any number.
    ///
    /// # Errors
    /// A limit of the whole file is exceeded, or the settings name a column that the file does not have.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let survey = &mut self.survey;
        self.reader.push(bytes, &mut |block, layout| survey.block(block, layout))
    }

    /// What has been read so far.
    pub fn progress(&self) -> Progress {
        Progress {
            bytes_in: self.reader.source().bytes_in(),
            records: self.survey.found.tally().data_records(),
        }
    }

    /// Ends the file and decides the types.
    ///
    /// # Errors
    /// As [`Check::push`].
    pub fn finish(self) -> Result<Checked, EngineError> {
        let Check { reader, mut survey } = self;
        let (layout, source) = reader.finish(&mut |block, layout| survey.block(block, layout))?;
        let (plan, needs_second_pass) = survey.finish(layout, &source)?;
        Ok(Checked { report: plan.report().clone(), plan, needs_second_pass })
    }
}

/// The second pass: the same bytes again, judged against the plan's schema and handed to the output.
pub struct Second<O> {
    reader: Reader,
    judge: Judge,
    profiles: Vec<ColumnProfile>,
    tally: Tally,
    exceptions: Vec<u64>,
    output: O,
}

impl<O: Output> Second<O> {
    /// # Errors
    /// The plan was stored by another version, or a rule of its schema cannot be used.
    pub fn new(plan: &Plan, output: O) -> Result<Self, EngineError> {
        plan.check_version()?;
        Ok(Self {
            reader: Reader::planned(plan.layout.clone(), &plan.limits),
            judge: Judge::new(plan)?,
            profiles: Vec::new(),
            tally: Tally::new(plan.limits.problems_shown),
            exceptions: vec![0; plan.schema.columns.len()],
            output,
        })
    }

    /// Also makes the statistics of every column.
    pub fn with_profiles(mut self) -> Self {
        let columns = self.judge.plan.schema.columns.iter().take(self.judge.plan.limits.max_profiled_columns);
        self.profiles = columns.map(|column| ColumnProfile::new(&column.column_type)).collect();
        self
    }

    /// Takes the next bytes of the file, in any number.
    ///
    /// # Errors
    /// The output could not be written, or a limit of the whole file is exceeded.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let Self { reader, judge, profiles, tally, exceptions, output } = self;
        reader.push(bytes, &mut |block, layout| {
            second_block(judge, profiles, tally, exceptions, output, (block, layout))
        })
    }

    /// What has been read so far.
    pub fn progress(&self) -> Progress {
        Progress { bytes_in: self.reader.source().bytes_in(), records: self.tally.data_records() }
    }

    /// Ends the file; gives the final report and the output.
    ///
    /// # Errors
    /// As [`Second::push`].
    pub fn finish(self) -> Result<(Report, O), EngineError> {
        let Self { reader, judge, mut profiles, mut tally, mut exceptions, mut output } = self;
        reader.finish(&mut |block, layout| {
            second_block(&judge, &mut profiles, &mut tally, &mut exceptions, &mut output, (block, layout))
        })?;
        let plan = judge.plan;
        plan.layout.problems.iter().for_each(|problem| tally.file_problem(problem));
        output.file_problems(&plan.layout.problems).map_err(EngineError::Output)?;
        let mut columns = plan.report.columns.clone();
        for (column, exceptions) in columns.iter_mut().zip(exceptions) {
            column.exceptions = exceptions;
        }
        for (column, profile) in columns.iter_mut().zip(&profiles) {
            column.profile = Some(profile.finish());
        }
        let report = assemble::report(&plan.layout, &plan.file, &tally, columns, &plan.policy);
        Ok((report, output))
    }
}

fn second_block<O: Output>(
    judge: &Judge,
    profiles: &mut [ColumnProfile],
    tally: &mut Tally,
    exceptions: &mut [u64],
    output: &mut O,
    (block, layout): (&Block, &Layout),
) -> Result<(), EngineError> {
    let judged = judge.block(block, layout, profiles);
    for problem in judged.problems.iter().filter(|problem| problem.code == ProblemCode::TypeMismatch) {
        if let Some(column) = &problem.position.column {
            exceptions[column.number as usize - 1] += 1;
        }
    }
    tally.block(block, &judged.verdicts, &judged.problems);
    let judged = JudgedBlock {
        block,
        grammar: &judge.grammar,
        schema: &judge.plan.schema,
        verdicts: &judged.verdicts,
        problems: &judged.problems,
        nulled: &judged.nulled,
    };
    output.block(&judged).map_err(EngineError::Output)
}
