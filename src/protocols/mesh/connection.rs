//! One client of the mesh door: its events, handled in order, and its seat.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::value::RawValue;
use socketioxide::{
    adapter::LocalAdapter,
    socket::{DisconnectReason, Socket},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    MeshDoor,
    early_events::EarlyEvents,
    error::{Code, NOT_JOINED, Refusal, TOO_MANY_REQUESTS},
    inbound::Unread,
    messages::{ClientMessage, DONE, ErrorEvent, RefusedAck, UNKNOWN_EVENT, event_in},
    sending::{Ack, PacketSender},
    transport::Transport,
};
use crate::{
    core::{
        hub::join::Seated,
        model::{
            error::SignalError,
            event::{ChatMessage, SignalKind},
            ids::{ConnectionId, ParticipantId, RoomId},
            lock::lock,
        },
    },
    protocols::lane::{Lane, Worker},
};

/// Bytes of events of one connection that may wait for an asynchronous one.
///
/// Well more than a client sends before its join is answered. Only the mesh door queues events, so its limits
/// are its own.
const MAX_WAITING_EVENTS: usize = 512 * 1024;

/// Bytes of chat messages of one connection that may wait to be stored.
const MAX_WAITING_MESSAGES: usize = 256 * 1024;

/// Bytes that a waiting item takes on top of its content.
pub(super) const WAITING_OVERHEAD: usize = 256;

/// A Socket.IO client.
pub struct MeshConnection {
    pub(super) id: ConnectionId,
    pub(super) door: Arc<MeshDoor>,
    pub(super) packets: PacketSender,
    seat: Mutex<Option<Seated>>,
    /// Events that wait for the first join.
    pub(super) early: EarlyEvents,
    pub(super) has_joined: AtomicBool,
    /// The server has ended the connection; the session that carries it may continue.
    closing: AtomicBool,
    inputs: Lane<Input>,
    pub(super) messages: Lane<PendingMessage>,
}

/// Work that a connection handles one item after the other.
pub enum Input {
    /// The client sent an event.
    Event(EventPacket),
    /// The connection is over.
    Disconnected(DisconnectReason),
}

/// The packet of an event, not parsed yet.
pub struct EventPacket {
    /// False for an event whose name has no handler.
    pub is_registered: bool,
    /// Name and arguments, a JSON array; or why they were not read.
    pub data: Result<Utf8Bytes, Unread>,
    /// How the event is acknowledged.
    pub ack: Ack,
}

/// A chat message on its way into the store.
pub struct PendingMessage {
    /// The sender's seat at the time of sending.
    pub seat: Seated,
    /// The message.
    pub message: ChatMessage,
    /// How the event is acknowledged.
    pub ack: Ack,
}

impl MeshConnection {
    /// A client that has just connected and has no seat.
    pub fn new(
        id: ConnectionId,
        door: Arc<MeshDoor>,
        socket: &Arc<Socket<LocalAdapter>>,
        transport: Arc<Transport>,
    ) -> Self {
        Self {
            id,
            early: EarlyEvents::new(door.waiting_bytes.clone()),
            inputs: Lane::new(MAX_WAITING_EVENTS, door.waiting_bytes.clone()),
            messages: Lane::new(MAX_WAITING_MESSAGES, door.waiting_bytes.clone()),
            has_joined: AtomicBool::new(false),
            door,
            packets: PacketSender { socket: Arc::downgrade(socket), transport },
            seat: Mutex::default(),
            closing: AtomicBool::new(false),
        }
    }

    /// Holds answers back until CONNECT is written, on the direct path. Others follow that packet in the
    /// library.
    pub fn on_connecting(&self) {
        if let Some(direct) = self.packets.transport.direct() {
            direct.hold_until_connected();
        }
    }

    /// Handles an event after all earlier ones, before this returns if nothing asynchronous is under way.
    pub fn on_event(self: &Arc<Self>, packet: EventPacket) {
        if let Err(Input::Event(packet)) = Lane::submit(self, Input::Event(packet), &self.door.runtime.tasks)
        {
            self.refuse_event(packet.data.as_deref().ok(), packet.ack, &TOO_MANY_REQUESTS);
        }
    }

    /// Handles the end of the connection after all its events.
    pub fn on_disconnect(self: &Arc<Self>, reason: DisconnectReason) {
        Lane::submit_always(self, Input::Disconnected(reason), &self.door.runtime.tasks);
    }

