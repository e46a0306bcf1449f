//! The two passes, naming all stages in order.
//!
//! First pass, while bytes arrive: source → decode → detect → blocks → structure → shapes → (end) types.
//! Second pass, over the stored bytes: source → decode → blocks → structure → cells → verdicts → outputs.

use std::collections::HashSet;

use csvp_parse::Grammar;
use csvp_report::{ColumnReport, Detail, Problem, ProblemCode, Report, Verdict};

use crate::block::Block;
use crate::check::cells::{BadCell, ColumnJudge, ColumnRun, judges};
use crate::check::keys::{KeyFaults, Keys};
use crate::check::structure::{self, Structure};
use crate::decode::Decoder;
use crate::layout::{Layout, whole_file};
use crate::output::{JudgedBlock, Output};
use crate::plan::{BlockIndex, PLAN_VERSION, Plan};
use crate::profile::ColumnProfile;
use crate::reader::Reader;
use crate::schema::{Column, Constraints, Declared, Schema, check_schema, declared_columns, resolve};
use crate::settings::{OnBad, Policy, Settings};
use crate::source::Source;
use crate::tally::{RecordVerdict, Tally, order};
use crate::types::{Ambiguity, Decision, Shapes};
use crate::{EngineError, Limits};

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
    /// The settings cannot be used: an unknown encoding, a schema with faults.
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        if let Some(label) = &settings.encoding {
            crate::layout::encoding_named(label)?;
        }
        if let Some(schema) = &settings.schema {
            check_schema(schema)?;
        }
        Ok(Self { survey: Survey::new(&settings), reader: Reader::detecting(settings) })
    }

    /// Takes the next bytes of the file, in any number.
    ///
    /// # Errors
    /// A limit of the whole file is exceeded, or the settings name a column that the file does not have.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let survey = &mut self.survey;
        self.reader.push(bytes, &mut |block, decoder, layout| survey.block(block, decoder, layout))
    }

    /// What has been read so far.
    pub fn progress(&self) -> Progress {
        Progress { bytes_in: self.reader.source().bytes_in(), records: self.survey.tally.rejected().1 }
    }

    /// Ends the file and decides the types.
    ///
    /// # Errors
    /// As [`Check::push`].
    pub fn finish(self) -> Result<Checked, EngineError> {
        let Check { reader, mut survey } = self;
        let (layout, source) = reader.finish(&mut |block, decoder, layout| survey.block(block, decoder, layout))?;
        survey.finish(layout, &source)
    }
}

/// Collects over all blocks what the end needs to decide.
struct Survey {
    settings: Settings,
    tally: Tally,
    grammar: Option<Grammar>,
    shapes: Vec<Shapes>,
    declared: Vec<Option<Declared>>,
    keys: Option<Keys>,
    index: BlockIndex,
    footer_rows: u64,
    later: Contradictions,
}

/// What later records say against what was detected in the first part.
#[derive(Debug, Default)]
struct Contradictions {
    /// Data records and those with a wrong number of fields, in the part that was looked at and behind it.
    sampled: (u64, u64),
    behind: (u64, u64),
    invalid_behind: u64,
}

/// Fewest records behind the first part that can contradict it.
const CONTRADICTING_RECORDS: u64 = 10;

impl Contradictions {
    fn add(&mut self, block: &Block, detect_bytes: u64) {
        let offset = |at: usize| block.base.text + at as u64;
        let data = block.data();
        let start_of = |record: usize| offset(block.index.record_start(record));
        let ragged: Vec<usize> = block.index.ragged().into_iter().map(|(record, _)| record).collect();
        let split = data.clone().find(|&record| start_of(record) >= detect_bytes).unwrap_or(data.end);
        let ragged_before = ragged.iter().filter(|&&record| data.contains(&record) && record < split).count() as u64;
        let ragged_all = ragged.iter().filter(|&&record| data.contains(&record)).count() as u64;
        self.sampled.0 += (split - data.start) as u64;
        self.sampled.1 += ragged_before;
        self.behind.0 += (data.end - split) as u64;
        self.behind.1 += ragged_all - ragged_before;
        self.invalid_behind += block.invalid.iter().filter(|invalid| invalid.text >= detect_bytes).count() as u64;
    }

    fn problems(&self, layout: &Layout) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.invalid_behind > 0 && layout.encoding_facts.source == "ascii" {
            let text = "the first part of the file is plain ASCII, later bytes are not valid UTF-8".to_owned();
            problems.push(whole_file(ProblemCode::EncodingContradicted, Detail::Note { text }));
        }
        let ((sampled, bad), (behind, bad_behind)) = (self.sampled, self.behind);
        if behind >= CONTRADICTING_RECORDS && bad_behind * 2 > behind && bad * 10 < sampled {
            let text = format!("{bad_behind} of {behind} later records do not have the number of fields that the first ones have");
            problems.push(whole_file(ProblemCode::DialectContradicted, Detail::Note { text }));
        }
        problems
    }
}

