//! Whether database and object store answer: an upload that cannot be stored and recorded is refused before its body is read.
//!
//! An upload is stored first and recorded after that. When the database does not say whether it is recorded, its objects stay
//! until the next look for what no row knows; a client that tries again with large files would fill the store meanwhile. And
//! when the bucket is away, every client would wait for the deadline of its requests.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use csvp_store::StoreError;

use crate::app::App;
use crate::error::ApiError;

/// So long after it gave no sign of life nobody asks again.
const REFUSED_FOR: Duration = Duration::from_secs(2);
/// Longest wait for a sign of life.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What this process has heard of the parts of its store.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    pub(crate) database: Heard,
    pub(crate) objects: Heard,
}

/// What this process has heard of one part.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Signs>);

#[derive(Debug, Default, Clone, Copy)]
struct Signs {
    answered: Option<Instant>,
    /// A call has failed since it has answered last. It may have been one connection only, so that alone refuses nothing.
    is_doubtful: bool,
    /// When it gave no sign of life, since it has answered last.
    silent: Option<Instant>,
}

impl Heard {
    /// Takes in that a call has ended, begun at this time, and whether it has failed because nobody answered.
    fn note_call(&self, begun: Instant, is_away: bool) {
        let mut signs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_away {
            *signs = Signs { answered: Some(Instant::now()), ..Signs::default() };
        } else if signs.answered.is_none_or(|answered| answered < begun) {
            // One that has waited since before the last answer says nothing about now.
            signs.is_doubtful = true;
        }
    }

    /// Asks for a sign of life, unless there was none a moment ago.
    async fn ask(&self, ping: impl Future<Output = Result<(), StoreError>>) -> Result<(), Silence> {
        let signs = self.signs();
        if !signs.is_doubtful {
            return Ok(());
        }
        if signs.silent.is_some_and(|silent| silent.elapsed() < REFUSED_FOR) {
            return Err(Silence::Known);
        }
        let begun = Instant::now();
        let answer = tokio::time::timeout(ANSWER_WITHIN, ping).await;
        let is_away = !matches!(answer, Ok(Ok(())));
        self.note_call(begun, is_away);
        let mut signs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if signs.is_doubtful && is_away {
            signs.silent = Some(Instant::now());
        }
        match answer {
            Ok(answer) => answer.map_err(Silence::Failed),
            Err(_elapsed) => Err(Silence::New),
        }
    }

    fn signs(&self) -> Signs {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no sign of life.
#[derive(Debug)]
enum Silence {
    Known,
    New,
    Failed(StoreError),
}

impl Silence {
    /// As an error of the part that `unavailable` makes one of.
    fn explain(self, unavailable: fn(csvp_store::BoxError) -> StoreError) -> StoreError {
        match self {
            Self::Known => unavailable("it gave no sign of life a moment ago".into()),
            Self::New => unavailable(format!("it has not answered for {ANSWER_WITHIN:?}").into()),
            Self::Failed(error) => error,
        }
    }
}

impl Presence {
    /// Takes in how a call to the database has ended that was begun at this time.
    pub(crate) fn note<T>(&self, begun: Instant, answer: &Result<T, StoreError>) {
        match answer {
            Ok(_) => self.database.note_call(begun, false),
            Err(StoreError::Unavailable(_)) => self.database.note_call(begun, true),
            Err(_) => {}
        }
    }

    /// The same of a call to the object store.
    pub(crate) fn note_objects(&self, begun: Instant, answer: &Result<(), StoreError>) {
        self.note_objects_away(begun, answer.as_ref().err());
    }

    /// The same of an upload, whose bytes go to the object store.
    pub(crate) fn note_upload<T>(&self, begun: Instant, taken: &Result<T, ApiError>) {
        let cause = taken.as_ref().err().map(|error| error.cause.as_deref().and_then(|it| it.downcast_ref()));
        match cause {
            None => self.note_objects_away(begun, None),
            Some(Some(error)) => self.note_objects_away(begun, Some(error)),
            // It may have failed before anything was stored.
            Some(None) => {}
        }
    }

    fn note_objects_away(&self, begun: Instant, error: Option<&StoreError>) {
        match error {
            None => self.objects.note_call(begun, false),
            Some(StoreError::ObjectsUnavailable(_)) => self.objects.note_call(begun, true),
            Some(_) => {}
        }
    }
}

/// Refuses what could not be stored or recorded. A part is asked only after it has failed.
pub(crate) async fn must_answer(app: &App) -> Result<(), ApiError> {
    let Presence { database, objects } = &app.presence;
    let (database, objects) = tokio::join!(database.ask(app.meta.ping()), objects.ask(app.blobs.ping()));
    database.map_err(|silence| silence.explain(StoreError::Unavailable))?;
    objects.map_err(|silence| silence.explain(StoreError::ObjectsUnavailable))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Result<(), StoreError> {
        Err(StoreError::Unavailable("no answer".into()))
    }

    #[tokio::test]
    async fn a_failure_counts_until_the_next_answer() {
        let presence = Presence::default();
        let signs = || presence.database.signs();
        let before = Instant::now();
        presence.note(before, &Err::<(), _>(StoreError::KeyReused));
        assert!(!signs().is_doubtful, "that was an answer");
        presence.note(before, &away());
        assert!(signs().is_doubtful && signs().silent.is_none(), "it is asked first");
        let asked = presence.database.ask(async { away() }).await;
        assert!(matches!(asked, Err(Silence::Failed(_))), "{asked:?}");
        let again = presence.database.ask(async { panic!("nobody asks again so soon") }).await;
        assert!(matches!(again, Err(Silence::Known)), "{again:?}");
        presence.note(before, &Ok(()));
        assert!(!signs().is_doubtful && signs().silent.is_none());
        presence.note(before, &away());
        assert!(!signs().is_doubtful, "it had been waiting since before the answer");
        presence.note(Instant::now(), &away());
        assert!(signs().is_doubtful);
        presence.note_objects(Instant::now(), &away());
        assert!(!presence.objects.signs().is_doubtful, "it is the database that is away");
        presence.database.ask(async { Ok(()) }).await.unwrap();
        assert!(!signs().is_doubtful);
    }
}
