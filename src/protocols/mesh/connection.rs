//! One client of the mesh door: what it asks for, in order, and what it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{BoxFuture, pending},
};
use serde::Serialize;
use serde_json::value::RawValue;
use socketioxide::{
    SendError, SocketError,
    adapter::LocalAdapter,
    extract::{AckSender, SocketRef},
    handler::{FromMessageParts, Value},
    socket::{DisconnectReason, Socket},
};
use tracing::error;
use uuid::Uuid;

use super::{
    Counters, Dialect, MeshDoor,
    error::{BINARY_NOT_SUPPORTED, Code, NOT_JOINED, Refusal, TOO_MANY_REQUESTS},
    messages::{
        ClientMessage, DONE, JoinRoom, JoinedSuccessfully, MessageSent, Refused, SendMessage, ServerMessage, Signal,
    },
    transport::Transport,
};
use crate::{
    core::{
        error::{Replaced, SignalError},
        event::{Event, LeaveReason, Numbered, Signal as RoutedSignal, SignalKind},
        hub::{Chatted, JoinRequest, Joined, Seated},
        ids::{ConnectionId, ParticipantId, RoomId},
        outbox::{CloseReason, Connection, DeliverError},
    },
    protocols::{
        chat_json::{entry_of, sent_at_of, timestamp},
        lane::{Lane, Worker},
    },
};

/// How many events of one connection may wait for one that takes time: what a client may send ahead of the answer
/// to its join.
const MAX_WAITING_EVENTS: usize = 64;

/// How many chat messages of one connection may wait to be stored.
const MAX_WAITING_MESSAGES: usize = 64;

/// What is left of a packet besides its events when it is sent: braces, names, ids.
const ENVELOPE_BYTES: usize = 160;

/// A Socket.IO client.
pub struct MeshConnection {
    id: ConnectionId,
    door: Arc<MeshDoor>,
    /// Weak: the socket's handlers own this connection.
    socket: Weak<Socket<LocalAdapter>>,
    transport: Arc<Transport>,
    seat: Mutex<Option<Seated>>,
    events: Lane<Incoming>,
    messages: Lane<OutgoingMessage>,
}

/// Something that happened on the connection.
pub enum Incoming {
    /// The client sent an event; it is read when its turn comes.
    Packet(Packet),
    /// The connection is over.
    Disconnected(DisconnectReason),
}

/// An event as it came.
pub struct Packet {
    socket: Arc<Socket<LocalAdapter>>,
    data: Value,
    ack: Option<i64>,
}

/// A chat message on its way into the store.
pub struct OutgoingMessage {
    seat: Seated,
    id: Box<str>,
    body: Box<str>,
    ack: AckSender,
}

impl MeshConnection {
    /// A client that has just connected and sits nowhere.
    pub fn new(
        id: ConnectionId,
        door: Arc<MeshDoor>,
        socket: &Arc<Socket<LocalAdapter>>,
        transport: Arc<Transport>,
    ) -> Self {
        Self {
            id,
            door,
            socket: Arc::downgrade(socket),
            transport,
            seat: Mutex::default(),
            events: Lane::new(MAX_WAITING_EVENTS),
            messages: Lane::new(MAX_WAITING_MESSAGES),
        }
    }

    /// Takes an event in. Runs on the connection's reader: what can be done at once is done before it returns.
    pub fn on_packet(self: &Arc<Self>, socket: Arc<Socket<LocalAdapter>>, data: Value, ack: Option<i64>) {
        let packet = Incoming::Packet(Packet { socket, data, ack });
        if let Err(Incoming::Packet(mut packet)) = Lane::submit(self, packet, &self.door.tasks) {
            self.refuse(packet.take_ack(), &TOO_MANY_REQUESTS);
        }
    }

    /// Takes the end of the connection in, after everything that came before it.
    pub fn on_disconnect(self: &Arc<Self>, reason: DisconnectReason) {
        Lane::submit_always(self, Incoming::Disconnected(reason), &self.door.tasks);
    }

