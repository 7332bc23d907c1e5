//! Work that must be done one after the other, some of it at once and some of it asynchronously.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio_util::task::TaskTracker;
use tracing::error;

use crate::core::model::lock::lock;

/// Does the work of a [`Lane`].
pub trait Worker<T>: Send + Sync + 'static {
    /// The queue of this kind of work.
    fn lane(&self) -> &Lane<T>;

    /// How many bytes `item` takes while it waits.
    fn weight(item: &T) -> usize;

    /// Does `item`, at once, or by returning the future that does it. What follows waits for either.
    fn work(self: &Arc<Self>, item: T) -> Option<BoxFuture<'static, ()>>;
}

/// A queue in front of a [`Worker`]. As long as nothing is asynchronous it is never used, and costs a lock.
pub struct Lane<T> {
    state: Mutex<State<T>>,
    /// In bytes.
    capacity: usize,
}

struct State<T> {
    busy: bool,
    waiting: VecDeque<T>,
    waiting_bytes: usize,
}

impl<T: Send + 'static> Lane<T> {
    /// An empty lane in which items of at most `capacity` bytes wait.
    pub const fn new(capacity: usize) -> Self {
        let state = State { busy: false, waiting: VecDeque::new(), waiting_bytes: 0 };
        Self { state: Mutex::new(state), capacity }
    }

    /// Has `worker` do `item` after everything that was submitted before. Asynchronous work runs in `tasks`.
    ///
    /// # Errors
    /// Gives `item` back if too much is waiting.
    pub fn submit<W: Worker<T>>(worker: &Arc<W>, item: T, tasks: &TaskTracker) -> Result<(), T> {
        let waiting = worker.lane().lock().waiting_bytes;
        if waiting > 0 && waiting + W::weight(&item) > worker.lane().capacity {
            return Err(item);
        }
        Self::submit_always(worker, item, tasks);
        Ok(())
    }

    /// As [`submit`](Self::submit), however much is waiting: for what happens once in a worker's life.
    pub fn submit_always<W: Worker<T>>(worker: &Arc<W>, item: T, tasks: &TaskTracker) {
        let mut state = worker.lane().lock();
        if state.busy {
            state.waiting_bytes += W::weight(&item);
            state.waiting.push_back(item);
            return;
        }
        state.busy = true;
        drop(state);
        Self::run(worker, item, tasks);
    }

    fn run<W: Worker<T>>(worker: &Arc<W>, first: T, tasks: &TaskTracker) {
        let mut item = first;
        loop {
            if let Some(future) = catch(|| worker.work(item)).flatten() {
                let (worker, tracker) = (worker.clone(), tasks.clone());
                tasks.spawn(async move {
                    if AssertUnwindSafe(future).catch_unwind().await.is_err() {
                        report_panic();
                    }
                    if let Some(next) = worker.lane().next::<W>() {
                        Self::run(&worker, next, &tracker);
                    }
                });
                return;
            }
            match worker.lane().next::<W>() {
                Some(next) => item = next,
                None => return,
            }
        }
    }

    fn next<W: Worker<T>>(&self) -> Option<T> {
        let mut state = self.lock();
        let next = state.waiting.pop_front();
        match &next {
            Some(item) => state.waiting_bytes -= W::weight(item),
            None => *state = State { busy: false, waiting: VecDeque::new(), waiting_bytes: 0 },
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

/// A panic is a bug. It costs the item it happened in; what follows, the end of a connection most of all, must not
/// be stuck behind it.
fn catch<R>(work: impl FnOnce() -> R) -> Option<R> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).inspect_err(|_| report_panic()).ok()
}

fn report_panic() {
    error!("a bug: something a client asked for was given up");
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    /// Does even numbers at once and odd ones when the gate opens; 13 and 14 are too much for it.
    struct Recorder {
        lane: Lane<u32>,
        done: Mutex<Vec<u32>>,
        gate: Semaphore,
    }

    impl Worker<u32> for Recorder {
        fn lane(&self) -> &Lane<u32> {
            &self.lane
        }

        fn weight(_: &u32) -> usize {
            100
        }

        fn work(self: &Arc<Self>, item: u32) -> Option<BoxFuture<'static, ()>> {
            assert_ne!(item, 14);
            if item.is_multiple_of(2) {
                self.done.lock().unwrap().push(item);
                return None;
            }
            let this = self.clone();
            Some(Box::pin(async move {
                this.gate.acquire().await.unwrap().forget();
                assert_ne!(item, 13);
                this.done.lock().unwrap().push(item);
            }))
        }
    }

    #[tokio::test]
    async fn everything_is_done_in_the_order_in_which_it_came() {
        let worker =
            Arc::new(Recorder { lane: Lane::new(1_000), done: Mutex::default(), gate: Semaphore::new(0) });
        let tasks = TaskTracker::new();
        for item in [0, 2, 1, 4, 3, 6] {
            Lane::submit(&worker, item, &tasks).unwrap();
        }
        assert_eq!(*worker.done.lock().unwrap(), [0, 2]);
        worker.gate.add_permits(2);
        tasks.close();
        tasks.wait().await;
        assert_eq!(*worker.done.lock().unwrap(), [0, 2, 1, 4, 3, 6]);
    }

    #[tokio::test]
    async fn what_follows_a_panic_is_done() {
        let worker =
            Arc::new(Recorder { lane: Lane::new(1_000), done: Mutex::default(), gate: Semaphore::new(9) });
        let tasks = TaskTracker::new();
        for item in [14, 1, 13, 3, 14, 4] {
            Lane::submit(&worker, item, &tasks).unwrap();
        }
        tasks.close();
        tasks.wait().await;
        assert_eq!(*worker.done.lock().unwrap(), [1, 3, 4]);
    }

    #[tokio::test]
    async fn no_more_waits_than_the_capacity() {
        let worker =
            Arc::new(Recorder { lane: Lane::new(200), done: Mutex::default(), gate: Semaphore::new(0) });
        let tasks = TaskTracker::new();
        let verdicts: Vec<_> = (0..4).map(|_| Lane::submit(&worker, 1, &tasks).is_ok()).collect();
        assert_eq!(verdicts, [true, true, true, false]);
    }
}
