//! Guess a dialect from the first part of a file, with evidence.

mod below;
mod candidates;
mod cell;
mod choose;
mod comments;
mod evidence;
mod features;
pub mod footer;
mod header;
mod layout;
mod model;
mod score;
mod split;
mod table;
mod words;

use csvp_parse::{Dialect, Terminator};
use csvp_report::Candidate;

use self::evidence::Notes;

/// What a caller already knows about the dialect; none means: detect it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DialectHints {
    /// The delimiter.
    pub delimiter: Option<Vec<u8>>,
    /// The quote; `Some(None)` says that fields are never quoted.
    pub quote: Option<Option<u8>>,
    /// The escape byte; `Some(None)` says that quotes are doubled.
    pub escape: Option<Option<u8>>,
    /// Prefix of comment lines; `Some(None)` says there are none.
    pub comment: Option<Option<Vec<u8>>>,
    /// Physical lines before the header.
    pub preamble_lines: Option<u64>,
    /// Header rows.
    pub header_rows: Option<u32>,
}

impl DialectHints {
    /// What is wrong with these hints, if anything: a delimiter, quote or escape that would make the grammar ambiguous.
    pub fn fault(&self) -> Option<String> {
        let line_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if let Some(delimiter) = &self.delimiter
            && (delimiter.is_empty() || delimiter.len() > 8 || delimiter.iter().any(line_end))
        {
            let text = String::from_utf8_lossy(delimiter).escape_debug().to_string();
            return Some(format!("expected a delimiter of 1 to 8 bytes without line ends, found `{text}`"));
        }
        for (what, byte) in [("quote", self.quote), ("escape", self.escape)] {
            let Some(byte) = byte.flatten() else { continue };
            if line_end(&byte) || self.delimiter.as_ref().is_some_and(|delimiter| delimiter[0] == byte) {
                let text = (byte as char).escape_debug();
                return Some(format!(
                    "expected a {what} that is neither a line end nor the delimiter, found `{text}`"
                ));
            }
        }
        let comment = self.comment.as_ref().and_then(Option::as_ref)?;
        comment.iter().any(line_end).then(|| "expected a comment prefix without line ends".to_owned())
    }
}

/// A dialect, how sure it is and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The best dialect.
    pub dialect: Dialect,
    /// From 0 to 1; below 0.5 means unsure.
    pub confidence: f64,
    /// Why, in short English sentences.
    pub evidence: Vec<String>,
    /// What was looked at, best first, at most 8.
    pub candidates: Vec<Candidate>,
}

/// Records that are looked at in the search for header, preamble and comments; candidates are scored on more.
const STRUCTURE_ROWS: usize = 300;

/// Guesses how the records of a file are written, from its first part.
///
/// `sample` is the first part of the file (up to 1 MiB), decoded to UTF-8 as far as possible and without byte order
/// mark; `complete` says that it is the whole file. Every hint overrides what would be found. Any bytes give an answer.
///
/// ```
/// use csvp_engine::detect::{DialectHints, detect};
///
/// let found = detect(b"Sales\n\nday;amount\n1;2,50\n2;3,75\n3;1,25\n", true, &DialectHints::default());
/// assert_eq!(found.dialect.delimiter, b";");
/// assert_eq!((found.dialect.preamble_lines, found.dialect.header_rows), (2, 1));
/// ```
pub fn detect(sample: &[u8], complete: bool, hints: &DialectHints) -> Detection {
    let mut notes = Notes::default();
    let mut choice = choose::choose(sample, complete, hints, &mut notes);
    notes.about_choice(&choice);
    let mut grid =
        choice.grid.take().unwrap_or_else(|| split::split(sample, complete, &choice.rules, STRUCTURE_ROWS));
    grid.rows.truncate(STRUCTURE_ROWS);
    let comment = match &hints.comment {
        Some(given) => given.clone().filter(|prefix| !prefix.is_empty()),
        None => comments::find(sample, &grid, &choice.rules.delimiter, choice.score.width.max(1)).map(
            |(prefix, n)| {
                notes.about_comments(&prefix, n);
                prefix
            },
        ),
    };
    let width = if choice.one_column { 1 } else { choice.score.width };
    let layout = layout::find(sample, grid, (width, &choice.rules), comment.as_deref(), hints, &mut notes);
    let dialect = Dialect {
        delimiter: choice.rules.delimiter.clone(),
        quote: choice.rules.quote,
        escape: choice.rules.escape,
        terminator: if choice.rules.bare_cr { Terminator::Any } else { Terminator::Lf },
        comment,
        skip_initial_space: choice.rules.skip_space,
        preamble_lines: layout.preamble_lines,
        header_rows: layout.header_rows,
    };
    let confidence = evidence::confidence(&choice, layout.certainty);
    Detection {
        dialect,
        confidence,
        evidence: notes.into_sentences(),
        candidates: evidence::candidates(&choice),
    }
}

#[cfg(test)]
mod tests;
