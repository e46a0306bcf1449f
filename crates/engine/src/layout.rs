//! What the first part of a file says about the whole: encoding, dialect, header, number of columns.

use csvp_parse::{Dialect, FieldIndex, Grammar, Terminator, scan};
use csvp_report::{Detail, DialectFacts, EncodingFacts, Position, Problem, ProblemCode};
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::check::habits::Habits;
use crate::check::rows::{Records, RowRules};
use crate::decode::{Decoder, Guess, binary_kind, document_kind, guess};
use crate::detect::{DialectHints, detect};
use crate::rejects;
use crate::schema::{TableSchema, header};
use crate::widths::{self, Widths};
use crate::{EngineError, Limits, Settings};

/// Fields beyond which a record is not looked at as a header: each would cost a hundred times its bytes.
const MOST_HEADER_CELLS: usize = 1 << 18;
/// Part of the sample that shows how many fields most records may have.
const FRONT_BYTES: usize = 4 << 10;
/// Most columns that are guessed from one line: with more, an index of short records would be full before one of long ones.
const MOST_GUESSED: usize = 32;
/// Part of the sample from which is learned what records look like.
const LEARNED_BYTES: usize = 256 << 10;

/// Everything fixed before the first record is checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Layout {
    pub(crate) encoding_facts: EncodingFacts,
    pub(crate) bom_bytes: usize,
    #[serde(with = "DialectFields")]
    pub(crate) dialect: Dialect,
    pub(crate) dialect_facts: DialectFacts,
    /// Unique column names.
    pub(crate) names: Vec<String>,
    /// The header's cells as they stand, one vector per header row.
    pub(crate) header: Vec<Vec<String>>,
    /// Every record ends with a delimiter that starts no field.
    pub(crate) trailing_delimiter: bool,
    /// The file is one of rejected records: its own columns are left out.
    #[serde(default)]
    pub(crate) is_rejects: bool,
    /// Where no number of fields is that of most records, those that many have, ascending: what these lack is empty.
    #[serde(default)]
    pub(crate) widths: Vec<usize>,
    /// Which records look wrong as a whole.
    #[serde(default)]
    pub(crate) rows: RowRules,
    /// Which cells look unusual, once the file has been read to its end and if somebody asks.
    #[serde(default)]
    pub(crate) habits: Option<Habits>,
    /// Problems of the file as a whole, found in the first part.
    pub(crate) problems: Vec<Problem>,
    /// Why the file is not read at all.
    pub(crate) refused: Option<Problem>,
    /// Byte from which on the file has nothing but blank lines, once it has been read to its end.
    #[serde(default)]
    pub(crate) content_end: Option<u64>,
    /// Footer records, once the file has been read to its end.
    pub(crate) footer_rows: Option<u64>,
}

/// The dialect, as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Dialect")]
struct DialectFields {
    delimiter: Vec<u8>,
    quote: Option<u8>,
    escape: Option<u8>,
    #[serde(with = "TerminatorName")]
    terminator: Terminator,
    comment: Option<Vec<u8>>,
    skip_initial_space: bool,
    preamble_lines: u64,
    header_rows: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Terminator", rename_all = "lowercase")]
enum TerminatorName {
    Lf,
    Any,
}

/// Whether a file can be read.
pub(crate) enum Opened {
    Readable(Box<Layout>),
    Refused(Box<Layout>),
}

impl Layout {
    /// Detects what `settings` leave open. `sample` holds the first bytes of the file, all of them when `complete`.
    ///
    /// # Errors
    /// The settings name an unknown encoding.
    pub(crate) fn detect(sample: &[u8], complete: bool, settings: &Settings) -> Result<Opened, EngineError> {
        let guess = match &settings.encoding {
            Some(label) => Guess::declared(encoding_named(label)?, sample),
            None => guess(sample, complete),
        };
        let mut decoder = Decoder::new(guess.encoding, guess.bom_bytes);
        let text = decoder.first_text(sample, complete);
        let hints = hints(&text, settings);
        let detection = detect(&text, complete, &hints);
        let mut layout = Layout {
            encoding_facts: guess.facts(),
            bom_bytes: guess.bom_bytes,
            dialect_facts: dialect_facts(&detection, settings),
            dialect: detection.dialect,
            names: Vec::new(),
            header: Vec::new(),
            trailing_delimiter: false,
            is_rejects: false,
            widths: Vec::new(),
            rows: RowRules::default(),
            habits: None,
            problems: Vec::new(),
            refused: None,
            content_end: None,
            footer_rows: None,
        };
        let binary = settings.encoding.is_none().then(|| binary_kind(sample)).flatten();
        // Who names the delimiter says that it is a table.
        let document = settings.dialect.delimiter.is_none().then(|| document_kind(&text)).flatten();
        if let Some(kind) = binary.or(document) {
            let text = format!("expected delimited text, found {kind}");
            layout.refused = Some(whole_file(ProblemCode::NotCsv, Detail::Note { text }));
            return Ok(Opened::Refused(Box::new(layout)));
        }
        if settings.dialect.header_rows.is_none() && layout.begins_with_known_names(&text, complete, settings)
        {
            layout.dialect.header_rows = 1;
            layout.dialect_facts.header_rows = 1;
            layout.dialect_facts.evidence.push("the first record holds names that are known".to_owned());
        }
        layout.read_header(&text, complete, &decoder, &settings.limits);
        if layout.refused.is_some() {
            layout.problems.clear();
            return Ok(Opened::Refused(Box::new(layout)));
        }
        if layout.is_rejects && settings.schema.is_none() && settings.columns.is_empty() {
            layout.problems.push(whole_file(ProblemCode::RejectsWithoutSchema, Detail::None));
        }
        Ok(Opened::Readable(Box::new(layout)))
    }

