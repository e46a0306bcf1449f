//! The columns that a file of rejected records has beside those of its original, so that a corrected one can be read again.

use csvp_parse::{Dialect, Grammar, reader};

/// In front of the file's columns: place, codes and messages.
pub(crate) const BEFORE: [&str; 5] = ["csvp_record", "csvp_line", "csvp_byte", "csvp_codes", "csvp_messages"];
/// Behind them: the fields beyond the last column as one CSV record.
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
    let end = written.len().checked_sub(1)?;
    let columns = written.get(BEFORE.len()..end).filter(|columns| !columns.is_empty())?;
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    (header(&names) == written).then_some(columns)
}

/// The fields that the cell behind the columns holds.
pub(crate) fn extra_fields(cell: &[u8]) -> Vec<Vec<u8>> {
    if cell.is_empty() {
        return Vec::new();
    }
    let grammar = Grammar::new(&Dialect::default(), None, usize::MAX);
    reader::records(&grammar, cell).flatten().map(std::borrow::Cow::into_owned).collect()
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
        assert!(extra_fields(b"").is_empty());
        assert_eq!(extra_fields(b"more,\"a,b\""), [b"more".to_vec(), b"a,b".to_vec()]);
        assert_eq!(extra_fields(b"\"\""), [b"".to_vec()]);
    }
}
