//! A bounded pool for work that keeps a processor busy, so that none of it ever runs on an async thread.
//!
//! Work comes in slices of a few milliseconds (a batch of bytes, a small file). A slow client or a long job therefore
//! never holds a thread while it waits, and small uploads get their turn between the slices of a large one.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// The pool. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct CpuPool {
    turns: Arc<Semaphore>,
}

/// The work panicked; the text is the panic's.
#[derive(Debug, thiserror::Error)]
#[error("work panicked: {0}")]
pub(crate) struct WorkPanicked(String);

impl CpuPool {
    /// A pool of this many threads; 0 takes one per processor.
    pub(crate) fn new(threads: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { processors } else { threads };
        Self { turns: Arc::new(Semaphore::new(threads)) }
    }

    /// Runs the work when a thread is free. A caller that goes away does not stop it: it runs to its end.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkPanicked> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed");
        blocking(move || {
            let result = work();
            drop(turn);
            result
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, WorkPanicked> {
    let span = tracing::Span::current();
    let work = tokio::task::spawn_blocking(move || span.in_scope(work));
    work.await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => WorkPanicked(crate::middleware::panic_text(panic.as_ref()).to_owned()),
        Err(_) => WorkPanicked("runtime is shutting down".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_value_and_frees_its_turn() {
        let pool = CpuPool::new(1);
        let broken = pool.run(|| -> u32 { panic!("out of paper") }).await;
        assert_eq!(broken.unwrap_err().to_string(), "work panicked: out of paper");
        assert_eq!(pool.run(|| 7).await.unwrap(), 7);
    }
}
