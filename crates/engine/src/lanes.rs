//! Lanes: each takes all items in their order and alone, several of them run side by side.
//!
//! Where a [`crate::crew::Crew`] splits work by block and adds up, lanes split it by column: nothing must be added up, so
//! that even sums of floats come out the same for any number of threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Items in hand beyond one for each thread.
const SPARE_ITEMS: usize = 2;

/// Lanes over items `T`, each with a state `S`.
///
/// ```
/// use csvp_engine::Lanes;
///
/// let mut lanes = Lanes::new(2, vec![0, 0], |number, sum: &mut u64, item: &[u64; 2]| *sum += item[number]);
/// lanes.give([1, 10]);
/// lanes.give([2, 20]);
/// assert_eq!(lanes.finish(), [3, 30]);
/// ```
pub struct Lanes<T, S> {
    shared: Arc<Shared<T, S>>,
    threads: usize,
    workers: Vec<JoinHandle<()>>,
    has_items: bool,
}

impl<T, S> std::fmt::Debug for Lanes<T, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanes").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// What is done with an item in the lane of that number.
type Work<T, S> = Box<dyn Fn(usize, &mut S, &T) + Send + Sync>;

struct Shared<T, S> {
    work: Work<T, S>,
    board: Mutex<Board<T, S>>,
    /// A lane has become ready, or all is over.
    ready: Condvar,
    /// Work has been done.
    progress: Condvar,
}

struct Board<T, S> {
    lanes: Vec<Lane<T, S>>,
    /// Lanes with items that nobody works on.
    ready: VecDeque<usize>,
    /// Items in lanes, each counted once for every lane that has not done it.
    left: usize,
    panic: Option<Box<dyn std::any::Any + Send>>,
    closed: bool,
}

struct Lane<T, S> {
    items: VecDeque<Arc<T>>,
    /// None while somebody works on it.
    state: Option<S>,
}

impl<T: Send + Sync + 'static, S: Send + 'static> Lanes<T, S> {
    /// `work` gets the number of the lane. Threads beyond the caller's start with the second item.
    pub fn new(
        threads: usize,
        states: Vec<S>,
        work: impl Fn(usize, &mut S, &T) + Send + Sync + 'static,
    ) -> Self {
        let lane = |state| Lane { items: VecDeque::new(), state: Some(state) };
        let board = Board {
            lanes: states.into_iter().map(lane).collect(),
            ready: VecDeque::new(),
            left: 0,
            panic: None,
            closed: false,
        };
        let shared = Shared {
            work: Box::new(work),
            board: Mutex::new(board),
            ready: Condvar::new(),
            progress: Condvar::new(),
        };
        Self { shared: Arc::new(shared), threads: threads.max(1), workers: Vec::new(), has_items: false }
    }

    /// Hands an item to all lanes, and works itself while too many items are in hand.
    ///
    /// # Panics
    /// The work panicked.
    pub fn give(&mut self, item: T) {
        let item = Arc::new(item);
        let n_lanes = {
            let mut board = self.shared.lock();
            let Board { lanes, ready, left, .. } = &mut *board;
            for (number, lane) in lanes.iter_mut().enumerate() {
                if lane.items.is_empty() && lane.state.is_some() {
                    ready.push_back(number);
                }
                lane.items.push_back(Arc::clone(&item));
                *left += 1;
            }
            lanes.len()
        };
        self.shared.ready.notify_all();
        if self.threads == 1 {
            return self.settle(0);
        }
        while std::mem::replace(&mut self.has_items, true)
            && self.workers.len() + 1 < self.threads.min(n_lanes)
        {
            let shared = Arc::clone(&self.shared);
            let worker = thread::Builder::new().name("csvp-engine".to_owned()).spawn(move || shared.serve());
            // When the system gives no thread, the caller does the work alone.
            let Ok(worker) = worker else { break };
            self.workers.push(worker);
        }
        self.settle(n_lanes * (self.threads + SPARE_ITEMS));
    }

