//! The transport of one Engine.IO session: a WebSocket, long polling, or long polling that is upgraded to a
//! WebSocket.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::future::select;
use socketioxide::socket::Sid;
use tokio::sync::{Notify, futures::OwnedNotified};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{
    direct_path::DirectPath,
    inbound::{Connecting, FrameFilter, Packets},
    poll_answers::Leftover,
    session_end::SessionEnd,
};
use crate::{
    core::model::lock::lock,
    protocols::{admission::ClientAddress, limits, tcp::TcpHandle},
};

/// The most bytes that may wait for a client to take them. A client that lets more wait is cut off, and can
/// come back and resume.
pub const MAX_WAITING_BYTES: u64 = limits::MAX_WAITING_BYTES as u64;

/// Counts what a session's client takes and notes its signs of life, over all transports of the session.
pub struct Transport {
    /// The client, for limits by address.
    pub client: ClientAddress,
    polled: Arc<Notify>,
    /// Bytes given to the library to send, in all.
    sent: AtomicU64,
    /// Bytes that long-polling answers took, in all.
    polled_bytes: AtomicU64,
    /// How much more may wait because of one large answer, which the client asked for.
    allowance: AtomicU64,
    leftover: Mutex<Leftover>,
    /// What the client posts.
    posted: Arc<Mutex<Packets>>,
    websocket: Mutex<Option<SessionWebSocket>>,
    /// For a session that begins with a WebSocket. Only the library knows what long polling has taken.
    direct: Option<DirectPath>,
    /// The server has begun to end the connection.
    closing: AtomicBool,
    /// Over all connections of the session.
    connecting: Arc<Connecting>,
    /// Set for a session that began with long polling.
    listing: OnceLock<Box<Listing>>,
}

/// Where a transport is found by its session's id.
struct Listing {
    session: Sid,
    transports: Transports,
    end: Option<SessionEnd>,
}

/// The transports of all sessions that began with long polling, by the session's id.
#[derive(Clone, Default)]
pub struct Transports(Arc<Mutex<HashMap<Sid, Weak<Transport>>>>);

impl Transports {
    /// The transport of a session, if the session exists.
    pub fn get(&self, session: Sid) -> Option<Arc<Transport>> {
        lock(&self.0).get(&session)?.upgrade()
    }

    /// Lists a session's transport for as long as it lives. `end` ends the session.
    pub fn list(&self, session: Sid, transport: &Arc<Transport>, end: Option<SessionEnd>) {
        let listing = Box::new(Listing { session, transports: self.clone(), end });
        if transport.listing.set(listing).is_ok() {
            lock(&self.0).insert(session, Arc::downgrade(transport));
        }
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.connecting.answer();
        if let Some(listing) = self.listing.get() {
            lock(&listing.transports.0).remove(&listing.session);
        }
    }
}

/// Filters the frames of a WebSocket for the library. To be called before the handshake is answered.
pub fn filter_frames(tcp: &TcpHandle, connecting: Arc<Connecting>) {
    tcp.filter_with(Box::new(FrameFilter::new(Arc::default(), connecting)));
}

struct SessionWebSocket {
    tcp: Arc<TcpHandle>,
    /// Bytes that the connection had carried before it became this session's.
    written_before: u64,
}

impl Transport {
    /// The transport of a session that `client` is about to open: over `websocket`, or over long polling.
    pub fn new(client: ClientAddress, websocket: Option<Arc<TcpHandle>>, direct_path: bool) -> Self {
        let connecting = Arc::<Connecting>::default();
        let websocket_beside = websocket.clone().filter(|_| direct_path);
        let direct = websocket_beside.map(|tcp| DirectPath::open(tcp, connecting.clone()));
        if let Some(tcp) = websocket.as_ref().filter(|_| direct.is_none()) {
            filter_frames(tcp, connecting.clone());
        }
        let transport = Self {
            client,
            polled: Arc::default(),
            sent: AtomicU64::new(0),
            polled_bytes: AtomicU64::new(0),
            allowance: AtomicU64::new(0),
            leftover: Mutex::default(),
            posted: Arc::default(),
            websocket: Mutex::default(),
            direct,
            closing: AtomicBool::new(false),
            connecting,
            listing: OnceLock::new(),
        };
        transport.upgraded(websocket);
        transport
    }

