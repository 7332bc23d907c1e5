//! A session: what outlives a WebSocket. Which one it is on at the moment, and where its participant sits.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use super::{browser::BrowserId, error::Refusal, messages::Notification, place::Place};
use crate::{
    core::{
        hub::join::Seated,
        model::{
            ids::{ConnectionId, ParticipantId, RoomId},
            lock::lock,
        },
        ports::connection::DeliverError,
    },
    protocols::websocket::Socket,
};

/// The digits of a session's id: the original writes 130 random bits to the base of 32.
const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

const DIGIT_COUNT: usize = 26;

/// A client does not read what it is sent. Source: RFC 6455 registry, 1013 "Try Again Later".
pub const TOO_SLOW: (u16, &str) = (1013, "too slow");

/// What a session is known by: 130 bits of the operating system's randomness. Whoever knows it may go on with it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// Makes a new one.
    pub fn random() -> Self {
        let mut random = [0; DIGIT_COUNT];
        getrandom::fill(&mut random).expect("the operating system has randomness");
        let digits = random.map(|byte| char::from(DIGITS[usize::from(byte) % DIGITS.len()]));
        Self(String::from_iter(digits).into())
    }

    /// As it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for SessionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Redacted: whoever has it has the seat.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// One client, over one `WebSocket` after the other.
pub struct Session {
    /// What it is known by.
    pub id: SessionId,
    /// Whose browser it came from, if a browser says so.
    pub browser: Option<BrowserId>,
    /// Held while one of its requests is dealt with: they are done one after the other.
    pub turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    wire: Option<Wire>,
    /// How often its WebSocket was lost.
    losses: u64,
    /// The largest number that one of its requests had.
    last_request: Option<u64>,
    place: Option<Place>,
}

/// The WebSocket that a session is on.
#[derive(Clone)]
pub struct Wire {
    /// Which.
    pub id: ConnectionId,
    /// What is to be sent goes here.
    pub socket: Socket,
}

impl Wire {
    /// Sends `text`. A client that does not read what it is sent is let go of.
    pub fn send(&self, text: String) {
        if self.socket.send(text) == Err(DeliverError::TooSlow) {
            self.socket.close(TOO_SLOW.0, TOO_SLOW.1);
        }
    }
}

impl Session {
    /// A session on no WebSocket yet.
    pub fn new(browser: Option<BrowserId>) -> Arc<Self> {
        let (id, turn) = (SessionId::random(), tokio::sync::Mutex::default());
        Arc::new(Self { id, browser, turn, state: Mutex::default() })
    }

    /// Goes on over `wire`. Gives the one that it was on before, and its seat if it may be told things.
    pub fn move_to(&self, wire: &Wire) -> (Option<Wire>, Option<Seated>) {
        let mut state = lock(&self.state);
        let former = state.wire.replace(wire.clone()).filter(|former| former.id != wire.id);
        let seat = state.place.as_ref().filter(|place| place.is_open).map(|place| place.seat.clone());
        (former, seat)
    }

    /// Its WebSocket was lost. Gives the number of the loss; `None` if it is on another one.
    pub fn lose(&self, id: ConnectionId) -> Option<u64> {
        let mut state = lock(&self.state);
        state.wire.take_if(|wire| wire.id == id)?;
        state.losses += 1;
        Some(state.losses)
    }

    /// Whether it is on no WebSocket.
    pub fn is_lost(&self) -> bool {
        lock(&self.state).wire.is_none()
    }

    /// Whether it has been on no WebSocket since the loss of that number.
    pub fn is_lost_since(&self, loss: u64) -> bool {
        let state = lock(&self.state);
        state.wire.is_none() && state.losses == loss
    }

    /// Whether it is on this WebSocket.
    pub fn is_on(&self, id: ConnectionId) -> bool {
        lock(&self.state).wire.as_ref().is_some_and(|wire| wire.id == id)
    }

    /// The WebSocket that it is on.
    pub fn wire(&self) -> Option<Wire> {
        lock(&self.state).wire.clone()
    }

    /// Sends `text`, if there is somebody to get it.
    pub fn send(&self, text: String) {
        if let Some(wire) = self.wire() {
            wire.send(text);
        }
    }

    /// Tells its client something, if there is somebody to hear it.
    pub fn tell(&self, notification: &Notification<'_>) {
        self.send(notification.text());
    }

    /// Ends the WebSocket that it is on.
    pub fn close(&self, code: u16, reason: &'static str) {
        if let Some(wire) = self.wire() {
            wire.socket.close(code, reason);
        }
    }

    /// A request with this number came.
    pub fn count(&self, number: u64) {
        let last = &mut lock(&self.state).last_request;
        *last = (*last).max(Some(number));
    }

    /// The largest number that one of its requests had.
    pub fn last_request(&self) -> Option<u64> {
        lock(&self.state).last_request
    }

    /// Sits down in `place`.
    pub fn sit_down(&self, place: Place) {
        lock(&self.state).place = Some(place);
    }

    /// Gives its place up. `whose`: only if it is that participant's.
    pub fn stand_up(&self, whose: Option<ParticipantId>) -> Option<Place> {
        let place = &mut lock(&self.state).place;
        place.take_if(|place| whose.is_none_or(|participant| place.seat.participant() == participant))
    }

    /// As [`stand_up`](Self::stand_up), if it sits in `room`.
    pub fn stand_up_from(&self, room: &RoomId) -> Option<Place> {
        lock(&self.state).place.take_if(|place| place.room() == room)
    }

    /// Whether it sits anywhere.
    pub fn is_seated(&self) -> bool {
        lock(&self.state).place.is_some()
    }

    /// Looks at its place, or changes it. `with` must not ask the core for anything, which holds a room's lock when it
    /// asks for this one.
    ///
    /// # Errors
    /// It sits nowhere.
    pub fn with_place<R>(&self, with: impl FnOnce(&mut Place) -> R) -> Result<R, Refusal> {
        let mut state = lock(&self.state);
        state.place.as_mut().map(with).ok_or_else(|| Refusal::not_joined(self.id.as_str()))
    }

    /// Its seat.
    ///
    /// # Errors
    /// It sits nowhere.
    pub fn seat(&self) -> Result<Seated, Refusal> {
        self.with_place(|place| place.seat.clone())
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
    fn an_id_is_one_of_the_originals() {
        let (one, other) = (SessionId::random(), SessionId::random());
        assert!(one != other && one.as_str().len() == 26);
        assert!(one.as_str().bytes().all(|digit| DIGITS.contains(&digit)));
        assert_eq!(format!("{one:?}"), "SessionId(…)");
    }
}
