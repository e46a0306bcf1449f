//! What the oracles share: a file through the engine with the places of its records.

use csvp_engine::{Check, JudgedBlock, Output, Second, Settings};
use csvp_report::Report;

/// A record as it was read: header, data or footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) byte: usize,
    pub(crate) cells: Vec<String>,
}

/// Everything that was read, and the report.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) records: Vec<Record>,
    pub(crate) report: Report,
}

impl Read {
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        self.records.iter().map(|record| record.cells.clone()).collect()
    }
}

#[derive(Default)]
struct All(Vec<Record>);

impl Output for All {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        for record in 0..block.n_records() {
            let cells = block.raw_fields(record);
            let cells = cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            self.0.push(Record { byte: block.byte(record) as usize, cells });
        }
        Ok(())
    }
}

/// Both passes over a file that comes in these pieces.
pub(crate) fn read(settings: &Settings, pieces: &[&[u8]]) -> Read {
    let mut check = Check::new(settings.clone()).expect("the settings can be used");
    pieces.iter().for_each(|piece| check.push(piece).expect("the file is small"));
    let plan = check.finish().expect("the file is small").plan;
    let mut second = Second::new(&plan, All::default()).expect("the plan is of this version");
    pieces.iter().for_each(|piece| second.push(piece).expect("the file is small"));
    let (report, all) = second.finish().expect("the file is small");
    Read { records: all.0, report }
}

/// What a CR without LF is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BareCr {
    Text,
    LineEnd,
}

/// The records of a file that is strictly RFC 4180: a quote opens a cell or stands doubled in one, and nothing else; only
/// blank lines at its end are no records. None when the file is not, or when its records are not all of one size.
pub(crate) fn strict(text: &str, delimiter: u8, bare_cr: BareCr) -> Option<Vec<Vec<String>>> {
    if text.contains('\0') {
        return None;
    }
    let content = text.trim_end_matches(['\r', '\n']);
    // A line end that stands in quotes is no blank line, and no line end behind quotes matters.
    let mut rest = if content.len() == text.len() { text } else { &text[..content.len() + 1] }.as_bytes();
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let (cell, behind) = strict_cell(rest, delimiter, bare_cr)?;
        row.push(String::from_utf8(cell).ok()?);
        rest = match behind {
            [byte, behind @ ..] if *byte == delimiter => {
                if behind.is_empty() {
                    row.push(String::new());
                }
                behind
            }
            [b'\r', b'\n', behind @ ..] | [b'\n', behind @ ..] => {
                rows.push(std::mem::take(&mut row));
                behind
            }
            [b'\r', behind @ ..] if bare_cr == BareCr::LineEnd || behind.is_empty() => {
                rows.push(std::mem::take(&mut row));
                behind
            }
            [] => behind,
            _ => return None,
        };
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows.iter().all(|row| row.len() == rows[0].len()).then_some(rows)
}

fn strict_cell(bytes: &[u8], delimiter: u8, bare_cr: BareCr) -> Option<(Vec<u8>, &[u8])> {
    let Some(inside) = bytes.strip_prefix(b"\"") else {
        let ends = |at: usize| match bytes[at] {
            b'\r' => bare_cr == BareCr::LineEnd || matches!(bytes.get(at + 1), None | Some(b'\n')),
            byte => byte == delimiter || byte == b'\n',
        };
        let end = (0..bytes.len()).find(|&at| ends(at));
        let (cell, behind) = bytes.split_at(end.unwrap_or(bytes.len()));
        return (!cell.contains(&b'"')).then(|| (cell.to_vec(), behind));
    };
    let (mut cell, mut rest) = (Vec::new(), inside);
    loop {
        match rest {
            [b'"', b'"', behind @ ..] => {
                cell.push(b'"');
                rest = behind;
            }
            [b'"', behind @ ..] => return Some((cell, behind)),
            [byte, behind @ ..] => {
                cell.push(*byte);
                rest = behind;
            }
            [] => return None,
        }
    }
}
