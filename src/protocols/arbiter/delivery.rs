//! What a client or an SFU is told: what others sent it, word for word, and who has gone.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::BoxFuture;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::error;

use super::{
    ArbiterDoor,
    messages::{Notice, text},
    rooms::SfuRoom,
};
use crate::{
    core::{
        hub::join::Seated,
        model::{
            event::{Event, Numbered, Signal},
            ids::{ConnectionId, Name, ParticipantId},
            lock::lock,
        },
        ports::connection::{CloseReason, Connection, DeliverError},
        room::Other,
    },
    protocols::websocket::Socket,
};

/// Going away. Source: RFC 6455, section 7.4.1.
pub const GOING_AWAY: u16 = 1001;

/// What was done is not allowed here. Source: RFC 6455, section 7.4.1.
const POLICY: u16 = 1008;

/// A client's connection, as its room sees it.
pub struct ClientLine {
    id: ConnectionId,
    socket: Socket,
    door: Arc<ArbiterDoor>,
    seat: Seated,
    /// The SFU, in the core's terms, on whatever node it is.
    pub sfu: ParticipantId,
    /// What the other clients are called.
    others: Mutex<HashMap<ParticipantId, Name>>,
    /// The SFU has gone: the room is no more.
    over: AtomicBool,
}

/// What an SFU hears with: a WebSocket, or the queue of the server's own. As for a [`Connection`], nothing here may block.
pub trait Ear: Send + Sync + 'static {
    /// A client has sent something.
    ///
    /// # Errors
    /// It was not taken, and the SFU is to be let go of.
    fn hear(&self, signal: &Signal) -> Result<(), DeliverError>;

    /// A client has gone that it has heard of, which is called `id`.
    ///
    /// # Errors
    /// As for [`hear`](Self::hear).
    fn hear_of_leaving(&self, who: ParticipantId, id: &Name) -> Result<(), DeliverError>;

    /// It is over.
    fn close(&self, reason: CloseReason);

    /// As [`Connection::sign_of_life`].
    fn sign_of_life(&self) -> BoxFuture<'static, ()>;
}

/// An SFU's connection, as its room sees it.
pub struct SfuLine {
    id: ConnectionId,
    ear: Box<dyn Ear>,
    door: Arc<ArbiterDoor>,
    room: Arc<SfuRoom>,
    /// The clients of which it has heard, and what they are called.
    known: Mutex<HashMap<ParticipantId, Name>>,
}

impl ClientLine {
    /// The connection of one who sits in `seat` beside `sfu` and all `others`.
    pub fn new(
        door: Arc<ArbiterDoor>,
        socket: Socket,
        seat: Seated,
        sfu: ParticipantId,
        others: Vec<Other>,
    ) -> Self {
        let others = others.into_iter().filter(|other| other.participant != sfu);
        let others = Mutex::new(others.map(|other| (other.participant, other.name)).collect());
        Self { id: ConnectionId::next(), socket, door, seat, sfu, others, over: AtomicBool::new(false) }
    }

    /// Whether the SFU has gone.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Clients hear that their SFU or another client has gone.
    fn tell_left(&self, who: ParticipantId) -> Result<(), DeliverError> {
        if who == self.sfu {
            // Before anybody can answer to it: whoever does has no room any more.
            self.over.store(true, Ordering::Release);
            let (door, seat) = (self.door.clone(), self.seat.clone());
            self.door.tasks.spawn(async move { door.hub.leave(&seat).await });
            return self.socket.send(text(&Notice::SfuDisconnect));
        }
        // Without its SFU the room is no more; that its clients are let go of one by one is no news.
        match lock(&self.others).remove(&who).filter(|_| !self.is_over()) {
            Some(id) => self.socket.send(text(&Notice::ClientDisconnect { client_id: id.as_str() })),
            None => Ok(()),
        }
    }
}

impl SfuLine {
    /// The connection of the SFU of `room`.
    pub fn new(door: Arc<ArbiterDoor>, room: Arc<SfuRoom>, ear: Box<dyn Ear>) -> Self {
        Self { id: ConnectionId::next(), ear, door, room, known: Mutex::default() }
    }

    /// Has it noted that the first client has come, or the last one gone.
    fn note_occupancy(&self) {
        let (door, room) = (self.door.clone(), self.room.clone());
        self.door.tasks.spawn(async move { door.refresh(&room).await });
    }

    /// The SFU hears of those clients that it knows.
    fn tell_left(&self, who: ParticipantId) -> Result<(), DeliverError> {
        if self.room.leave(who) {
            self.note_occupancy();
        }
        match lock(&self.known).remove(&who).filter(|_| !self.room.is_closed()) {
            Some(id) => self.ear.hear_of_leaving(who, &id),
            None => Ok(()),
        }
    }
}

impl Ear for Socket {
    fn hear(&self, signal: &Signal) -> Result<(), DeliverError> {
        forward(self, signal)
    }

    fn hear_of_leaving(&self, _who: ParticipantId, id: &Name) -> Result<(), DeliverError> {
        self.send(text(&Notice::ClientDisconnect { client_id: id.as_str() }))
    }

    fn close(&self, reason: CloseReason) {
        close(self, reason);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        Self::sign_of_life(self)
    }
}

impl Connection for ClientLine {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        match event {
            Event::Signal(signal) => forward(&self.socket, signal),
            Event::Left { participant, .. } => self.tell_left(*participant),
            Event::Joined { participant, name } => {
                lock(&self.others).insert(*participant, name.clone());
                Ok(())
            }
            Event::Chat(_) | Event::Reconnecting { .. } | Event::Resumed { .. } => Ok(()),
        }
    }

    fn close(&self, reason: CloseReason) {
        close(&self.socket, reason);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.socket.sign_of_life()
    }
}

impl Connection for SfuLine {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        match event {
            Event::Signal(signal) => {
                lock(&self.known).entry(signal.from).or_insert_with(|| signal.name.clone());
                self.ear.hear(signal)
            }
            Event::Left { participant, .. } => self.tell_left(*participant),
            Event::Joined { participant, .. } => {
                if self.room.enter(*participant) {
                    self.note_occupancy();
                }
                Ok(())
            }
            Event::Chat(_) | Event::Reconnecting { .. } | Event::Resumed { .. } => Ok(()),
        }
    }

    fn close(&self, reason: CloseReason) {
        self.ear.close(reason);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.ear.sign_of_life()
    }
}

fn forward(socket: &Socket, signal: &Signal) -> Result<(), DeliverError> {
    match Utf8Bytes::try_from(signal.payload.clone()) {
        Ok(data) => socket.send(data),
        Err(_) => {
            error!("what is not text cannot be told to anybody of the arbiter door");
            Ok(())
        }
    }
}

fn close(socket: &Socket, reason: CloseReason) {
    match reason {
        CloseReason::Replaced | CloseReason::Dismissed => {
            socket.close(POLICY, "another connection has this id now");
        }
        CloseReason::TooSlow => socket.close(POLICY, "too slow"),
        CloseReason::ShuttingDown => socket.close(GOING_AWAY, "the server stops"),
    }
}
