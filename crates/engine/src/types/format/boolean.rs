//! True and false as two words.

use super::super::value::Value;
use super::FormatError;

/// Whether two words can be told apart, and from nothing.
pub(super) fn check(true_word: &str, false_word: &str) -> Result<(), FormatError> {
    if true_word == false_word || true_word.is_empty() || false_word.is_empty() {
        return Err(FormatError::Words(true_word.to_owned()));
    }
    Ok(())
}

pub(super) fn parse<'a>(cell: &[u8], true_word: &[u8], false_word: &[u8]) -> Option<Value<'a>> {
    if cell == true_word {
        Some(Value::Boolean(true))
    } else if cell == false_word {
        Some(Value::Boolean(false))
    } else {
        None
    }
}
