//! The front of both passes: bytes as they come → blocks of whole records.
//!
//! `source` → `decode` → `detect` (first pass only) → blocks. A block is handed on as soon as it is whole; at most one
//! block and the longest record are held.

use std::sync::Arc;

use csvp_parse::{Grammar, scan};

use crate::block::{Base, Block, partition_point};
use crate::decode::Decoder;
use crate::layout::{Layout, Opened};
use crate::sample::Sample;
use crate::source::Source;
use crate::{EngineError, Limits, Settings};

/// Last records among which a footer is looked for.
const FOOTER_RECORDS: usize = 32;

/// Receives blocks in file order; it may take the block and leave another one, of which only the memory is used.
pub(crate) type Blocks<'a> = dyn FnMut(&mut Block, &Arc<Layout>) -> Result<(), EngineError> + 'a;

/// Turns the bytes of one file into blocks.
pub(crate) struct Reader {
    source: Source,
    inner: Inner,
}

/// Everything behind decompression.
struct Inner {
    stage: Stage,
    limits: Limits,
}

/// Where another reader can go on.
pub(crate) struct Handover {
    pub(crate) layout: Layout,
    pub(crate) base: Base,
    /// Byte of the file at which the next record begins.
    pub(crate) byte: u64,
}

enum Stage {
    /// The first part is collected, to detect everything from it.
    Sampling { sample: Sample, settings: Box<Settings> },
    /// The file's layout is known; blocks are cut.
    Reading(Box<Cutter>),
    /// The file is no CSV, or has too many columns: its bytes pass unread.
    Refused(Box<Layout>),
}

impl Reader {
    /// A reader that detects what `settings` leave open.
    pub(crate) fn detecting(settings: Settings) -> Self {
        let limits = settings.limits.clone();
        let stage = Stage::Sampling { sample: Sample::new(&limits), settings: Box::new(settings) };
        Self { source: Source::new(&limits), inner: Inner { stage, limits } }
    }

    /// A reader for a file whose layout is known.
    pub(crate) fn planned(layout: Layout, limits: &Limits) -> Self {
        let stage = if layout.refused.is_some() {
            Stage::Refused(Box::new(layout))
        } else {
            Stage::Reading(Box::new(Cutter::new(layout, limits)))
        };
        Self { source: Source::new(limits), inner: Inner { stage, limits: limits.clone() } }
    }

    /// A reader that begins inside the file, at byte `source` of the uncompressed original, with data record `record`
    /// (from 0) on physical line `line` (from 0).
    pub(crate) fn resumed(layout: Layout, limits: &Limits, source: u64, base: Base) -> Self {
        let cutter = Cutter::resume(layout, limits, source, base);
        Self {
            source: Source::plain(limits),
            inner: Inner { stage: Stage::Reading(Box::new(cutter)), limits: limits.clone() },
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether the bytes that come pass unread.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.inner.stage, Stage::Refused(_))
    }

    /// Where the first record begins that is in no block yet, once nothing but records is to come; none before, and none
    /// of a compressed file.
    pub(crate) fn handover(&self) -> Option<Handover> {
        let Stage::Reading(cutter) = &self.inner.stage else { return None };
        let only_records = cutter.preamble_left == 0 && cutter.header_left == 0 && cutter.dropping.is_none();
        (only_records && self.source.compression().is_none()).then(|| Handover {
            layout: (*cutter.layout).clone(),
            base: cutter.base,
            byte: cutter.decoder.places().source_byte(cutter.base.text),
        })
    }

    /// Takes the next bytes of the file; blocks are handed on as they become whole.
    pub(crate) fn push(&mut self, bytes: &[u8], blocks: &mut Blocks<'_>) -> Result<(), EngineError> {
        let inner = &mut self.inner;
        self.source.push(bytes, &mut |plain| inner.push(plain, blocks))
    }

    /// Ends the file and gives its layout.
    pub(crate) fn finish(mut self, blocks: &mut Blocks<'_>) -> Result<(Layout, Source), EngineError> {
        let inner = &mut self.inner;
        self.source.finish(&mut |plain| inner.push(plain, blocks))?;
        let layout = self.inner.finish(self.source.damaged().is_some(), blocks)?;
        Ok((layout, self.source))
    }
}

impl Inner {
    fn push(&mut self, plain: &[u8], blocks: &mut Blocks<'_>) -> Result<(), EngineError> {
        match &mut self.stage {
            Stage::Sampling { sample, .. } => {
                let taken = sample.take(plain);
                if !sample.is_full() {
                    return Ok(());
                }
                self.open(false, blocks)?;
                self.push(&plain[taken..], blocks)
            }
            Stage::Reading(cutter) => cutter.push(plain, blocks),
            Stage::Refused(_) => Ok(()),
        }
    }

