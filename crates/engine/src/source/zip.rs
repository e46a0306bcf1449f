//! A zip archive with one file in it, read front to back (APPNOTE.TXT 6.3.10, local file headers).
//!
//! The central directory stands at the end and cannot be waited for; local headers hold all that is needed to read one
//! file. Folders and the side files that macOS adds are passed over.

use flate2::Decompress;

use super::codec::{Damaged, Step, inflate};
use crate::EngineError;

const LOCAL_HEADER: [u8; 4] = [b'P', b'K', 3, 4];
const DESCRIPTOR: [u8; 4] = [b'P', b'K', 7, 8];
const LOCAL_HEADER_BYTES: usize = 30;
const METHOD_STORED: u16 = 0;
const METHOD_DEFLATE: u16 = 8;
const FLAG_ENCRYPTED: u16 = 1;
const FLAG_SIZE_BEHIND: u16 = 1 << 3;

/// State of reading the archive.
#[derive(Default)]
pub(super) struct Zip {
    state: State,
    head: Vec<u8>,
    entry: Option<String>,
    crc: crc32fast::Hasher,
    /// Last bytes seen behind an entry, to find the next header behind a data descriptor.
    window: Vec<u8>,
}

#[derive(Default)]
enum State {
    #[default]
    Header,
    Deflated {
        inner: Box<Decompress>,
        wanted: bool,
        crc: Option<u32>,
    },
    Stored {
        left: u64,
        wanted: bool,
        crc: u32,
    },
    /// Behind an entry whose checksum follows it: its descriptor has come so far.
    Descriptor {
        found: u32,
    },
    /// Behind an entry: a data descriptor, the next entry, or the directory.
    Between,
    /// The directory has begun: no more entries.
    Done,
    /// The checksum of an entry is wrong.
    Damaged,
}

impl Zip {
    pub(super) fn entry_name(&self) -> Option<&str> {
        self.entry.as_deref()
    }

    pub(super) fn at_end(&self) -> bool {
        self.entry.is_some() && matches!(self.state, State::Between | State::Done)
    }

    pub(super) fn run(&mut self, input: &[u8], out: &mut [u8]) -> Result<Result<Step, Damaged>, EngineError> {
        match &mut self.state {
            State::Header => self.header(input),
            State::Deflated { inner, wanted, crc } => {
                let mut ended = false;
                let step = match inflate(inner, input, out, &mut ended) {
                    Ok(step) => step,
                    Err(Damaged { written }) => {
                        return Ok(Err(Damaged { written: if *wanted { written } else { 0 } }));
                    }
                };
                let (wanted, crc) = (*wanted, *crc);
                Ok(Ok(self.data(step, out, wanted, ended, crc)))
            }
            State::Stored { left, wanted, crc } => {
                let n = (*left).min(input.len() as u64).min(out.len() as u64) as usize;
                out[..n].copy_from_slice(&input[..n]);
                *left -= n as u64;
                let (ended, wanted, crc) = (*left == 0, *wanted, Some(*crc));
                Ok(Ok(self.data(Step { read: n, written: n }, out, wanted, ended, crc)))
            }
            State::Descriptor { found } => {
                let found = *found;
                Ok(self.descriptor(input, found))
            }
            State::Between => Ok(Ok(self.between(input))),
            State::Damaged => Ok(Err(Damaged::default())),
            State::Done => Ok(Ok(Step { read: input.len(), written: 0 })),
        }
    }

    fn data(&mut self, step: Step, out: &[u8], wanted: bool, ended: bool, crc: Option<u32>) -> Step {
        self.crc.update(&out[..step.written]);
        if ended {
            let found = std::mem::take(&mut self.crc).finalize();
            self.window.clear();
            self.state = match crc {
                None => State::Descriptor { found },
                Some(crc) if crc == found => State::Between,
                // The bytes of this step are given on first.
                Some(_) => State::Damaged,
            };
        }
        // An entry may be empty, and a step that did nothing ends the round: the state says what comes next.
        Step { read: step.read, written: if wanted { step.written } else { 0 } }
    }

    /// The checksum behind an entry: first, or behind a signature that writers may leave out.
    fn descriptor(&mut self, input: &[u8], found: u32) -> Result<Step, Damaged> {
        let read = (2 * LOCAL_HEADER.len() - self.window.len()).min(input.len());
        self.window.extend_from_slice(&input[..read]);
        if let [a, b, c, d, crc @ ..] = self.window.as_slice()
            && crc.len() == LOCAL_HEADER.len()
        {
            let first = [*a, *b, *c, *d];
            let is_behind = first == DESCRIPTOR && crc == found.to_le_bytes();
            if !is_behind && first != found.to_le_bytes() {
                return Err(Damaged::default());
            }
            self.state = State::Between;
        }
        Ok(Step { read, written: 0 })
    }