    /// Whether the first record behind the preamble holds exactly the names that the schema declares, or those of a file
    /// of rejected records.
    fn begins_with_known_names(&self, text: &[u8], complete: bool, settings: &Settings) -> bool {
        if settings.schema.is_none() && !self.may_be_rejects(text) {
            return false;
        }
        let loose = Grammar::new(&self.dialect, None, settings.limits.max_record_bytes);
        let (start, _) = self.behind_preamble(text, complete, &loose);
        let rows = header_cells(&text[start..], &loose, 1);
        let Some(cells) = rows.first() else { return false };
        let of_schema = |schema: &TableSchema| cells.iter().eq(schema.fields.iter().map(|field| &field.name));
        settings.schema.as_ref().is_some_and(of_schema) || rejects::columns(cells).is_some()
    }

    /// Whether the name of the first column of a file of rejected records stands anywhere. A quote that is a letter of it
    /// may stand twice in it.
    fn may_be_rejects(&self, text: &[u8]) -> bool {
        let name = rejects::BEFORE[0].as_bytes();
        let (quote, escape) = (self.dialect.quote, self.dialect.escape);
        [quote, escape].iter().flatten().any(|byte| name.contains(byte))
            || memchr::memmem::find(text, name).is_some()
    }

    /// Where the preamble ends: offset and lines.
    fn behind_preamble(&self, text: &[u8], complete: bool, grammar: &Grammar) -> (usize, u64) {
        let (mut start, mut line) = (0, 0);
        while line < self.dialect.preamble_lines
            && let Some((_, next)) =
                grammar.first_line(&text[start..], complete).filter(|&(_, next)| next > 0)
        {
            start += next;
            line += 1;
        }
        (start, line)
    }

    fn refuse_columns(&mut self, found: usize, limits: &Limits) {
        let detail = Detail::Limit { limit: limits.max_columns as u64, found: found as u64 };
        self.refused = Some(whole_file(ProblemCode::LimitColumns, detail));
        self.header.clear();
        self.trailing_delimiter = false;
    }

