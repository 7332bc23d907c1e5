//! One WebSocket: which session is on it, what its client asks for, in order, and the methods that are about the
//! WebSocket itself.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tracing::error;

use super::{
    KurentoDoor,
    ask::Ask,
    browser::BrowserId,
    delivery::{GOING_AWAY, Line},
    error::{Code, Refusal},
    messages::Answer,
    rpc::{Received, Request, failure, success},
    session::{Session, Wire},
    watchdog::Watchdog,
};
use crate::{
    core::model::ids::ConnectionId,
    protocols::{
        admission::Client,
        websocket::{End, Incoming, Message, Socket},
    },
};

/// Normal closure. Source: RFC 6455, section 7.4.1.
pub const NORMAL: u16 = 1000;

/// As the original says it.
const NO_PING: &str = "Close for not receive ping from client";

/// A client's WebSocket.
pub struct KurentoConnection {
    door: Arc<KurentoDoor>,
    wire: Wire,
    /// Whom to count its requests for.
    client: Client,
    browser: BrowserId,
    /// None until it is asked for something.
    session: Option<Arc<Session>>,
    /// The number of the first request that came, for clients that go on counting on another WebSocket.
    first_number: Option<u64>,
    watchdog: Watchdog,
}

impl KurentoConnection {
    /// A WebSocket that has just been opened.
    pub fn new(door: Arc<KurentoDoor>, socket: Socket, client: Client, browser: BrowserId) -> Self {
        let wire = Wire { id: ConnectionId::next(), socket };
        Self { door, wire, client, browser, session: None, first_number: None, watchdog: Watchdog::default() }
    }

    /// Serves it until it ends.
    pub async fn serve(mut self, mut incoming: Incoming) {
        // Whatever goes wrong in here, the session must not stay on a WebSocket that is no more.
        let conversation = AssertUnwindSafe(self.converse(&mut incoming)).catch_unwind().await;
        if conversation.is_err() {
            error!("a connection of the kurento door ended by a panic");
        }
        if let Some(session) = self.session
            && let Some(loss) = session.lose(self.wire.id)
        {
            self.door.lost(session, self.wire.id, loss).await;
        }
    }