    /// Looks for the next local header or the directory; both begin with `PK`.
    fn between(&mut self, input: &[u8]) -> Step {
        for (at, &byte) in input.iter().enumerate() {
            self.window.push(byte);
            let tail = &self.window[self.window.len().saturating_sub(4)..];
            if tail == LOCAL_HEADER {
                self.head = LOCAL_HEADER.to_vec();
                self.state = State::Header;
                return Step { read: at + 1, written: 0 };
            }
            if tail == [b'P', b'K', 1, 2] {
                self.state = State::Done;
                return Step { read: at + 1, written: 0 };
            }
            if self.window.len() > 64 {
                self.window.drain(..60);
            }
        }
        Step { read: input.len(), written: 0 }
    }

    fn header(&mut self, input: &[u8]) -> Result<Result<Step, Damaged>, EngineError> {
        let mut read = self.fill(input, LOCAL_HEADER_BYTES);
        if self.head.len() < LOCAL_HEADER_BYTES {
            return Ok(Ok(Step { read, written: 0 }));
        }
        let short = |at: usize| u16::from_le_bytes([self.head[at], self.head[at + 1]]);
        let whole = LOCAL_HEADER_BYTES + short(26) as usize + short(28) as usize;
        read += self.fill(&input[read..], whole);
        if self.head.len() < whole {
            return Ok(Ok(Step { read, written: 0 }));
        }
        match self.open() {
            Ok(()) => Ok(Ok(Step { read, written: 0 })),
            Err(error) => Err(error),
        }
    }

    /// Takes bytes until the header is `size` long.
    fn fill(&mut self, input: &[u8], size: usize) -> usize {
        let n = size.saturating_sub(self.head.len()).min(input.len());
        self.head.extend_from_slice(&input[..n]);
        n
    }

    fn open(&mut self) -> Result<(), EngineError> {
        let head = std::mem::take(&mut self.head);
        let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let long = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (flags, method, crc, size) = (short(6), short(8), long(14), long(18));
        let name = String::from_utf8_lossy(&head[LOCAL_HEADER_BYTES..][..short(26) as usize]).into_owned();
        let size =
            if size == u32::MAX { zip64_size(&head).unwrap_or(u64::from(size)) } else { u64::from(size) };
        let side_file = name.ends_with('/') || name.starts_with("__MACOSX/") || name.ends_with(".DS_Store");
        let of_office = ["[Content_Types].xml", "_rels/.rels", "mimetype"].contains(&name.as_str());
        if of_office || ["xl/", "docProps/", "word/"].iter().any(|folder| name.starts_with(folder)) {
            return Err(EngineError::Archive(
                "file is an Excel workbook (.xlsx) or another office document, not CSV; save its sheet as CSV",
            ));
        }
        if flags & FLAG_ENCRYPTED != 0 {
            return Err(EngineError::Archive("zip archive is encrypted; send it without a password"));
        }
        if !side_file && self.entry.is_some() {
            return Err(EngineError::Archive(
                "zip archive holds several files; send each CSV file by itself",
            ));
        }
        let size_behind = flags & FLAG_SIZE_BEHIND != 0;
        self.state = match method {
            METHOD_DEFLATE => State::Deflated {
                inner: Box::new(Decompress::new(false)),
                wanted: !side_file,
                crc: (!size_behind).then_some(crc),
            },
            METHOD_STORED if !size_behind && size == 0 => State::Between,
            METHOD_STORED if !size_behind => State::Stored { left: size, wanted: !side_file, crc },
            METHOD_STORED => {
                return Err(EngineError::Archive(
                    "zip archive was written as a stream without compression; pack it again",
                ));
            }
            _ => return Err(EngineError::Archive("zip archive uses an unknown compression; use DEFLATE")),
        };
        if !side_file {
            self.entry = Some(name);
        }
        Ok(())
    }
}

/// The compressed size in the zip64 field of a local header, which holds the uncompressed one before it.
fn zip64_size(head: &[u8]) -> Option<u64> {
    const ZIP64: u16 = 1;
    let short = |bytes: &[u8]| Some(u16::from_le_bytes([*bytes.first()?, *bytes.get(1)?]));
    let name = usize::from(short(&head[26..])?);
    let mut fields = head.get(LOCAL_HEADER_BYTES + name..)?;
    while let (Some(id), Some(len)) = (short(fields), short(fields.get(2..)?)) {
        let field = fields.get(4..4 + usize::from(len))?;
        if id == ZIP64 {
            return field.get(8..16)?.try_into().ok().map(u64::from_le_bytes);
        }
        fields = &fields[4 + field.len()..];
    }
    None
}
