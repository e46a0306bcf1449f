//! The two passes, naming all stages in order.
//!
//! First pass, while bytes arrive: source → decode → detect → blocks → structure → shapes → (end) types.
//! Second pass, over the stored bytes: source → decode → blocks → structure → cells → verdicts → outputs.

use std::sync::Arc;

use csvp_report::{ProblemCode, Report};

use crate::EngineError;
use crate::assemble;
use crate::block::Block;
use crate::columns::{Columns, Misfit};
use crate::crew::Crew;
use crate::judge::{Judge, Judged};
use crate::lanes::Lanes;
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
///
/// ```
/// use csvp_engine::{Check, Settings};
///
/// let mut check = Check::new(Settings::default())?.with_threads(2);
/// for chunk in b"id,day\n1,31/01/2024\n2,01/02/2024,x\n".chunks(10) {
///     check.push(chunk)?;
/// }
/// let checked = check.finish()?;
/// assert_eq!(checked.report.columns[1].column_type.to_string(), "date %d/%m/%Y");
/// let problem = &checked.report.problems.first[0];
/// assert_eq!((problem.code.as_str(), problem.position.line), ("field-count", 3));
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
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
///
/// ```
/// use csvp_engine::{Check, JudgedBlock, Output, RecordVerdict, Second, Settings};
///
/// /// Adds up the second column of all records that are accepted.
/// struct Sum(f64);
///
/// impl Output for Sum {
///     fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
///         let mut scratch = Vec::new();
///         for record in (0..block.n_records()).filter(|&r| block.verdict(r) == RecordVerdict::Accepted) {
///             let price = block.cell(record, 1, &mut scratch).unwrap_or_default();
///             self.0 += String::from_utf8_lossy(price).parse::<f64>().unwrap_or_default();
///         }
///         Ok(())
///     }
/// }
///
/// let file = b"id,price\n1,2.50\n2,1.25,surplus\n3,4.00\n";
/// let mut check = Check::new(Settings::default())?;
/// check.push(file)?;
/// let checked = check.finish()?;
///
/// let mut second = Second::new(&checked.plan, Sum(0.0))?.with_profiles();
/// second.push(file)?;
/// let (report, sum) = second.finish()?;
/// assert_eq!((sum.0, report.counts.rejected), (6.5, 1));
/// assert!(report.columns[1].profile.is_some());
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
pub struct Second<O> {
    reader: Reader,
    crew: Option<Crew<Block, Done>>,
    threads: usize,
    sums: Sums<O>,
}

/// What becomes of a block on any thread.
struct Done {
    block: Block,
    judged: Judged,
    columns: Option<Result<Arc<Columns>, Misfit>>,
}

/// What the judged blocks give, in their order.
struct Sums<O> {
    judge: Arc<Judge>,
    tally: Tally,
    exceptions: Vec<u64>,
    profiles: Profiles,
    output: O,
    /// A block whose memory can be used again.
    spare: Option<Block>,
}

/// Statistics of the columns, if they are wanted.
enum Profiles {
    Unwanted,
    Wanted,
    Running(Lanes<(Block, Judged), ColumnProfile>),
}

impl<O: Output> Second<O> {
    /// # Errors
    /// The plan was stored by another version, or a rule of its schema cannot be used.
    pub fn new(plan: &Plan, output: O) -> Result<Self, EngineError> {
        plan.check_version()?;
        let sums = Sums {
            judge: Arc::new(Judge::new(Arc::new(plan.clone()))?),
            tally: Tally::new(plan.limits.problems_shown),
            exceptions: vec![0; plan.schema.columns.len()],
            profiles: Profiles::Unwanted,
            output,
            spare: None,
        };
        let reader = Reader::planned(plan.layout.clone(), &plan.limits);
        Ok(Self { reader, crew: None, threads: 1, sums })
    }

    /// Also makes the statistics of every column.
    pub fn with_profiles(mut self) -> Self {
        self.sums.profiles = Profiles::Wanted;
        self
    }

    /// Works on `threads` threads, the caller's being one. The outcome is the same for any number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Takes the next bytes of the file, in any number.
    ///
    /// # Errors
    /// The output could not be written, or a limit of the whole file is exceeded.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let Self { reader, crew, threads, sums } = self;
        reader.push(bytes, &mut |block, layout| second_block(crew, *threads, sums, block, layout))
    }

    /// What has been read so far.
    pub fn progress(&self) -> Progress {
        Progress { bytes_in: self.reader.source().bytes_in(), records: self.sums.tally.data_records() }
    }

    /// Ends the file; gives the final report and the output.
    ///
    /// # Errors
    /// As [`Second::push`].
    pub fn finish(self) -> Result<(Report, O), EngineError> {
        let Self { reader, mut crew, threads, mut sums } = self;
        reader.finish(&mut |block, layout| second_block(&mut crew, threads, &mut sums, block, layout))?;
        if let Some(mut crew) = crew {
            crew.finish(&mut |done| sums.add(done))?;
        }
        sums.finish()
    }
}

/// Gives a block to the crew and leaves another one.
fn second_block<O: Output>(
    crew: &mut Option<Crew<Block, Done>>,
    threads: usize,
    sums: &mut Sums<O>,
    block: &mut Block,
    layout: &Layout,
) -> Result<(), EngineError> {
    let crew = crew.get_or_insert_with(|| {
        let is_profiled = sums.start_profiles(threads);
        let judge = Arc::clone(&sums.judge);
        let needs_columns = sums.output.needs_columns();
        // Profiles alone keep all threads busy.
        let alone = is_profiled && !needs_columns;
        Crew::new(if alone { 1 } else { threads }, move |block| {
            let judged = judge.block(&block);
            let columns = needs_columns.then(|| judge.columns(&block, &judged).map(Arc::new));
            Done { block, judged, columns }
        })
    });
    let spare = sums.spare.take().unwrap_or_else(|| Block::for_layout(layout));
    crew.give(std::mem::replace(block, spare), &mut |done| sums.add(done))
}

impl<O: Output> Sums<O> {
    /// Starts the statistics, if they are wanted.
    fn start_profiles(&mut self, threads: usize) -> bool {
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
    fn add(&mut self, Done { block, judged, columns }: Done) -> Result<(), EngineError> {
        for problem in judged.problems.iter().filter(|problem| problem.code == ProblemCode::TypeMismatch) {
            if let Some(column) = &problem.position.column {
                self.exceptions[column.number as usize - 1] += 1;
            }
        }
        self.tally.block(&block, &judged.verdicts, &judged.problems);
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

    fn finish(mut self) -> Result<(Report, O), EngineError> {
        let plan = &self.judge.plan;
        plan.layout.problems.iter().for_each(|problem| self.tally.file_problem(problem));
        self.output.file_problems(&plan.layout.problems).map_err(EngineError::Output)?;
        let mut columns = plan.report.columns.clone();
        for (column, exceptions) in columns.iter_mut().zip(self.exceptions) {
            column.exceptions = exceptions;
        }
        if let Profiles::Running(lanes) = self.profiles {
            for (column, profile) in columns.iter_mut().zip(lanes.finish()) {
                column.profile = Some(profile.finish());
            }
        }
        let report = assemble::report(&plan.layout, &plan.file, &self.tally, columns, &plan.policy);
        Ok((report, self.output))
    }
}
