//! The first pass over blocks: structure, shapes and keys; at the end the types and the plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use csvp_report::{ColumnType, Detail, Problem, ProblemCode};

use crate::EngineError;
use crate::assemble::{self, ambiguities, column_reports, file_facts, file_problems, header_mismatches};
use crate::block::Block;
use crate::check::keys::{KeyFaults, Keys};
use crate::crew::Crew;
use crate::draft::{Drafted, Drafting, first_plan, is_same};
use crate::examine::{Examined, Examiner};
use crate::expect::{Expected, expectations, is_confirmed};
use crate::found::Found;
use crate::layout::{Layout, whole_file};
use crate::plan::{PLAN_VERSION, Plan};
use crate::schema::{Column, Constraints, Declared, Field, Key, Schema, declared_columns, resolve};
use crate::settings::Settings;
use crate::source::Source;
use crate::types::{Decision, Shapes};

/// What is expected is compared with the types so far after each doubling of the blocks, and at least as often as this.
const COMPARE_EVERY: u64 = 16;
/// Columns for which it is compared one block later: deciding all types of a wide table takes as long as reading a block.
const COLUMNS_PER_BLOCK: u64 = 64;

/// Types to expect of a file. They decide how often it must be read, and nothing else.
#[derive(Debug, Clone)]
pub struct Expectation {
    schema: Schema,
    /// The first blocks that have these types.
    blocks: u64,
}

/// Collects over all blocks what the end needs to decide.
pub(crate) struct Survey {
    settings: Settings,
    threads: usize,
    crew: Option<Crew<Block, Surveyed>>,
    /// Blocks to be found before expectations are compared with them.
    compare_at: u64,
    pub(crate) found: Found,
    declared: Vec<Option<Declared>>,
    expected: Arc<[Option<Expected>]>,
    /// Types to expect from the first block on; for want of them, those that the block has.
    hint: Option<Schema>,
    /// The types so far, when they are not the expected ones.
    contradiction: Option<Expectation>,
}

/// A block, and all that was found in it by itself.
struct Surveyed {
    block: Block,
    examined: Examined,
    drafted: Option<Drafted>,
}

impl Survey {
    pub(crate) fn new(settings: &Settings, threads: usize) -> Self {
        Self {
            settings: settings.clone(),
            threads,
            crew: None,
            compare_at: 1,
            found: Found::new(settings.limits.problems_shown),
            declared: Vec::new(),
            expected: Arc::default(),
            hint: None,
            contradiction: None,
        }
    }

    /// To be called before the first block.
    pub(crate) fn expect(&mut self, expectation: Expectation) {
        // Fewer blocks may have narrower types, which contradict nothing.
        self.compare_at = expectation.blocks + 1;
        self.hint = Some(expectation.schema);
    }

    /// The types so far, if they have just turned out not to be the expected ones.
    pub(crate) fn take_contradiction(&mut self) -> Option<Expectation> {
        self.contradiction.take()
    }

