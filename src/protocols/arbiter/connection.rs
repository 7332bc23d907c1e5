//! One WebSocket of the arbiter door: who is on it, and what they ask for, in order.

use std::{panic::AssertUnwindSafe, sync::Arc};

use bytes::Bytes;
use futures_util::FutureExt;
use tracing::error;

use super::{
    ArbiterDoor, NAMESPACE,
    delivery::Line,
    error::{Refusal, log},
    messages::{Handshake, Identify, Outcome, Request, Role, text},
    rooms::SfuRoom,
    row::unique,
};
use crate::{
    core::{
        error::Replaced,
        event::SignalKind,
        ids::{Name, RoomId},
        join::{JoinRequest, Joined, Seated},
        outbox::{CloseReason, Connection, DeliverError},
    },
    protocols::{
        admission::Client,
        websocket::{Incoming, Message, Socket},
    },
};

/// A client's or an SFU's connection.
pub struct ArbiterConnection {
    wire: Wire,
    /// Whom to count its messages for.
    client: Client,
    /// Whether it has proved to be an SFU's.
    is_proven: bool,
    identity: Identity,
}

/// What stays the same, whoever is on it.
struct Wire {
    door: Arc<ArbiterDoor>,
    socket: Socket,
    /// Its id, which is no secret.
    id: String,
}

/// Who is on a connection.
enum Identity {
    /// It has not been said, or the room it was said for is no more.
    Nobody,
    Guest(Guest),
    Sfu(Seat),
}

/// A participant of a call.
struct Guest {
    id: Name,
    room: Name,
    /// Its seat; none while the SFU has not come.
    seat: Option<Seat>,
}

struct Seat {
    seated: Seated,
    room: Arc<SfuRoom>,
}

impl ArbiterConnection {
    /// A connection that has just been opened.
    pub fn new(door: Arc<ArbiterDoor>, socket: Socket, client: Client, is_proven: bool) -> Self {
        let wire = Wire { door, socket, id: unique() };
        Self { wire, client, is_proven, identity: Identity::Nobody }
    }

    /// Serves it until it ends.
    pub async fn serve(mut self, mut incoming: Incoming) {
        // Whatever goes wrong in here, the others are told that this one has gone.
        let conversation = AssertUnwindSafe(self.converse(&mut incoming)).catch_unwind().await;
        if conversation.is_err() {
            error!("a connection of the arbiter door ended by a panic");
        }
        self.leave().await;
    }

    async fn converse(&mut self, incoming: &mut Incoming) {
        while let Ok(message) = incoming.next().await {
            let outcome = self.handle(&message).await;
            self.wire.answer(outcome);
        }
    }

    async fn handle(&mut self, message: &Message) -> Result<(), Refusal> {
        if !self.wire.door.admission.admits_event(self.client) {
            return Err(Refusal::TooMany);
        }
        let Message::Text(text) = message else { return Err(Refusal::Binary) };
        self.forget_ended_room();
        match Request::parse(text)? {
            Request::Identify(identify) => self.identify(&identify).await,
            Request::Handshake(handshake) => self.handshake(&handshake, text.as_ref()).await,
        }
    }

    /// What was said for a room ends with it: a later one by its name is another.
    fn forget_ended_room(&mut self) {
        if let Identity::Guest(Guest { seat: Some(seat), .. }) = &self.identity
            && seat.room.is_closed()
        {
            self.identity = Identity::Nobody;
        }
    }

    async fn identify(&mut self, identify: &Identify<'_>) -> Result<(), Refusal> {
        let id = name("id", &identify.id)?;
        match &identify.role {
            Role::Client { room } => self.identify_guest(id, name("roomId", room)?).await,
            Role::Sfu { secret } => {
                self.is_proven |= secret.as_deref().is_some_and(|secret| self.wire.door.sfu_secret.is(secret));
                self.identify_sfu(id).await
            }
        }
    }

    async fn identify_guest(&mut self, id: Name, room: Name) -> Result<(), Refusal> {
        match &self.identity {
            Identity::Nobody => {}
            Identity::Guest(guest) if guest.id == id && guest.room == room => return Ok(()),
            _ => return Err(Refusal::AlreadyIdentified),
        }
        let mut guest = Guest { id, room, seat: None };
        self.wire.sit_down(&mut guest).await?;
        self.identity = Identity::Guest(guest);
        Ok(())
    }

    async fn identify_sfu(&mut self, id: Name) -> Result<(), Refusal> {
        match &self.identity {
            Identity::Nobody => {}
            Identity::Sfu(seat) if seat.room.id == id => return Ok(()),
            _ => return Err(Refusal::AlreadyIdentified),
        }
        if !self.is_proven && self.wire.door.sfu_secret.reveal().is_some() {
            return Err(Refusal::NotAnSfu);
        }
        let joined = self.wire.join(&id, &id).await?;
        let room = Arc::new(SfuRoom::new(id, joined.seat.participant(), self.wire.id.clone()));
        if let Some(former) = self.wire.door.rooms.open(room.clone()) {
            self.wire.door.end_room(&former).await;
        }
        let seat = Seat { seated: joined.seat, room };
        self.wire.attach(&seat, true);
        if let Err(error) = self.wire.door.claims.register(&seat.room).await {
            log(&error);
        }
        self.wire.door.rooms.has_come_in(&seat.room);
        self.identity = Identity::Sfu(seat);
        Ok(())
    }

