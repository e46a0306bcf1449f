//! Booleans: the one pair of words that most cells are.

use csvp_report::ColumnType;

use super::super::shape::Shape;
use super::super::words::{PAIRS, Word, is_unmistakable};
use super::{Candidate, Tally};

/// The best pair of words.
///
/// Both words must occur: a column that holds nothing but `Y` or `no` may be a code. `true` and `false` are never
/// anything else, so that one of them is enough.
pub(super) fn candidate(tally: &Tally) -> Option<Candidate> {
    let count = |word: Word| tally.count(|shape| shape == Shape::Word(word));
    let mut best: Option<Candidate> = None;
    for &pair in PAIRS {
        let (yes, no) = (count(pair.0), count(pair.1));
        let seen = if is_unmistakable(pair) { yes + no > 0 } else { yes > 0 && no > 0 };
        if seen && best.as_ref().is_none_or(|best| yes + no > best.accepted) {
            let (true_word, false_word) = (pair.0.text().to_owned(), pair.1.text().to_owned());
            let mut candidate = Candidate::new(ColumnType::boolean(true_word, false_word), yes + no);
            if yes == 0 || no == 0 {
                let only = if yes > 0 { pair.0 } else { pair.1 };
                candidate.reason = Some(format!("of the two words only `{}` occurs", only.text()));
            }
            best = Some(candidate);
        }
    }
    best
}