    /// The session's direct path, if it has one.
    pub const fn direct(&self) -> Option<&DirectPath> {
        self.direct.as_ref()
    }

    /// The wait until the client is told that it is connected.
    pub const fn connecting(&self) -> &Arc<Connecting> {
        &self.connecting
    }

    /// Sets the session's WebSocket.
    pub fn upgraded(&self, websocket: Option<Arc<TcpHandle>>) {
        *self.websocket() = websocket.map(|tcp| SessionWebSocket { written_before: tcp.written(), tcp });
        self.send_leftover(&mut lock(&self.leftover));
    }

    /// What the client posts, over all its requests.
    pub const fn posted(&self) -> &Arc<Mutex<Packets>> {
        &self.posted
    }

    /// How many packets wait for the next polls.
    pub fn leftover(&self) -> usize {
        lock(&self.leftover).len()
    }

    /// The next answer to a poll, once the library has given out `answer`.
    pub fn next_answer(&self, answer: Bytes) -> Bytes {
        let mut leftover = lock(&self.leftover);
        let answer = leftover.next(answer);
        self.answered(answer.len() as u64);
        self.send_leftover(&mut leftover);
        answer
    }

    /// Sends what waits for polls over the session's WebSocket, if it has one. The library writes its own
    /// packets after these.
    fn send_leftover(&self, leftover: &mut Leftover) {
        let websocket = self.websocket();
        let Some(SessionWebSocket { tcp, .. }) = websocket.as_ref() else { return };
        for packet in leftover.take() {
            // A connection that is over takes nothing; its client resumes.
            let _ = tcp.send_answer(packet.len(), |out| out.extend_from_slice(&packet));
        }
    }

    /// Notes that a request of the session arrived.
    pub fn requested(&self) {
        self.polled.notify_waiters();
    }

    /// Counts `bytes` that a long-polling answer took.
    fn answered(&self, bytes: u64) {
        self.polled_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts `bytes` as given to the library to send. Returns false if too much waits already.
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
        let over_websocket = websocket.as_ref().map_or(0, |ws| ws.tcp.written() - ws.written_before);
        let taken = over_websocket + self.polled_bytes.load(Ordering::Relaxed);
        // Heads, frames and pings count as taken but not as sent. Raising `sent` keeps that from adding up.
        self.sent.fetch_max(taken, Ordering::Relaxed).max(sent).saturating_sub(taken)
    }

    /// Resolves with the client's next sign of life, counted from this call on.
    pub fn next_received(&self) -> impl Future<Output = ()> + Send + use<> {
        let polled: OwnedNotified = self.polled.clone().notified_owned();
        let received = self.websocket().as_ref().map(|ws| ws.tcp.next_received());
        async move {
            match received {
                Some(received) => drop(select(Box::pin(polled), Box::pin(received)).await),
                None => polled.await,
            }
        }
    }

    /// Pings the client over the session's WebSocket, if it has one.
    pub fn ping(&self) {
        if let Some(websocket) = self.websocket().as_ref() {
            websocket.tcp.ping();
        }
    }

    /// Ends the session now, with its WebSocket if it has one.
    pub fn cut(&self) {
        self.begin_closing();
        if let Some(websocket) = self.websocket().as_ref() {
            websocket.tcp.cut();
        } else if let Some(end) = self.listing.get().and_then(|listing| listing.end.as_ref()) {
            end.begin();
        }
    }

    /// True if the session began with a WebSocket, or was upgraded to one.
    pub fn has_websocket(&self) -> bool {
        self.websocket().is_some()
    }

    /// Marks that the server ends the connection. How the client ends it from now on does not count as its
    /// wish.
    pub fn begin_closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(websocket) = self.websocket().as_ref() {
            websocket.tcp.close_with(CloseCode::Away);
        }
    }

    /// True once the server has begun to end the connection.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Ends the connection because its client broke the protocol: with a Close frame where there is a
    /// WebSocket.
    pub fn refuse(&self) {
        match self.websocket().as_ref() {
            Some(websocket) => websocket.tcp.refuse(CloseCode::Protocol),
            None => self.cut(),
        }
    }

    fn websocket(&self) -> MutexGuard<'_, Option<SessionWebSocket>> {
        lock(&self.websocket)
    }
}
