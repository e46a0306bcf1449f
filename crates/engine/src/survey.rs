//! The first pass over blocks: structure, shapes and keys; at the end the types and the plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use csvp_parse::{Grammar, SkipKind};
use csvp_report::{ColumnType, Detail, Problem, ProblemCode};

use crate::EngineError;
use crate::assemble::{self, ambiguities, column_reports, file_facts, file_problems, header_mismatches};
use crate::block::Block;
use crate::check::keys::{KeyFaults, Keys};
use crate::contradictions::Contradictions;
use crate::crew::Crew;
use crate::examine::{Examined, Examiner};
use crate::layout::{Layout, whole_file};
use crate::plan::{BlockIndex, PLAN_VERSION, Plan};
use crate::schema::{Column, Constraints, Declared, Field, Key, Schema, declared_columns, resolve};
use crate::settings::Settings;
use crate::source::Source;
use crate::tally::{Tally, order};
use crate::types::{Decision, Shapes};

/// Collects over all blocks what the end needs to decide.
pub(crate) struct Survey {
    settings: Settings,
    threads: usize,
    crew: Option<Crew<Block, (Block, Examined)>>,
    pub(crate) found: Found,
    declared: Vec<Option<Declared>>,
}

/// What all blocks so far have given, in their order.
pub(crate) struct Found {
    pub(crate) tally: Tally,
    grammar: Option<Grammar>,
    shapes: Vec<Shapes>,
    keys: Option<Keys>,
    index: BlockIndex,
    footer_rows: u64,
    /// Byte behind the start of the last record or comment.
    content_end: u64,
    /// Blank lines behind it: how many, and the first ones.
    blank_at_end: (u64, Vec<Problem>),
    problems_shown: usize,
    later: Contradictions,
    /// A block whose memory can be used again.
    spare: Option<Block>,
}

impl Survey {
    pub(crate) fn new(settings: &Settings, threads: usize) -> Self {
        let found = Found {
            tally: Tally::new(settings.limits.problems_shown),
            grammar: None,
            shapes: Vec::new(),
            keys: None,
            index: BlockIndex::default(),
            footer_rows: 0,
            content_end: 0,
            blank_at_end: (0, Vec::new()),
            problems_shown: settings.limits.problems_shown,
            later: Contradictions::default(),
            spare: None,
        };
        Self { settings: settings.clone(), threads, crew: None, found, declared: Vec::new() }
    }

