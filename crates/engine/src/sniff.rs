//! Encoding, dialect and header from the first part of a file alone.

use csvp_report::{DialectFacts, EncodingFacts, Problem};

use crate::layout::{Layout, Opened};
use crate::sample::Sample;
use crate::source::Source;
use crate::{EngineError, Settings};

/// Detects how a file is written.
///
/// ```
/// use csvp_engine::{Settings, Sniff};
///
/// let mut sniff = Sniff::new(Settings::default())?;
/// sniff.push(b"Name;Stra\xdfe\nAnna;Hauptstra\xdfe 1\nBert;M\xfchlweg 2\n")?;
/// let sniffed = sniff.finish(true)?;
/// assert_eq!((sniffed.encoding.name.as_str(), sniffed.dialect.delimiter.as_str()), ("windows-1252", ";"));
/// assert_eq!(sniffed.header, Some(vec!["Name".to_owned(), "Straße".to_owned()]));
/// # Ok::<(), csvp_engine::EngineError>(())
/// ```
pub struct Sniff {
    source: Source,
    settings: Settings,
    sample: Sample,
}

/// How a file is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Sniffed {
    /// In which encoding.
    pub encoding: EncodingFacts,
    /// In which dialect.
    pub dialect: DialectFacts,
    /// The header's cells, several rows joined by a space; none without header.
    pub header: Option<Vec<String>>,
    /// Why the file cannot be read at all.
    pub refused: Option<Problem>,
}

impl Sniff {
    /// # Errors
    /// The settings cannot be used, see [`Settings::validate`].
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        settings.validate()?;
        let sample = Sample::new(&settings.limits);
        Ok(Self { source: Source::new(&settings.limits), settings, sample })
    }

    /// Takes the next bytes of the file; true when they are enough.
    ///
    /// # Errors
    /// The archive holds no single file.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, EngineError> {
        let sample = &mut self.sample;
        self.source.push(bytes, &mut |plain| keep(sample, plain))?;
        Ok(self.sample.is_full())
    }

    /// Decides. `complete` says that the whole file was pushed.
    ///
    /// # Errors
    /// As [`Sniff::push`].
    pub fn finish(mut self, complete: bool) -> Result<Sniffed, EngineError> {
        let sample = &mut self.sample;
        self.source.finish(&mut |plain| keep(sample, plain))?;
        let whole = complete && !self.sample.is_full();
        let (Opened::Readable(layout) | Opened::Refused(layout)) =
            Layout::detect(self.sample.bytes(), whole, &self.settings)?;
        let header = layout.header_cells();
        let Layout { encoding_facts, dialect_facts, refused, .. } = *layout;
        Ok(Sniffed { encoding: encoding_facts, dialect: dialect_facts, header, refused })
    }
}

fn keep(sample: &mut Sample, plain: &[u8]) -> Result<(), EngineError> {
    if !sample.is_full() {
        sample.take(plain);
    }
    Ok(())
}
