//! One WebSocket of the kurento door: finds its session and handles its requests in order.
//!
//! Answers the methods about the WebSocket itself.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{
    KurentoDoor, NAMESPACE,
    browser::BrowserId,
    delivery::{GOING_AWAY, RoomDelivery},
    error::{Code, Refusal},
    messages::RequestResult,
    room_request::RoomRequest,
    rpc::{Received, Request, failure, success},
    session::{Session, TOO_SLOW},
    watchdog::Watchdog,
};
use crate::protocols::{
    admission::ClientAddress,
    runtime::contain_panic,
    websocket::{CloseStatus, Socket, SocketMessage, SocketSender},
};

/// Worded as the original does.
const NO_PING: CloseStatus = normal("Close for not receive ping from client");

/// Normal closure. Source: RFC 6455, section 7.4.1.
pub const fn normal(reason: &'static str) -> CloseStatus {
    CloseStatus { code: 1000, reason }
}

/// A client's WebSocket.
pub struct KurentoConnection {
    door: Arc<KurentoDoor>,
    sender: SocketSender,
    /// The client address that its requests count for.
    client: ClientAddress,
    browser: BrowserId,
    /// The session on this WebSocket. `None` until the first request.
    session: Option<Arc<Session>>,
    /// Number of the first request. Clients continue their numbering on a new WebSocket.
    first_number: Option<u64>,
    watchdog: Watchdog,
}

impl KurentoConnection {
    /// Creates the connection of a new WebSocket.
    pub fn new(
        door: Arc<KurentoDoor>,
        sender: SocketSender,
        client: ClientAddress,
        browser: BrowserId,
    ) -> Self {
        Self {
            door,
            sender,
            client,
            browser,
            session: None,
            first_number: None,
            watchdog: Watchdog::default(),
        }
    }

    /// Serves the connection until it ends.
    pub async fn serve(mut self, mut socket: Socket) {
        // After a panic too, the session must be detached from this WebSocket.
        contain_panic(NAMESPACE, "a connection", self.converse(&mut socket)).await;
        if let Some(session) = self.session
            && let Some(loss) = session.detach(self.sender.id())
        {
            self.door.watch_media(&session, socket.close_code());
            self.door.connection_lost(session, self.sender.id(), loss).await;
        }
    }

