//! Ordered processing of the events of one connection, some synchronous and some asynchronous.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio_util::task::TaskTracker;
use tracing::error;

use crate::core::model::lock::lock;

/// The most bytes that one lane borrows: as much as a client may send at once.
const MAX_BORROWED_BYTES: usize = 1024 * 1024;

/// Bytes that may wait on all connections together, beyond what each may have of its own.
pub struct SharedBytes {
    taken: AtomicUsize,
    most: usize,
}

impl SharedBytes {
    /// At most `most` bytes, of which none are taken.
    pub const fn new(most: usize) -> Self {
        Self { taken: AtomicUsize::new(0), most }
    }

    /// Takes bytes. Returns false if there are not as many left.
    pub fn take(&self, bytes: usize) -> bool {
        let taken = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.most);
        self.taken.try_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }

    /// Gives back bytes that were taken.
    pub fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that are taken now.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// Processes the items of a [`Lane`].
pub trait Worker<T>: Send + Sync + 'static {
    /// The queue for this type of item.
    fn lane(&self) -> &Lane<T>;

    /// Size of `item` in bytes while it waits.
    fn weight(item: &T) -> usize;

    /// Processes `item` synchronously, or returns a future that does. The next item waits for either.
    fn work(self: &Arc<Self>, item: T) -> Option<BoxFuture<'static, ()>>;
}

/// An ordered queue in front of a [`Worker`]. While all work is synchronous, the queue is empty and costs one
/// lock.
pub struct Lane<T> {
    state: Mutex<LaneState<T>>,
    /// The most bytes that may wait without borrowing.
    capacity: usize,
    shared: Arc<SharedBytes>,
}

struct LaneState<T> {
    busy: bool,
    waiting: VecDeque<T>,
    waiting_bytes: usize,
    /// Bytes taken from those that all lanes share.
    borrowed: usize,
}

impl<T: Send + 'static> Lane<T> {
    /// An empty lane. At most `capacity` bytes of items may wait, and 1 MiB more while `shared` has as many.
    pub const fn new(capacity: usize, shared: Arc<SharedBytes>) -> Self {
        let state = LaneState { busy: false, waiting: VecDeque::new(), waiting_bytes: 0, borrowed: 0 };
        Self { state: Mutex::new(state), capacity, shared }
    }

    /// Makes `worker` process `item` after all items submitted before. Asynchronous work runs in `tasks`.
    ///
    /// # Errors
    /// Returns `item` if the lane is full.
    pub fn submit<W: Worker<T>>(worker: &Arc<W>, item: T, tasks: &TaskTracker) -> Result<(), T> {
        if !worker.lane().makes_room(W::weight(&item)) {
            return Err(item);
        }
        Self::submit_always(worker, item, tasks);
        Ok(())
    }

    /// As [`submit`](Self::submit), even if the lane is full: for items that occur once per worker.
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

    /// Returns false if there is no room for an item of `bytes`. The first item that waits always has room.
    fn makes_room(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        let excess = (state.waiting_bytes + bytes).saturating_sub(self.capacity);
        if state.waiting_bytes == 0 || excess <= state.borrowed {
            return true;
        }
        let more = excess - state.borrowed;
        let has_room = excess <= MAX_BORROWED_BYTES && self.shared.take(more);
        if has_room {
            state.borrowed = excess;
        }
        has_room
    }

    fn next<W: Worker<T>>(&self) -> Option<T> {
        let mut state = self.lock();
        let next = state.waiting.pop_front();
        match &next {
            Some(item) => state.waiting_bytes -= W::weight(item),
            None => (state.busy, state.waiting) = (false, VecDeque::new()),
        }
        let excess = state.waiting_bytes.saturating_sub(self.capacity);
        self.shared.give_back(state.borrowed.saturating_sub(excess));
        state.borrowed = state.borrowed.min(excess);
        next
    }

    fn lock(&self) -> MutexGuard<'_, LaneState<T>> {
        lock(&self.state)
    }
}

impl<T> Drop for Lane<T> {
    fn drop(&mut self) {
        self.shared.give_back(lock(&self.state).borrowed);
    }
}

/// Runs `work`, and returns `None` if it panics. A panic loses its own item only: later items, such as the
/// end of the connection, must still be processed.
fn catch<R>(work: impl FnOnce() -> R) -> Option<R> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).inspect_err(|_| report_panic()).ok()
}

fn report_panic() {
    error!("a bug: processing of an event panicked; the event is dropped");
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    /// Processes even numbers synchronously, odd ones when the gate opens, and panics at 13 and 14.
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

    fn shared(most: usize) -> Arc<SharedBytes> {
        Arc::new(SharedBytes::new(most))
    }

    fn recorder(capacity: usize, permits: usize, shared: &Arc<SharedBytes>) -> Arc<Recorder> {
        let lane = Lane::new(capacity, shared.clone());
        Arc::new(Recorder { lane, done: Mutex::default(), gate: Semaphore::new(permits) })
    }

    #[tokio::test]
    async fn items_are_processed_in_the_order_of_submission() {
        let worker = recorder(1_000, 0, &shared(0));
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
    async fn items_after_a_panic_are_processed() {
        let worker = recorder(1_000, 9, &shared(0));
        let tasks = TaskTracker::new();
        for item in [14, 1, 13, 3, 14, 4] {
            Lane::submit(&worker, item, &tasks).unwrap();
        }
        tasks.close();
        tasks.wait().await;
        assert_eq!(*worker.done.lock().unwrap(), [1, 3, 4]);
    }

    #[tokio::test]
    async fn a_full_lane_rejects_further_items() {
        let worker = recorder(200, 0, &shared(0));
        let tasks = TaskTracker::new();
        let verdicts: Vec<_> = (0..4).map(|_| Lane::submit(&worker, 1, &tasks).is_ok()).collect();
        assert_eq!(verdicts, [true, true, true, false]);
    }

    #[tokio::test]
    async fn a_full_lane_borrows_from_what_all_share_until_its_items_are_processed() {
        let (shared, tasks) = (shared(500), TaskTracker::new());
        let (one, other) = (recorder(200, 0, &shared), recorder(200, 0, &shared));
        let verdicts: Vec<_> = (0..9).map(|_| Lane::submit(&one, 1, &tasks).is_ok()).collect();
        assert_eq!(verdicts.iter().filter(|taken| **taken).count(), 8, "1 runs, 2 wait, 5 borrow");
        let verdicts: Vec<_> = (0..4).map(|_| Lane::submit(&other, 1, &tasks).is_ok()).collect();
        assert_eq!((verdicts, shared.taken()), (vec![true, true, true, false], 500));
        one.gate.add_permits(8);
        other.gate.add_permits(3);
        tasks.close();
        tasks.wait().await;
        assert_eq!((one.done.lock().unwrap().len(), shared.taken()), (8, 0));
        for _ in 0..9 {
            let _ = Lane::submit(&one, 1, &TaskTracker::new());
        }
        assert_eq!(shared.taken(), 500);
        drop((one, other, tasks));
    }
}
