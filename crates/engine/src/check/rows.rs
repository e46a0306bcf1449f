//! Records that are rather no records: the header again, delimiters alone, titles and totals among the data.

use csvp_parse::{FieldIndex, Grammar};
use csvp_report::ProblemCode;
use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// Records of the sample from which is learned what is rare in a file.
const LEARNED_RECORDS: usize = 2_000;
/// One record in so many may be a title or a total; where more are, they are what the file is about.
const RARE: usize = 10;
/// Columns of which one may name totals; a table of more has its names elsewhere.
const MOST_TOTAL_COLUMNS: usize = 4;
/// A byte order mark, as text.
pub(crate) const MARK: &[u8] = "\u{feff}".as_bytes();
/// Header rows that are looked for.
const MOST_HEADERS: usize = 4;

/// Which records of a file look wrong as a whole, from its header and its first records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RowRules {
    /// Header rows that may come again among the records.
    headers: Vec<Vec<String>>,
    /// Whether a record of empty cells is strange.
    hollow: bool,
    /// Whether a record with one filled cell is strange.
    single: bool,
    /// Columns that hold words such as `Total`, seldom.
    totals: Vec<u32>,
}

/// Indexed records and their text.
#[derive(Clone, Copy)]
pub(crate) struct Records<'a> {
    pub(crate) index: &'a FieldIndex,
    pub(crate) grammar: &'a Grammar,
    pub(crate) text: &'a [u8],
    pub(crate) layout: &'a Layout,
}

impl RowRules {
    /// The rules of a file whose header and first records are known.
    pub(crate) fn learn(header: &[Vec<String>], records: Records<'_>) -> Self {
        let n_columns = records.layout.n_columns();
        if n_columns < 2 {
            return Self::default();
        }
        let first = header.len().min(records.index.n_records());
        let learned = first..records.index.n_records().min(first + LEARNED_RECORDS);
        let whole = |&record: &usize| records.is_whole(record);
        let n = learned.clone().filter(whole).count();
        let single = learned.clone().filter(whole).filter(|&record| records.only_value(record).is_some());
        let mut totals = vec![0_usize; n_columns];
        for record in learned.clone().filter(whole) {
            for (column, n_totals) in totals.iter_mut().enumerate() {
                *n_totals += usize::from(records.is_total(record, column) && records.has_number(record));
            }
        }
        let totals = totals.iter().enumerate().filter(|&(_, &found)| found > 0 && found * RARE <= n);
        let totals: Vec<u32> = totals.map(|(column, _)| column as u32).collect();
        let named = |row: &&Vec<String>| {
            let names = row.iter().filter(|name| name.chars().any(char::is_alphabetic));
            names.take(2).count() == 2
        };
        Self {
            headers: header.iter().filter(named).take(MOST_HEADERS).map(|row| trimmed(row)).collect(),
            hollow: true,
            single: n_columns >= 3 && single.count() * RARE <= n,
            totals: if totals.len() <= MOST_TOTAL_COLUMNS { totals } else { Vec::new() },
        }
    }

    /// Whether no record looks wrong.
    pub(crate) fn are_empty(&self) -> bool {
        self.headers.is_empty() && !self.hollow && self.totals.is_empty()
    }

    /// What is wrong with a record as a whole, and the column that says so, if one does.
    #[inline]
    pub(crate) fn fault(&self, records: Records<'_>, record: usize) -> Option<(ProblemCode, Option<usize>)> {
        let (start, end) = (records.index.record_start(record), records.index.record_end(record));
        let (Some(&first), Some(&last)) = (records.text.get(start), records.text[..end].last()) else {
            return None;
        };
        // Two bytes are enough to know that most records are neither.
        let may_repeat = |header: &[String]| records.layout.is_rejects || ends_with_name(header, last);
        let repeats = |header: &Vec<String>| may_repeat(header) && records.repeats(record, header);
        if self.headers.iter().any(repeats) {
            return Some((ProblemCode::HeaderRepeated, None));
        }
        let delimiter = records.grammar.delimiter();
        let may_be_empty = |byte: u8| delimiter.contains(&byte) || is_blank_or_quote(byte);
        if self.hollow && (may_be_empty(first) || may_be_empty(last)) && records.begins_or_ends_blank(record)
        {
            match records.only_value(record) {
                Some(None) => return Some((ProblemCode::RowHollow, None)),
                Some(column) if self.single => return Some((ProblemCode::RowSingleValue, column)),
                _ => {}
            }
        }
        let total = self.totals.iter().find(|&&column| records.is_total(record, column as usize));
        let total = total.filter(|_| records.has_number(record));
        total.map(|&column| (ProblemCode::RowTotal, Some(column as usize)))
    }
}