    /// Detects the layout from the sample, and reads the sample with it.
    fn open(&mut self, complete: bool, blocks: &mut Blocks<'_>) -> Result<(), EngineError> {
        let Stage::Sampling { sample, settings, .. } = &mut self.stage else { return Ok(()) };
        let sample = std::mem::replace(sample, Sample::new(&self.limits)).into_bytes();
        self.stage = match Layout::detect(&sample, complete, settings)? {
            Opened::Readable(layout) => Stage::Reading(Box::new(Cutter::new(*layout, &self.limits))),
            Opened::Refused(layout) => Stage::Refused(layout),
        };
        self.push(&sample, blocks)
    }

    /// Ends the text, which is `cut` where no more of a compressed file could be read.
    fn finish(mut self, cut: bool, blocks: &mut Blocks<'_>) -> Result<Layout, EngineError> {
        self.open(true, blocks)?;
        match self.stage {
            Stage::Reading(cutter) => cutter.finish(cut, blocks),
            Stage::Refused(layout) => Ok(*layout),
            Stage::Sampling { .. } => unreachable!("the sample was opened above"),
        }
    }
}

/// Cuts decoded text into blocks.
struct Cutter {
    decoder: Decoder,
    grammar: Grammar,
    layout: Arc<Layout>,
    block_bytes: usize,
    tail_bytes: usize,
    /// Preamble lines still to be passed over.
    preamble_left: u64,
    /// Header rows still to come.
    header_left: usize,
    /// Text, of which the first `taken` bytes are in blocks already; `base` is where the rest begins.
    text: Vec<u8>,
    taken: usize,
    base: Base,
    seq: u64,
    /// Text needed before the next try to cut a block; grows while one record is longer than a block.
    wanted: usize,
    /// Bytes dropped so far of a record that is too large to be held.
    dropping: Option<u64>,
    /// The text ends inside a record, because no more of a compressed file could be read.
    cut: bool,
    block: Block,
}

impl Cutter {
    fn new(layout: Layout, limits: &Limits) -> Self {
        let mut cutter = Self::resume(layout, limits, 0, Base::default());
        cutter.decoder = Decoder::new(cutter.layout.encoding(), cutter.layout.bom_bytes);
        cutter.preamble_left = cutter.layout.dialect.preamble_lines;
        cutter.header_left = cutter.layout.dialect.header_rows as usize;
        cutter
    }

    fn resume(layout: Layout, limits: &Limits, source: u64, base: Base) -> Self {
        let grammar = layout.grammar(limits);
        let base = Base { text: 0, ..base };
        Self {
            decoder: Decoder::resume(layout.encoding(), 0, source),
            block: Block::for_layout(&layout),
            grammar,
            layout: Arc::new(layout),
            block_bytes: limits.block_bytes,
            tail_bytes: limits.tail_bytes,
            preamble_left: 0,
            header_left: 0,
            text: Vec::new(),
            taken: 0,
            base,
            seq: 0,
            wanted: limits.block_bytes,
            dropping: None,
            cut: false,
        }
    }

