//! How records are written as bytes. Nothing here guesses; `csvp-engine::detect` does.

/// The grammar of one file: what separates fields and records, and which lines are not records.
///
/// ```
/// use csvp_parse::{Dialect, Grammar, reader};
///
/// let dialect = Dialect {
///     delimiter: b"||".to_vec(),
///     escape: Some(b'\\'),
///     comment: Some(b"#".to_vec()),
///     ..Dialect::default()
/// };
/// let grammar = Grammar::new(&dialect, Some(2), 1 << 20);
/// let rows: Vec<_> = reader::records(&grammar, b"# a comment\na|b||\"say \\\"hi\\\"\"\n").collect();
/// assert_eq!(rows, [[&b"a|b"[..], b"say \"hi\""]]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// What stands between two fields: 1 to 8 bytes of UTF-8, no CR or LF among them.
    pub delimiter: Vec<u8>,
    /// What encloses a field that contains delimiters, quotes or line ends.
    pub quote: Option<u8>,
    /// What stands before a quote (or before itself) inside a quoted field; none when the quote is doubled instead.
    pub escape: Option<u8>,
    /// What ends a record.
    pub terminator: Terminator,
    /// What starts a line that is no record.
    pub comment: Option<Vec<u8>>,
    /// Whether a quote opens a field also behind blanks (`a, "b"`). Blanks before unquoted text are part of it.
    pub skip_initial_space: bool,
    /// Physical lines at the start that are neither header nor records.
    pub preamble_lines: u64,
    /// Records after the preamble that name the columns: 0, 1, or several whose cells are joined by a space.
    pub header_rows: u32,
}

/// What ends a record, outside quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Terminator {
    /// LF; a CR directly before it belongs to the terminator. Any other CR is data.
    Lf,
    /// LF, CR LF, and CR alone.
    Any,
}

impl Default for Dialect {
    /// RFC 4180 with a header: comma, double quote, doubled quotes, LF or CR LF.
    fn default() -> Self {
        Self {
            delimiter: vec![b','],
            quote: Some(b'"'),
            escape: None,
            terminator: Terminator::Lf,
            comment: None,
            skip_initial_space: false,
            preamble_lines: 0,
            header_rows: 1,
        }
    }
}
