//! Files of lines, each a JSON object: written with a count and a sum, read back against them.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::BackupError;
use super::place::{Place, PlaceWriter};
use crate::model::Sum;

/// Bytes gathered before they are handed on.
const GATHERED_BYTES: usize = 64 << 10;
/// Longest line that is read.
const MAX_LINE_BYTES: usize = 64 << 20;

/// A file of lines as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesFile {
    /// Its path, from the place of the backups on.
    pub file: String,
    /// How many lines.
    pub lines: u64,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256.
    pub sha256: Sum,
}

/// Writes lines.
pub(super) struct LinesWriter {
    file: String,
    inner: PlaceWriter,
    gathered: Vec<u8>,
    lines: u64,
}

impl LinesWriter {
    pub(super) fn new(place: &Place, file: String) -> Self {
        Self { inner: place.writer(&file), file, gathered: Vec::new(), lines: 0 }
    }

    pub(super) async fn write(&mut self, line: &impl Serialize) -> Result<(), BackupError> {
        serde_json::to_writer(&mut self.gathered, line).expect("lines are plain data, written to memory");
        self.gathered.push(b'\n');
        self.lines += 1;
        if self.gathered.len() >= GATHERED_BYTES {
            self.inner.write(std::mem::take(&mut self.gathered).into()).await?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<LinesFile, BackupError> {
        self.inner.write(self.gathered.into()).await?;
        let (size_bytes, sha256) = self.inner.finish().await?;
        Ok(LinesFile { file: self.file, lines: self.lines, size_bytes, sha256 })
    }
}

/// Reads lines, and knows at the end whether they are those that were written.
pub(super) struct LinesReader {
    expected: LinesFile,
    stream: BoxStream<'static, Result<Bytes, BackupError>>,
    buffer: BytesMut,
    /// Bytes of the buffer that hold no line end.
    looked_at: usize,
    hash: Sha256,
    lines: u64,
    size_bytes: u64,
}

impl LinesReader {
    /// Begins to read; a file that is not there is damage.
    pub(super) async fn open(place: &Place, expected: &LinesFile) -> Result<Self, BackupError> {
        let stream = place.read(&expected.file).await?;
        let stream = stream.ok_or_else(|| damaged(&expected.file, "is missing"))?;
        Ok(Self {
            expected: expected.clone(),
            stream,
            buffer: BytesMut::new(),
            looked_at: 0,
            hash: Sha256::new(),
            lines: 0,
            size_bytes: 0,
        })
    }

    /// The next line. `None` is given only when the whole file is as it was written.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, BackupError> {
        loop {
            if let Some(end) = self.buffer[self.looked_at..].iter().position(|&byte| byte == b'\n') {
                let line = self.buffer.split_to(self.looked_at + end + 1);
                self.looked_at = 0;
                self.lines += 1;
                let line = serde_json::from_slice(&line);
                return line.map(Some).map_err(|error| self.damaged(format!("line {}: {error}", self.lines)));
            }
            self.looked_at = self.buffer.len();
            if self.looked_at > MAX_LINE_BYTES {
                return Err(self.damaged(format!("line {} is too long", self.lines + 1)));
            }
            match self.stream.try_next().await? {
                Some(bytes) => {
                    self.hash.update(&bytes);
                    self.size_bytes += bytes.len() as u64;
                    self.buffer.extend_from_slice(&bytes);
                }
                None => return self.end().map(|()| None),
            }
        }
    }

    /// Reads to the end, whatever the lines say.
    pub(super) async fn check(mut self) -> Result<(), BackupError> {
        while self.next::<serde::de::IgnoredAny>().await?.is_some() {}
        Ok(())
    }

    fn end(&self) -> Result<(), BackupError> {
        let expected = &self.expected;
        if self.size_bytes != expected.size_bytes {
            let what = format!("has {} bytes, expected {}", self.size_bytes, expected.size_bytes);
            return Err(self.damaged(what));
        }
        if Sum::finish(self.hash.clone()) != expected.sha256 {
            return Err(self.damaged("has another SHA-256 than the manifest says"));
        }
        if self.lines != expected.lines || !self.buffer.is_empty() {
            return Err(self.damaged(format!("has {} whole lines, expected {}", self.lines, expected.lines)));
        }
        Ok(())
    }

    fn damaged(&self, what: impl fmt::Display) -> BackupError {
        damaged(&self.expected.file, what)
    }
}

/// A file of a backup that is not what was written.
pub(super) fn damaged(file: &str, what: impl fmt::Display) -> BackupError {
    BackupError::Damaged { file: file.to_owned(), what: what.to_string() }
}