    /// Reads the header rows and learns the number of columns from the records behind them.
    fn read_header(&mut self, text: &[u8], complete: bool, decoder: &Decoder, limits: &Limits) {
        let loose = Grammar::new(&self.dialect, None, limits.max_record_bytes);
        let (start, line) = self.behind_preamble(text, complete, &loose);
        let body = &text[start..];
        let whole = complete && start + body.len() == text.len();
        let mut index = FieldIndex::new(width_of_front(&loose, body));
        scan::index(&loose, body, whole, &mut index);
        let header_rows = (self.dialect.header_rows as usize).min(index.n_records());
        let records = header_rows..index.n_records();
        let widths = Widths::new(records.map(|record| index.n_fields(record)).collect());
        let usual = widths.usual();
        let widest = (0..header_rows).map(|record| index.n_fields(record)).max().unwrap_or(0);
        if widest > MOST_HEADER_CELLS {
            return self.refuse_columns(widest, limits);
        }
        // A damaged header is read with the number of fields that the records have, as a damaged record is.
        let expected = Grammar::new(&self.dialect, usual, limits.max_record_bytes);
        self.header = header_cells(body, &expected, header_rows);
        let last_empty = |record: usize| {
            let fields = index.fields(&loose, body, record);
            fields.last().is_some_and(|field| field.is_empty())
        };
        let named = self.header.iter().map(Vec::len).max();
        let ends_empty = |record: usize| Some(index.n_fields(record)) != usual || last_empty(record);
        let all_trail = || (header_rows..index.n_records()).all(ends_empty);
        let mut n_columns = widths.n_columns(named, all_trail);
        self.trailing_delimiter = named.is_some_and(|named| widths.trail_behind(named, all_trail));
        // Blanks may align the cells of a table: then nobody knows which of its cells a line lacks.
        if self.dialect.delimiter != b" " {
            self.widths = widths.varied();
            n_columns = n_columns.max(self.widths.last().copied().unwrap_or(0));
        }
        if let [row] = self.header.as_slice()
            && row.len() == n_columns
            && let Some(columns) = rejects::columns(row)
        {
            self.header = vec![columns.to_vec()];
            n_columns = self.header[0].len();
            self.is_rejects = true;
            self.trailing_delimiter = false;
            self.dialect_facts.evidence.push(
                "it is a file of rejected records: the columns `csvp_record` to `csvp_messages` and `csvp_extra` are left out"
                    .to_owned(),
            );
        }
        let first = (index.n_records() > 0).then(|| (index.line(0), index.record_start(0)));
        let (first_line, first_byte) = first.unwrap_or_default();
        let place = Position {
            record: None,
            line: line + u64::from(first_line) + 1,
            byte: decoder.places().source_byte((start + first_byte) as u64),
            column: None,
        };
        if n_columns > limits.max_columns {
            return self.refuse_columns(n_columns, limits);
        }
        let named = header(&self.header, n_columns, limits.max_name_bytes, &place);
        self.names = named.names;
        self.learn_rows(body, whole, limits);
        self.problems.extend(named.problems);
        self.width_problems(place);
    }

    /// What the numbers of fields say of the file as a whole.
    fn width_problems(&mut self, place: Position) {
        let mut add = |code, detail| {
            let position = place.clone();
            self.problems.push(Problem { code, position, detail, value: None });
        };
        if !self.widths.is_empty() {
            let text = format!(
                "records have {} fields and no number is usual; the file is read with {} columns, and what a record lacks is empty",
                widths::listed(&self.widths),
                self.names.len(),
            );
            add(ProblemCode::FieldCountVaries, Detail::Note { text });
        }
        if self.trailing_delimiter {
            add(ProblemCode::TrailingDelimiter, Detail::None);
        }
    }

    /// Learns from the first records which ones would look wrong as a whole.
    fn learn_rows(&mut self, body: &[u8], whole: bool, limits: &Limits) {
        let (mut index, grammar) = (self.index(), self.grammar(limits));
        let part = &body[..body.len().min(LEARNED_BYTES)];
        scan::index(&grammar, part, whole && part.len() == body.len(), &mut index);
        let records = Records { index: &index, grammar: &grammar, text: part, layout: self };
        self.rows = RowRules::learn(&self.header, records);
    }

    /// The header's cells without blanks around them, several rows joined by a space; none without header.
    pub(crate) fn header_cells(&self) -> Option<Vec<String>> {
        let rows = crate::schema::spread(&self.header);
        let width = rows.iter().map(Vec::len).max()?;
        Some((0..width).map(|column| crate::schema::join_rows(&rows, column)).collect())
    }

    pub(crate) fn n_columns(&self) -> usize {
        self.names.len()
    }

    /// Whether a record may have so few fields.
    pub(crate) fn may_lack(&self, n_fields: usize) -> bool {
        n_fields < self.n_columns() && self.widths.contains(&n_fields)
    }

    /// Fields in front of the columns and behind them that are ours and not the file's.
    fn left_out(&self) -> (usize, usize) {
        if self.is_rejects { (rejects::BEFORE.len(), 1) } else { (0, 0) }
    }

    /// An empty index for blocks of the file.
    pub(crate) fn index(&self) -> FieldIndex {
        let (front, back) = self.left_out();
        FieldIndex::leaving_out(front, self.n_columns(), back)
    }

    pub(crate) fn encoding(&self) -> &'static Encoding {
        Encoding::for_label(self.encoding_facts.name.as_bytes()).unwrap_or(encoding_rs::UTF_8)
    }

    pub(crate) fn grammar(&self, limits: &Limits) -> Grammar {
        let (front, back) = self.left_out();
        let fields = front + self.n_columns() + back + usize::from(self.trailing_delimiter);
        Grammar::new(&self.dialect, Some(fields), limits.max_record_bytes)
    }
}

