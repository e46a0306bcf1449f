//! The first part of a file, from which is detected how it is written.
//!
//! It is [`Limits::detect_bytes`](crate::Limits) long, and longer where these hold too few lines to learn from: a table may begin with
//! a cell that is longer than the sample.

use crate::Limits;

/// Line ends outside of quotes that show what records look like.
const ENOUGH_LINE_ENDS: usize = 16;

/// A chunk that a small file does not have.
const LARGE_CHUNK_BYTES: usize = 64 << 10;

/// Collects the first part of a file, the same for any chunks.
#[derive(Debug)]
pub(crate) struct Sample {
    bytes: Vec<u8>,
    /// Bytes that are taken in any case, and the most that are.
    fewest: usize,
    most: usize,
    line_ends: usize,
    in_quotes: bool,
}

impl Sample {
    /// An empty one.
    pub(crate) fn new(limits: &Limits) -> Self {
        let fewest = limits.detect_bytes;
        Self {
            bytes: Vec::new(),
            fewest,
            most: limits.max_record_bytes.max(fewest),
            line_ends: 0,
            in_quotes: false,
        }
    }

    /// Takes what it needs of the next bytes of the file, and gives how many.
    pub(crate) fn take(&mut self, plain: &[u8]) -> usize {
        let (front, behind) = plain.split_at(self.fewest.saturating_sub(self.bytes.len()).min(plain.len()));
        self.look_at(front);
        let mut taken = front.len();
        // What comes in large chunks is mostly longer than the sample.
        if self.bytes.is_empty() && plain.len() >= LARGE_CHUNK_BYTES {
            self.bytes.reserve_exact(self.fewest);
        }
        if !self.has_enough_lines() {
            let room = self.most - self.bytes.len() - taken;
            taken += self.look_at(&behind[..behind.len().min(room)]);
        }
        self.bytes.extend_from_slice(&plain[..taken]);
        taken
    }

    /// Whether no more bytes are needed.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= self.most || self.bytes.len() >= self.fewest && self.has_enough_lines()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn has_enough_lines(&self) -> bool {
        self.line_ends >= ENOUGH_LINE_ENDS
    }

    /// Counts line ends until they are enough; gives the bytes up to there.
    fn look_at(&mut self, bytes: &[u8]) -> usize {
        if self.has_enough_lines() {
            return bytes.len();
        }
        for at in memchr::memchr3_iter(b'"', b'\n', b'\r', bytes) {
            if bytes[at] == b'"' {
                self.in_quotes = !self.in_quotes;
            } else if !self.in_quotes {
                self.line_ends += 1;
                if self.has_enough_lines() {
                    return at + 1;
                }
            }
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(file: &[u8], chunk: usize) -> usize {
        let limits = Limits { detect_bytes: 100, max_record_bytes: 1_000, ..Limits::default() };
        let mut sample = Sample::new(&limits);
        for chunk in file.chunks(chunk) {
            if sample.take(chunk) < chunk.len() || sample.is_full() {
                break;
            }
        }
        assert_eq!(sample.bytes(), &file[..sample.bytes().len()]);
        sample.into_bytes().len()
    }

    #[test]
    fn it_has_lines_to_learn_from() {
        let lines = b"a,b\n".repeat(500);
        let wide = [vec![b'x'; 50], b"\n".to_vec()].concat().repeat(500);
        let cell = [&b"a,\""[..], &b"text, \n".repeat(50), b"\"\n", &lines].concat();
        let open = [&b"a,\""[..], &lines].concat();
        for chunk in [1, 7, 64, 10_000] {
            assert_eq!(sample(&lines, chunk), 100);
            assert_eq!(sample(&wide, chunk), 16 * 51);
            assert_eq!(sample(&cell, chunk), 3 + 350 + 2 + 15 * 4);
            assert_eq!(sample(&open, chunk), 1_000);
            assert_eq!(sample(b"short\n", chunk), 6);
        }
    }
}