impl Survey {
    fn new(settings: &Settings) -> Self {
        Self {
            tally: Tally::new(settings.limits.problems_shown),
            settings: settings.clone(),
            grammar: None,
            shapes: Vec::new(),
            declared: Vec::new(),
            keys: None,
            index: BlockIndex::default(),
            footer_rows: 0,
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

    fn block(&mut self, block: &Block, decoder: &Decoder, layout: &Layout) -> Result<(), EngineError> {
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
        self.later.add(block, limits.detect_bytes as u64);
        self.footer_rows += block.footer_rows as u64;
        let Structure { mut problems, sound } = structure;
        let verdicts = verdicts(block, &sound, &[], self.settings.policy.on_bad);
        problems.extend(blank_lines(block, decoder));
        problems.sort_by_key(order);
        self.tally.block(block, &verdicts, &problems);
        Ok(())
    }

    fn finish(mut self, mut layout: Layout, source: &Source) -> Result<Checked, EngineError> {
        if self.grammar.is_none() && layout.refused.is_none() {
            self.open(&layout)?;
        }
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
        problems.extend(ambiguities(&schema, &decisions));
        problems.extend(header_mismatches(&self.settings, &layout));
        problems.extend(layout.refused.clone());
        layout.problems = problems;
        layout.problems.iter().for_each(|problem| self.tally.problem(problem));
        let needs_second_pass = !key_faults.faults.is_empty()
            || decisions.iter().any(|decision| decision.exceptions > 0)
            || schema.columns.iter().any(|column| column.declared && column.column_type != csvp_report::ColumnType::Text)
            || schema.columns.iter().any(|column| !column.constraints.is_empty());
        let columns = column_reports(&schema, &decisions);
        let file = file_facts(source);
        let report = report(&layout, &file, &self.tally, columns, &self.settings.policy);
        let plan = Plan {
            version: PLAN_VERSION,
            file,
            layout,
            schema,
            policy: self.settings.policy,
            limits: self.settings.limits,
            index: self.index,
            key_faults,
            report: report.clone(),
        };
        Ok(Checked { report, plan, needs_second_pass })
    }

    fn columns(&self, layout: &Layout, decisions: &[Decision]) -> Vec<Column> {
        let schema = self.settings.schema.as_ref();
        let missing = schema.map(|schema| schema.missing_values.as_slice());
        let names = layout.names.iter().zip(decisions).zip(&self.declared);
        names
            .map(|((name, decision), declared)| {
                let field = schema.and_then(|schema| schema.fields.iter().find(|field| field.name == *name));
                let mut constraints = field.map_or_else(Constraints::default, |field| field.constraints.clone());
                let primary = schema.and_then(|schema| schema.primary_key.as_ref());
                constraints.required |= primary.is_some_and(|key| key.names().contains(name));
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
                    constraints,
                }
            })
            .collect()
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
        reader.push(bytes, &mut |block, decoder, layout| {
            second_block(judge, profiles, tally, exceptions, output, (block, decoder, layout))
        })
    }

    /// What has been read so far.
    pub fn progress(&self) -> Progress {
        Progress { bytes_in: self.reader.source().bytes_in(), records: self.tally.rejected().1 }
    }

    /// Ends the file; gives the final report and the output.
    ///
    /// # Errors
    /// As [`Second::push`].
    pub fn finish(self) -> Result<(Report, O), EngineError> {
        let Self { reader, judge, mut profiles, mut tally, mut exceptions, mut output } = self;
        reader.finish(&mut |block, decoder, layout| {
            second_block(&judge, &mut profiles, &mut tally, &mut exceptions, &mut output, (block, decoder, layout))
        })?;
        let plan = judge.plan;
        plan.layout.problems.iter().for_each(|problem| tally.problem(problem));
        output.file_problems(&plan.layout.problems).map_err(EngineError::Output)?;
        let mut columns = plan.report.columns.clone();
        for (column, exceptions) in columns.iter_mut().zip(exceptions) {
            column.exceptions = exceptions;
        }
        for (column, profile) in columns.iter_mut().zip(&profiles) {
            column.profile = Some(profile.finish());
        }
        let report = report(&plan.layout, &plan.file, &tally, columns, &plan.policy);
        Ok((report, output))
    }
}

fn second_block<O: Output>(
    judge: &Judge,
    profiles: &mut [ColumnProfile],
    tally: &mut Tally,
    exceptions: &mut [u64],
    output: &mut O,
    (block, decoder, layout): (&Block, &Decoder, &Layout),
) -> Result<(), EngineError> {
    let judged = judge.block(block, decoder, layout, profiles);
    for problem in judged.problems.iter().filter(|problem| problem.code == ProblemCode::TypeMismatch) {
        if let Some(column) = &problem.position.column {
            exceptions[column.number as usize - 1] += 1;
        }
    }
    tally.block(block, &judged.verdicts, &judged.problems);
    let judged = JudgedBlock {
        block,
        grammar: &judge.grammar,
        decoder,
        schema: &judge.plan.schema,
        verdicts: &judged.verdicts,
        problems: &judged.problems,
        nulled: &judged.nulled,
    };
    output.block(&judged).map_err(EngineError::Output)
}

/// Judges blocks against a plan.
pub(crate) struct Judge {
    pub(crate) plan: Plan,
    pub(crate) grammar: Grammar,
    columns: Vec<ColumnJudge>,
}

/// What became of the records of a block.
pub(crate) struct Judged {
    pub(crate) verdicts: Vec<RecordVerdict>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) nulled: HashSet<BadCell>,
}

