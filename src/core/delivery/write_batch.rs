//! Coalesces writes: everything queued while handling one read is flushed once, in one system call per
//! connection.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

/// A connection whose writes are queued until it is flushed.
pub trait Flush {
    /// Writes the queued bytes. Never blocks.
    fn flush(&self);
}

/// Connections that one batch remembers. Rooms are small; writes to further connections are not queued.
const MAX_CONNECTIONS: usize = 16;

thread_local! {
    static GATHERING: Cell<bool> = const { Cell::new(false) };
    static CONNECTIONS: RefCell<Vec<Arc<dyn Flush>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work`, then flushes every connection that was written to meanwhile on this thread.
pub fn gather<R>(work: impl FnOnce() -> R) -> R {
    struct End;

    impl Drop for End {
        fn drop(&mut self) {
            GATHERING.set(false);
            let mut connections = CONNECTIONS.take();
            for connection in connections.drain(..) {
                connection.flush();
            }
            // Keeps the memory for the next batch.
            CONNECTIONS.set(connections);
        }
    }

    GATHERING.set(true);
    let _end = End;
    work()
}

/// Flushes `connection` at the end of the batch that is running, or now if there is none.
pub fn flush_soon<T: Flush + 'static>(connection: &Arc<T>) {
    let is_same = |known: &Arc<dyn Flush>| std::ptr::addr_eq(Arc::as_ptr(known), Arc::as_ptr(connection));
    let is_gathered = GATHERING.get()
        && CONNECTIONS.with_borrow_mut(|connections| {
            let is_known = connections.iter().any(is_same);
            let has_room = connections.len() < MAX_CONNECTIONS;
            if !is_known && has_room {
                connections.push(connection.clone());
            }
            is_known || has_room
        });
    if !is_gathered {
        connection.flush();
    }
}
