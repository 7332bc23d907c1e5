//! What a client or an SFU is told: what others sent it, word for word, and who has gone.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::error;

use super::{
    messages::{Notice, text},
    rooms::SfuRoom,
};
use crate::{
    core::{
        event::{Event, Numbered, Signal},
        ids::{ConnectionId, ParticipantId},
        outbox::{CloseReason, Connection, DeliverError},
    },
    protocols::websocket::Socket,
};

/// Going away. Source: RFC 6455, section 7.4.1.
pub const GOING_AWAY: u16 = 1001;

/// What was done is not allowed here. Source: RFC 6455, section 7.4.1.
const POLICY: u16 = 1008;

/// A participant's connection, as its room sees it.
pub struct Line {
    id: ConnectionId,
    socket: Socket,
    room: Arc<SfuRoom>,
    is_sfu: bool,
}

impl Line {
    /// The connection of `socket`, for as long as its participant is in `room`.
    pub fn new(socket: Socket, room: Arc<SfuRoom>, is_sfu: bool) -> Self {
        Self { id: ConnectionId::next(), socket, room, is_sfu }
    }

    fn forward(&self, signal: &Signal) -> Result<(), DeliverError> {
        match Utf8Bytes::try_from(signal.payload.clone()) {
            Ok(data) => self.socket.send(data),
            Err(_) => {
                error!("what is not text cannot be told to anybody of the arbiter door");
                Ok(())
            }
        }
    }

    /// Clients hear that their SFU or another client has gone; the SFU hears of clients that it knows.
    fn tell_left(&self, who: ParticipantId) -> Result<(), DeliverError> {
        if who == self.room.sfu {
            // Before anybody can answer to it: whoever does has no room any more.
            self.room.close();
            return self.socket.send(text(&Notice::SfuDisconnect));
        }
        // Without its SFU the room is no more; that its clients are let go of one by one is no news.
        if self.room.is_closed() {
            return Ok(());
        }
        match self.room.client(who) {
            Some((id, shook_hands)) if shook_hands || !self.is_sfu => {
                self.socket.send(text(&Notice::ClientDisconnect { client_id: id.as_str() }))
            }
            // It had gone before this one came, or nobody has told the SFU of it.
            _ => Ok(()),
        }
    }
}

impl Connection for Line {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        match event {
            Event::Signal(signal) => self.forward(signal),
            Event::Left { participant, .. } => self.tell_left(*participant),
            Event::Joined { .. } | Event::Chat(_) | Event::Reconnecting { .. } | Event::Resumed { .. } => Ok(()),
        }
    }

    fn close(&self, reason: CloseReason) {
        match reason {
            CloseReason::Replaced => self.socket.close(POLICY, "another connection has this id now"),
            CloseReason::TooSlow => self.socket.close(POLICY, "too slow"),
            CloseReason::ShuttingDown => self.socket.close(GOING_AWAY, "the server stops"),
        }
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.socket.sign_of_life()
    }
}