impl Judge {
    pub(crate) fn new(plan: &Plan) -> Result<Self, EngineError> {
        let columns = judges(&plan.schema)?;
        Ok(Self { grammar: plan.layout.grammar(&plan.limits), columns, plan: plan.clone() })
    }

    pub(crate) fn block(
        &self,
        block: &Block,
        decoder: &Decoder,
        layout: &Layout,
        profiles: &mut [ColumnProfile],
    ) -> Judged {
        let limits: &Limits = &self.plan.limits;
        let Structure { mut problems, sound } = structure::check(block, &self.grammar, layout, decoder, limits);
        let run = ColumnRun { block, grammar: &self.grammar, decoder, limits, sound: &sound };
        let mut bad = Vec::new();
        let mut profiles = profiles.iter_mut();
        for (idx, (column, judge)) in self.plan.schema.columns.iter().zip(&self.columns).enumerate() {
            run.judge(idx, column, judge, profiles.next(), &mut bad, &mut problems);
        }
        self.key_faults(&run, &mut bad, &mut problems);
        let on_bad = self.plan.policy.on_bad;
        let verdicts = verdicts(block, &sound, &bad, on_bad);
        problems.extend(blank_lines(block, decoder));
        problems.sort_by_key(order);
        let nulled = if on_bad == OnBad::Null { bad.into_iter().collect() } else { HashSet::new() };
        Judged { verdicts, problems, nulled }
    }

    fn key_faults(&self, run: &ColumnRun<'_>, bad: &mut Vec<BadCell>, problems: &mut Vec<Problem>) {
        let data = run.block.data();
        if data.is_empty() {
            return;
        }
        let (first, last) = (run.block.number(data.start), run.block.number(data.end - 1));
        let mut scratch = Vec::new();
        for fault in self.plan.key_faults.of_records(first, last) {
            let record = data.start + (fault.record - first) as usize;
            let idx = fault.column as usize;
            let column = &self.plan.schema.columns[idx];
            let cell =
                run.block.index.field(run.grammar, &run.block.text, record, idx, &mut scratch).unwrap_or_default();
            let what = match fault.first_record {
                Some(first_record) => (ProblemCode::ValueNotUnique, Detail::Repeat { first_record }),
                None => (ProblemCode::ValueKeyMissing, Detail::Rule { rule: "foreignKeys".to_owned() }),
            };
            problems.push(run.problem(record, idx, column, cell, what));
            bad.push(BadCell { record: record as u32, column: fault.column });
        }
    }
}

/// The verdict of every record of a block.
fn verdicts(block: &Block, sound: &[bool], bad: &[BadCell], on_bad: OnBad) -> Vec<RecordVerdict> {
    let mut verdicts = vec![RecordVerdict::Skipped; block.index.n_records()];
    for record in block.data() {
        verdicts[record] = if sound[record] { RecordVerdict::Accepted } else { RecordVerdict::Rejected };
    }
    for cell in bad {
        let verdict = &mut verdicts[cell.record as usize];
        if *verdict == RecordVerdict::Accepted {
            *verdict = if on_bad == OnBad::Null { RecordVerdict::Repaired } else { RecordVerdict::Rejected };
        }
    }
    verdicts
}

/// Lines with nothing on them, before the end of the file: worth knowing, but no fault.
fn blank_lines(block: &Block, decoder: &Decoder) -> Vec<Problem> {
    let at_end = |byte: u32| block.last && block.text[byte as usize..].iter().all(u8::is_ascii_whitespace);
    let blank = block.index.skips().iter().filter(|skip| skip.kind == csvp_parse::SkipKind::Blank);
    blank
        .filter(|skip| !at_end(skip.byte))
        .map(|skip| Problem {
            code: ProblemCode::RowBlank,
            position: csvp_report::Position {
                record: None,
                line: block.base.line + u64::from(skip.line) + 1,
                byte: decoder.source_byte(block.base.text + u64::from(skip.byte)),
                column: None,
            },
            detail: Detail::None,
            value: None,
        })
        .collect()
}

