//! One damaged byte in a clean file: few records are touched, all others are the same, and the damage is said where it is.

use csvp_engine::Settings;
use csvp_report::{Problem, ProblemCode};
use csvp_testkit::generate::{Dice, push_cell};

use crate::support::{BareCr, Read, read, strict};

/// Records that one damaged byte may change: a line end that is lost joins two. Measured over every byte of small files, in
/// which some damage reaches it.
const MOST_TOUCHED: usize = 2;
/// The same where quoted cells have several lines: a quote that is lost cuts a record of two lines into two and takes a third with it at
/// worst.
const MOST_TOUCHED_OF_LINES: usize = 3;
/// Confidence below which an encoding is said to be unsure.
const SURE: f64 = 0.5;
const BYTES: &[u8] = b"\",\n\0\xffx";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Delete,
    Insert(u8),
    Replace(u8),
}

impl Damage {
    fn all() -> Vec<Self> {
        let others = BYTES.iter().flat_map(|&byte| [Damage::Insert(byte), Damage::Replace(byte)]);
        std::iter::once(Damage::Delete).chain(others).collect()
    }

    fn apply(self, clean: &[u8], at: usize) -> Vec<u8> {
        let mut bytes = clean.to_vec();
        match self {
            Damage::Delete => drop(bytes.remove(at)),
            Damage::Insert(byte) => bytes.insert(at, byte),
            Damage::Replace(byte) => bytes[at] = byte,
        }
        bytes
    }

    fn is_line_end(self) -> bool {
        matches!(self, Damage::Insert(b'\n') | Damage::Replace(b'\n'))
    }
}

/// Which cells stand in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    All,
    Texts,
    Needed,
    /// And none are needed.
    None,
}

/// A file of people, as programs write them.
fn people(records: usize, quotes: Quotes, line_end: &str) -> String {
    let mut dice = Dice::new(records as u64);
    let mut text = format!("id,name,note,amount{line_end}");
    for number in 1..=records {
        let name = dice.one_of(&["Jones", "M\u{fc}ller", "O'Neil", "Smith, Ann", "Li"]);
        let note = dice.one_of(&["ok", "", "said \"no\"", "see, above", "late", "two\nlines"]);
        let amount = format!("{}.{:02}", dice.below(1_000), dice.below(100));
        for (column, cell) in
            [number.to_string(), name.to_owned(), note.to_owned(), amount].iter().enumerate()
        {
            let cell = if quotes == Quotes::None { &cell.replace([',', '"', '\n'], ";") } else { cell };
            let quoted = match quotes {
                Quotes::All => true,
                Quotes::Texts => (1..=2).contains(&column),
                Quotes::Needed | Quotes::None => cell.contains([',', '"', '\n']),
            };
            text.push_str(if column > 0 { "," } else { "" });
            push_cell(&mut text, cell, quoted);
        }
        text.push_str(line_end);
    }
    text
}