    /// Does what is left, and then something with every state, in the order of the lanes.
    ///
    /// # Panics
    /// The work panicked.
    pub fn with_states(&mut self, mut then: impl FnMut(&mut S)) {
        self.settle(0);
        let mut board = self.shared.lock();
        board.lanes.iter_mut().filter_map(|lane| lane.state.as_mut()).for_each(&mut then);
    }

    /// Does what is left, and gives back the states.
    ///
    /// # Panics
    /// The work panicked.
    pub fn finish(self) -> Vec<S> {
        self.settle(0);
        let mut board = self.shared.lock();
        board.lanes.iter_mut().filter_map(|lane| lane.state.take()).collect()
    }

    /// Works until at most `most` items are left in lanes.
    fn settle(&self, most: usize) {
        let mut board = self.shared.lock();
        loop {
            if let Some(panic) = board.panic.take() {
                drop(board);
                resume_unwind(panic);
            }
            if board.left <= most {
                return;
            }
            board = match board.ready.pop_front() {
                Some(lane) => self.shared.run(lane, board),
                None => self.shared.progress.wait(board).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl<T, S> Shared<T, S> {
    /// The life of a worker.
    fn serve(&self) {
        let mut board = self.lock();
        while !board.closed {
            board = match board.ready.pop_front() {
                Some(lane) => self.run(lane, board),
                None => self.ready.wait(board).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Does all items that wait in a lane.
    fn run<'a>(
        &'a self,
        number: usize,
        mut board: MutexGuard<'a, Board<T, S>>,
    ) -> MutexGuard<'a, Board<T, S>> {
        let lane = &mut board.lanes[number];
        let items = std::mem::take(&mut lane.items);
        let Some(mut state) = lane.state.take() else { return board };
        drop(board);
        let done = items.len();
        let work = || items.iter().for_each(|item| (self.work)(number, &mut state, item));
        let outcome = catch_unwind(AssertUnwindSafe(work));
        // The last lane to let go of an item frees it; not under the lock.
        drop(items);
        let mut board = self.lock();
        board.left -= done;
        if let Err(panic) = outcome {
            board.panic.get_or_insert(panic);
        }
        let lane = &mut board.lanes[number];
        lane.state = Some(state);
        if !lane.items.is_empty() {
            board.ready.push_back(number);
            self.ready.notify_one();
        }
        self.progress.notify_all();
        board
    }

    /// The lock is never held while foreign code runs, so that no panic leaves the board half changed.
    fn lock(&self) -> MutexGuard<'_, Board<T, S>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, S> Drop for Lanes<T, S> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.ready.notify_all();
        for worker in self.workers.drain(..) {
            // Its panics were caught and are told by `settle`.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_sees_all_items_in_order() {
        for threads in [1, 2, 3, 8] {
            let mut lanes =
                Lanes::new(threads, vec![Vec::new(); 5], |lane, seen: &mut Vec<u64>, item: &u64| {
                    // Some lanes are slower than others.
                    (0..lane * 500).for_each(|n| {
                        std::hint::black_box(n);
                    });
                    seen.push(*item);
                });
            (0..300).for_each(|item| lanes.give(item));
            let expected: Vec<u64> = (0..300).collect();
            assert_eq!(lanes.finish(), vec![expected; 5], "{threads} threads");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_no_lane_is_fine() {
        let mut lanes = Lanes::new(2, vec![0; 3], |_, sum: &mut u64, item: &u64| {
            assert!(*item != 7, "item {item}");
            *sum += item;
        });
        let work = AssertUnwindSafe(|| {
            (0..50).for_each(|item| lanes.give(item));
            lanes.finish()
        });
        let panic = catch_unwind(work).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("item 7"));

        let mut none: Lanes<u64, u64> = Lanes::new(2, Vec::new(), |_, _, _| ());
        none.give(1);
        assert!(none.finish().is_empty());
    }
}
