//! The first pass over blocks: structure, shapes and keys; at the end the types and the plan.

use std::collections::{HashMap, HashSet};

use csvp_parse::{Grammar, SkipKind};
use csvp_report::{ColumnType, Detail, Problem, ProblemCode};

use crate::EngineError;
use crate::assemble::{self, ambiguities, column_reports, file_facts, file_problems, header_mismatches};
use crate::block::Block;
use crate::check::keys::{KeyFaults, Keys};
use crate::check::structure::{self, Structure};
use crate::contradictions::Contradictions;
use crate::decode::Decoder;
use crate::judge::{blank_lines, verdicts};
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
    pub(crate) tally: Tally,
    grammar: Option<Grammar>,
    shapes: Vec<Shapes>,
    declared: Vec<Option<Declared>>,
    keys: Option<Keys>,
    index: BlockIndex,
    footer_rows: u64,
    /// Byte behind the start of the last record or comment.
    content_end: u64,
    /// Blank lines behind it: how many, and the first ones.
    blank_at_end: (u64, Vec<Problem>),
    later: Contradictions,
}

impl Survey {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            tally: Tally::new(settings.limits.problems_shown),
            settings: settings.clone(),
            grammar: None,
            shapes: Vec::new(),
            declared: Vec::new(),
            keys: None,
            index: BlockIndex::default(),
            footer_rows: 0,
            content_end: 0,
            blank_at_end: (0, Vec::new()),
            later: Contradictions::default(),
        }
    }

    /// The layout is known: prepares all columns.
    fn open(&mut self, layout: &Layout) -> Result<(), EngineError> {
        let limits = &self.settings.limits;
        self.declared = declared_columns(&self.settings, &layout.names)?;
        self.shapes = layout.names.iter().map(|_| Shapes::new()).collect();
        let keys = Keys::of_schema(self.settings.schema.as_ref(), &layout.names, limits);
        self.keys = Some(keys).filter(|keys| !keys.is_empty());
        self.grammar = Some(layout.grammar(limits));
        Ok(())
    }

    /// Takes the next block.
    ///
    /// # Errors
    /// The settings name a column that the file does not have, or a temporary file failed.
    pub(crate) fn block(
        &mut self,
        block: &Block,
        decoder: &Decoder,
        layout: &Layout,
    ) -> Result<(), EngineError> {
        if self.grammar.is_none() {
            self.open(layout)?;
        }
        let Some(grammar) = &self.grammar else { return Ok(()) };
        let limits = &self.settings.limits;
        let structure = structure::check(block, grammar, layout, decoder, limits);
        let mut scratch = Vec::new();
        for (column, shapes) in self.shapes.iter_mut().enumerate() {
            for record in block.data().filter(|&record| structure.sound[record]) {
                match block.index.field(grammar, &block.text, record, column, &mut scratch) {
                    Some(cell) => shapes.add(cell),
                    None => shapes.add_missing(),
                }
            }
        }
        if let Some(keys) = &mut self.keys {
            keys.add(block, grammar, &structure.sound)?;
        }
        self.index.add(block, decoder);
        self.later.add(block, decoder, limits.detect_bytes as u64);
        self.footer_rows += block.footer_rows as u64;
        let Structure { mut problems, sound } = structure;
        let verdicts = verdicts(block, &sound, &[], self.settings.policy.on_bad);
        problems.extend(self.blank_lines(block, decoder, layout));
        problems.sort_by_key(order);
        self.tally.block(block, &verdicts, &problems);
        Ok(())
    }

    /// The blank lines that a record or a comment of this block follows. Those at its end wait for one; behind the last
    /// they are no problem.
    fn blank_lines(&mut self, block: &Block, decoder: &Decoder, layout: &Layout) -> Vec<Problem> {
        let last_record = block.index.n_records().checked_sub(1).map(|last| block.index.record_start(last));
        let last_comment = block.index.skips().iter().rfind(|skip| skip.kind == SkipKind::Comment);
        let last_comment = last_comment.map(|skip| skip.byte as usize);
        let mut found = blank_lines(block, decoder, layout);
        if let Some(content) = last_record.max(last_comment) {
            let (count, first) = std::mem::take(&mut self.blank_at_end);
            self.tally.problems_of(ProblemCode::RowBlank, count, &first);
            self.content_end = decoder.source_byte(block.base.text + content as u64) + 1;
        }
        let waiting =
            found.split_off(found.partition_point(|problem| problem.position.byte < self.content_end));
        let (count, first) = &mut self.blank_at_end;
        *count += waiting.len() as u64;
        let room = self.settings.limits.problems_shown.saturating_sub(first.len());
        first.extend(waiting.into_iter().take(room));
        found
    }

    /// Decides the types. Says also whether cells must be judged against them before the report is true.
    pub(crate) fn finish(mut self, mut layout: Layout, source: &Source) -> Result<(Plan, bool), EngineError> {
        if self.grammar.is_none() && layout.refused.is_none() {
            self.open(&layout)?;
        }
        layout.content_end = Some(self.content_end);
        layout.footer_rows = Some(self.footer_rows);
        layout.dialect_facts.footer_rows = self.footer_rows;
        layout.dialect_facts.terminator = self.tally.terminator().to_owned();
        let threshold = self.settings.policy.type_threshold;
        let decisions: Vec<Decision> = self
            .shapes
            .iter()
            .zip(&self.declared)
            .map(|(shapes, declared)| resolve(declared.as_ref(), shapes, threshold))
            .collect();
        let schema = Schema { columns: self.columns(&layout, &decisions) };
        let key_faults = self.keys.take().map_or(Ok(KeyFaults::default()), Keys::finish)?;
        let mut problems = layout.problems.clone();
        problems.extend(file_problems(&self.tally, source));
        problems.extend(self.later.problems(&layout));
        if self.tally.data_records() == 0 && layout.refused.is_none() {
            problems.push(whole_file(ProblemCode::FileEmpty, Detail::None));
        }
        problems.extend(ambiguities(&schema, &decisions));
        problems.extend(header_mismatches(&self.settings, &layout));
        problems.extend(layout.refused.clone());
        layout.problems = problems;
        layout.problems.iter().for_each(|problem| self.tally.file_problem(problem));
        let needs_second_pass = !key_faults.faults.is_empty()
            || decisions.iter().any(|decision| decision.exceptions > 0)
            || schema.columns.iter().any(|column| column.declared && column.column_type != ColumnType::Text)
            || schema.columns.iter().any(|column| column.form.is_some() || !column.constraints.is_empty());
        let columns = column_reports(&schema, &decisions);
        let file = file_facts(source);
        let report = assemble::report(&layout, &file, &self.tally, columns, &self.settings.policy);
        let plan = Plan {
            version: PLAN_VERSION,
            file,
            layout,
            schema,
            policy: self.settings.policy,
            limits: self.settings.limits,
            index: self.index,
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
