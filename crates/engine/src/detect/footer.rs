//! Records at the end of a file that are no data: notes, sources, totals.

use super::cell::{Kind, kind};
use super::words::starts_a_note;

/// How many of the last records are footer. `tail` holds the last records of a file, cells unescaped; `n_columns` is
/// the number of columns of its table. Careful: a record that only lacks cells is not taken for a footer.
pub fn footer_rows(tail: &[Vec<String>], n_columns: usize) -> usize {
    if n_columns < 2 || tail.is_empty() {
        return 0;
    }
    let rows: Vec<Row> = tail.iter().map(|cells| Row::new(cells)).collect();
    let mut footer = 0;
    for (i, row) in rows.iter().enumerate().rev() {
        if row.filled == 0 {
            continue;
        }
        let after_blank = i > 0 && rows[i - 1].filled == 0;
        let note = row.is_note(n_columns, after_blank || footer > 0);
        if note || row.is_total(n_columns) || row.is_total_below(&rows[..i]) {
            footer = rows.len() - i;
        } else if !row.may_continue_a_note() {
            break;
        }
    }
    footer = with_blanks_above(&rows, footer);
    // Where single texts are usual among the records above, they are data (or groups), not notes.
    let body = &rows[..rows.len() - footer];
    let alone = body.iter().filter(|r| r.filled == 1).count();
    let filled = body.iter().filter(|r| r.filled > 0).count();
    if filled == 0 || alone * 3 > filled { 0 } else { footer }
}

/// Rows without content between the records and the footer belong to the footer.
fn with_blanks_above(rows: &[Row], footer: usize) -> usize {
    if footer == 0 {
        return 0;
    }
    let above = rows[..rows.len() - footer].iter().rev().take_while(|r| r.filled == 0).count();
    if above + footer == rows.len() { footer } else { footer + above }
}

/// What counts about one record.
struct Row {
    filled: usize,
    typed: usize,
    first: String,
    first_kind: Kind,
    first_at: usize,
}

impl Row {
    fn new(cells: &[String]) -> Self {
        let kinds: Vec<Kind> = cells.iter().map(|c| kind(c.as_bytes())).collect();
        let filled = kinds.iter().filter(|k| **k != Kind::Empty).count();
        let typed = kinds.iter().filter(|k| k.is_typed()).count();
        let first_at = kinds.iter().position(|k| *k != Kind::Empty).unwrap_or(0);
        let first = cells.get(first_at).map(|c| c.trim().to_owned()).unwrap_or_default();
        let first_kind = kinds.get(first_at).copied().unwrap_or(Kind::Empty);
        Self { filled, typed, first, first_kind, first_at }
    }

    /// A text that stands alone and reads like a note, or a text with commas that was cut into a few cells.
    fn is_note(&self, n_columns: usize, set_apart: bool) -> bool {
        let text = self.first.as_bytes();
        let says_so = starts_a_note(text) || is_footnote(text) || is_row_count(&self.first);
        if self.filled == 1 {
            let is_text = matches!(self.first_kind, Kind::Phrase | Kind::Prose | Kind::Address);
            let sentence = is_text && (text.len() >= 40 || text.ends_with(b".") && text.len() >= 15);
            let wide = n_columns >= 3;
            return says_so && !self.first_kind.is_typed()
                || sentence && wide
                || self.first_at == 0 && set_apart && is_text;
        }
        // A record with all its cells may hold anything; only one with fewer is judged by its words.
        says_so && self.typed == 0 && self.filled < n_columns && self.filled * 2 <= n_columns.max(4)
    }

    /// A line that alone says nothing: footer only below a note, whose last words it holds.
    fn may_continue_a_note(&self) -> bool {
        self.filled == 1 && !self.first_kind.is_typed()
    }

    /// `Total` and a few numbers, with fewer cells filled than there are columns.
    fn is_total(&self, n_columns: usize) -> bool {
        self.filled >= 2 && self.filled < n_columns && self.filled * 3 <= n_columns * 2 && self.says_total()
    }

