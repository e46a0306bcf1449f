//! The columns that a file of rejected records has beside those of its original, so that a corrected one can be read again.

use std::borrow::Cow;

use csvp_parse::{Dialect, Grammar, reader};

/// In front of the file's columns: place, codes and messages.
pub(crate) const BEFORE: [&str; 5] = ["csvp_record", "csvp_line", "csvp_byte", "csvp_codes", "csvp_messages"];
/// Behind them: the fields beyond the last column as one CSV record, or how many are missing.
pub(crate) const AFTER: &str = "csvp_extra";

/// The header of the file of rejected records for a file with these columns.
///
/// Where the file has columns of our names, ours get a suffix (`csvp_record_2`).
pub fn header(columns: &[&str]) -> Vec<String> {
    let ours = BEFORE.iter().map(|name| unique(name, columns));
    let mut names: Vec<String> = ours.chain(columns.iter().map(|name| (*name).to_owned())).collect();
    names.push(unique(AFTER, columns));
    names
}

/// The file's columns in the header of a file of rejected records; none in any other header.
pub(crate) fn columns(written: &[String]) -> Option<&[String]> {
    // Nearly every header ends here.
    let end = written.len().checked_sub(1).filter(|_| written[0].starts_with(BEFORE[0]))?;
    let columns = written.get(BEFORE.len()..end).filter(|columns| !columns.is_empty())?;
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    (header(&names) == written).then_some(columns)
}

/// In front of the number of fields that a record lacks, in the cell behind the columns. A further field that begins so is
/// written in quotes.
const LACKS: &str = "csvp_missing ";

/// What the cell behind the columns keeps of a record whose number of fields was wrong.
#[derive(Debug, PartialEq)]
pub(crate) enum Kept {
    /// Fields beyond the last column; mostly none.
    Extra(Vec<Vec<u8>>),
    /// So many of the last columns had no field.
    Missing(usize),
}

/// The cell behind the columns for a record with these fields.
pub fn extra_cell(fields: &[Cow<'_, [u8]>], n_columns: usize) -> Vec<u8> {
    if fields.len() < n_columns {
        return format!("{LACKS}{}", n_columns - fields.len()).into_bytes();
    }
    let mut cell = Vec::new();
    let extra = &fields[n_columns..];
    if !extra.is_empty() {
        csvp_parse::writer::write_record(&mut cell, extra.iter().map(|field| &field[..]), b',');
        cell.pop();
    }
    if missing(&cell).is_some() {
        cell = [b"\"", cell.as_slice(), b"\""].concat();
    }
    cell
}

/// What the cell behind the columns keeps.
pub(crate) fn kept(cell: &[u8]) -> Kept {
    if let Some(n) = missing(cell) {
        return Kept::Missing(n);
    }
    if cell.is_empty() {
        return Kept::Extra(Vec::new());
    }
    let grammar = Grammar::new(&Dialect::default(), None, usize::MAX);
    Kept::Extra(reader::records(&grammar, cell).flatten().map(Cow::into_owned).collect())
}

/// The number of fields that are said to be missing.
fn missing(cell: &[u8]) -> Option<usize> {
    std::str::from_utf8(cell).ok()?.strip_prefix(LACKS)?.parse().ok().filter(|&n| n > 0)
}

/// A name that no column has, with a suffix where needed.
fn unique(name: &str, taken: &[&str]) -> String {
    let mut candidate = name.to_owned();
    let mut suffix = 2_u32;
    while taken.contains(&candidate.as_str()) {
        candidate = format!("{name}_{suffix}");
        suffix += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_header_is_known() {
        for names in [&["a"][..], &["id", "csvp_record", "csvp_record_2"], &["csvp_extra", ""]] {
            let written = header(names);
            assert_eq!(columns(&written), Some(&written[5..5 + names.len()]), "{written:?}");
        }
        assert_eq!(header(&["csvp_record", "csvp_record_2"])[0], "csvp_record_3");
        let known = |text: &str| {
            let names: Vec<String> = text.split(',').map(str::to_owned).collect();
            columns(&names).is_some()
        };
        assert!(known("csvp_record,csvp_line,csvp_byte,csvp_codes,csvp_messages,id,csvp_extra"));
        for other in [
            "csvp_record,csvp_line,csvp_byte,csvp_codes,csvp_messages,csvp_extra",
            "csvp_record,csvp_line,csvp_byte,csvp_codes,csvp_messages,id",
            "csvp_record,csvp_line,csvp_byte,csvp_codes,id,csvp_extra",
            "csvp_line,csvp_record,csvp_byte,csvp_codes,csvp_messages,id,csvp_extra",
            "csvp_record_2,csvp_line,csvp_byte,csvp_codes,csvp_messages,id,csvp_extra",
            "csvp_record,csvp_line,csvp_byte,csvp_codes,csvp_messages,id,csvp_extra,note",
            "csvp_record",
        ] {
            assert!(!known(other), "{other}");
        }
    }

    #[test]
    fn further_fields_are_read_as_they_were_written() {
        let extra = |fields: &[&[u8]]| Kept::Extra(fields.iter().map(|field| field.to_vec()).collect());
        assert_eq!(kept(b""), extra(&[]));
        assert_eq!(kept(b"more,\"a,b\""), extra(&[b"more", b"a,b"]));
        assert_eq!(kept(b"\"\""), extra(&[b""]));
        let fields: Vec<Cow<'_, [u8]>> = vec![Cow::Borrowed(b"a"), Cow::Borrowed(b"csvp_missing 2")];
        assert_eq!(kept(&extra_cell(&fields, 1)), extra(&[b"csvp_missing 2"]));
        assert_eq!(kept(&extra_cell(&fields, 2)), extra(&[]));
        assert_eq!(kept(&extra_cell(&fields, 5)), Kept::Missing(3));
    }
}
