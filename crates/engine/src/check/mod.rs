//! The rules, one file each; every broken one becomes a [`spot`], and a `Problem` when somebody reads it.
//!
//! [`structure`] and [`rows`] need no types and run in the first pass, [`cells`] needs the decided schema, [`keys`] needs the
//! whole file.

pub(crate) mod cells;
pub(crate) mod habits;
pub(crate) mod keys;
pub(crate) mod rows;
pub(crate) mod rules;
pub(crate) mod spot;
pub(crate) mod structure;

/// Text of a cell for a problem, cut after `chars` characters.
pub(crate) fn quote(cell: &[u8], chars: usize) -> String {
    // Four bytes are the longest character, so nothing that is shown is cut here.
    let text = String::from_utf8_lossy(&cell[..cell.len().min(chars * 4)]);
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if cell.len() > chars * 4 => format!("{text}…"),
        None => text.into_owned(),
    }
}