    /// `Total` and numbers in every cell, below records that begin with a number or a date.
    fn is_total_below(&self, above: &[Row]) -> bool {
        let typed = above.iter().filter(|row| row.first_at == 0 && row.first_kind.is_typed()).count();
        self.first_at == 0
            && self.filled >= 2
            && typed >= 3
            && typed * 10 >= above.len() * 9
            && self.says_total()
    }

    fn says_total(&self) -> bool {
        const WORDS: [&str; 9] = [
            "total",
            "totals",
            "grand total",
            "sum",
            "overall",
            "subtotal",
            "gesamt",
            "summe",
            "total general",
        ];
        let word = self.first.trim_end_matches([':', ' ']).to_lowercase();
        WORDS.contains(&word.as_str())
    }
}

/// `1 Because of rounding`, `(1) Includes`, `\1 See`, `[a] ...`, `1. Includes`: a mark and then text.
fn is_footnote(text: &[u8]) -> bool {
    let inner =
        text.strip_prefix(b"(").or_else(|| text.strip_prefix(b"[")).or_else(|| text.strip_prefix(b"\\"));
    let rest = inner.unwrap_or(text);
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let mark = if digits > 0 { digits } else { usize::from(inner.is_some()) };
    let Some(rest) = rest.get(mark..).filter(|_| (1..=2).contains(&mark)) else { return false };
    let after = rest.iter().position(|b| !b")].:/ ".contains(b)).unwrap_or(0);
    let words = &rest[after..];
    words.len() >= 12 && words[0].is_ascii_alphabetic() && words.contains(&b' ')
}

/// `(42 rows affected)`, `42 rows`, `End of file`: what programs write after the last record.
fn is_row_count(text: &str) -> bool {
    let text = text.trim_matches(['(', ')', '.', '-', '*', '=', '#', ' ']).to_lowercase();
    let mut words = text.split(' ');
    let number =
        words.next().is_some_and(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit() || b == b','));
    let rows =
        matches!(words.next(), Some("row" | "rows" | "row(s" | "records" | "record(s" | "record" | "lines"));
    number && rows || matches!(text.as_str(), "end of file" | "end of report" | "end" | "eof")
}

#[cfg(test)]
mod tests {
    use super::footer_rows;

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|l| l.split('|').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn counts_footer_rows() {
        let cases: &[(&str, usize, usize)] = &[
            ("a|1|2\nb|3|4\nSource: Census Bureau||", 3, 1),
            ("a|1|2\nb|3|4\nSource: Census Bureau", 3, 1),
            ("a|1|2\nb|3|4\n||\n1 Because of rounding, sums may differ.||\nNote: see text||", 3, 3),
            ("a|1|2|3\nb|3|4|5\nTotal||9|", 4, 1),
            ("a|1|2|3\nb|3|4|5\nTotal|4|6|8", 4, 0),
            ("a|1|2\nb|3|4\nc", 3, 0),
            ("a|1|2\nb|3|4\nc|5", 3, 0),
            ("a|1|2\nb|3|4\nUnknown place||", 3, 0),
            ("a|1|2\nb|3|4\n||\nCity of Oakland||", 3, 2),
            ("a|1|2\nb|3|4\n||", 3, 0),
            ("a|1|2\nb|3|4\n(2 rows affected)", 3, 1),
            ("a|1|2\nb|3|4\nSource: Global Data, London||\n(copyright).||", 3, 2),
            ("a|1|2\nb|3|4\nSource: Global Data, London||\nbiennial||\n2009||", 3, 0),
            ("a|1|2\nb|3|4\nc||\nd||", 3, 0),
            ("first||\nsecond||\nSource: x||", 3, 0),
            ("only one column\nSource: x", 1, 0),
            ("", 3, 0),
        ];
        for (text, n_columns, expected) in cases {
            assert_eq!(footer_rows(&rows(text), *n_columns), *expected, "{text:?}");
        }
    }
}
