//! A dialect made ready for scanning, with the number of columns and the size limit.

use crate::{Dialect, Terminator};

/// Everything the scanners need to know of a file; fixed for the whole file.
///
/// The number of columns is no rule: it tells which reading of a damaged record is meant.
///
/// ```
/// use csvp_parse::{Dialect, Grammar, reader};
///
/// let bytes = b"1,\"never closed,x\n2,b,y\n";
/// let grammar = Grammar::new(&Dialect::default(), Some(3), 1 << 20);
/// let rows: Vec<_> = reader::records(&grammar, bytes).collect();
/// assert_eq!(rows[0], [&b"1"[..], b"\"never closed", b"x"]);
/// assert_eq!(rows[1], [&b"2"[..], b"b", b"y"]);
/// ```
#[derive(Debug, Clone)]
pub struct Grammar {
    delimiter: Vec<u8>,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
    pub(crate) bare_cr: bool,
    comment: Option<Vec<u8>>,
    pub(crate) skip_initial_space: bool,
    pub(crate) n_columns: Option<usize>,
    pub(crate) max_record_bytes: usize,
    /// By byte: whether it may mean something, in quotes or outside.
    marks: [bool; 256],
}

/// A line end found in the bytes: where the text stops, where the next line starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineEnd {
    pub(crate) end: usize,
    pub(crate) next: usize,
}

/// The answer of a test that may need bytes which have not come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At<T> {
    /// It is there.
    Yes(T),
    /// It is not.
    No,
    /// The bytes end before this can be told.
    Unknown,
}

impl Grammar {
    /// `n_columns` is the number of fields a record should have (none while the header is being read); it guides the
    /// recovery from damaged quotes. Lines above `max_record_bytes` are skipped unread.
    pub fn new(dialect: &Dialect, n_columns: Option<usize>, max_record_bytes: usize) -> Self {
        debug_assert!(!dialect.delimiter.is_empty(), "a dialect has a delimiter");
        let mut marks = [false; 256];
        let quoting = [dialect.quote, dialect.escape].into_iter().flatten();
        for byte in quoting.chain([dialect.delimiter[0], b'\n', b'\r']) {
            marks[usize::from(byte)] = true;
        }
        Self {
            marks,
            delimiter: dialect.delimiter.clone(),
            quote: dialect.quote,
            escape: dialect.escape.filter(|_| dialect.quote != dialect.escape),
            bare_cr: dialect.terminator == Terminator::Any,
            comment: dialect.comment.clone().filter(|prefix| !prefix.is_empty()),
            skip_initial_space: dialect.skip_initial_space,
            n_columns,
            max_record_bytes,
        }
    }

    /// Bytes of the delimiter.
    #[inline]
    pub fn delimiter(&self) -> &[u8] {
        &self.delimiter
    }

    /// Where the first byte from `at` on stands that may mean something; `stop` if none does before it.
    #[inline]
    pub(crate) fn next_mark(&self, bytes: &[u8], at: usize, stop: usize) -> usize {
        let plain = bytes.get(at..stop).unwrap_or_default().iter();
        at + plain.take_while(|&&byte| !self.marks[usize::from(byte)]).count()
    }

    /// Whether a delimiter may end with this byte.
    #[inline]
    pub(crate) fn ends_delimiter(&self, byte: u8) -> bool {
        self.delimiter.last() == Some(&byte)
    }

    /// Whether a delimiter stands at `at`.
    #[inline]
    pub(crate) fn delimiter_at(&self, bytes: &[u8], at: usize, eof: bool) -> At<()> {
        let Some(&first) = bytes.get(at) else { return if eof { At::No } else { At::Unknown } };
        if first != self.delimiter[0] {
            return At::No;
        }
        if self.delimiter.len() == 1 || bytes[at..].starts_with(&self.delimiter) {
            return At::Yes(());
        }
        let rest = &bytes[at..];
        if !eof && rest.len() < self.delimiter.len() && self.delimiter.starts_with(rest) {
            return At::Unknown;
        }
        At::No
    }

    /// Whether a line end starts at `at`.
    #[inline]
    pub(crate) fn line_end_at(&self, bytes: &[u8], at: usize, eof: bool) -> At<LineEnd> {
        match bytes.get(at) {
            None if eof => At::Yes(LineEnd { end: at, next: at }),
            None => At::Unknown,
            Some(b'\n') => At::Yes(LineEnd { end: at, next: at + 1 }),
            Some(b'\r') => match bytes.get(at + 1) {
                Some(b'\n') => At::Yes(LineEnd { end: at, next: at + 2 }),
                None if !eof => At::Unknown,
                // A file that ends in a bare CR: the CR is the rest of a cut CR LF.
                None => At::Yes(LineEnd { end: at, next: at + 1 }),
                Some(_) if self.bare_cr => At::Yes(LineEnd { end: at, next: at + 1 }),
                Some(_) => At::No,
            },
            Some(_) => At::No,
        }
    }

    /// The physical line at the start of `bytes`, quotes apart: where its text ends and where the next line begins. None
    /// when the line does not end here and more bytes may come.
    pub fn first_line(&self, bytes: &[u8], eof: bool) -> Option<(usize, usize)> {
        match self.find_line_end(bytes, 0, eof) {
            At::Yes(line) => Some((line.end, line.next)),
            At::No | At::Unknown => None,
        }
    }

    /// Physical line ends in `bytes`, quotes apart.
    pub fn count_line_ends(&self, bytes: &[u8]) -> u64 {
        let feeds = memchr::memchr_iter(b'\n', bytes).count() as u64;
        if !self.bare_cr {
            return feeds;
        }
        let bare = memchr::memchr_iter(b'\r', bytes)
            .filter(|&at| bytes.get(at + 1).is_some_and(|&next| next != b'\n'));
        feeds + bare.count() as u64
    }

    /// The end of the physical line that contains `from`; quotes have no meaning here.
    pub(crate) fn find_line_end(&self, bytes: &[u8], from: usize, eof: bool) -> At<LineEnd> {
        let mut at = from;
        loop {
            let found = if self.bare_cr {
                memchr::memchr2(b'\n', b'\r', &bytes[at..])
            } else {
                memchr::memchr(b'\n', &bytes[at..])
            };
            let Some(offset) = found else {
                return match self.line_end_at(bytes, bytes.len(), eof) {
                    // The last byte may be a CR that ends the file.
                    At::Yes(_) if bytes.len() > from && bytes[bytes.len() - 1] == b'\r' => {
                        At::Yes(LineEnd { end: bytes.len() - 1, next: bytes.len() })
                    }
                    other => other,
                };
            };
            let mark = at + offset;
            let start =
                if bytes[mark] == b'\n' && mark > from && bytes[mark - 1] == b'\r' { mark - 1 } else { mark };
            match self.line_end_at(bytes, start, eof) {
                At::No => at = mark + 1,
                answer => return answer,
            }
        }
    }

    /// The byte that a comment begins with.
    pub(crate) fn comment_byte(&self) -> Option<u8> {
        self.comment.as_ref().map(|prefix| prefix[0])
    }

    /// Whether the line at `at` is a comment.
    pub(crate) fn comment_at(&self, bytes: &[u8], at: usize, eof: bool) -> At<()> {
        let Some(prefix) = &self.comment else { return At::No };
        let rest = &bytes[at..];
        if rest.starts_with(prefix) {
            At::Yes(())
        } else if !eof && rest.len() < prefix.len() && prefix.starts_with(rest) {
            At::Unknown
        } else {
            At::No
        }
    }
}