    fn handle_packet(self: &Arc<Self>, packet: EventPacket) -> Option<BoxFuture<'static, ()>> {
        let EventPacket { is_registered, data, ack } = packet;
        if !self.door.common.admission.admits_event(self.packets.transport.client) {
            self.refuse_event(data.as_deref().ok(), ack, &TOO_MANY_REQUESTS);
            return None;
        }
        match data {
            Ok(data) => self.handle_event(&data, is_registered, ack),
            Err(unread) => {
                self.refuse(ack, &unread.refusal());
                None
            }
        }
    }

    pub(super) fn handle_event(
        self: &Arc<Self>,
        packet: &Utf8Bytes,
        is_registered: bool,
        ack: Ack,
    ) -> Option<BoxFuture<'static, ()>> {
        let outcome = match ClientMessage::parse(packet) {
            Ok(_) if !is_registered => Err(UNKNOWN_EVENT),
            Ok(message) if message.needs_seat() && self.is_early() => {
                self.hold(EventPacket { is_registered, data: Ok(packet.clone()), ack });
                return None;
            }
            Ok(ClientMessage::SendOffer(sent)) => self
                .check_room(&sent.appointment_id)
                .and_then(|()| self.signal(SignalKind::Offer, &sent.remote_socket_id, sent.offer, packet)),
            Ok(ClientMessage::SendAnswer(sent)) => self
                .check_room(&sent.appointment_id)
                .and_then(|()| self.signal(SignalKind::Answer, &sent.remote_socket_id, sent.answer, packet)),
            Ok(ClientMessage::SendCandidate(sent)) => {
                self.signal(SignalKind::Candidate, &sent.remote_socket_id, sent.candidate, packet)
            }
            Ok(ClientMessage::SendMessage(message)) => {
                match message.appointment_id.as_deref().map_or(Ok(()), |named| self.check_room(named)) {
                    Ok(()) => {
                        self.queue_message(&message, ack);
                        return None;
                    }
                    Err(refusal) => Err(refusal),
                }
            }
            Ok(ClientMessage::LeaveRoom(_)) => return Some(self.clone().leave(ack).boxed()),
            Ok(ClientMessage::JoinRoom(join)) => match self.join_request(&join) {
                Ok(request) => {
                    self.early.await_outcome();
                    return Some(self.clone().join(request, ack).boxed());
                }
                Err(refusal) => Err(refusal),
            },
            Err(_) if self.packets.transport.direct().is_some() && event_in(packet).is_none() => {
                // The library too ends a session that sends this.
                self.packets.transport.refuse();
                return None;
            }
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(()) => self.packets.acknowledge(ack, &DONE),
            Err(refusal) => self.refuse_event(Some(packet), ack, &refusal),
        }
        None
    }

    /// Refuses an event; before a join, what waits for it.
    fn refuse_event(self: &Arc<Self>, packet: Option<&str>, ack: Ack, refusal: &Refusal) {
        if packet.and_then(event_in).is_some_and(|event| event == "join_room") {
            self.refuse_early();
        }
        self.refuse(ack, refusal);
    }

    /// Relays an offer, an answer or a candidate. The hot path: no await; the payload shares the packet's
    /// bytes.
    fn signal(
        &self,
        kind: SignalKind,
        to: &str,
        payload: &RawValue,
        packet: &Utf8Bytes,
    ) -> Result<(), Refusal> {
        let seat = self.seat().clone().ok_or(NOT_JOINED)?;
        // A malformed id gets the answer of an unknown one, so that answers do not tell which ids exist.
        let to: ParticipantId = to.parse().map_err(|_| SignalError::NoSuchParticipant)?;
        self.door.common.hub.signal(
            &seat,
            to,
            kind,
            Bytes::from(packet.clone()).slice_ref(payload.get().as_bytes()),
        )?;
        self.door.runtime.counters.signals.increment(1);
        Ok(())
    }

    /// Checks that the room a client names is its own.
    fn check_room(&self, named: &str) -> Result<(), Refusal> {
        let seat = self.seat().clone().ok_or(NOT_JOINED)?;
        if names_room(named, seat.room()) {
            Ok(())
        } else {
            Err(Refusal::new(Code::WrongRoom, "You are not in that room"))
        }
    }

    pub(super) fn refuse(&self, ack: Ack, refusal: &Refusal) {
        self.refuse_with(ack, refusal, &RefusedAck::from(refusal));
    }

    pub(super) fn refuse_with(&self, ack: Ack, refusal: &Refusal, answer: &RefusedAck<'_>) {
        self.door.runtime.counters.refused(refusal.code.name());
        // An event that cannot be sent is dropped: its connection is over, and reports that itself.
        let _ = self.packets.emit(&ErrorEvent::from(refusal), refusal.message.len());
        self.packets.acknowledge(ack, answer);
    }

    /// Marks the connection as ended by the server. The session that carries it may continue.
    pub(super) fn begin_closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        let is_ended = self.closing.load(Ordering::Relaxed) || self.packets.transport.is_closing();
        is_ended || self.door.common.hub.is_draining()
    }

    pub(super) fn seat(&self) -> MutexGuard<'_, Option<Seated>> {
        lock(&self.seat)
    }
}

impl Worker<Input> for MeshConnection {
    fn lane(&self) -> &Lane<Input> {
        &self.inputs
    }

    fn weight(input: &Input) -> usize {
        match input {
            Input::Event(packet) => packet.data.as_deref().map_or(0, str::len) + WAITING_OVERHEAD,
            Input::Disconnected(_) => 0,
        }
    }

    fn work(self: &Arc<Self>, input: Input) -> Option<BoxFuture<'static, ()>> {
        match input {
            Input::Event(packet) => self.handle_packet(packet),
            Input::Disconnected(reason) => self.handle_disconnect(reason),
        }
    }
}

fn names_room(text: &str, room: &RoomId) -> bool {
    text == room.as_str() || text.parse().is_ok_and(|named: RoomId| named == *room)
}
