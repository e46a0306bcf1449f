//! The two passes, naming all stages in order.
//!
//! First pass, while bytes arrive: source → decode → detect → blocks → structure → shapes → (end) types.
//! Second pass, over the stored bytes: source → decode → blocks → structure → cells → verdicts → outputs.

use std::sync::Arc;

use csvp_report::Report;

use crate::EngineError;
use crate::block::Block;
use crate::crew::Crew;
use crate::draft::{Draft, NoDraft};
use crate::judge::Judge;
use crate::layout::Layout;
use crate::output::Output;
use crate::plan::Plan;
use crate::reader::Reader;
use crate::schema::Schema;
use crate::settings::Settings;
use crate::sums::{Done, Sums};
use crate::survey::{Expectation, Survey};

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

    /// Expects these types instead of those of the first block; see [`Check::contradiction`].
    pub fn expecting(mut self, expectation: Expectation) -> Self {
        self.survey.expect(expectation);
        self
    }

    /// Types that fit the file so far, once for each time that they are found not to be the expected ones. A second pass is
    /// then certain; who can begin again, and has read little, saves it by expecting these.
    pub fn contradiction(&mut self) -> Option<Expectation> {
        self.survey.take_contradiction()
    }

    /// Takes the next bytes of the file, in any number.
    ///
    /// # Errors
    /// A limit of the whole file is exceeded, or the settings name a column that the file does not have.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let survey = &mut self.survey;
        self.reader.push(bytes, &mut |block, layout| survey.block(block, layout, &mut NoDraft))
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
        let (layout, source) =
            reader.finish(&mut |block, layout| survey.block(block, layout, &mut NoDraft))?;
        let (plan, needs_second_pass) = survey.finish(layout, &source, &mut NoDraft)?;
        Ok(Checked { report: plan.report().clone(), plan, needs_second_pass })
    }
}

/// Both passes in one, for files that let it: the first pass, and while it reads an output by the types that the first
/// block lets expect. When the types of the whole file are these, the output is the same as that of [`Second`];
/// otherwise it is dropped.
///
/// ```
/// use csvp_engine::{OnePass, Second, Settings};
///
/// let file = b"id,price\n1,2.50\n2,1.25\n".repeat(50_000);
/// let mut pass = OnePass::new(Settings::default(), |_schema| Ok(()))?.with_profiles();
/// pass.push(&file)?;
/// let passed = pass.finish()?;
/// let report = match passed.done {
///     Some((report, ())) => report,
///     // Some types turned out otherwise: once more from the start.
///     None => {
///         let mut second = Second::new(&passed.checked.plan, ())?.with_profiles();
///         second.push(&file)?;
///         second.finish()?.0
///     }
/// };
/// assert!(report.columns[1].profile.is_some());
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
pub struct OnePass<O> {
    check: Check,
    draft: Draft<O>,
}

/// The outcome of [`OnePass`].
pub struct Passed<O> {
    /// The outcome of the first pass.
    pub checked: Checked,
    /// The final report, with statistics if they were wanted, and the output; none when a second pass must make them.
    pub done: Option<(Report, O)>,
}

impl<O: Output> OnePass<O> {
    /// `output` is called at most once, when the types to expect are known. Outputs that need problems
    /// ([`Output::needs_problems`]) are left to the second pass, and so is a file of a single block.
    ///
    /// # Errors
    /// The settings cannot be used, see [`Settings::validate`].
    pub fn new(
        settings: Settings,
        output: impl FnOnce(&Schema) -> std::io::Result<O> + 'static,
    ) -> Result<Self, EngineError> {
        Ok(Self { check: Check::new(settings)?, draft: Draft::new(Box::new(output)) })
    }

    /// Also makes the statistics of every column.
    pub fn with_profiles(mut self) -> Self {
        self.draft.want_profiles();
        self
    }

    /// Works on `threads` threads, the caller's being one. The outcome is the same for any number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.check = self.check.with_threads(threads);
        self
    }

    /// As [`Check::expecting`].
    pub fn expecting(mut self, expectation: Expectation) -> Self {
        self.check = self.check.expecting(expectation);
        self
    }

    /// As [`Check::contradiction`]; the output has been dropped.
    pub fn contradiction(&mut self) -> Option<Expectation> {
        self.check.contradiction()
    }

    /// Takes the next bytes of the file, in any number.
    ///
    /// # Errors
    /// As [`Check::push`], or the output could not be made or written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let Self { check: Check { reader, survey }, draft } = self;
        reader.push(bytes, &mut |block, layout| survey.block(block, layout, draft))
    }

    /// What has been read so far.
    pub fn progress(&self) -> Progress {
        self.check.progress()
    }

    /// Ends the file.
    ///
    /// # Errors
    /// As [`OnePass::push`].
    pub fn finish(self) -> Result<Passed<O>, EngineError> {
        let Self { check: Check { reader, mut survey }, mut draft } = self;
        let (layout, source) = reader.finish(&mut |block, layout| survey.block(block, layout, &mut draft))?;
        let (plan, needs_second_pass) = survey.finish(layout, &source, &mut draft)?;
        let done = if needs_second_pass { None } else { draft.finish(&plan) };
        let checked = Checked { report: plan.report().clone(), plan, needs_second_pass };
        Ok(Passed { checked, done })
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

impl<O: Output> Second<O> {
    /// # Errors
    /// The plan was stored by another version, or a rule of its schema cannot be used.
    pub fn new(plan: &Plan, output: O) -> Result<Self, EngineError> {
        plan.check_version()?;
        let judge = Arc::new(Judge::new(Arc::new(plan.clone()))?);
        let reader = Reader::planned(plan.layout.clone(), &plan.limits);
        Ok(Self { reader, crew: None, threads: 1, sums: Sums::new(judge, output) })
    }

    /// Also makes the statistics of every column.
    pub fn with_profiles(mut self) -> Self {
        self.sums.want_profiles();
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
        let (judge, wanted) = (Arc::clone(&sums.judge), sums.wanted.clone());
        let needs_columns = sums.output.needs_columns();
        // Profiles alone keep all threads busy.
        let alone = is_profiled && !needs_columns;
        Crew::new(if alone { 1 } else { threads }, move |block| {
            let judged = judge.block(&block, wanted.get());
            let columns = needs_columns.then(|| judge.columns(&block, &judged).map(Arc::new));
            Done { block, judged, columns }
        })
    });
    let spare = sums.spare.take().unwrap_or_else(|| Block::for_layout(layout));
    crew.give(std::mem::replace(block, spare), &mut |done| sums.add(done))
}
