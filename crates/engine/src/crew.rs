//! Threads that work on jobs side by side and give the results back in the order of the jobs.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Jobs in hand beyond one for each thread, so that nobody waits for the one who gives them out.
const SPARE_JOBS: usize = 2;

/// Does jobs on several threads, of which the caller's is one: it helps instead of waiting.
///
/// With one thread everything happens in [`Crew::give`]; further threads start with the second job, so that an input
/// of one job starts none. At most threads + 2 jobs are in hand.
pub(crate) struct Crew<J, R> {
    shared: Arc<Shared<J, R>>,
    threads: usize,
    workers: Vec<JoinHandle<()>>,
    /// Jobs given so far.
    given: u64,
}

struct Shared<J, R> {
    work: Box<dyn Fn(J) -> R + Send + Sync>,
    queue: Mutex<Queue<J, R>>,
    job_came: Condvar,
    result_came: Condvar,
}

struct Queue<J, R> {
    jobs: VecDeque<(u64, J)>,
    /// Of the jobs from number `taken` on; none while one is not done.
    results: VecDeque<Option<thread::Result<R>>>,
    taken: u64,
    closed: bool,
}

impl<J: Send + 'static, R: Send + 'static> Crew<J, R> {
    pub(crate) fn new(threads: usize, work: impl Fn(J) -> R + Send + Sync + 'static) -> Self {
        let queue = Queue { jobs: VecDeque::new(), results: VecDeque::new(), taken: 0, closed: false };
        let shared = Shared {
            work: Box::new(work),
            queue: Mutex::new(queue),
            job_came: Condvar::new(),
            result_came: Condvar::new(),
        };
        Self { shared: Arc::new(shared), threads: threads.max(1), workers: Vec::new(), given: 0 }
    }

    /// Adds a job, and hands on the results that are next in order; works itself while too many jobs are in hand.
    ///
    /// # Errors
    /// The first one of `sink`.
    ///
    /// # Panics
    /// The work panicked.
    pub(crate) fn give<E>(&mut self, job: J, sink: &mut impl FnMut(R) -> Result<(), E>) -> Result<(), E> {
        let number = self.given;
        self.given += 1;
        {
            let mut queue = self.shared.lock();
            queue.jobs.push_back((number, job));
            queue.results.push_back(None);
        }
        self.shared.job_came.notify_one();
        if number == 1 {
            self.start();
        }
        let most = if self.threads == 1 { 0 } else { self.threads + SPARE_JOBS - 1 };
        self.settle(most, sink)
    }

    /// Hands on all results that are left.
    ///
    /// # Errors
    /// The first one of `sink`.
    ///
    /// # Panics
    /// The work panicked.
    pub(crate) fn finish<E>(&mut self, sink: &mut impl FnMut(R) -> Result<(), E>) -> Result<(), E> {
        self.settle(0, sink)
    }

    /// Hands on results until at most `most` jobs are in hand.
    fn settle<E>(&mut self, most: usize, sink: &mut impl FnMut(R) -> Result<(), E>) -> Result<(), E> {
        loop {
            let mut queue = self.shared.lock();
            if let Some(result) = queue.results.front_mut().and_then(Option::take) {
                queue.results.pop_front();
                queue.taken += 1;
                drop(queue);
                sink(result.unwrap_or_else(|panic| resume_unwind(panic)))?;
            } else if queue.results.len() <= most {
                return Ok(());
            } else if let Some((number, job)) = queue.jobs.pop_front() {
                drop(queue);
                self.shared.run(number, job);
            } else {
                drop(self.shared.result_came.wait(queue).unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    /// Starts the other threads. When the system gives none, the caller does the work alone.
    fn start(&mut self) {
        for _ in 1..self.threads {
            let shared = Arc::clone(&self.shared);
            let worker = thread::Builder::new().name("csvp-engine".to_owned()).spawn(move || shared.serve());
            self.workers.extend(worker);
        }
    }
}

impl<J, R> Shared<J, R> {
    /// The life of a worker.
    fn serve(&self) {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return;
            }
            if let Some((number, job)) = queue.jobs.pop_front() {
                drop(queue);
                self.run(number, job);
                queue = self.lock();
            } else {
                queue = self.job_came.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn run(&self, number: u64, job: J) {
        // A panic must reach the caller, who waits for this result.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(job)));
        let mut queue = self.lock();
        let at = (number - queue.taken) as usize;
        queue.results[at] = Some(result);
        drop(queue);
        self.result_came.notify_one();
    }

    /// The lock is never held while foreign code runs, so that no panic leaves the queue half changed.
    fn lock(&self) -> MutexGuard<'_, Queue<J, R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J, R> Drop for Crew<J, R> {
    fn drop(&mut self) {
        {
            let mut queue = self.shared.lock();
            queue.closed = true;
            queue.jobs.clear();
        }
        self.shared.job_came.notify_all();
        for worker in self.workers.drain(..) {
            // Its panics were caught and belong to results.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let mut crew = Crew::new(threads, |n: u64| {
                // Some jobs take longer than those behind them.
                (0..(n % 7) * 1_000).fold(n, |sum, _| std::hint::black_box(sum))
            });
            let mut found = Vec::new();
            let mut sink = |n| -> Result<(), ()> {
                found.push(n);
                Ok(())
            };
            for n in 0..500 {
                crew.give(n, &mut sink).unwrap();
            }
            crew.finish(&mut sink).unwrap();
            assert_eq!(found, (0..500).collect::<Vec<u64>>(), "{threads} threads");
        }
    }

    #[test]
    fn one_job_starts_no_thread() {
        let mut crew = Crew::new(8, |(): ()| ());
        crew.give((), &mut |()| Ok::<(), ()>(())).unwrap();
        crew.finish(&mut |()| Ok::<(), ()>(())).unwrap();
        assert!(crew.workers.is_empty());
    }

    #[test]
    fn an_error_ends_the_work_and_a_panic_reaches_the_caller() {
        let mut crew = Crew::new(2, |n: u64| n);
        let mut sink = |n| if n == 3 { Err(n) } else { Ok(()) };
        let error = (0..20).find_map(|n| crew.give(n, &mut sink).err());
        assert_eq!(error, Some(3));

        let mut crew = Crew::new(2, |n: u64| assert!(n != 3, "job {n}"));
        let work = AssertUnwindSafe(|| {
            for n in 0..20 {
                crew.give(n, &mut |()| Ok::<(), ()>(())).unwrap();
            }
            crew.finish(&mut |()| Ok::<(), ()>(())).unwrap();
        });
        let panic = catch_unwind(work).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("job 3"));
    }
}