    /// To be called before the first block.
    pub(crate) fn set_threads(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// The layout is known: prepares all columns. The first block, if there is another one behind it, tells what types to
    /// expect.
    fn open(
        &mut self,
        layout: &Arc<Layout>,
        first: Option<&Block>,
        draft: &mut impl Drafting,
    ) -> Result<(), EngineError> {
        let limits = &self.settings.limits;
        self.declared = declared_columns(&self.settings, &layout.names)?;
        let keys = Keys::of_schema(self.settings.schema.as_ref(), &layout.names, limits);
        let grammar = layout.grammar(limits);
        let keys = Some(keys).filter(|keys| !keys.is_empty());
        let has_keys = keys.is_some();
        self.found.open(layout.n_columns(), grammar.clone(), keys);
        let mut examiner = Examiner {
            grammar,
            layout: Arc::clone(layout),
            limits: limits.clone(),
            on_bad: self.settings.policy.on_bad,
            unusual: self.settings.policy.unusual,
            expected: Arc::default(),
            wanted: self.found.wanted(),
        };
        let mut drafter = None;
        if let Some(first) = first.filter(|first| !first.last) {
            let hint = self.hint.take().filter(|schema| has_names(schema, &layout.names));
            let schema = hint.unwrap_or_else(|| {
                let decisions = self.decide(&examiner.examine(first).shapes);
                Schema { columns: self.columns(layout, &decisions) }
            });
            // Which records break a key is only known at the end.
            if !has_keys {
                let plan = || first_plan(layout, &self.settings, &schema);
                drafter = draft.open(&plan, self.threads)?;
            }
            self.expected = expectations(schema, &self.declared)?.into();
            examiner.expected = Arc::clone(&self.expected);
        }
        let examine = move |block| {
            let mut examined = examiner.examine(&block);
            let drafted = drafter.as_ref().and_then(|drafter| {
                let nulled = std::mem::take(&mut examined.nulled);
                let verdicts = &examined.judged.as_ref().unwrap_or(&examined.structure).verdicts;
                drafter.draft(&block, (verdicts, &examined.sound), nulled)
            });
            Surveyed { block, examined, drafted }
        };
        self.crew = Some(Crew::new(self.threads, examine));
        Ok(())
    }

    /// The type of every column from its shapes.
    fn decide(&self, shapes: &[Shapes]) -> Vec<Decision> {
        let threshold = self.settings.policy.type_threshold;
        let columns = shapes.iter().zip(&self.declared);
        columns.map(|(shapes, declared)| resolve(declared.as_ref(), shapes, threshold)).collect()
    }

    /// Takes the next block and leaves another one.
    ///
    /// # Errors
    /// The settings name a column that the file does not have, a temporary file or the draft's output failed.
    pub(crate) fn block(
        &mut self,
        block: &mut Block,
        layout: &Arc<Layout>,
        draft: &mut impl Drafting,
    ) -> Result<(), EngineError> {
        if self.crew.is_none() {
            self.open(layout, Some(block), draft)?;
        }
        let Some(crew) = &mut self.crew else { return Ok(()) };
        let found = &mut self.found;
        let spare = found.take_spare().unwrap_or_else(|| Block::for_layout(layout));
        crew.give(std::mem::replace(block, spare), &mut |Surveyed { block, examined, drafted }| {
            let block = found.add(block, examined)?;
            found.keep_spare(draft.block(block, drafted)?);
            Ok::<(), EngineError>(())
        })?;
        let blocks = self.found.blocks();
        if blocks >= self.compare_at {
            let every = COMPARE_EVERY.max(self.declared.len() as u64 / COLUMNS_PER_BLOCK);
            self.compare_at = blocks + blocks.min(every);
            self.compare(layout, draft)?;
        }
        Ok(())
    }

    /// Compares the types so far with the expected ones, so that work for nothing ends early.
    fn compare(&mut self, layout: &Layout, draft: &mut impl Drafting) -> Result<(), EngineError> {
        let found = Schema { columns: self.columns(layout, &self.decide(self.found.shapes())) };
        let is_contradicted = match draft.schema() {
            Some(expected) => !is_same(expected, &found),
            None => !self.is_confirmed(&found)?,
        };
        if is_contradicted {
            draft.give_up();
            self.contradiction = Some(Expectation { schema: found, blocks: self.found.blocks() });
        }
        Ok(())
    }

    /// Decides the types. Says also whether cells must be judged against them before the report is true.
    pub(crate) fn finish(
        mut self,
        mut layout: Layout,
        source: &Source,
        draft: &mut impl Drafting,
    ) -> Result<(Plan, bool), EngineError> {
        if self.crew.is_none() && layout.refused.is_none() {
            self.open(&Arc::new(layout.clone()), None, draft)?;
        }
        let found = &mut self.found;
        if let Some(mut crew) = self.crew.take() {
            crew.finish(&mut |Surveyed { block, examined, drafted }| {
                draft.block(found.add(block, examined)?, drafted).map(drop)
            })?;
        }
        layout.content_end = Some(self.found.content_end());
        layout.footer_rows = Some(self.found.footer_rows());
        layout.habits = self.settings.policy.unusual.then(|| self.found.habits());
        layout.dialect_facts.footer_rows = self.found.footer_rows();
        layout.dialect_facts.terminator = self.found.tally().terminator().to_owned();
        let decisions = self.decide(self.found.shapes());
        let schema = Schema { columns: self.columns(&layout, &decisions) };
        let key_faults = self.found.take_keys().map_or(Ok(KeyFaults::default()), Keys::finish)?;
        layout.problems = self.file_problems(&layout, source, &schema, &decisions);
        let must_be_judged = layout.habits.is_some()
            || !key_faults.faults.is_empty()
            || decisions.iter().any(|decision| decision.exceptions > 0 || decision.usual.is_some())
            || schema.columns.iter().any(|column| column.declared && column.column_type != ColumnType::Text)
            || schema.columns.iter().any(|column| column.form.is_some() || !column.constraints.is_empty());
        let is_judged = must_be_judged
            && layout.habits.is_none()
            && key_faults.faults.is_empty()
            && self.is_confirmed(&schema)?;
        let mut columns = column_reports(&schema, &decisions);
        let (mut tally, index) = self.found.into_parts(&schema, is_judged.then_some(&mut columns));
        layout.problems.iter().for_each(|problem| tally.file_problem(problem));
        let file = file_facts(source);
        let report = assemble::report(&layout, &file, &tally, columns, &self.settings.policy);
        let plan = Plan {
            version: PLAN_VERSION,
            file,
            layout,
            schema,
            policy: self.settings.policy,
            limits: self.settings.limits,
            index,
            key_faults,
            report,
        };
        Ok((plan, must_be_judged && !is_judged))
    }

    /// What is wrong with the file as a whole.
    fn file_problems(
        &self,
        layout: &Layout,
        source: &Source,
        schema: &Schema,
        decisions: &[Decision],
    ) -> Vec<Problem> {
        let tally = self.found.tally();
        let mut problems = layout.problems.clone();
        problems.extend(file_problems(tally, source));
        problems.extend(self.found.later().problems(layout));
        if tally.data_records() == 0 && layout.refused.is_none() {
            problems.push(whole_file(ProblemCode::FileEmpty, Detail::None));
        }
        problems.extend(ambiguities(schema, decisions));
        problems.extend(header_mismatches(&self.settings, layout));
        problems.extend(layout.refused.clone());
        problems
    }

    /// Whether all cells were judged by the schema that came out in the end.
    fn is_confirmed(&self, schema: &Schema) -> Result<bool, EngineError> {
        if self.expected.len() != schema.columns.len() {
            return Ok(false);
        }
        for (expected, column) in self.expected.iter().zip(&schema.columns) {
            if !is_confirmed(expected.as_ref(), column)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The columns as the settings and the cells want them.
    fn columns(&self, layout: &Layout, decisions: &[Decision]) -> Vec<Column> {
        let schema = self.settings.schema.as_ref();
        let fields: HashMap<&str, &Field> =
            schema.iter().flat_map(|schema| &schema.fields).map(|field| (&*field.name, field)).collect();
        let primary: HashSet<&str> = schema
            .and_then(|schema| schema.primary_key.as_ref())
            .map_or(&[][..], Key::names)
            .iter()
            .map(String::as_str)
            .collect();
        let names = layout.names.iter().zip(decisions).zip(&self.declared);
        names
            .map(|((name, decision), declared)| {
                let field = fields.get(name.as_str());
                let mut constraints =
                    field.map_or_else(Constraints::default, |field| field.constraints.clone());
                constraints.required |= primary.contains(name.as_str());
                let declared_words = schema.zip(field).map(|(schema, field)| schema.missing_values_of(field));
                Column {
                    name: name.clone(),
                    column_type: decision.column_type.clone(),
                    declared: declared.is_some(),
                    null_words: match declared_words {
                        Some(words) => words.iter().filter(|word| !word.is_empty()).cloned().collect(),
                        None => decision.null_words.clone(),
                    },
                    empty_is_null: declared_words.is_none_or(|words| words.iter().any(String::is_empty)),
                    usual: decision.usual.clone(),
                    form: declared.as_ref().and_then(|declared| declared.form),
                    constraints,
                }
            })
            .collect()
    }
}

fn has_names(schema: &Schema, names: &[String]) -> bool {
    schema.columns.iter().map(|column| &column.name).eq(names)
}