    fn push(&mut self, plain: &[u8], blocks: &mut Blocks<'_>) -> Result<(), EngineError> {
        // Steps keep the text near one block however large the chunk is.
        for step in plain.chunks(self.block_bytes.max(1)) {
            self.decoder.push(step, &mut self.text);
            while self.rest().len() >= self.wanted + self.tail_bytes {
                self.cut(self.wanted, false, blocks)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, cut: bool, blocks: &mut Blocks<'_>) -> Result<Layout, EngineError> {
        self.decoder.finish(&mut self.text);
        self.cut = cut && !matches!(self.text.last(), Some(b'\n' | b'\r'));
        self.skip_preamble(true);
        if self.dropping.is_some() {
            self.drop_record(true, blocks)?;
        }
        loop {
            self.hand_on(self.rest().len(), true, blocks)?;
            if self.rest().is_empty() {
                return Ok(Arc::unwrap_or_clone(self.layout));
            }
        }
    }

    /// Text that is not in a block yet.
    fn rest(&self) -> &[u8] {
        &self.text[self.taken..]
    }

    /// The first `n` bytes of the rest are done with.
    fn take(&mut self, n: usize) {
        self.taken += n;
        if self.taken * 2 >= self.text.len() {
            self.text.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// Makes a block of the whole records in the first `size` bytes of the text.
    fn cut(&mut self, size: usize, eof: bool, blocks: &mut Blocks<'_>) -> Result<(), EngineError> {
        if self.dropping.is_some() {
            return self.drop_record(eof, blocks);
        }
        if self.preamble_left > 0 {
            self.skip_preamble(eof);
            return Ok(());
        }
        let before = self.base.record;
        let consumed = self.hand_on(size, eof, blocks)?;
        if consumed > 0 {
            // Records longer than a block come one after the other: the next one is tried at about the size of this one.
            let record = consumed / (self.base.record - before).max(1) as usize;
            self.wanted = self.block_bytes.max(record + record / 8);
        } else if scan::plain::line_too_large(&self.grammar, self.rest()) {
            self.dropping = Some(0);
        } else {
            // The bound depends on the content only: it doubles until the record fits.
            self.wanted = self.wanted.saturating_mul(2).max(1);
        }
        Ok(())
    }

    /// Hands on the whole records in the first `size` bytes of the text, if there are any; gives their bytes.
    fn hand_on(&mut self, size: usize, eof: bool, blocks: &mut Blocks<'_>) -> Result<usize, EngineError> {
        let mut consumed = self.index(size, eof);
        let left = self.rest().len() - consumed;
        if eof && left > 0 && left < self.tail_bytes && self.rest().len() > self.tail_bytes {
            // The index was full near the end of the file, whose last records must be in one block.
            consumed = match self.index(self.rest().len() - self.tail_bytes, false) {
                0 => self.index(size, eof),
                consumed => consumed,
            };
        }
        if consumed == 0 && !eof {
            return Ok(0);
        }
        self.block.text.clear();
        self.block.text.extend_from_slice(&self.text[self.taken..self.taken + consumed]);
        self.take(consumed);
        self.emit(eof && self.rest().is_empty(), blocks)?;
        Ok(consumed)
    }

    /// Indexes the whole records in the first `size` bytes of the text, as many as there is room for.
    fn index(&mut self, size: usize, eof: bool) -> usize {
        self.block.index.clear();
        scan::index(&self.grammar, &self.text[self.taken..self.taken + size], eof, &mut self.block.index)
    }

    /// Completes the block whose text and index are set, hands it on and moves the base behind it.
    fn emit(&mut self, last: bool, blocks: &mut Blocks<'_>) -> Result<(), EngineError> {
        let block = &mut self.block;
        block.seq = self.seq;
        block.base = self.base;
        block.last = last;
        block.cut = last && self.cut;
        block.header_rows = self.header_left.min(block.index.n_records());
        block.footer_rows = 0;
        let end = self.base.text + block.text.len() as u64;
        block.untranslated = self.decoder.take_invalid(self.base.text, end);
        block.places = self.decoder.places();
        if last {
            block.footer_rows = footer_rows(block, &self.grammar, &self.layout, self.tail_bytes);
        }
        self.header_left -= block.header_rows;
        self.seq += 1;
        self.base.text = end;
        self.base.line += u64::from(block.index.n_lines());
        self.base.record += block.data().len() as u64;
        self.decoder.forget_before(end);
        blocks(block, &self.layout)
    }

    fn skip_preamble(&mut self, eof: bool) {
        while self.preamble_left > 0 {
            match self.grammar.first_line(self.rest(), eof) {
                Some((_, next)) if next > 0 => {
                    self.take(next);
                    self.base.text += next as u64;
                    self.base.line += 1;
                    self.preamble_left -= 1;
                }
                Some(_) => return,
                None => {
                    // Nobody needs the text; a CR waits for its other half.
                    let keep = usize::from(self.rest().last() == Some(&b'\r'));
                    let drop = self.rest().len() - keep;
                    self.take(drop);
                    self.base.text += drop as u64;
                    return;
                }
            }
        }
    }

    /// Drops bytes up to the end of the line that is too large, and counts it as a record that was not read.
    fn drop_record(&mut self, eof: bool, blocks: &mut Blocks<'_>) -> Result<(), EngineError> {
        let dropped = self.dropping.unwrap_or(0);
        self.wanted = self.block_bytes;
        let Some((end, next)) = self.grammar.first_line(self.rest(), eof) else {
            // A CR may be half of a line end: it waits for its other half.
            let keep = usize::from(self.rest().last() == Some(&b'\r'));
            let drop = self.rest().len() - keep;
            self.take(drop);
            self.dropping = Some(dropped + drop as u64);
            self.decoder.pass_over(self.base.text, self.base.text + dropped + drop as u64);
            return Ok(());
        };
        self.take(next);
        self.dropping = None;
        self.block.index.clear();
        self.block.text.clear();
        self.block.index.push_too_large(0, dropped + end as u64, 1);
        self.emit(false, blocks)?;
        self.base.text += dropped + next as u64;
        Ok(())
    }
}

/// How many of the last records are footer; known from the plan in the second pass.
///
/// Only records in the last `tail_bytes` are looked at: those are in the last block wherever it begins.
fn footer_rows(block: &Block, grammar: &Grammar, layout: &Layout, tail_bytes: usize) -> usize {
    let n = block.index.n_records() - block.header_rows;
    if let Some(known) = layout.footer_rows {
        return (known as usize).min(n);
    }
    let tail = block.text.len().saturating_sub(tail_bytes);
    let in_tail = partition_point(block.index.n_records(), |record| block.index.record_start(record) < tail);
    let first = in_tail.max(block.index.n_records() - n.min(FOOTER_RECORDS));
    let tail: Vec<Vec<String>> = (first..block.index.n_records())
        .map(|record| {
            let fields = block.index.fields(grammar, &block.text, record);
            fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()
        })
        .collect();
    crate::detect::footer::footer_rows(&tail, layout.n_columns()).min(n)
}
