//! What is sent while one read is dealt with is written at its end: several texts for one client in one system call.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

/// Something on which what is sent waits until it is flushed.
pub trait Flush {
    /// Writes what waits. Never blocks.
    fn flush(&self);
}

/// How many connections a batch remembers. Rooms are small; whatever goes to more is written at once.
const MAX_LINKS: usize = 16;

thread_local! {
    static GATHERING: Cell<bool> = const { Cell::new(false) };
    static LINKS: RefCell<Vec<Arc<dyn Flush>>> = const { RefCell::new(Vec::new()) };
}

/// Does `work`, and writes what was sent meanwhile on this thread when it is done.
pub fn gather<R>(work: impl FnOnce() -> R) -> R {
    struct End;

    impl Drop for End {
        fn drop(&mut self) {
            GATHERING.set(false);
            let mut links = LINKS.take();
            for link in links.drain(..) {
                link.flush();
            }
            // Its memory is for the next batch.
            LINKS.set(links);
        }
    }

    GATHERING.set(true);
    let _end = End;
    work()
}

/// Writes what waits on `link`: at the end of the batch if there is one, else now.
pub fn flush_soon<T: Flush + 'static>(link: &Arc<T>) {
    let is_link = |known: &Arc<dyn Flush>| std::ptr::addr_eq(Arc::as_ptr(known), Arc::as_ptr(link));
    let is_gathered = GATHERING.get()
        && LINKS.with_borrow_mut(|links| {
            let is_known = links.iter().any(is_link);
            let has_room = links.len() < MAX_LINKS;
            if !is_known && has_room {
                links.push(link.clone());
            }
            is_known || has_room
        });
    if !is_gathered {
        link.flush();
    }
}