    /// To be called before the first block.
    pub(crate) fn set_threads(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// The layout is known: prepares all columns.
    fn open(&mut self, layout: &Arc<Layout>) -> Result<(), EngineError> {
        let limits = &self.settings.limits;
        self.declared = declared_columns(&self.settings, &layout.names)?;
        self.found.shapes = layout.names.iter().map(|_| Shapes::new()).collect();
        let keys = Keys::of_schema(self.settings.schema.as_ref(), &layout.names, limits);
        self.found.keys = Some(keys).filter(|keys| !keys.is_empty());
        let grammar = layout.grammar(limits);
        self.found.grammar = Some(grammar.clone());
        let examiner = Examiner {
            grammar,
            layout: Arc::clone(layout),
            limits: limits.clone(),
            on_bad: self.settings.policy.on_bad,
        };
        let examine = move |block| {
            let examined = examiner.examine(&block);
            (block, examined)
        };
        self.crew = Some(Crew::new(self.threads, examine));
        Ok(())
    }

    /// Takes the next block and leaves another one.
    ///
    /// # Errors
    /// The settings name a column that the file does not have, or a temporary file failed.
    pub(crate) fn block(&mut self, block: &mut Block, layout: &Arc<Layout>) -> Result<(), EngineError> {
        if self.crew.is_none() {
            self.open(layout)?;
        }
        let Some(crew) = &mut self.crew else { return Ok(()) };
        let found = &mut self.found;
        let spare = found.spare.take().unwrap_or_else(|| Block::for_layout(layout));
        crew.give(std::mem::replace(block, spare), &mut |(block, examined)| found.add(block, examined))
    }

    /// Decides the types. Says also whether cells must be judged against them before the report is true.
    pub(crate) fn finish(mut self, mut layout: Layout, source: &Source) -> Result<(Plan, bool), EngineError> {
        if self.crew.is_none() && layout.refused.is_none() {
            self.open(&Arc::new(layout.clone()))?;
        }
        let found = &mut self.found;
        if let Some(mut crew) = self.crew.take() {
            crew.finish(&mut |(block, examined)| found.add(block, examined))?;
        }
        layout.content_end = Some(self.found.content_end);
        layout.footer_rows = Some(self.found.footer_rows);
        layout.dialect_facts.footer_rows = self.found.footer_rows;
        layout.dialect_facts.terminator = self.found.tally.terminator().to_owned();
        let threshold = self.settings.policy.type_threshold;
        let decisions: Vec<Decision> = self
            .found
            .shapes
            .iter()
            .zip(&self.declared)
            .map(|(shapes, declared)| resolve(declared.as_ref(), shapes, threshold))
            .collect();
        let schema = Schema { columns: self.columns(&layout, &decisions) };
        let key_faults = self.found.keys.take().map_or(Ok(KeyFaults::default()), Keys::finish)?;
        let mut problems = layout.problems.clone();
        problems.extend(file_problems(&self.found.tally, source));
        problems.extend(self.found.later.problems(&layout));
        if self.found.tally.data_records() == 0 && layout.refused.is_none() {
            problems.push(whole_file(ProblemCode::FileEmpty, Detail::None));
        }
        problems.extend(ambiguities(&schema, &decisions));
        problems.extend(header_mismatches(&self.settings, &layout));
        problems.extend(layout.refused.clone());
        layout.problems = problems;
        layout.problems.iter().for_each(|problem| self.found.tally.file_problem(problem));
        let needs_second_pass = !key_faults.faults.is_empty()
            || decisions.iter().any(|decision| decision.exceptions > 0)
            || schema.columns.iter().any(|column| column.declared && column.column_type != ColumnType::Text)
            || schema.columns.iter().any(|column| column.form.is_some() || !column.constraints.is_empty());
        let columns = column_reports(&schema, &decisions);
        let file = file_facts(source);
        let report = assemble::report(&layout, &file, &self.found.tally, columns, &self.settings.policy);
        let plan = Plan {
            version: PLAN_VERSION,
            file,
            layout,
            schema,
            policy: self.settings.policy,
            limits: self.settings.limits,
            index: self.found.index,
            key_faults,
            report,
        };
        Ok((plan, needs_second_pass))
    }

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
        let missing = schema.map(|schema| schema.missing_values.as_slice());
        let names = layout.names.iter().zip(decisions).zip(&self.declared);
        names
            .map(|((name, decision), declared)| {
                let field = fields.get(name.as_str());
                let mut constraints =
                    field.map_or_else(Constraints::default, |field| field.constraints.clone());
                constraints.required |= primary.contains(name.as_str());
                let declared_words = field.and(missing);
                Column {
                    name: name.clone(),
                    column_type: decision.column_type.clone(),
                    declared: declared.is_some(),
                    null_words: match declared_words {
                        Some(words) => words.iter().filter(|word| !word.is_empty()).cloned().collect(),
                        None => decision.null_words.clone(),
                    },
                    empty_is_null: declared_words.is_none_or(|words| words.iter().any(String::is_empty)),
                    form: declared.as_ref().and_then(|declared| declared.form),
                    constraints,
                }
            })
            .collect()
    }
}

impl Found {
    /// Adds the next block in order.
    fn add(&mut self, block: Block, examined: Examined) -> Result<(), EngineError> {
        let Examined { mut problems, blank_lines, verdicts, sound, shapes, later } = examined;
        self.shapes.iter_mut().zip(&shapes).for_each(|(ours, theirs)| ours.merge(theirs));
        if let (Some(keys), Some(grammar)) = (&mut self.keys, &self.grammar) {
            keys.add(&block, grammar, &sound)?;
        }
        self.index.add(&block);
        self.later.merge(&later);
        self.footer_rows += block.footer_rows as u64;
        let blank_lines = self.inner_blank_lines(&block, blank_lines);
        if !blank_lines.is_empty() {
            problems.extend(blank_lines);
            problems.sort_by_key(order);
        }
        self.tally.block(&block, &verdicts, &problems);
        self.spare = Some(block);
        Ok(())
    }

    /// The blank lines that a record or a comment of this block follows. Those at its end wait for one; behind the last
    /// they are no problem.
    fn inner_blank_lines(&mut self, block: &Block, mut found: Vec<Problem>) -> Vec<Problem> {
        let last_record = block.index.n_records().checked_sub(1).map(|last| block.index.record_start(last));
        let last_comment = block.index.skips().iter().rfind(|skip| skip.kind == SkipKind::Comment);
        let last_comment = last_comment.map(|skip| skip.byte as usize);
        if let Some(content) = last_record.max(last_comment) {
            let (count, first) = std::mem::take(&mut self.blank_at_end);
            self.tally.problems_of(ProblemCode::RowBlank, count, &first);
            self.content_end = block.source_byte(content) + 1;
        }
        let waiting =
            found.split_off(found.partition_point(|problem| problem.position.byte < self.content_end));
        let (count, first) = &mut self.blank_at_end;
        *count += waiting.len() as u64;
        let room = self.problems_shown.saturating_sub(first.len());
        first.extend(waiting.into_iter().take(room));
        found
    }
}
