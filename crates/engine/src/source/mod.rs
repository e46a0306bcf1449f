//! Compressed bytes in, plain bytes out, in steps of bounded size.

mod codec;
mod zip;

use crate::{EngineError, Limits};
use codec::Codec;

/// Bytes given on in one step.
const STEP_BYTES: usize = 64 << 10;
/// Compressed bytes unpacked at once. They are counted from the start of the file, however it is pushed, because how much
/// of a damaged file comes out depends on what the unpacker has seen.
const PIECE_BYTES: usize = 16 << 10;
/// Bytes that tell the compression.
const MAGIC_BYTES: usize = 6;

/// How the file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// RFC 1952, one or several members.
    Gzip,
    /// RFC 8878, one or several frames.
    Zstd,
    /// bzip2, one or several streams.
    Bzip2,
    /// xz, one or several streams.
    Xz,
    /// A zip archive with one file in it.
    Zip,
}

impl Compression {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
            Compression::Zip => "zip",
        }
    }

    /// By the first bytes of the file.
    fn of(magic: &[u8]) -> Option<Self> {
        match magic {
            [0x1f, 0x8b, ..] => Some(Compression::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Compression::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Compression::Xz),
            [b'P', b'K', 3, 4, ..] => Some(Compression::Zip),
            _ => None,
        }
    }
}

/// Receives plain bytes.
pub(crate) type Plain<'a> = dyn FnMut(&[u8]) -> Result<(), EngineError> + 'a;

/// Finds out how the bytes are compressed and decompresses them.
pub(crate) struct Source {
    state: State,
    limits: Limits,
    bytes_in: u64,
    bytes_out: u64,
    damaged: Option<u64>,
}

enum State {
    /// Not enough bytes yet to tell.
    Start(Vec<u8>),
    Plain,
    Packed {
        codec: Codec,
        compression: Compression,
        /// Bytes that wait until there are enough for a piece.
        piece: Vec<u8>,
        /// Room for what comes out of a step.
        out: Vec<u8>,
        /// Bytes of all pieces before.
        unpacked: u64,
    },
}

impl Source {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            state: State::Start(Vec::new()),
            limits: limits.clone(),
            bytes_in: 0,
            bytes_out: 0,
            damaged: None,
        }
    }

    /// A source whose bytes are known to be plain, as when reading starts inside the file.
    pub(crate) fn plain(limits: &Limits) -> Self {
        Self { state: State::Plain, ..Self::new(limits) }
    }

    pub(crate) fn bytes_in(&self) -> u64 {
        self.bytes_in
    }

    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out
    }

    pub(crate) fn compression(&self) -> Option<Compression> {
        match &self.state {
            State::Packed { compression, .. } => Some(*compression),
            _ => None,
        }
    }

    /// Name of the file inside a zip archive.
    pub(crate) fn zip_entry(&self) -> Option<&str> {
        match &self.state {
            State::Packed { codec, .. } => codec.zip_entry(),
            _ => None,
        }
    }

    /// Plain byte at which a damaged compressed file ends.
    pub(crate) fn damaged(&self) -> Option<u64> {
        self.damaged
    }

    pub(crate) fn push(&mut self, bytes: &[u8], plain: &mut Plain<'_>) -> Result<(), EngineError> {
        self.bytes_in += bytes.len() as u64;
        if let State::Start(head) = &mut self.state {
            head.extend_from_slice(bytes);
            if head.len() < MAGIC_BYTES {
                return Ok(());
            }
            return self.start(plain);
        }
        self.run(bytes, plain)
    }

    pub(crate) fn finish(&mut self, plain: &mut Plain<'_>) -> Result<(), EngineError> {
        if matches!(self.state, State::Start(_)) {
            self.start(plain)?;
        }
        self.unpack(plain)?;
        if let State::Packed { codec, .. } = &mut self.state
            && self.damaged.is_none()
            && !codec.at_end()
        {
            self.damaged = Some(self.bytes_out);
        }
        Ok(())
    }

    fn start(&mut self, plain: &mut Plain<'_>) -> Result<(), EngineError> {
        let State::Start(head) = std::mem::replace(&mut self.state, State::Plain) else { return Ok(()) };
        if let Some(compression) = Compression::of(&head) {
            let codec = Codec::new(compression)?;
            let (piece, out) = (Vec::with_capacity(PIECE_BYTES), vec![0; STEP_BYTES]);
            self.state = State::Packed { codec, compression, piece, out, unpacked: 0 };
        }
        self.run(&head, plain)
    }

    fn run(&mut self, bytes: &[u8], plain: &mut Plain<'_>) -> Result<(), EngineError> {
        let mut rest = bytes;
        while let State::Packed { piece, .. } = &mut self.state {
            let n = (PIECE_BYTES - piece.len()).min(rest.len());
            piece.extend_from_slice(&rest[..n]);
            rest = &rest[n..];
            if piece.len() < PIECE_BYTES {
                return Ok(());
            }
            self.unpack(plain)?;
        }
        self.bytes_out += bytes.len() as u64;
        check_size(&self.limits, self.bytes_in, self.bytes_out, false)?;
        plain(bytes)
    }

    /// Unpacks the bytes that wait.
    fn unpack(&mut self, plain: &mut Plain<'_>) -> Result<(), EngineError> {
        let State::Packed { codec, piece, out, unpacked, .. } = &mut self.state else { return Ok(()) };
        let mut rest = &piece[..];
        while self.damaged.is_none() {
            let step = codec.run(rest, out)?;
            let (read, written) =
                step.as_ref().map_or_else(|damage| (0, damage.written), |step| (step.read, step.written));
            rest = &rest[read..];
            self.bytes_out += written as u64;
            let bytes_in = *unpacked + (piece.len() - rest.len()) as u64;
            check_size(&self.limits, bytes_in, self.bytes_out, true)?;
            plain(&out[..written])?;
            if step.is_err() {
                self.damaged = Some(self.bytes_out);
            } else if read == 0 && written == 0 {
                break;
            }
        }
        *unpacked += piece.len() as u64;
        piece.clear();
        Ok(())
    }
}

fn check_size(limits: &Limits, bytes_in: u64, bytes_out: u64, packed: bool) -> Result<(), EngineError> {
    if bytes_out > limits.max_decoded_bytes {
        return Err(EngineError::TooLarge {
            what: "bytes, the limit `max_decoded_bytes`",
            limit: limits.max_decoded_bytes,
        });
    }
    if packed && bytes_out > limits.ratio_free_bytes && bytes_out / limits.max_ratio.max(1) > bytes_in {
        return Err(EngineError::TooLarge {
            what: "times its size, the limit `max_ratio`",
            limit: limits.max_ratio,
        });
    }
    Ok(())
}