    async fn converse(&mut self, socket: &mut Socket) {
        let stop = self.door.runtime.stop.clone();
        let mut is_stopping = false;
        loop {
            let message = tokio::select! {
                message = socket.next() => message,
                () = self.watchdog.alarm() => {
                    self.sender.close(NO_PING);
                    continue;
                }
                () = stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    self.sender.close(GOING_AWAY);
                    continue;
                }
            };
            match message {
                Ok(message) => self.handle_message(&message).await,
                Err(_) => return,
            }
        }
    }

    async fn handle_message(&mut self, message: &SocketMessage) {
        let SocketMessage::Text(text) = message else {
            return self.refuse(Some(RawValue::NULL), &Refusal::new(Code::NoJson, "The message is binary"));
        };
        match Received::parse(text) {
            Received::Answer => {}
            Received::Unreadable(id, refusal) => self.refuse(Some(id), &refusal),
            Received::Request(request) if self.door.common.admission.admits_event(self.client) => {
                self.handle(&request).await;
            }
            Received::Request(request) => {
                self.refuse(request.id, &Refusal::new(Code::TooMuch, "Too many requests"));
            }
        }
    }

    async fn handle(&mut self, request: &Request<'_>) {
        self.first_number = self.first_number.or(request.number());
        self.find_session(request);
        match request.method.as_ref() {
            "ping" => self.ping(request),
            "connect" => self.connect(request),
            "closeSession" => self.close_session(request).await,
            _ => {
                let session = self.session().clone();
                let _turn = session.turn.lock().await;
                let outcome = RoomRequest { door: &self.door, session: &session, request }.perform().await;
                if let Err(refusal) = outcome {
                    self.refuse(request.id, &refusal);
                }
            }
        }
        if let (Some(session), Some(number)) = (&self.session, request.number()) {
            session.count(number);
        }
    }

    /// Takes over the session that a request names. A request that names none takes over the session that the
    /// page had before, unless this WebSocket has a seated one.
    fn find_session(&mut self, request: &Request<'_>) {
        let named = request.params.text("sessionId").ok();
        let found = match &named {
            Some(id) => self.door.sessions.get(id),
            None if self.is_free() && request.method != "joinRoom" => {
                self.first_number.and_then(|number| self.door.sessions.returning(&self.browser, number))
            }
            None => None,
        };
        // The answer to `connect` must precede the missed notifications.
        if let Some(session) = found
            && request.method != "connect"
        {
            self.take_over(session);
        }
    }

    /// Whether the session on this WebSocket has no seat.
    fn is_free(&self) -> bool {
        self.session.as_ref().is_none_or(|session| !session.is_seated())
    }

    /// The session on this WebSocket; creates one if there is none.
    fn session(&mut self) -> &Arc<Session> {
        self.session.get_or_insert_with(|| {
            let session = self.door.sessions.open(Some(self.browser.clone()));
            session.move_to(&self.sender);
            session
        })
    }

    /// Moves a session from its former WebSocket to this one, and sends its client the notifications it
    /// missed.
    fn take_over(&mut self, session: Arc<Session>) {
        if self.session.as_ref().is_some_and(|own| Arc::ptr_eq(own, &session)) {
            return;
        }
        self.abandon_session();
        let (former, seat) = session.move_to(&self.sender);
        self.door.watch_media_no_more(&session);
        if let Some(former) = former {
            former.close(normal("the session is on a newer connection"));
        }
        if let Some(seat) = seat {
            let delivery = RoomDelivery::new(
                self.door.clone(),
                session.clone(),
                seat.participant(),
                self.sender.clone(),
            );
            self.door.attach(&seat, &session, delivery);
            self.door.catch_up(&session);
        }
        self.session = Some(session);
    }

    /// Ends the session on this WebSocket, which has no seat or is replaced by another session.
    fn abandon_session(&mut self) {
        if let Some(session) = self.session.take()
            && session.detach(self.sender.id()).is_some()
        {
            self.door.spawn_end_session(session);
        }
    }

    /// `ping`: the first one announces the interval of the following ones. It begins a session without naming
    /// it; its request numbers identify the page later.
    fn ping(&mut self, request: &Request<'_>) {
        self.session();
        let interval = request.params.get("interval").and_then(|value| value.get().parse().ok());
        self.watchdog.feed(interval);
        let session = request.params.text("sessionId").ok();
        self.send(RequestResult::Word("pong").text(request.id, session.as_deref()));
    }

    /// `connect`: begins a session, or takes one over.
    fn connect(&mut self, request: &Request<'_>) {
        let Ok(id) = request.params.text("sessionId") else {
            let id = self.session().id.clone();
            return self.send(RequestResult::Word("OK").text(request.id, Some(id.as_str())));
        };
        match self.door.sessions.get(&id) {
            Some(session) => {
                self.send(RequestResult::Word("reconnection successful").text(request.id, Some(&id)));
                self.take_over(session);
            }
            None => self.refuse(request.id, &Refusal::new(Code::NoSuchSession, "reconnection error")),
        }
    }

    /// `closeSession`: ends the session at once.
    async fn close_session(&mut self, request: &Request<'_>) {
        if let Some(session) = self.session.take() {
            session.detach(self.sender.id());
            self.door.end_session(&session).await;
        }
        self.send(success(request.id, &"bye"));
        self.sender.close(normal("bye"));
    }

    fn refuse(&self, id: Option<&RawValue>, refusal: &Refusal) {
        self.door.runtime.counters.refused(refusal.code.number().to_string());
        let session = self.session.as_ref().map(|session| session.id.as_str());
        let text = failure(id, refusal, session);
        match &self.session {
            // The session may have moved to another WebSocket.
            Some(session) => session.send(text),
            None => self.send(text),
        }
    }

    fn send(&self, text: String) {
        self.sender.send_or_close(text, TOO_SLOW);
    }
}
