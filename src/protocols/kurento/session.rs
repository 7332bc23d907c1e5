//! A session of a client, which outlives its WebSocket: its present WebSocket, and its membership in a room.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use super::{browser::BrowserId, error::Refusal, membership::Membership, messages::Notification};
use crate::{
    core::{
        hub::join::Seated,
        model::{
            ids::{ConnectionId, ParticipantId, RoomId},
            lock::lock,
        },
    },
    protocols::websocket::{CloseStatus, SocketSender},
};

/// The digits of a session id: the original writes 130 random bits to the base of 32.
const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

const DIGIT_COUNT: usize = 26;

/// The client does not read its messages. Source: RFC 6455 registry, 1013 "Try Again Later".
pub const TOO_SLOW: CloseStatus = CloseStatus { code: 1013, reason: "too slow" };

/// Id of a session: 130 bits of the operating system's randomness. The id gives access to the session.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// Creates a random id.
    pub fn random() -> Self {
        let mut random = [0; DIGIT_COUNT];
        getrandom::fill(&mut random).expect("the operating system has randomness");
        let digits = random.map(|byte| char::from(DIGITS[usize::from(byte) % DIGITS.len()]));
        Self(String::from_iter(digits).into())
    }

    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for SessionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Redacted: the id gives access to the seat.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// A session: one client, on one WebSocket after the other.
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// The client's browser, if it sent a cookie.
    pub browser: Option<BrowserId>,
    /// Held while one request is handled: requests of a session are handled one after the other.
    pub turn: tokio::sync::Mutex<()>,
    state: Mutex<SessionState>,
}

#[derive(Default)]
struct SessionState {
    socket: Option<SocketSender>,
    /// How often the WebSocket was lost.
    losses: u64,
    /// The largest number of a request so far.
    last_request: Option<u64>,
    membership: Option<Membership>,
}

impl Session {
    /// Creates a session without a WebSocket.
    pub fn new(browser: Option<BrowserId>) -> Arc<Self> {
        let (id, turn) = (SessionId::random(), tokio::sync::Mutex::default());
        Arc::new(Self { id, browser, turn, state: Mutex::default() })
    }

    /// Moves the session to `socket`. Returns the former WebSocket, and the seat if its events may be
    /// delivered.
    pub fn move_to(&self, socket: &SocketSender) -> (Option<SocketSender>, Option<Seated>) {
        let mut state = lock(&self.state);
        let former = state.socket.replace(socket.clone()).filter(|former| former.id() != socket.id());
        let seat = state
            .membership
            .as_ref()
            .filter(|membership| membership.is_open)
            .map(|membership| membership.seat.clone());
        (former, seat)
    }

    /// Detaches the session from a lost WebSocket. Returns the number of the loss; `None` if the session is
    /// on another one.
    pub fn detach(&self, id: ConnectionId) -> Option<u64> {
        let mut state = lock(&self.state);
        state.socket.take_if(|socket| socket.id() == id)?;
        state.losses += 1;
        Some(state.losses)
    }

    /// Whether the session has no WebSocket.
    pub fn is_detached(&self) -> bool {
        lock(&self.state).socket.is_none()
    }

    /// Whether the session has had no WebSocket since the loss with this number.
    pub fn is_detached_since(&self, loss: u64) -> bool {
        let state = lock(&self.state);
        state.socket.is_none() && state.losses == loss
    }

    /// Whether the session is on this WebSocket.
    pub fn is_on(&self, id: ConnectionId) -> bool {
        lock(&self.state).socket.as_ref().is_some_and(|socket| socket.id() == id)
    }

    /// The present WebSocket.
    pub fn socket(&self) -> Option<SocketSender> {
        lock(&self.state).socket.clone()
    }

    /// Sends `text`, if the session has a WebSocket.
    pub fn send(&self, text: String) {
        if let Some(socket) = self.socket() {
            socket.send_or_close(text, TOO_SLOW);
        }
    }

    /// Sends a notification, if the session has a WebSocket.
    pub fn tell(&self, notification: &Notification<'_>) {
        self.send(notification.text());
    }

    /// Closes the present WebSocket.
    pub fn close(&self, status: CloseStatus) {
        if let Some(socket) = self.socket() {
            socket.close(status);
        }
    }

    /// Notes the number of a request.
    pub fn count(&self, number: u64) {
        let last = &mut lock(&self.state).last_request;
        *last = (*last).max(Some(number));
    }

    /// The largest number of a request so far.
    pub fn last_request(&self) -> Option<u64> {
        lock(&self.state).last_request
    }

    /// Sets the membership in a room.
    pub fn enter(&self, membership: Membership) {
        lock(&self.state).membership = Some(membership);
    }

    /// Removes and returns the membership; with `whose`, only that participant's.
    pub fn take_membership(&self, whose: Option<ParticipantId>) -> Option<Membership> {
        let membership = &mut lock(&self.state).membership;
        membership.take_if(|membership| {
            whose.is_none_or(|participant| membership.seat.participant() == participant)
        })
    }

    /// As [`take_membership`](Self::take_membership), if the session is in `room`.
    pub fn take_membership_in(&self, room: &RoomId) -> Option<Membership> {
        lock(&self.state).membership.take_if(|membership| membership.room() == room)
    }

    /// Whether the session is in a room.
    pub fn is_seated(&self) -> bool {
        lock(&self.state).membership.is_some()
    }

    /// Reads or changes the membership. `with` must not call the core: the core holds the lock of a room when
    /// it calls this.
    ///
    /// # Errors
    /// The session is not in a room.
    pub fn with_membership<R>(&self, with: impl FnOnce(&mut Membership) -> R) -> Result<R, Refusal> {
        let mut state = lock(&self.state);
        state.membership.as_mut().map(with).ok_or_else(|| Refusal::not_joined(self.id.as_str()))
    }

    /// The seat.
    ///
    /// # Errors
    /// The session is not in a room.
    pub fn seat(&self) -> Result<Seated, Refusal> {
        self.with_membership(|membership| membership.seat.clone())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("is_seated", &self.is_seated()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_of_the_original() {
        let (one, other) = (SessionId::random(), SessionId::random());
        assert!(one != other && one.as_str().len() == 26);
        assert!(one.as_str().bytes().all(|digit| DIGITS.contains(&digit)));
        assert_eq!(format!("{one:?}"), "SessionId(…)");
    }
}
