//! One WebSocket of the arbiter door: who is on it, and what they ask for, in order.

use std::{panic::AssertUnwindSafe, sync::Arc};

use bytes::Bytes;
use futures_util::FutureExt;
use tracing::error;

use super::{
    ArbiterDoor,
    delivery::ClientLine,
    error::Refusal,
    messages::{Handshake, Identify, Outcome, Request, Role, text},
    room_of,
    rooms::Lasts,
    row::unique,
    sfu::Sfu,
};
use crate::{
    core::{
        hub::join::Seated,
        model::{event::SignalKind, ids::Name},
        ports::connection::DeliverError,
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
    Sfu(Sfu),
}

/// A participant of a call.
struct Guest {
    id: Name,
    room: Name,
    /// Its seat; none while the SFU has not come.
    place: Option<Place>,
}

/// A client's seat beside the SFU.
struct Place {
    seat: Seated,
    line: Arc<ClientLine>,
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
        self.forget_ended_room().await;
        match Request::parse(text)? {
            Request::Identify(identify) => self.identify(&identify).await,
            Request::Handshake(handshake) => self.handshake(&handshake, text.as_ref()).await,
        }
    }

    /// What was said for a room ends with it: a later one by its name is another.
    async fn forget_ended_room(&mut self) {
        if let Identity::Guest(Guest { place: Some(place), .. }) = &self.identity
            && place.line.is_over()
        {
            // It is being given up; whoever comes in by the same id finds it free.
            self.wire.door.hub.leave(&place.seat).await;
            self.identity = Identity::Nobody;
        }
    }

    async fn identify(&mut self, identify: &Identify<'_>) -> Result<(), Refusal> {
        let id = name("id", &identify.id)?;
        match &identify.role {
            Role::Client { room } => self.identify_guest(id, name("roomId", room)?).await,
            Role::Sfu { secret } => {
                self.is_proven |=
                    secret.as_deref().is_some_and(|secret| self.wire.door.sfu_secret.is(secret));
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
        let mut guest = Guest { id, room, place: None };
        self.wire.sit_down(&mut guest).await?;
        self.identity = Identity::Guest(guest);
        Ok(())
    }

    async fn identify_sfu(&mut self, id: Name) -> Result<(), Refusal> {
        match &self.identity {
            Identity::Nobody => {}
            Identity::Sfu(sfu) if sfu.room.id == id => return Ok(()),
            _ => return Err(Refusal::AlreadyIdentified),
        }
        if !self.is_proven && self.wire.door.sfu_secret.reveal().is_some() {
            return Err(Refusal::NotAnSfu);
        }
        let (door, ear) = (&self.wire.door, Box::new(self.wire.socket.clone()));
        let sfu = Sfu::come_in(door, id, self.wire.id.clone(), Lasts::WhileConnected, ear).await?;
        self.identity = Identity::Sfu(sfu);
        Ok(())
    }

    async fn handshake(&mut self, handshake: &Handshake<'_>, message: &Bytes) -> Result<(), Refusal> {
        let data = message.slice_ref(handshake.data.as_bytes());
        match &mut self.identity {
            Identity::Nobody => Err(Refusal::NotFound),
            Identity::Sfu(sfu) => self.wire.send_to_client(sfu, handshake, data),
            Identity::Guest(guest) => self.wire.send_to_sfu(guest, handshake, data).await,
        }
    }

    async fn leave(&mut self) {
        match std::mem::replace(&mut self.identity, Identity::Nobody) {
            Identity::Nobody => {}
            Identity::Guest(guest) => {
                let Some(place) = guest.place else { return };
                self.wire.door.hub.leave(&place.seat).await;
                self.wire.door.refresh_if_here(&guest.room).await;
            }
            Identity::Sfu(sfu) => sfu.go(&self.wire.door).await,
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

    /// Takes a seat beside the SFU, on whatever node that is. Without an SFU there is none, and the client may try again.
    async fn sit_down(&self, guest: &mut Guest) -> Result<(), Refusal> {
        if guest.id == guest.room {
            return Err(Refusal::IdTaken);
        }
        if !self.has_sfu(&guest.room).await? {
            return Ok(());
        }
        let joined = self.door.join(&guest.room, &guest.id).await?;
        let (seat, others) = (joined.seat, joined.view.others);
        let Some(sfu) = others.iter().find(|other| other.name == guest.room).map(|sfu| sfu.participant)
        else {
            self.door.hub.leave(&seat).await;
            return Ok(());
        };
        let line = ClientLine::new(self.door.clone(), self.socket.clone(), seat.clone(), sfu, others);
        let line = Arc::new(line);
        // If the seat is somebody else's by now, what is sent from it says so.
        let _ = self.door.hub.attach(&seat, line.clone());
        guest.place = Some(Place { seat, line });
        self.door.refresh_if_here(&guest.room).await;
        Ok(())
    }

    async fn has_sfu(&self, room: &Name) -> Result<bool, Refusal> {
        let seats = self.door.hub.seats(&room_of(room)?).await?;
        Ok(seats.iter().any(|seat| seat.name == *room))
    }

    fn send_to_client(&self, sfu: &Sfu, handshake: &Handshake<'_>, data: Bytes) -> Result<(), Refusal> {
        if *handshake.sender != *sfu.room.id.as_str() {
            return Err(Refusal::Claimed("sender"));
        }
        let receiver = handshake.receiver.as_deref().ok_or(Refusal::Missing("receiver"))?;
        let receiver = name("receiver", receiver)?;
        let client = self.door.hub.find(&sfu.seat, &receiver).ok_or(Refusal::NotFound)?;
        self.door.hub.signal(&sfu.seat, client, SignalKind::Other, data)?;
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
        if guest.place.is_none() {
            self.sit_down(guest).await?;
        }
        let place = guest.place.as_ref().ok_or(Refusal::NotFound)?;
        self.door.hub.signal(&place.seat, place.line.sfu, SignalKind::Other, data)?;
        self.door.counters.signals.increment(1);
        Ok(())
    }
}

/// An id as it stands. One that would have to be changed is none: it would not be known again.
fn name(field: &'static str, text: &str) -> Result<Name, Refusal> {
    let name: Name = text.parse().map_err(|_| Refusal::Missing(field))?;
    if name.as_str() == text { Ok(name) } else { Err(Refusal::Missing(field)) }
}