    async fn handshake(&mut self, handshake: &Handshake<'_>, message: &Bytes) -> Result<(), Refusal> {
        let data = message.slice_ref(handshake.data.as_bytes());
        match &mut self.identity {
            Identity::Nobody => Err(Refusal::NotFound),
            Identity::Sfu(seat) => self.wire.send_to_client(seat, handshake, data),
            Identity::Guest(guest) => self.wire.send_to_sfu(guest, handshake, data).await,
        }
    }

    async fn leave(&mut self) {
        match std::mem::replace(&mut self.identity, Identity::Nobody) {
            Identity::Nobody => {}
            Identity::Guest(guest) => {
                let Some(seat) = guest.seat else { return };
                self.wire.door.hub.leave(&seat.seated).await;
                if seat.room.leave(seat.seated.participant()) {
                    self.wire.door.refresh(&seat.room).await;
                }
            }
            Identity::Sfu(seat) => {
                self.wire.door.rooms.close(&seat.room);
                self.wire.door.forget(&seat.room).await;
                self.wire.door.hub.leave(&seat.seated).await;
                self.wire.door.end_room(&seat.room).await;
            }
        }
    }
}

impl Wire {
    fn answer(&self, outcome: Result<(), Refusal>) {
        let frame = match outcome {
            Ok(()) => text(&Outcome { status_code: 200, message: None }),
            Err(refusal) => {
                self.door.counters.refused(refusal.code());
                refusal.frame(&self.id)
            }
        };
        if self.socket.send(frame) == Err(DeliverError::TooSlow) {
            self.socket.close(1008, "too slow");
        }
    }

    /// Takes a seat beside the SFU. Without an SFU there is none, and the client may try again.
    async fn sit_down(&self, guest: &mut Guest) -> Result<(), Refusal> {
        if guest.id == guest.room {
            return Err(Refusal::IdTaken);
        }
        let Some(room) = self.door.rooms.get(&guest.room) else { return Ok(()) };
        let joined = self.join(&guest.room, &guest.id).await?;
        let seated = joined.seat;
        let is_live = joined.view.others.iter().any(|other| other.participant == room.sfu)
            && room.enter(guest.id.clone(), seated.clone());
        if !is_live {
            self.door.hub.leave(&seated).await;
            return Ok(());
        }
        let seat = guest.seat.insert(Seat { seated, room });
        self.attach(seat, false);
        self.door.refresh(&seat.room).await;
        Ok(())
    }

    async fn join(&self, room: &Name, id: &Name) -> Result<Joined, Refusal> {
        let room = RoomId::within(NAMESPACE, room.as_str()).map_err(|_| Refusal::Missing("roomId"))?;
        let policy = self.door.policy;
        let request = JoinRequest { room, name: id.clone(), policy, session: None, received: None };
        let joined = self.door.hub.join(request).await?;
        self.door.counters.joins.increment(1);
        Ok(joined)
    }

    fn attach(&self, seat: &Seat, is_sfu: bool) {
        let line = Arc::new(Line::new(self.socket.clone(), seat.room.clone(), is_sfu));
        if let Err(Replaced) = self.door.hub.attach(&seat.seated, line.clone())
            && is_sfu
        {
            line.close(CloseReason::Replaced);
        }
    }

    fn send_to_client(&self, seat: &Seat, handshake: &Handshake<'_>, data: Bytes) -> Result<(), Refusal> {
        if *handshake.sender != *seat.room.id.as_str() {
            return Err(Refusal::Claimed("sender"));
        }
        let receiver = handshake.receiver.as_deref().ok_or(Refusal::Missing("receiver"))?;
        let receiver = name("receiver", receiver)?;
        let client = self.door.hub.find(&seat.seated, &receiver).ok_or(Refusal::NotFound)?;
        self.door.hub.signal(&seat.seated, client, SignalKind::Other, data)?;
        self.door.counters.signals.increment(1);
        Ok(())
    }

    async fn send_to_sfu(
        &self,
        guest: &mut Guest,
        handshake: &Handshake<'_>,
        data: Bytes,
    ) -> Result<(), Refusal> {
        if *handshake.sender != *guest.id.as_str() {
            return Err(Refusal::Claimed("sender"));
        }
        if handshake.room.as_deref().ok_or(Refusal::Missing("roomId"))? != guest.room.as_str() {
            return Err(Refusal::Claimed("roomId"));
        }
        if guest.seat.is_none() {
            self.sit_down(guest).await?;
        }
        let seat = guest.seat.as_ref().ok_or(Refusal::NotFound)?;
        seat.room.shake_hands(seat.seated.participant());
        self.door.hub.signal(&seat.seated, seat.room.sfu, SignalKind::Other, data)?;
        self.door.counters.signals.increment(1);
        Ok(())
    }
}

/// An id as it stands. One that would have to be changed is none: it would not be known again.
fn name(field: &'static str, text: &str) -> Result<Name, Refusal> {
    let name: Name = text.parse().map_err(|_| Refusal::Missing(field))?;
    if name.as_str() == text { Ok(name) } else { Err(Refusal::Missing(field)) }
}
