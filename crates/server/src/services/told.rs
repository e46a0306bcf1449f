//! What was said in the log lately, so that a state that lasts is not said once a minute.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long something is not said again.
const QUIET: Duration = Duration::from_secs(60 * 60);

/// Texts, and when each was said last.
#[derive(Debug, Default)]
pub(crate) struct Told(HashMap<String, Instant>);

impl Told {
    /// Whether a text is to be said at this moment; then it counts as said.
    pub(crate) fn is_due(&mut self, text: &str, now: Instant) -> bool {
        self.0.retain(|_, said| now.saturating_duration_since(*said) < QUIET);
        if self.0.contains_key(text) {
            return false;
        }
        self.0.insert(text.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_an_hour_and_something_else_at_once() {
        let mut told = Told::default();
        let begin = Instant::now();
        let minutes = |n: u64| begin + Duration::from_secs(n * 60);
        let said: Vec<bool> = [("a", 0), ("a", 1), ("b", 1), ("a", 59), ("a", 60), ("a", 61), ("b", 61)]
            .map(|(text, at)| told.is_due(text, minutes(at)))
            .to_vec();
        assert_eq!(said, [true, false, true, false, true, false, true]);
    }
}
