//! True and false as words.

use super::FormatError;

/// The words for true and for false; the first of each is written.
#[derive(Debug, Clone)]
pub(super) struct Words {
    of_true: Vec<Vec<u8>>,
    of_false: Vec<Vec<u8>>,
}

impl Words {
    /// Words that can be told apart, and from nothing.
    pub(super) fn try_new<'a>(
        of_true: impl Iterator<Item = &'a String>,
        of_false: impl Iterator<Item = &'a String>,
    ) -> Result<Self, FormatError> {
        let bytes = |word: &String| word.clone().into_bytes();
        let words = Self { of_true: of_true.map(bytes).collect(), of_false: of_false.map(bytes).collect() };
        let in_both = |word: &&Vec<u8>| word.is_empty() || words.of_false.contains(word);
        let empty = words.of_false.iter().find(|word| word.is_empty());
        match words.of_true.iter().find(in_both).or(empty) {
            Some(word) => Err(FormatError::Words(String::from_utf8_lossy(word).into_owned())),
            None => Ok(words),
        }
    }

    pub(super) fn parse(&self, cell: &[u8]) -> Option<bool> {
        let is = |words: &[Vec<u8>]| words.iter().any(|word| word == cell);
        if is(&self.of_true) { Some(true) } else { is(&self.of_false).then_some(false) }
    }

    pub(super) fn write(&self, value: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if value { &self.of_true[0] } else { &self.of_false[0] });
    }
}