/// Damages each of these bytes in every way.
fn check(records: usize, quotes: Quotes, line_end: &str, every: usize) {
    let is_small = every == 1;
    let bound = if is_small || quotes == Quotes::None { MOST_TOUCHED } else { MOST_TOUCHED_OF_LINES };
    let mut most = 0;
    let text = people(records, quotes, line_end);
    let clean = read(&Settings::default(), &[text.as_bytes()]);
    assert_eq!(Some(clean.rows()), strict(&text, b',', BareCr::Text));
    let header = text.find(line_end).expect("a header");
    let mut faults = Vec::new();
    for at in (0..text.len()).step_by(every) {
        for damage in Damage::all() {
            let bytes = damage.apply(text.as_bytes(), at);
            let found = read(&Settings::default(), &[&bytes]);
            // A line end in the header makes a title, or a header of two lines.
            let is_heading = damage.is_line_end() && at <= header;
            match judge(&clean, &found, &bytes, at, is_heading) {
                Ok(touched) if touched <= bound => most = most.max(touched),
                judged => {
                    let fault =
                        judged.map_or_else(|fault| fault, |touched| format!("{touched} records touched"));
                    let near = &bytes[at.saturating_sub(30)..bytes.len().min(at + 30)];
                    faults.push(format!("{damage:?} at {at}: {fault}, near \"{}\"", near.escape_ascii()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{quotes:?}: {} faults\n{}", faults.len(), faults.join("\n"));
    assert!(!is_small || most == bound, "{quotes:?}: at most {most} records are touched, not {bound}");
}

/// How many records are touched, when the damage is told.
fn judge(clean: &Read, found: &Read, bytes: &[u8], at: usize, is_heading: bool) -> Result<usize, String> {
    if found.report.encoding.name != "UTF-8" {
        // Beside ASCII and a letter or two, the byte may be one of another encoding.
        let confidence = found.report.encoding.confidence;
        return if confidence < SURE {
            Ok(0)
        } else {
            Err(format!("sure of another encoding: {confidence}"))
        };
    }
    let (before, after) = (clean.rows(), found.rows());
    let front = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let most = before.len().min(after.len()) - front;
    let back = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count().min(most);
    let touched = before.len().max(after.len()) - front - back;
    // What is another valid file is read as it stands.
    let text = std::str::from_utf8(bytes).unwrap_or("\0");
    let [as_text, as_line_end] = [BareCr::Text, BareCr::LineEnd].map(|cr| strict(text, b',', cr));
    if as_text.as_ref() == Some(&after) || as_line_end.as_ref() == Some(&after) {
        return Ok(touched);
    }
    if as_text.is_some() {
        return Err("a valid file is read otherwise".to_owned());
    }
    // From the record of the byte before the place to the start of the one behind it.
    let from = found.records.iter().rfind(|record| record.byte < at).map_or(0, |record| record.byte);
    let to = found.records.iter().find(|record| record.byte > at).map_or(bytes.len(), |record| record.byte);
    let is_told = |problem: &Problem| {
        (from..=to).contains(&(problem.position.byte as usize))
            || touched == 0 && problem.code == ProblemCode::LineEndingMixed
    };
    if is_heading || found.report.problems.first.iter().any(is_told) {
        return Ok(touched);
    }
    Err(format!("nothing is said of bytes {from} to {to}"))
}

#[test]
fn damage_is_local_and_told_in_a_file_with_all_cells_quoted() {
    check(4, Quotes::All, "\n", 1);
    check(40, Quotes::All, "\n", 19);
}

#[test]
fn damage_is_local_and_told_in_a_file_with_quoted_texts() {
    check(4, Quotes::Texts, "\r\n", 1);
    check(40, Quotes::Texts, "\r\n", 19);
}

#[test]
fn damage_is_local_and_told_in_a_file_with_the_quotes_that_are_needed() {
    check(4, Quotes::Needed, "\n", 1);
    check(40, Quotes::Needed, "\n", 19);
}

#[test]
fn damage_is_local_and_told_in_a_file_without_quotes() {
    check(4, Quotes::None, "\r\n", 1);
    check(40, Quotes::None, "\n", 19);
}

/// A quote that opens in the first lines must not take them for something that stands before the table.
#[test]
fn an_unclosed_quote_at_the_start_takes_no_lines_with_it() {
    for (records, quotes) in [(3, Quotes::None), (40, Quotes::Needed), (400, Quotes::Texts)] {
        let text = people(records, quotes, "\n");
        let clean = read(&Settings::default(), &[text.as_bytes()]);
        for at in 0..60 {
            for damage in [Damage::Insert(b'"'), Damage::Replace(b'"')] {
                let bytes = damage.apply(text.as_bytes(), at);
                let found = read(&Settings::default(), &[&bytes]);
                let judged = judge(&clean, &found, &bytes, at, false);
                assert!(
                    judged.as_ref().is_ok_and(|&touched| touched <= MOST_TOUCHED_OF_LINES),
                    "{damage:?} at {at} of {records}: {judged:?}"
                );
                assert_eq!(found.report.counts.skipped.preamble, 0, "{damage:?} at {at} of {records}");
            }
        }
    }
}

/// Tables of all kinds, most of them without quotes: a quote that comes or goes on their first lines leaves every line
/// in the table.
#[test]
fn a_damaged_first_line_is_no_title() {
    for seed in 0..60 {
        let mut dice = Dice::new(seed);
        let delimiter = dice.one_of(&[',', ';', '\t', '|']);
        let text = table(&mut dice, delimiter);
        let clean = read(&Settings::default(), &[text.as_bytes()]).report;
        if clean.dialect.delimiter != delimiter.to_string() || clean.counts.skipped.total() > 0 {
            continue;
        }
        for at in 0..text.len().min(80) {
            let is_quote = text.as_bytes()[at] == b'"';
            let damage = if is_quote { Damage::Delete } else { Damage::Insert(b'"') };
            let bytes = damage.apply(text.as_bytes(), at);
            let found = read(&Settings::default(), &[&bytes]).report;
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
            assert_eq!(found.counts.skipped.total(), 0, "{damage:?} at {at}: {shown}");
        }
    }
}

fn table(dice: &mut Dice, delimiter: char) -> String {
    let (columns, records, has_header) = (2 + dice.below(4), 3 + dice.below(20), dice.below(3) > 0);
    let kinds: Vec<usize> = (0..columns).map(|_| dice.below(5)).collect();
    let quotes = dice.one_of(&[Quotes::Needed, Quotes::Texts, Quotes::All]);
    let mut text = String::new();
    for record in 0..records {
        for (column, &kind) in kinds.iter().enumerate() {
            let cell = match kind {
                _ if record == 0 && has_header => format!("column {column}"),
                0 => dice.below(10_000).to_string(),
                1 => format!("{}.{:02}", dice.below(100), dice.below(100)),
                2 => dice.one_of(&["Leeds", "York", "Hull", "Bath", "New York"]).to_owned(),
                3 => format!("2024-0{}-1{}", 1 + dice.below(9), dice.below(9)),
                _ => dice.one_of(&["a text, with comma", "some words; here", "plain", ""]).to_owned(),
            };
            let is_text = quotes == Quotes::Texts && kind >= 2;
            text.extend((column > 0).then_some(delimiter));
            push_cell(&mut text, &cell, quotes == Quotes::All || is_text || cell.contains(delimiter));
        }
        text.push('\n');
    }
    text
}
