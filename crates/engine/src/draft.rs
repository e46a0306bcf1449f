//! What the second pass would do, done in the first one by the types that its first block lets expect.
//!
//! A draft gets every block that was examined, in order, with its records judged by the expected types, and makes of them
//! what the second pass would: typed columns, statistics, the output. It counts only when the types of the whole file
//! turn out to be exactly the expected ones; as soon as they cannot, it is dropped.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use csvp_report::{FileFacts, Report};

use crate::EngineError;
use crate::assemble;
use crate::block::Block;
use crate::check::cells::BadCell;
use crate::check::keys::KeyFaults;
use crate::check::spot::CodeCounts;
use crate::columns::{Columns, Misfit};
use crate::judge::{Judge, Judged};
use crate::layout::Layout;
use crate::output::Output;
use crate::plan::{BlockIndex, PLAN_VERSION, Plan};
use crate::schema::{Column, Schema};
use crate::settings::Settings;
use crate::sums::{Done, Sums};
use crate::tally::{RecordVerdict, Tally};

/// What is done with examined blocks beside counting them.
pub(crate) trait Drafting {
    /// The types to expect are known. Gives what threads need to make typed columns, if a draft is made at all.
    fn open(&mut self, plan: &dyn Fn() -> Plan, threads: usize) -> Result<Option<Drafter>, EngineError>;

    /// The next block, in order; gives back one whose memory can be used again.
    fn block(&mut self, block: Block, drafted: Option<Drafted>) -> Result<Option<Block>, EngineError>;

    /// The expected types, while there is a draft.
    fn schema(&self) -> Option<&Schema>;

    /// The draft cannot come true.
    fn give_up(&mut self);
}

/// No draft is wanted.
pub(crate) struct NoDraft;

impl Drafting for NoDraft {
    fn open(&mut self, _: &dyn Fn() -> Plan, _: usize) -> Result<Option<Drafter>, EngineError> {
        Ok(None)
    }

    fn block(&mut self, block: Block, _: Option<Drafted>) -> Result<Option<Block>, EngineError> {
        Ok(Some(block))
    }

    fn schema(&self) -> Option<&Schema> {
        None
    }

    fn give_up(&mut self) {}
}

/// Makes of an examined block what a draft needs, on any thread.
#[derive(Clone)]
pub(crate) struct Drafter {
    judge: Arc<Judge>,
    needs_columns: bool,
    has_given_up: Arc<AtomicBool>,
}

/// A block as the expected types judge it.
pub(crate) struct Drafted {
    judged: Judged,
    columns: Option<Result<Arc<Columns>, Misfit>>,
}

impl Drafter {
    pub(crate) fn draft(
        &self,
        block: &Block,
        (verdicts, sound): (&[RecordVerdict], &[bool]),
        nulled: HashSet<BadCell>,
    ) -> Option<Drafted> {
        if self.has_given_up.load(Ordering::Relaxed) {
            return None;
        }
        let judged = Judged {
            verdicts: verdicts.to_vec(),
            counts: CodeCounts::default(),
            problems: Vec::new(),
            nulled,
            sound: sound.to_vec(),
        };
        let columns = self.needs_columns.then(|| self.judge.columns(block, &judged).map(Arc::new));
        Some(Drafted { judged, columns })
    }
}

/// Makes an output when the columns are known.
pub(crate) type MakeOutput<O> = Box<dyn FnOnce(&Schema) -> std::io::Result<O>>;

/// A draft with its output.
pub(crate) struct Draft<O> {
    make: Option<MakeOutput<O>>,
    wants_profiles: bool,
    sums: Option<Sums<O>>,
    has_given_up: Arc<AtomicBool>,
}

impl<O: Output> Draft<O> {
    pub(crate) fn new(make: MakeOutput<O>) -> Self {
        Self { make: Some(make), wants_profiles: false, sums: None, has_given_up: Arc::default() }
    }

    pub(crate) fn want_profiles(&mut self) {
        self.wants_profiles = true;
    }

    /// The report and the output, if the final plan is the expected one.
    pub(crate) fn finish(self, plan: &Plan) -> Option<(Report, O)> {
        let sums = self.sums.filter(|sums| is_same(&sums.judge.plan.schema, &plan.schema))?;
        let mut report = plan.report.clone();
        let output = sums.finish_profiles(&mut report.columns);
        Some((report, output))
    }
}

impl<O: Output> Drafting for Draft<O> {
    fn open(&mut self, plan: &dyn Fn() -> Plan, threads: usize) -> Result<Option<Drafter>, EngineError> {
        let Some(make) = self.make.take() else { return Ok(None) };
        let judge = Arc::new(Judge::new(Arc::new(plan()))?);
        let output = make(&judge.plan.schema).map_err(EngineError::Output)?;
        if output.needs_problems() {
            return Ok(None);
        }
        let needs_columns = output.needs_columns();
        let mut sums = Sums::new(Arc::clone(&judge), output);
        if self.wants_profiles {
            sums.want_profiles();
            sums.start_profiles(threads);
        }
        self.sums = Some(sums);
        Ok(Some(Drafter { judge, needs_columns, has_given_up: Arc::clone(&self.has_given_up) }))
    }

    fn block(&mut self, block: Block, drafted: Option<Drafted>) -> Result<Option<Block>, EngineError> {
        let (Some(sums), Some(Drafted { judged, columns })) = (&mut self.sums, drafted) else {
            self.give_up();
            return Ok(Some(block));
        };
        // A cell of a column of which nothing is expected any more.
        if matches!(columns, Some(Err(_))) {
            self.give_up();
            return Ok(Some(block));
        }
        sums.add(Done { block, judged, columns })?;
        Ok(sums.spare.take())
    }

    fn schema(&self) -> Option<&Schema> {
        self.sums.as_ref().map(|sums| &sums.judge.plan.schema)
    }

    fn give_up(&mut self) {
        self.has_given_up.store(true, Ordering::Relaxed);
        self.sums = None;
    }
}

/// A plan of which nothing is known but the layout and the types to expect.
pub(crate) fn first_plan(layout: &Layout, settings: &Settings, schema: &Schema) -> Plan {
    let file = FileFacts::default();
    let report = assemble::report(layout, &file, &Tally::new(0), Vec::new(), &settings.policy);
    Plan {
        version: PLAN_VERSION,
        file,
        layout: layout.clone(),
        schema: schema.clone(),
        policy: settings.policy.clone(),
        limits: settings.limits.clone(),
        index: BlockIndex::default(),
        key_faults: KeyFaults::default(),
        report,
    }
}

/// Whether records become the same values by both schemas. What the cells of a text usually are does not matter to them.
pub(crate) fn is_same(expected: &Schema, found: &Schema) -> bool {
    let values = |column: &Column| Column { usual: None, ..column.clone() };
    expected.columns.len() == found.columns.len()
        && expected
            .columns
            .iter()
            .zip(&found.columns)
            .all(|(expected, found)| values(expected) == values(found))
}