    fn handle_packet(self: &Arc<Self>, mut packet: Packet) -> Option<BoxFuture<'static, ()>> {
        let ack = packet.take_ack();
        match &packet.data {
            Value::Str(data, attachments) if attachments.as_ref().is_none_or(VecDeque::is_empty) => {
                self.handle_event(&data.clone().into(), ack)
            }
            _ => {
                self.refuse(ack, &BINARY_NOT_SUPPORTED);
                None
            }
        }
    }

    fn handle_event(self: &Arc<Self>, packet: &Bytes, ack: AckSender) -> Option<BoxFuture<'static, ()>> {
        let message = std::str::from_utf8(packet)
            .map_err(|_| Refusal::new(Code::InvalidPayload, "The event is not UTF-8"))
            .and_then(ClientMessage::parse);
        let outcome = match message {
            Ok(ClientMessage::SendOffer(signal)) => self.signal(SignalKind::Offer, &signal, packet),
            Ok(ClientMessage::SendAnswer(signal)) => self.signal(SignalKind::Answer, &signal, packet),
            Ok(ClientMessage::IceCandidate(signal)) => self.signal(SignalKind::Candidate, &signal, packet),
            Ok(ClientMessage::SendMessage(message)) => return self.queue_message(&message, ack),
            Ok(ClientMessage::LeaveRoom) => return Some(self.clone().leave(ack).boxed()),
            Ok(ClientMessage::JoinRoom(join)) => match self.join_request(&join) {
                Ok(request) => return Some(self.clone().join(request, ack).boxed()),
                Err(refusal) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(()) => self.acknowledge(ack, &DONE),
            Err(refusal) => self.refuse(ack, &refusal),
        }
        None
    }

    /// Relays an offer, an answer or a candidate: the hot path, without an await or a copy of the payload.
    fn signal(&self, kind: SignalKind, signal: &Signal, packet: &Bytes) -> Result<(), Refusal> {
        let seat = self.seat().clone().ok_or(NOT_JOINED)?;
        if let Some(appointment_id) = &signal.appointment_id
            && !names_room(appointment_id, seat.room())
        {
            return Err(Refusal::new(Code::WrongRoom, "You are not in that room"));
        }
        // An id that is none is nobody's: told apart, the two would say which ids exist.
        let to: ParticipantId = signal.remote.parse().map_err(|_| SignalError::NoSuchParticipant)?;
        self.door.hub.signal(&seat, to, kind, packet.slice_ref(signal.payload.as_bytes()))?;
        self.door.counters.signals.increment(1);
        Ok(())
    }

    fn join_request(&self, join: &JoinRoom) -> Result<JoinRequest, Refusal> {
        Ok(JoinRequest {
            room: join.appointment_id.parse().map_err(|error| Refusal::text("appointment_id", error))?,
            name: join.name.parse().map_err(|error| Refusal::text("name", error))?,
            policy: self.door.policy,
            session: join.session.as_deref().map(str::to_owned),
            received: join.received,
        })
    }

    async fn join(self: Arc<Self>, request: JoinRequest, ack: AckSender) {
        let present = self.seat().clone();
        let outcome = match present {
            // Joining where one sits is no second join: it tells how things stand.
            Some(seat) if *seat.room() == request.room => match self.door.hub.view(&seat).await {
                Ok(view) => {
                    self.welcome(&view, ack);
                    return;
                }
                Err(replaced) => Err(replaced.into()),
            },
            Some(_) => Err(Refusal::new(Code::AlreadyJoined, "This connection sits in another room")),
            None => self.door.hub.join(request).await.map_err(Refusal::from),
        };
        match outcome {
            Ok(joined) => self.sit_down(&joined, ack),
            Err(refusal) => self.refuse(ack, &refusal),
        }
    }

    fn sit_down(self: &Arc<Self>, joined: &Joined, ack: AckSender) {
        *self.seat() = Some(joined.seat.clone());
        self.door.counters.joins.increment(1);
        // The answer goes first; what the others said since the seat was taken follows it.
        self.welcome(joined, ack);
        if let Err(Replaced) = self.door.hub.attach(&joined.seat, self.clone()) {
            self.close(CloseReason::Replaced);
        }
    }

    fn welcome(&self, joined: &Joined, ack: AckSender) {
        let chats = joined.history.as_ref().map(|entries| format!("[{}]", entries.join(",")));
        let available = chats.is_some();
        let chats = RawValue::from_string(chats.unwrap_or_else(|| "[]".into()));
        let chats = chats.expect("a store gives back the JSON it was given");
        let other = joined.view.others.first();
        let mut reply = JoinedSuccessfully {
            success: None,
            message: "Joined Successfully",
            remote_socket: other.map(|other| other.participant.to_string()),
            opponent_name: other.map(|other| other.name.as_str()),
            chats: &chats,
            chats_available: available,
            participant: joined.seat.participant().to_string(),
            session: joined.session.as_str(),
            resumed: joined.resumed,
            polite: joined.view.polite,
            peer_connected: other.is_some_and(|other| other.connected),
            seq: joined.view.seq,
        };
        let Some(socket) = self.socket.upgrade() else { return };
        let size = chats.get().len() + ENVELOPE_BYTES;
        self.transport.send_answer(size);
        // If it does not get through, the connection is over, and says so itself.
        let _ = socket.emit("joined_successfully", &reply);
        reply.success = Some(true);
        self.transport.send_answer(size);
        self.acknowledge(ack, &reply);
    }

    fn queue_message(self: &Arc<Self>, message: &SendMessage, ack: AckSender) -> Option<BoxFuture<'static, ()>> {
        let Some(seat) = self.seat().clone() else {
            self.refuse(ack, &NOT_JOINED);
            return None;
        };
        let id = message.id.as_deref().map_or_else(|| Uuid::new_v4().to_string().into(), Into::into);
        let message = OutgoingMessage { seat, id, body: message.body.as_ref().into(), ack };
        // A lane of their own: signals must not wait for a disk.
        if let Err(message) = Lane::submit(self, message, &self.door.tasks) {
            self.refuse(message.ack, &TOO_MANY_REQUESTS);
        }
        None
    }

    async fn send_message(self: Arc<Self>, message: OutgoingMessage) {
        let OutgoingMessage { seat, id, body, ack } = message;
        let sent_at = match self.door.hub.chat(&seat, &id, &body, entry_of).await {
            Ok(Chatted::Sent(message)) => timestamp(message.sent_at),
            Ok(Chatted::Duplicate(json)) => sent_at_of(&json).unwrap_or_else(|| timestamp(self.door.hub.wall())),
            Err(error) => return self.refuse(ack, &error.into()),
        };
        self.door.counters.messages.increment(1);
        self.acknowledge(ack, &MessageSent { success: true, id: &id, sent_at: &sent_at });
    }

    async fn leave(self: Arc<Self>, ack: AckSender) {
        let seat = self.seat().take();
        match seat {
            Some(seat) => {
                self.door.hub.leave(&seat).await;
                self.acknowledge(ack, &DONE);
            }
            None => self.refuse(ack, &NOT_JOINED),
        }
    }

    fn handle_disconnect(self: &Arc<Self>, reason: DisconnectReason) -> Option<BoxFuture<'static, ()>> {
        let seat = self.seat().take()?;
        let this = self.clone();
        Some(
            async move {
                match reason {
                    DisconnectReason::ClientNSDisconnect => this.door.hub.leave(&seat).await,
                    _ => this.door.hub.connection_lost(&seat, this.id).await,
                }
            }
            .boxed(),
        )
    }

    fn refuse(&self, ack: AckSender, refusal: &Refusal) {
        Counters::refused(refusal.code);
        let Refusal { message, code, field } = refusal;
        // If it does not get through, the connection is over, and says so itself.
        let _ = self.emit(&ServerMessage::Error { message, code: *code, field: *field }, message.len());
        self.acknowledge(ack, &Refused::from(refusal));
    }

    fn acknowledge(&self, ack: AckSender, answer: &impl Serialize) {
        let _ = ack.send(answer);
    }

    fn emit(&self, message: &ServerMessage, content_bytes: usize) -> Result<(), DeliverError> {
        let socket = self.socket.upgrade().ok_or(DeliverError::Closed)?;
        if !self.transport.send(content_bytes + ENVELOPE_BYTES) {
            return Err(DeliverError::TooSlow);
        }
        socket.emit(message.event(), message).map_err(|error| match error {
            SendError::Socket(SocketError::InternalChannelFull) => DeliverError::TooSlow,
            _ => DeliverError::Closed,
        })
    }

    fn deliver_signal(&self, signal: &RoutedSignal, seq: u64) -> Result<(), DeliverError> {
        let Ok(payload) = serde_json::from_slice::<&RawValue>(&signal.payload) else {
            error!("a signal that is not JSON cannot be told to a client of the mesh door");
            return Ok(());
        };
        let (from, name) = (signal.from.to_string(), signal.name.as_str());
        let message = match (signal.kind, self.door.dialect) {
            (SignalKind::Offer, _) => ServerMessage::ReceiveOffer { from, offer: payload, name, seq },
            (SignalKind::Answer, _) => ServerMessage::ReceiveAnswer { from, answer: payload, seq },
            (SignalKind::Candidate, Dialect::Documented) => ServerMessage::IceCandidate { candidate: payload, seq },
            (SignalKind::Candidate, Dialect::Original) => ServerMessage::BareIceCandidate(payload),
        };
        self.emit(&message, signal.payload.len())
    }

    fn seat(&self) -> MutexGuard<'_, Option<Seated>> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection for MeshConnection {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { seq, event }: &Numbered) -> Result<(), DeliverError> {
        let seq = *seq;
        let message = match event {
            Event::Signal(signal) => return self.deliver_signal(signal, seq),
            Event::Chat(chat) => {
                let (id, from, name) = (&*chat.id, chat.from.to_string(), chat.name.as_str());
                let sent_at = timestamp(chat.sent_at);
                ServerMessage::ReceiveMessage { id, from, name, body: &chat.body, sent_at, seq }
            }
            Event::Joined { participant, name } => ServerMessage::PeerJoined {
                remote_socket: participant.to_string(),
                opponent_name: name.as_str(),
                seq,
            },
            Event::Reconnecting { participant } => {
                ServerMessage::PeerReconnecting { remote_socket: participant.to_string(), seq }
            }
            Event::Resumed { participant } => {
                ServerMessage::PeerResumed { remote_socket: participant.to_string(), seq }
            }
            Event::Left { participant, reason } => ServerMessage::UserLeft {
                message: match reason {
                    LeaveReason::Left => "The other user has left.",
                    LeaveReason::LeaseEnded | LeaveReason::NotAlive => "The other user has disconnected.",
                },
                remote_socket: participant.to_string(),
                seq,
            },
        };
        self.emit(&message, event.size())
    }

    fn close(&self, reason: CloseReason) {
        let Some(socket) = self.socket.upgrade() else { return };
        match reason {
            CloseReason::Replaced => {
                let message = "This visit goes on in another window or on another device.";
                let _ = self.emit(&ServerMessage::Replaced { message }, message.len());
                // A disconnection by the server: Socket.IO's clients do not come back from it by themselves.
                if SocketRef::from(socket).disconnect().is_err() {
                    self.transport.cut();
                }
            }
            CloseReason::TooSlow => self.transport.cut(),
            CloseReason::ShuttingDown => {
                let message = "The server restarts; the call goes on.";
                let retry_after_ms = self.door.retry_after_ms(self.id);
                let _ = self.emit(&ServerMessage::ShuttingDown { message, retry_after_ms }, message.len());
            }
        }
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        let heard = self.transport.next_heard();
        self.transport.ping_with_next_event();
        match self.emit(&ServerMessage::Probe {}, 0) {
            Ok(()) | Err(DeliverError::TooSlow) => heard.boxed(),
            Err(DeliverError::Closed) => pending().boxed(),
        }
    }
}

impl Worker<Incoming> for MeshConnection {
    fn lane(&self) -> &Lane<Incoming> {
        &self.events
    }

    fn work(self: &Arc<Self>, incoming: Incoming) -> Option<BoxFuture<'static, ()>> {
        match incoming {
            Incoming::Packet(packet) => self.handle_packet(packet),
            Incoming::Disconnected(reason) => self.handle_disconnect(reason),
        }
    }
}

impl Worker<OutgoingMessage> for MeshConnection {
    fn lane(&self) -> &Lane<OutgoingMessage> {
        &self.messages
    }

    fn work(self: &Arc<Self>, message: OutgoingMessage) -> Option<BoxFuture<'static, ()>> {
        Some(self.clone().send_message(message).boxed())
    }
}

impl Packet {
    fn take_ack(&mut self) -> AckSender {
        let Ok(ack) = AckSender::from_message_parts(&self.socket, &mut self.data, &self.ack);
        ack
    }
}

fn names_room(text: &str, room: &RoomId) -> bool {
    text == room.as_str() || text.parse().is_ok_and(|named: RoomId| named == *room)
}