/// Problems of the file as a whole that its end tells.
fn file_problems(tally: &Tally, source: &Source) -> Vec<Problem> {
    let damaged = source.damaged().map(|byte| {
        let text = format!("compressed data is damaged or cut behind {byte} bytes of text");
        whole_file(ProblemCode::CompressionDamaged, Detail::Note { text })
    });
    tally.line_ending_problem().into_iter().chain(damaged).collect()
}

fn ambiguities(schema: &Schema, decisions: &[Decision]) -> Vec<Problem> {
    let columns = schema.columns.iter().zip(decisions).enumerate();
    columns
        .filter_map(|(number, (column, decision))| {
            let (code, values) = match decision.ambiguous.as_ref()? {
                Ambiguity::Date { values } => (ProblemCode::DateAmbiguous, *values),
                Ambiguity::Number { values } => (ProblemCode::NumberAmbiguous, *values),
            };
            let mut problem = whole_file(code, Detail::Ambiguous { values });
            problem.position.column = Some(csvp_report::ColumnRef {
                number: number as u32 + 1,
                name: column.name.clone(),
                line: None,
                byte: None,
            });
            Some(problem)
        })
        .collect()
}

/// Columns that the schema declares and the file lacks, or the other way round.
fn header_mismatches(settings: &Settings, layout: &Layout) -> Vec<Problem> {
    let Some(schema) = &settings.schema else { return Vec::new() };
    if layout.refused.is_some() {
        return Vec::new();
    }
    let problem = |found: &str, expected: Option<&str>| {
        let detail = Detail::Name { found: found.to_owned(), expected: expected.map(str::to_owned) };
        whole_file(ProblemCode::HeaderMismatch, detail)
    };
    let lacking = schema.fields.iter().enumerate().filter(|(_, field)| !layout.names.contains(&field.name));
    let surplus = layout.names.iter().filter(|name| !schema.fields.iter().any(|field| field.name == **name));
    lacking
        .map(|(number, field)| {
            problem(layout.names.get(number).map_or("nothing", String::as_str), Some(&field.name))
        })
        .chain(surplus.map(|name| problem(name, None)))
        .collect()
}

fn column_reports(schema: &Schema, decisions: &[Decision]) -> Vec<ColumnReport> {
    let columns = schema.columns.iter().zip(decisions).enumerate();
    columns
        .map(|(number, (column, decision))| ColumnReport {
            number: number as u32 + 1,
            name: column.name.clone(),
            column_type: column.column_type.clone(),
            declared: column.declared,
            nullable: decision.nulls > 0,
            null_words: column.null_words.clone(),
            exceptions: decision.exceptions,
            reason: decision.reason.clone(),
            profile: None,
        })
        .collect()
}

fn file_facts(source: &Source) -> csvp_report::FileFacts {
    csvp_report::FileFacts {
        size_bytes: source.bytes_in(),
        decoded_bytes: source.bytes_out(),
        compression: source.compression().map(|compression| compression.name().to_owned()),
        zip_entry: source.zip_entry().map(str::to_owned),
    }
}

fn report(
    layout: &Layout,
    file: &csvp_report::FileFacts,
    tally: &Tally,
    columns: Vec<ColumnReport>,
    policy: &Policy,
) -> Report {
    let counts = tally.counts(layout.dialect.preamble_lines.min(tally.counts(0).lines));
    let problems = tally.problems();
    let over_budget = policy.max_rejects.is_some_and(|budget| budget.is_exceeded(counts.rejected, counts.data_records()));
    let failed = policy.on_bad == OnBad::Fail && counts.rejected > 0;
    let lacks_column = layout.problems.iter().any(|problem| {
        problem.code == ProblemCode::HeaderMismatch && matches!(&problem.detail, Detail::Name { expected: Some(_), .. })
    });
    let verdict = if layout.refused.is_some() || over_budget || failed || lacks_column {
        Verdict::Refused
    } else if problems.errors + problems.warnings > 0 {
        Verdict::Problems
    } else {
        Verdict::Clean
    };
    Report {
        report_version: csvp_report::REPORT_VERSION,
        rules_version: csvp_report::RULES_VERSION,
        verdict,
        file: file.clone(),
        encoding: layout.encoding_facts.clone(),
        dialect: layout.dialect_facts.clone(),
        counts,
        columns,
        problems,
    }
}