impl Records<'_> {
    /// A cell without its quotes.
    pub(crate) fn cell<'b>(
        &'b self,
        record: usize,
        column: usize,
        scratch: &'b mut Vec<u8>,
    ) -> Option<&'b [u8]> {
        self.index.field(self.grammar, self.text, record, column, scratch)
    }

    /// Whether the number of fields is no fault.
    pub(crate) fn is_whole(&self, record: usize) -> bool {
        let n_fields = self.index.n_fields(record);
        n_fields >= self.layout.n_columns() || self.layout.may_lack(n_fields)
    }

    /// Whether a record ends with the cells of a header row. Some first cells may be before them: the first line of a file
    /// is damaged more often than others.
    #[inline]
    fn repeats(&self, record: usize, header: &[String]) -> bool {
        let n_fields = self.index.n_fields(record).min(self.layout.n_columns());
        let Some(before) = n_fields.checked_sub(header.len()) else { return false };
        let mut scratch = Vec::new();
        header.iter().enumerate().rev().all(|(column, name)| {
            let cell = self.index.field(self.grammar, self.text, record, before + column, &mut scratch);
            // Where files were joined, the mark of the second one stands in front of its header.
            let cell = cell.map(|cell| cell.strip_prefix(MARK).unwrap_or(cell));
            cell.is_some_and(|cell| cell.trim_ascii() == name.as_bytes())
        })
    }

    /// Whether the first or the last cell is empty: no record with one value or none has both.
    #[inline]
    fn begins_or_ends_blank(&self, record: usize) -> bool {
        !self.is_filled(record, self.layout.n_columns() - 1) || !self.is_filled(record, 0)
    }

    #[inline]
    fn is_filled(&self, record: usize, column: usize) -> bool {
        self.index
            .raw_range(self.grammar, record, column)
            .is_some_and(|(start, end)| self.text[start..end].iter().any(|&b| !is_blank_or_quote(b)))
    }

    /// For a record with all cells of which at most one holds something: which one.
    fn only_value(&self, record: usize) -> Option<Option<usize>> {
        if !self.is_whole(record) {
            return None;
        }
        // Nothing but delimiters needs no second look.
        let n_columns = self.layout.n_columns();
        let bytes = self.index.record_end(record) - self.index.record_start(record);
        let delimiters = (n_columns - 1) * self.grammar.delimiter().len();
        if self.index.n_fields(record) == n_columns && bytes == delimiters {
            return Some(None);
        }
        let mut filled = (0..self.layout.n_columns()).filter(|&column| self.is_filled(record, column));
        let first = filled.next();
        filled.next().is_none().then_some(first)
    }

    /// Whether a cell says that its record is a sum of others.
    #[inline]
    fn is_total(&self, record: usize, column: usize) -> bool {
        let Some((start, end)) = self.index.raw_range(self.grammar, record, column) else { return false };
        is_total_word(&self.text[start..end])
    }

    /// Whether some cell begins as a number does.
    fn has_number(&self, record: usize) -> bool {
        (0..self.layout.n_columns()).any(|column| {
            let range = self.index.raw_range(self.grammar, record, column);
            let is_sign = |b: &u8| matches!(b, b' ' | b'"' | b'-' | b'+' | b'$' | b'(' | b'.');
            range.is_some_and(|(start, end)| {
                self.text[start..end].iter().find(|b| !is_sign(b)).is_some_and(u8::is_ascii_digit)
            })
        })
    }
}

fn is_blank_or_quote(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'\'')
}

/// Whether a record whose last byte is `last` may end with the last name of a header.
fn ends_with_name(header: &[String], last: u8) -> bool {
    let name = header.last().and_then(|name| name.as_bytes().last());
    name.is_none_or(|&name| name == last) || is_blank_or_quote(last)
}

fn trimmed(row: &[String]) -> Vec<String> {
    row.iter().map(|name| name.trim().to_owned()).collect()
}

/// Words with which people sum up records. Words such as `count` and `max` are left out: they name columns of measures.
const TOTALS: [&str; 21] = [
    "total",
    "totals",
    "grand total",
    "grand totals",
    "sub total",
    "subtotal",
    "sub-total",
    "overall total",
    "total general",
    "total général",
    "sum",
    "average",
    "avg",
    "mean",
    "median",
    "gesamt",
    "gesamtsumme",
    "summe",
    "zwischensumme",
    "totale",
    "totaal",
];

/// Whether the cell is a word for a total and nothing else.
fn is_total_word(cell: &[u8]) -> bool {
    let is_sign = |b: &u8| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b':' | b'*');
    let Some(start) = cell.iter().position(|b| !is_sign(b)) else { return false };
    let end = cell.iter().rposition(|b| !is_sign(b)).map_or(start, |at| at + 1);
    let word = &cell[start..end];
    // Nearly all cells end here: the shortest word has three letters, the longest fourteen bytes.
    if !(3..=14).contains(&word.len())
        || !matches!(word[0] | 0x20, b't' | b's' | b'g' | b'o' | b'a' | b'm' | b'z')
    {
        return false;
    }
    TOTALS.iter().any(|total| word.eq_ignore_ascii_case(total.as_bytes()))
}
