//! One step of each decompressor: some bytes in, a bounded number of bytes out.

use flate2::{Decompress, FlushDecompress};
use zstd::stream::raw::Operation;

use super::Compression;
use super::zip::Zip;
use crate::EngineError;

/// Memory an xz stream may ask for.
const XZ_MEMORY_BYTES: u64 = 128 << 20;
/// Largest window a zstd frame may ask for, as a power of two.
const ZSTD_WINDOW_LOG: u32 = 27;
/// zlib's window, as a power of two.
const GZIP_WINDOW_BITS: u8 = 15;

/// The compressed bytes are damaged.
#[derive(Default)]
pub(super) struct Damaged {
    /// Bytes of the step that came out before the damage was met.
    pub(super) written: usize,
}

/// What a step did; when both are 0 it needs more bytes.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
}

/// A decompressor; a member that ends may be followed by another.
pub(super) enum Codec {
    Gzip { inner: Box<Decompress>, between: bool },
    Zstd { inner: Box<zstd::stream::raw::Decoder<'static>>, between: bool },
    Bzip2 { inner: bzip2::Decompress, between: bool },
    Xz { inner: liblzma::stream::Stream, between: bool },
    Zip(Zip),
}

impl Codec {
    pub(super) fn new(compression: Compression) -> Result<Self, EngineError> {
        Ok(match compression {
            Compression::Gzip => {
                Codec::Gzip { inner: Box::new(Decompress::new_gzip(GZIP_WINDOW_BITS)), between: false }
            }
            Compression::Zstd => {
                let mut inner = zstd::stream::raw::Decoder::new().map_err(EngineError::Output)?;
                inner
                    .set_parameter(zstd::stream::raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
                    .map_err(EngineError::Output)?;
                Codec::Zstd { inner: Box::new(inner), between: false }
            }
            Compression::Bzip2 => Codec::Bzip2 { inner: bzip2::Decompress::new(false), between: false },
            Compression::Xz => Codec::Xz { inner: xz()?, between: false },
            Compression::Zip => Codec::Zip(Zip::default()),
        })
    }

    pub(super) fn zip_entry(&self) -> Option<&str> {
        match self {
            Codec::Zip(zip) => zip.entry_name(),
            _ => None,
        }
    }

    /// Whether the compressed data is whole.
    pub(super) fn at_end(&self) -> bool {
        match self {
            Codec::Gzip { between, .. }
            | Codec::Zstd { between, .. }
            | Codec::Bzip2 { between, .. }
            | Codec::Xz { between, .. } => *between,
            Codec::Zip(zip) => zip.at_end(),
        }
    }

    /// The outer error ends the work; the inner one says that the bytes are damaged.
    pub(super) fn run(&mut self, input: &[u8], out: &mut [u8]) -> Result<Result<Step, Damaged>, EngineError> {
        if let Codec::Zip(zip) = self {
            return zip.run(input, out);
        }
        if self.at_end() {
            // Zero bytes may pad the file behind its last member.
            let padding = input.iter().take_while(|&&b| b == 0).count();
            if padding == input.len() || padding > 0 {
                return Ok(Ok(Step { read: padding, written: 0 }));
            }
            if let Err(error) = self.restart()? {
                return Ok(Err(error));
            }
        }
        Ok(self.step(input, out))
    }

    fn restart(&mut self) -> Result<Result<(), Damaged>, EngineError> {
        match self {
            Codec::Gzip { inner, between } => {
                **inner = Decompress::new_gzip(GZIP_WINDOW_BITS);
                *between = false;
            }
            Codec::Zstd { inner, between } => {
                if inner.reinit().is_err() {
                    return Ok(Err(Damaged::default()));
                }
                *between = false;
            }
            Codec::Bzip2 { inner, between } => {
                *inner = bzip2::Decompress::new(false);
                *between = false;
            }
            Codec::Xz { inner, between } => {
                *inner = xz()?;
                *between = false;
            }
            Codec::Zip(_) => {}
        }
        Ok(Ok(()))
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, Damaged> {
        match self {
            Codec::Gzip { inner, between } => inflate(inner, input, out, between),
            Codec::Zstd { inner, between } => {
                let status = inner.run_on_buffers(input, out).map_err(|_| Damaged::default())?;
                *between = status.remaining == 0;
                Ok(Step { read: status.bytes_read, written: status.bytes_written })
            }
            Codec::Bzip2 { inner, between } => {
                let before = (inner.total_in(), inner.total_out());
                let status = inner.decompress(input, out);
                let step = moved(before, (inner.total_in(), inner.total_out()));
                *between = matches!(status, Ok(bzip2::Status::StreamEnd));
                status.map(|_| step).map_err(|_| Damaged { written: step.written })
            }
            Codec::Xz { inner, between } => {
                let before = (inner.total_in(), inner.total_out());
                let status = inner.process(input, out, liblzma::stream::Action::Run);
                *between = matches!(status, Ok(liblzma::stream::Status::StreamEnd));
                let step = moved(before, (inner.total_in(), inner.total_out()));
                status.map(|_| step).map_err(|_| Damaged { written: step.written })
            }
            Codec::Zip(_) => Ok(Step::default()),
        }
    }
}

fn xz() -> Result<liblzma::stream::Stream, EngineError> {
    liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY_BYTES, 0)
        .map_err(|error| EngineError::Output(std::io::Error::other(error)))
}

/// One step of DEFLATE, with or without gzip's frame around it.
pub(super) fn inflate(
    inner: &mut Decompress,
    input: &[u8],
    out: &mut [u8],
    ended: &mut bool,
) -> Result<Step, Damaged> {
    let before = (inner.total_in(), inner.total_out());
    let status = inner.decompress(input, out, FlushDecompress::None);
    *ended = matches!(status, Ok(flate2::Status::StreamEnd));
    let step = moved(before, (inner.total_in(), inner.total_out()));
    status.map(|_| step).map_err(|_| Damaged { written: step.written })
}

fn moved(before: (u64, u64), after: (u64, u64)) -> Step {
    Step { read: (after.0 - before.0) as usize, written: (after.1 - before.1) as usize }
}