/// What is known of the dialect: what the caller says, and for a file of rejected records how we write it.
fn hints(text: &[u8], settings: &Settings) -> DialectHints {
    let mut hints = settings.dialect.clone();
    let ours = Dialect::default();
    let is_ours = || {
        let grammar = Grammar::new(&ours, None, settings.limits.max_record_bytes);
        header_cells(text, &grammar, 1).first().is_some_and(|cells| rejects::columns(cells).is_some())
    };
    if text.starts_with(rejects::BEFORE[0].as_bytes()) && is_ours() {
        hints.delimiter.get_or_insert(ours.delimiter);
        hints.quote.get_or_insert(ours.quote);
        hints.escape.get_or_insert(None);
        hints.comment.get_or_insert(None);
        hints.preamble_lines.get_or_insert(0);
        hints.header_rows.get_or_insert(1);
    }
    hints
}

/// The encoding with this label.
pub(crate) fn encoding_named(label: &str) -> Result<&'static Encoding, EngineError> {
    // ISO-2022-JP shifts between states, so that no place in a file can be read without all before it.
    Encoding::for_label_no_replacement(label.trim().as_bytes())
        .filter(|&encoding| encoding != encoding_rs::ISO_2022_JP)
        .ok_or_else(|| EngineError::UnknownEncoding(label.to_owned()))
}

/// Characters of a column's name that a problem shows. A name may be as long as a record, and problems are many.
const NAME_CHARS: usize = 200;

/// A column's name as problems show it.
pub(crate) fn shown_name(name: &str) -> String {
    crate::check::quote(name.as_bytes(), NAME_CHARS)
}

/// A problem of the file as a whole.
pub(crate) fn whole_file(code: ProblemCode, detail: Detail) -> Problem {
    Problem { code, position: Position { record: None, line: 1, byte: 0, column: None }, detail, value: None }
}

/// The usual number of fields of the first records: an index of that width is quick to make.
fn width_of_front(grammar: &Grammar, body: &[u8]) -> usize {
    let front = &body[..body.len().min(FRONT_BYTES)];
    let mut index = index_of_front(grammar, front);
    scan::index(grammar, front, false, &mut index);
    let counts: Vec<usize> = (0..index.n_records()).map(|record| index.n_fields(record)).collect();
    Widths::new(counts).usual().map_or(1, |usual| usual.clamp(1, MOST_HEADER_CELLS))
}

/// An index of the width that the first line seems to have. Any other gives the same fields, but not as fast.
fn index_of_front(grammar: &Grammar, front: &[u8]) -> FieldIndex {
    let front = &front[..front.len().min(FRONT_BYTES)];
    let line = &front[..memchr::memchr(b'\n', front).unwrap_or(front.len())];
    let delimiters = memchr::memchr_iter(grammar.delimiter()[0], line).count();
    FieldIndex::new((delimiters + 1).min(MOST_GUESSED))
}

/// The cells of the first `rows` records of `body`; none of a record that is far too wide for a header.
fn header_cells(body: &[u8], grammar: &Grammar, rows: usize) -> Vec<Vec<String>> {
    let mut index = index_of_front(grammar, body);
    let mut end = 0;
    while index.n_records() <= rows && end < body.len() {
        // Header rows are at the front: a growing part of the body holds them.
        end = (end * 2).max(512).min(body.len());
        index.clear();
        scan::index(grammar, &body[..end], end == body.len(), &mut index);
    }
    (0..rows.min(index.n_records()))
        .map(|record| {
            if index.n_fields(record) > MOST_HEADER_CELLS {
                return Vec::new();
            }
            let fields = index.fields(grammar, body, record);
            fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
        })
        .collect()
}

fn dialect_facts(detection: &crate::detect::Detection, settings: &Settings) -> DialectFacts {
    let dialect = &detection.dialect;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    DialectFacts {
        delimiter: text(&dialect.delimiter),
        quote: dialect.quote.map(|quote| text(&[quote])),
        escape: dialect.escape.map(|escape| text(&[escape])),
        terminator: "lf".to_owned(),
        comment: dialect.comment.as_deref().map(text),
        skip_initial_space: dialect.skip_initial_space,
        preamble_rows: dialect.preamble_lines,
        header_rows: u64::from(dialect.header_rows),
        footer_rows: 0,
        source: if settings.dialect.delimiter.is_some() { "declared" } else { "detected" }.to_owned(),
        confidence: detection.confidence,
        evidence: detection.evidence.clone(),
        candidates: detection.candidates.clone(),
    }
}
