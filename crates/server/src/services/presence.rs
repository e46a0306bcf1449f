//! Whether the database answers: an upload that cannot be recorded is refused before its body is read.
//!
//! An upload is stored first and recorded after that. When the database does not say whether it is recorded, its objects stay
//! until the next look for what no row knows; a client that tries again with large files would fill the store meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use csvp_store::StoreError;

use crate::app::App;
use crate::error::ApiError;

/// So long after it gave no sign of life nobody asks again.
const REFUSED_FOR: Duration = Duration::from_secs(2);
/// Longest wait for a sign of life.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What this process has heard of its database.
#[derive(Debug, Default)]
pub(crate) struct Presence(Mutex<Heard>);

#[derive(Debug, Default, Clone, Copy)]
struct Heard {
    answered: Option<Instant>,
    /// A call has failed since it has answered last. It may have been one connection only, so that alone refuses nothing.
    is_doubtful: bool,
    /// When it gave no sign of life, since it has answered last.
    silent: Option<Instant>,
}

impl Presence {
    /// Takes in how a call has ended that was begun at this time.
    pub(crate) fn note<T>(&self, begun: Instant, answer: &Result<T, StoreError>) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(_) => *heard = Heard { answered: Some(Instant::now()), ..Heard::default() },
            // One that has waited since before the last answer says nothing about now.
            Err(StoreError::Unavailable(_)) if heard.answered.is_none_or(|answered| answered < begun) => {
                heard.is_doubtful = true;
            }
            Err(_) => {}
        }
    }

    /// Takes in what came of asking for a sign of life.
    fn note_asked(&self, begun: Instant, answer: &Result<(), StoreError>) {
        self.note(begun, answer);
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_doubtful && answer.is_err() {
            heard.silent = Some(Instant::now());
        }
    }

    fn heard(&self) -> Heard {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses what the database could not record. It is asked only after it has failed.
pub(crate) async fn must_answer(app: &App) -> Result<(), ApiError> {
    let heard = app.presence.heard();
    if !heard.is_doubtful {
        return Ok(());
    }
    if heard.silent.is_some_and(|silent| silent.elapsed() < REFUSED_FOR) {
        return Err(StoreError::Unavailable("it gave no sign of life a moment ago".into()).into());
    }
    let begun = Instant::now();
    let answer = tokio::time::timeout(ANSWER_WITHIN, app.meta.ping()).await;
    let answer = answer.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("it has not answered for {ANSWER_WITHIN:?}").into()))
    });
    app.presence.note_asked(begun, &answer);
    Ok(answer?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Result<(), StoreError> {
        Err(StoreError::Unavailable("no answer".into()))
    }

    #[test]
    fn a_failure_counts_until_the_next_answer() {
        let presence = Presence::default();
        let before = Instant::now();
        presence.note(before, &Err::<(), _>(StoreError::KeyReused));
        assert!(!presence.heard().is_doubtful, "that was an answer");
        presence.note(before, &away());
        assert!(presence.heard().is_doubtful && presence.heard().silent.is_none(), "it is asked first");
        presence.note_asked(before, &away());
        assert!(presence.heard().silent.is_some());
        presence.note(before, &Ok(()));
        assert!(!presence.heard().is_doubtful && presence.heard().silent.is_none());
        presence.note(before, &away());
        assert!(!presence.heard().is_doubtful, "it had been waiting since before the answer");
        presence.note(Instant::now(), &away());
        assert!(presence.heard().is_doubtful);
    }
}
