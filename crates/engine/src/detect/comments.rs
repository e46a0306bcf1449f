//! Which lines are comments: only where a prefix marks lines that clearly are no records.

use super::score::is_blank;
use super::split::{Grid, RowSpan};

/// Prefixes that mark comments, the usual ones first.
const PREFIXES: [&[u8]; 5] = [b"#", b"//", b"%", b"--", b";"];

/// The prefix of comment lines, and how many there are among the rows of `grid`.
pub(super) fn find(bytes: &[u8], grid: &Grid, delimiter: &[u8], width: usize) -> Option<(Vec<u8>, usize)> {
    let rows: Vec<&RowSpan> = grid.rows.iter().filter(|r| !is_blank(bytes, r)).collect();
    PREFIXES.iter().find_map(|prefix| {
        let n = count(bytes, &rows, prefix, delimiter, width)?;
        Some((prefix.to_vec(), n))
    })
}

fn count(bytes: &[u8], rows: &[&RowSpan], prefix: &[u8], delimiter: &[u8], width: usize) -> Option<usize> {
    if delimiter.starts_with(prefix) || prefix.starts_with(delimiter) {
        return None;
    }
    let marked = |r: &RowSpan| bytes[r.start..r.end].starts_with(prefix);
    let n = rows.iter().filter(|r| marked(r)).count();
    if n == 0 || n == rows.len() {
        return None;
    }
    let top = rows.iter().take_while(|r| marked(r)).count();
    let like_records = rows.iter().filter(|r| marked(r) && r.width == width).count();
    // `#id,name` above the records is the header, and so is the last line of a block that has as many cells.
    let last_is_header = top > 0 && width > 1 && rows[top - 1].width == width;
    if last_is_header || like_records * 2 > n && width > 1 {
        return None;
    }
    let spoken = rows.iter().filter(|r| marked(r)).filter(|r| speaks(bytes, r, prefix)).count();
    let usual_mark = prefix == b"#" || prefix == b"//";
    let enough =
        if width <= 1 || !usual_mark { top == n && top >= 2 && spoken * 2 > n } else { spoken * 2 >= n };
    enough.then_some(n)
}

/// Text after the mark and a blank, or a mark alone.
fn speaks(bytes: &[u8], row: &RowSpan, prefix: &[u8]) -> bool {
    let rest = &bytes[row.start + prefix.len()..row.end];
    let first = rest.iter().find(|b| !prefix.contains(b));
    matches!(first, None | Some(b' ' | b'\t' | b'=' | b'-' | b'\r'))
        || rest.contains(&b' ')
        || rest.len() > 20
}
