//! Messages to a client or an SFU: signals of other participants, unchanged, and departures.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    ArbiterDoor,
    messages::{Notice, encode},
    rooms::SfuRoom,
};
use crate::{
    core::{model::lock::lock, room::Other},
    protocols::prelude::*,
};

/// The server stops. Source of the codes: RFC 6455, section 7.4.1.
pub const GOING_AWAY: CloseStatus = CloseStatus { code: 1001, reason: "the server stops" };

/// The client does not read its messages.
pub const TOO_SLOW: CloseStatus = CloseStatus { code: 1008, reason: "too slow" };

/// A newer connection has the seat.
const REPLACED: CloseStatus = CloseStatus { code: 1008, reason: "another connection has this id now" };

/// Delivers the events of a room to a client.
pub struct ClientDelivery {
    sender: SocketSender,
    door: Arc<ArbiterDoor>,
    seat: Seated,
    /// The SFU as a participant of the core, on any node.
    pub sfu: ParticipantId,
    /// The other clients and their ids.
    others: Mutex<HashMap<ParticipantId, Name>>,
    /// Whether the SFU has left, which ends the room.
    over: AtomicBool,
}

/// Receives events for an SFU: a WebSocket, or the queue of an SFU inside the server. As for a
/// [`Connection`], no method may block.
pub trait SfuInbox: Send + Sync + 'static {
    /// Delivers a signal of a client.
    ///
    /// # Errors
    /// The signal was not accepted; the connection of the SFU must be closed.
    fn deliver_signal(&self, signal: &Signal) -> Result<(), DeliverError>;

    /// Reports that the client called `id`, which the SFU knows, has left.
    ///
    /// # Errors
    /// As for [`deliver_signal`](Self::deliver_signal).
    fn client_left(&self, who: ParticipantId, id: &Name) -> Result<(), DeliverError>;

    /// Closes the connection of the SFU.
    fn close(&self, reason: CloseReason);

    /// As [`Connection::sign_of_life`].
    fn sign_of_life(&self) -> BoxFuture<'static, ()>;
}

/// Delivers the events of a room to its SFU.
pub struct SfuDelivery {
    id: ConnectionId,
    inbox: Box<dyn SfuInbox>,
    door: Arc<ArbiterDoor>,
    room: Arc<SfuRoom>,
    /// The clients that have sent a signal to the SFU, and their ids.
    known: Mutex<HashMap<ParticipantId, Name>>,
}

impl ClientDelivery {
    /// Creates the delivery to the client in `seat`, who shares the room with `sfu` and `others`.
    pub fn new(
        door: Arc<ArbiterDoor>,
        sender: SocketSender,
        seat: Seated,
        sfu: ParticipantId,
        others: Vec<Other>,
    ) -> Self {
        let others = others.into_iter().filter(|other| other.participant != sfu);
        let others = Mutex::new(others.map(|other| (other.participant, other.name)).collect());
        Self { sender, door, seat, sfu, others, over: AtomicBool::new(false) }
    }

    /// Whether the SFU has left.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Reports that the SFU or another client has left.
    fn tell_left(&self, who: ParticipantId) -> Result<(), DeliverError> {
        if who == self.sfu {
            // Set before the message is sent: an answer to it must find the room ended.
            self.over.store(true, Ordering::Release);
            let (door, seat) = (self.door.clone(), self.seat.clone());
            self.door.runtime.tasks.spawn(async move { door.common.hub.leave(&seat).await });
            return self.sender.send(encode(&Notice::SfuDisconnect));
        }
        // After the SFU has left, all clients leave; the protocol reports only the SFU.
        match lock(&self.others).remove(&who).filter(|_| !self.is_over()) {
            Some(id) => self.sender.send(encode(&Notice::ClientDisconnect { client_id: id.as_str() })),
            None => Ok(()),
        }
    }
}

impl SfuDelivery {
    /// Creates the delivery to the SFU of `room`.
    pub fn new(door: Arc<ArbiterDoor>, room: Arc<SfuRoom>, inbox: Box<dyn SfuInbox>) -> Self {
        Self { id: ConnectionId::next(), inbox, door, room, known: Mutex::default() }
    }

    /// Records that the first client has joined, or the last one left.
    fn record_occupancy(&self) {
        let (door, room) = (self.door.clone(), self.room.clone());
        self.door.runtime.tasks.spawn(async move { door.refresh(&room).await });
    }

    /// Reports that a client has left, if the SFU knows it.
    fn tell_left(&self, who: ParticipantId) -> Result<(), DeliverError> {
        if self.room.leave(who) {
            self.record_occupancy();
        }
        match lock(&self.known).remove(&who).filter(|_| !self.room.has_ended()) {
            Some(id) => self.inbox.client_left(who, &id),
            None => Ok(()),
        }
    }
}

impl SfuInbox for SocketSender {
    fn deliver_signal(&self, signal: &Signal) -> Result<(), DeliverError> {
        self.send_payload(&signal.payload)
    }

    fn client_left(&self, _who: ParticipantId, id: &Name) -> Result<(), DeliverError> {
        self.send(encode(&Notice::ClientDisconnect { client_id: id.as_str() }))
    }

    fn close(&self, reason: CloseReason) {
        close_for(self, reason);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        Self::sign_of_life(self)
    }
}

impl SocketConnection for ClientDelivery {
    fn sender(&self) -> &SocketSender {
        &self.sender
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        match event {
            Event::Signal(signal) => self.sender.send_payload(&signal.payload),
            Event::Left { participant, .. } => self.tell_left(*participant),
            Event::Joined { participant, name } => {
                lock(&self.others).insert(*participant, name.clone());
                Ok(())
            }
            Event::Chat(_) | Event::Reconnecting { .. } | Event::Resumed { .. } => Ok(()),
        }
    }

    fn close(&self, reason: CloseReason) {
        close_for(&self.sender, reason);
    }
}

impl Connection for SfuDelivery {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        match event {
            Event::Signal(signal) => {
                lock(&self.known).entry(signal.from).or_insert_with(|| signal.name.clone());
                self.inbox.deliver_signal(signal)
            }
            Event::Left { participant, .. } => self.tell_left(*participant),
            Event::Joined { participant, .. } => {
                if self.room.enter(*participant) {
                    self.record_occupancy();
                }
                Ok(())
            }
            Event::Chat(_) | Event::Reconnecting { .. } | Event::Resumed { .. } => Ok(()),
        }
    }

    fn close(&self, reason: CloseReason) {
        self.inbox.close(reason);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.inbox.sign_of_life()
    }
}

fn close_for(sender: &SocketSender, reason: CloseReason) {
    sender.close(match reason {
        CloseReason::Replaced | CloseReason::Dismissed => REPLACED,
        CloseReason::TooSlow => TOO_SLOW,
        CloseReason::ShuttingDown => GOING_AWAY,
    });
}
