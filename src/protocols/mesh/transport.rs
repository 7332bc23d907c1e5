//! One Engine.IO session's way to its client: WebSocket, long polling, or first the one and then the other.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::select};
use socketioxide::socket::Sid;
use tokio::sync::{Notify, futures::OwnedNotified, oneshot};

use super::session_end::SessionEnd;
use crate::{
    core::model::lock::lock,
    protocols::{admission::Client, link::Link, outgoing},
};

/// The most bytes that may wait for a client to take them. One that lets more pile up is cut off; it can come back
/// and resume.
pub const MAX_WAITING_BYTES: u64 = outgoing::MAX_WAITING_BYTES as u64;

/// How long a client may be about to be told that it is connected: far longer than it ever takes.
const CONNECTING_LIMIT: Duration = Duration::from_secs(5);

/// About what a packet has besides its content: braces, names, ids.
pub const ENVELOPE_BYTES: usize = 64;

/// Watches what a session's client takes and when it was last heard, over whatever transports it uses.
pub struct Transport {
    /// Whose it is, as far as limits go.
    pub client: Client,
    polled: Arc<Notify>,
    /// Bytes given to the library to send, in all.
    sent: AtomicU64,
    /// Bytes that long-polling answers took, in all.
    polled_bytes: AtomicU64,
    /// How much more may wait because one large answer, which the client asked for, is on its way.
    allowance: AtomicU64,
    websocket: Mutex<Option<WebSocketLink>>,
    /// Where the door reads events and sends its packets itself: from the first to the last in a session that never polls. One that
    /// does is left to the library, which knows what polling took and what is left for the WebSocket.
    direct: Option<Arc<Link>>,
    /// The server has begun to end the connection.
    closing: AtomicBool,
    /// To be told that the client may be spoken to.
    connected: Mutex<Option<oneshot::Sender<()>>>,
    /// Where it is found by its session's id, until it is dropped, and how that session is ended.
    listed: OnceLock<(Sid, Transports, Option<SessionEnd>)>,
}

/// The transports of all sessions that began with long polling, by the session's id.
#[derive(Clone, Default)]
pub struct Transports(Arc<Mutex<HashMap<Sid, Weak<Transport>>>>);

impl Transports {
    /// The transport of a session, if the session is there.
    pub fn get(&self, session: Sid) -> Option<Arc<Transport>> {
        lock(&self.0).get(&session)?.upgrade()
    }

    /// Lists a session's transport for as long as it lives. `end` ends the session.
    pub fn list(&self, session: Sid, transport: &Arc<Transport>, end: Option<SessionEnd>) {
        if transport.listed.set((session, self.clone(), end)).is_ok() {
            lock(&self.0).insert(session, Arc::downgrade(transport));
        }
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        if let Some((session, transports, _)) = self.listed.get() {
            lock(&transports.0).remove(session);
        }
    }
}

struct WebSocketLink {
    link: Arc<Link>,
    /// What the connection had carried before it became this session's.
    written_before: u64,
}

impl Transport {
    /// A session that is about to be opened by `client` over `link`.
    pub fn new(client: Client, link: Option<Arc<Link>>, websocket: bool) -> Self {
        let link = link.filter(|_| websocket);
        if let Some(link) = &link {
            link.splice();
        }
        let transport = Self {
            client,
            polled: Arc::default(),
            sent: AtomicU64::new(0),
            polled_bytes: AtomicU64::new(0),
            allowance: AtomicU64::new(0),
            websocket: Mutex::default(),
            direct: link.clone(),
            closing: AtomicBool::new(false),
            connected: Mutex::default(),
            listed: OnceLock::new(),
        };
        transport.upgraded(link);
        transport
    }

    /// The connection that the door reads events from and sends its packets on itself, if it does.
    pub const fn direct(&self) -> Option<&Arc<Link>> {
        self.direct.as_ref()
    }

    /// Resolves when the client has been told that it is connected. Whose connection ends before that never is.
    pub fn connecting(&self) -> impl Future<Output = ()> + Send + use<> {
        let (sender, receiver) = oneshot::channel();
        *lock(&self.connected) = Some(sender);
        tokio::time::timeout(CONNECTING_LIMIT, receiver).map(|_| ())
    }

    /// The client has been told that it is connected.
    pub fn connected(&self) {
        if let Some(sender) = lock(&self.connected).take() {
            // Fails if nobody waits for it any more.
            let _ = sender.send(());
        }
    }

    /// The session's WebSocket is on `link`.
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

    /// Has the client's WebSocket, if it has one, answer a ping.
    pub fn ping(&self) {
        if let Some(websocket) = self.websocket().as_ref() {
            websocket.link.ping();
        }
    }

    /// Ends the session now, with its WebSocket if it has one.
    pub fn cut(&self) {
        self.begin_closing();
        if let Some(websocket) = self.websocket().as_ref() {
            websocket.link.cut();
        } else if let Some((_, _, Some(end))) = self.listed.get() {
            end.begin();
        }
    }

    /// Whether the session began with a WebSocket, or has gone over to one.
    pub fn has_websocket(&self) -> bool {
        self.websocket().is_some()
    }

    /// The server begins to end the connection: how the client ends it from now on says nothing of what it wants.
    pub fn begin_closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether the server has begun to end the connection.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    fn websocket(&self) -> MutexGuard<'_, Option<WebSocketLink>> {
        lock(&self.websocket)
    }
}
