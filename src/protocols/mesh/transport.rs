//! One Engine.IO session's way to its client: WebSocket, long polling, or first the one and then the other.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::select;
use tokio::sync::{Notify, futures::OwnedNotified};

use crate::{core::sync::lock, protocols::link::Link};

/// The most bytes that may wait for a client to take them. One that lets more pile up is cut off; it can come back
/// and resume.
pub const MAX_WAITING_BYTES: u64 = 256 * 1024;

/// About what a packet has besides its content: braces, names, ids.
pub const ENVELOPE_BYTES: usize = 64;

/// Watches what a session's client takes and when it was last heard, over whatever transports it uses.
pub struct Transport {
    polled: Arc<Notify>,
    /// Bytes given to the library to send, in all.
    sent: AtomicU64,
    /// Bytes that long-polling answers took, in all.
    polled_bytes: AtomicU64,
    /// How much more may wait because one large answer, which the client asked for, is on its way.
    allowance: AtomicU64,
    websocket: Mutex<Option<WebSocketLink>>,
}

struct WebSocketLink {
    link: Arc<Link>,
    /// What the connection had carried before it became this session's.
    written_before: u64,
}

impl Transport {
    /// A session that is about to be opened over `link`.
    pub fn new(link: Option<Arc<Link>>, websocket: bool) -> Self {
        let transport = Self {
            polled: Arc::default(),
            sent: AtomicU64::new(0),
            polled_bytes: AtomicU64::new(0),
            allowance: AtomicU64::new(0),
            websocket: Mutex::new(None),
        };
        if websocket {
            transport.upgraded(link);
        }
        transport
    }

    /// The session's WebSocket is, or is about to be, on `link`.
    pub fn upgraded(&self, link: Option<Arc<Link>>) {
        *self.websocket() = link.map(|link| WebSocketLink { written_before: link.written(), link });
    }

    /// A request of the session arrived.
    pub fn requested(&self) {
        self.polled.notify_waiters();
    }

    /// A long-polling answer took `bytes`.
    pub fn answered(&self, bytes: u64) {
        self.polled_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts `bytes` as given to the library to send. `false` if too much is waiting already.
    pub fn send(&self, bytes: usize) -> bool {
        let waiting = self.waiting();
        if waiting > MAX_WAITING_BYTES + self.allowance.load(Ordering::Relaxed) {
            return false;
        }
        if waiting == 0 {
            self.allowance.store(0, Ordering::Relaxed);
        }
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        true
    }

    /// As [`send`](Self::send), for an answer that the client asked for and that may be large.
    pub fn send_answer(&self, bytes: usize) {
        self.allowance.fetch_add(bytes as u64, Ordering::Relaxed);
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn waiting(&self) -> u64 {
        let sent = self.sent.load(Ordering::Relaxed);
        let websocket = self.websocket();
        let over_websocket = websocket.as_ref().map_or(0, |ws| ws.link.written() - ws.written_before);
        let taken = over_websocket + self.polled_bytes.load(Ordering::Relaxed);
        // Heads, frames and pings are counted as taken but not as sent; catching up keeps that from adding up.
        self.sent.fetch_max(taken, Ordering::Relaxed).max(sent).saturating_sub(taken)
    }

    /// Resolves when the client is heard next, counted from this call on.
    pub fn next_heard(&self) -> impl Future<Output = ()> + Send + use<> {
        let polled: OwnedNotified = self.polled.clone().notified_owned();
        let heard = self.websocket().as_ref().map(|ws| ws.link.next_heard());
        async move {
            match heard {
                Some(heard) => drop(select(Box::pin(polled), Box::pin(heard)).await),
                None => polled.await,
            }
        }
    }

    /// Has the client's WebSocket, if it has one, answer a ping as soon as the next event is written.
    pub fn ping_with_next_event(&self) {
        if let Some(websocket) = self.websocket().as_ref() {
            websocket.link.ping_after_next_write();
        }
    }

    /// Ends the session's WebSocket now, if it has one. Long polling needs no ending: who does not poll has none.
    pub fn cut(&self) {
        if let Some(websocket) = self.websocket().as_ref() {
            websocket.link.cut();
        }
    }

    fn websocket(&self) -> MutexGuard<'_, Option<WebSocketLink>> {
        lock(&self.websocket)
    }
}
