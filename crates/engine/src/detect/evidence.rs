//! Why a dialect was chosen, in sentences and in numbers.

use csvp_report::Candidate;

use super::DialectHints;
use super::choose::Choice;

/// Sentences, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    /// Adds one sentence.
    pub(super) fn add(&mut self, sentence: String) {
        self.0.push(sentence);
    }

    /// All sentences.
    pub(super) fn into_sentences(self) -> Vec<String> {
        self.0
    }

    /// Says what speaks for the delimiter and the quote.
    pub(super) fn about_choice(&mut self, choice: &Choice) {
        let (delimiter, score) = (shown(&choice.rules.delimiter), &choice.score);
        if choice.one_column {
            self.add("no delimiter splits the lines evenly; the file is read as one column".to_owned());
            return;
        }
        let percent = (score.uniformity * 100.0).round();
        self.add(format!(
            "with {delimiter}, {percent} % of {} records have {} fields",
            score.n_rows, score.width
        ));
        if score.typed >= 0.05 {
            let typed = (score.typed * 100.0).round();
            self.add(format!("{typed} % of the fields are then numbers, dates or booleans"));
        }
        if let Some(rival) = rival(choice) {
            let (own, other) = (score.total, rival.score.total);
            self.add(format!(
                "the next best delimiter, {}, scores {other:.2} against {own:.2}",
                shown(&rival.rules.delimiter)
            ));
        }
        let Some(best) = choice.scored.first() else { return };
        if best.well_quoted > 0
            && let Some(quote) = best.rules.quote
        {
            let quote = shown(&[quote]);
            self.add(format!(
                "{} fields are enclosed in {quote}, {} of them have to be",
                best.well_quoted, best.needed
            ));
        }
        if best.broken > 0 {
            self.add(format!("fields that begin with a quote and do not end with one: {}", best.broken));
        }
        if choice.rules.escape.is_some() {
            self.add("quotes inside fields stand after a backslash".to_owned());
        }
    }

    /// Says that there are comment lines.
    pub(super) fn about_comments(&mut self, prefix: &[u8], n: usize) {
        self.add(format!("comment lines, which begin with {}: {n}", shown(prefix)));
    }

    /// Says where the table starts.
    pub(super) fn about_layout(&mut self, preamble: u64, header: u32, hints: &DialectHints, certainty: f64) {
        if hints.preamble_lines.is_none() && preamble > 0 {
            self.add(format!("the first {preamble} lines look like titles or notes"));
        }
        if hints.header_rows.is_some() {
            return;
        }
        let unsure = if certainty < 0.5 { ", but that is not certain" } else { "" };
        self.add(match header {
            0 => format!("the first record looks like data; there is no header{unsure}"),
            1 => format!("the first record differs from the ones below as a header does{unsure}"),
            n => format!("the first {n} records form the header{unsure}"),
        });
    }
}

/// From 0 to 1: how good the best candidate is, how far ahead of the next delimiter, and how clear the header.
pub(super) fn confidence(choice: &Choice, header_certainty: f64) -> f64 {
    let delimiter = if choice.one_column {
        let rival = choice.scored.first().map_or(0.0, |s| s.score.total);
        (0.9 - rival).max(0.3)
    } else {
        let own = choice.score.total.max(1e-9);
        let lead = 1.0 - rival(choice).map_or(0.0, |r| r.score.total / own).clamp(0.0, 1.0);
        let few = if choice.score.n_rows < 3 { 0.85 } else { 1.0 };
        (0.6 * (own / 0.85).min(1.0) + 0.4 * (lead * 2.5).min(1.0)) * few
    };
    let confidence = delimiter * (0.85 + 0.15 * header_certainty.clamp(0.0, 1.0));
    (confidence.clamp(0.0, 1.0) * 1e3).round() / 1e3
}

/// The best candidate with another delimiter.
fn rival(choice: &Choice) -> Option<&super::choose::Scored> {
    choice.scored.iter().find(|s| s.rules.delimiter != choice.rules.delimiter)
}

/// The candidates as the report shows them, best first.
pub(super) fn candidates(choice: &Choice) -> Vec<Candidate> {
    let text = |b: u8| char::from(b).to_string();
    let candidate = |s: &super::choose::Scored| Candidate {
        delimiter: String::from_utf8_lossy(&s.rules.delimiter).into_owned(),
        quote: s.rules.quote.map(text),
        escape: s.rules.escape.map(text),
        score: (s.score.total * 1e4).round() / 1e4,
    };
    choice.scored.iter().take(8).map(candidate).collect()
}

/// Bytes as they are shown in a sentence.
fn shown(bytes: &[u8]) -> String {
    match bytes {
        b"\t" => "tab".to_owned(),
        b" " => "space".to_owned(),
        _ if bytes.iter().any(u8::is_ascii_control) => format!("`{}`", bytes.escape_ascii()),
        _ => format!("`{}`", String::from_utf8_lossy(bytes)),
    }
}