    async fn converse(&mut self, incoming: &mut Incoming) -> End {
        let stop = self.door.stop.clone();
        let mut is_stopping = false;
        loop {
            let message = tokio::select! {
                message = incoming.next() => message,
                () = self.watchdog.alarm() => {
                    self.wire.socket.close(NORMAL, NO_PING);
                    continue;
                }
                () = stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    self.wire.socket.close(GOING_AWAY.0, GOING_AWAY.1);
                    continue;
                }
            };
            match message {
                Ok(message) => self.hear(&message).await,
                Err(end) => return end,
            }
        }
    }

    async fn hear(&mut self, message: &Message) {
        let Message::Text(text) = message else {
            return self.refuse(Some(RawValue::NULL), &Refusal::new(Code::NoJson, "The message is binary"));
        };
        match Received::parse(text) {
            Received::Answer => {}
            Received::Unreadable(id, refusal) => self.refuse(Some(id), &refusal),
            Received::Request(request) if self.door.admission.admits_event(self.client) => {
                self.handle(&request).await;
            }
            Received::Request(request) => {
                self.refuse(request.id, &Refusal::new(Code::TooMuch, "Too many requests"));
            }
        }
    }

    async fn handle(&mut self, request: &Request<'_>) {
        self.first_number = self.first_number.or(request.number());
        self.find_session(request).await;
        match request.method.as_ref() {
            "ping" => self.ping(request),
            "connect" => self.connect(request).await,
            "closeSession" => self.close_session(request).await,
            _ => {
                let session = self.session().clone();
                let _turn = session.turn.lock().await;
                let outcome = Ask { door: &self.door, session: &session, request }.perform().await;
                if let Err(refusal) = outcome {
                    self.refuse(request.id, &refusal);
                }
            }
        }
        if let (Some(session), Some(number)) = (&self.session, request.number()) {
            session.count(number);
        }
    }

    /// Goes on with the session that a request names; or, where it names none, with the one that the same page had
    /// before, if this WebSocket has none to lose.
    async fn find_session(&mut self, request: &Request<'_>) {
        let named = request.params.text("sessionId").ok();
        let found = match &named {
            Some(id) => self.door.sessions.get(id),
            None if self.is_free() && request.method != "joinRoom" => {
                self.first_number.and_then(|number| self.door.sessions.returning(&self.browser, number))
            }
            None => None,
        };
        // An answer to `connect` goes before what was missed.
        if let Some(session) = found
            && request.method != "connect"
        {
            self.go_on_with(session).await;
        }
    }

    /// Whether nobody sits anywhere with this WebSocket.
    fn is_free(&self) -> bool {
        self.session.as_ref().is_none_or(|session| !session.is_seated())
    }

    /// The session on this WebSocket; a new one if there is none.
    fn session(&mut self) -> &Arc<Session> {
        self.session.get_or_insert_with(|| {
            let session = self.door.sessions.open(Some(self.browser.clone()));
            session.move_to(&self.wire);
            session
        })
    }

    /// Takes a session over from the WebSocket that it was on. Its client hears what it missed since that was lost.
    async fn go_on_with(&mut self, session: Arc<Session>) {
        if self.session.as_ref().is_some_and(|own| Arc::ptr_eq(own, &session)) {
            return;
        }
        self.let_go();
        let (former, seat) = session.move_to(&self.wire);
        if let Some(former) = former {
            former.socket.close(NORMAL, "the session is on a newer connection");
        }
        if let Some(seat) = seat {
            let line = Line::new(self.door.clone(), session.clone(), seat.participant(), self.wire.clone());
            self.door.attach(&seat, &session, line);
            self.door.catch_up(&session).await;
        }
        self.session = Some(session);
    }

    /// Ends the session that was on this WebSocket, which sits nowhere or is given up for another one.
    fn let_go(&mut self) {
        if let Some(session) = self.session.take()
            && session.lose(self.wire.id).is_some()
        {
            self.door.end_soon(session);
        }
    }

    /// `ping`: the first one promises further ones. It begins a session too, which is not named: by its numbers this
    /// page is told from the others of its browser.
    fn ping(&mut self, request: &Request<'_>) {
        self.session();
        let interval = request.params.get("interval").and_then(|value| value.get().parse().ok());
        self.watchdog.feed(interval);
        let session = request.params.text("sessionId").ok();
        self.say(Answer::Word("pong").text(request.id, session.as_deref()));
    }

    /// `connect`: begins a session, or goes on with one.
    async fn connect(&mut self, request: &Request<'_>) {
        let Ok(id) = request.params.text("sessionId") else {
            let id = self.session().id.clone();
            return self.say(Answer::Word("OK").text(request.id, Some(id.as_str())));
        };
        match self.door.sessions.get(&id) {
            Some(session) => {
                self.say(Answer::Word("reconnection successful").text(request.id, Some(&id)));
                self.go_on_with(session).await;
            }
            None => self.refuse(request.id, &Refusal::new(Code::NoSuchSession, "reconnection error")),
        }
    }

    /// `closeSession`: leaves without a delay.
    async fn close_session(&mut self, request: &Request<'_>) {
        if let Some(session) = self.session.take() {
            session.lose(self.wire.id);
            self.door.end(&session).await;
        }
        self.say(success(request.id, &"bye"));
        self.wire.socket.close(NORMAL, "bye");
    }

    fn refuse(&self, id: Option<&RawValue>, refusal: &Refusal) {
        self.door.counters.refused(refusal.code.number().to_string());
        let session = self.session.as_ref().map(|session| session.id.as_str());
        let text = failure(id, refusal, session);
        match &self.session {
            // It may have moved meanwhile.
            Some(session) => session.send(text),
            None => self.say(text),
        }
    }

    fn say(&self, text: String) {
        self.wire.send(text);
    }
}
