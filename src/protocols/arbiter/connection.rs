//! One WebSocket of the arbiter door: the client or SFU on it identifies itself, then sends handshakes, in
//! order.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    ArbiterDoor, NAMESPACE,
    delivery::{ClientDelivery, TOO_SLOW},
    error::Refusal,
    messages::{ArbiterRequest, ArbiterRole, Handshake, Identify, Reply, encode, encode_refusal},
    records::unique,
    room_of,
    rooms::SfuLifetime,
    sfu::Sfu,
    waiting::WaitingClient,
};
use crate::{
    core::{
        hub::join::Seated,
        model::{event::SignalKind, ids::Name},
        ports::connection::DeliverError,
    },
    protocols::{
        admission::ClientAddress,
        runtime::contain_panic,
        unavailable::log_unavailable,
        websocket::{Socket, SocketMessage, SocketSender},
    },
};

/// The connection of a client or an SFU.
pub struct ArbiterConnection {
    context: ConnectionContext,
    /// The client address that its messages count for.
    client: ClientAddress,
    /// Whether the connection has proved to be an SFU's.
    is_proven: bool,
    identity: ArbiterIdentity,
}

/// The parts of a connection that do not depend on its identity.
struct ConnectionContext {
    door: Arc<ArbiterDoor>,
    sender: SocketSender,
    /// Public id of the connection.
    id: String,
}

/// The identity of a connection.
enum ArbiterIdentity {
    /// The connection has not identified itself, or its room has ended.
    Unidentified,
    Client(ClientIdentity),
    Sfu(Sfu),
}

/// A client of a call.
struct ClientIdentity {
    id: Name,
    room: Name,
    /// Seat of the client; `None` until the SFU is there.
    seat: Option<ClientSeat>,
    /// The wait for an SFU that is recorded, but not there.
    wait: Option<Arc<WaitingClient>>,
}

/// A client's seat in the room of an SFU.
struct ClientSeat {
    seat: Seated,
    delivery: Arc<ClientDelivery>,
}

impl ArbiterConnection {
    /// Creates the connection of a new WebSocket.
    pub fn new(door: Arc<ArbiterDoor>, sender: SocketSender, client: ClientAddress, is_proven: bool) -> Self {
        let context = ConnectionContext { door, sender, id: unique() };
        Self { context, client, is_proven, identity: ArbiterIdentity::Unidentified }
    }

    /// Serves the connection until it ends.
    pub async fn serve(mut self, mut socket: Socket) {
        // After a panic too, the other participants must be told that this one has left.
        contain_panic(NAMESPACE, "a connection", self.converse(&mut socket)).await;
        self.leave().await;
    }

    async fn converse(&mut self, socket: &mut Socket) {
        while let Ok(message) = socket.next().await {
            let outcome = self.handle(&message).await;
            self.context.answer(outcome);
        }
    }

    async fn handle(&mut self, message: &SocketMessage) -> Result<(), Refusal> {
        if !self.context.door.common.admission.admits_event(self.client) {
            return Err(Refusal::TooMany);
        }
        let SocketMessage::Text(text) = message else { return Err(Refusal::Binary) };
        self.forget_ended_room().await;
        match ArbiterRequest::parse(text)? {
            ArbiterRequest::Identify(identify) => self.identify(&identify).await,
            ArbiterRequest::Handshake(handshake) => self.handshake(&handshake, text.as_ref()).await,
        }
    }

    /// Forgets the identity of a client whose room has ended: a later room of the same name is another room.
    async fn forget_ended_room(&mut self) {
        let ArbiterIdentity::Client(client) = &self.identity else { return };
        match (&client.seat, &client.wait) {
            (Some(seat), _) if seat.delivery.is_over() => {
                // The seat may be in release already; afterwards the id is free for the next join.
                self.context.door.common.hub.leave(&seat.seat).await;
            }
            (None, Some(wait)) if wait.is_over() => {}
            _ => return,
        }
        self.identity = ArbiterIdentity::Unidentified;
    }

    async fn identify(&mut self, identify: &Identify<'_>) -> Result<(), Refusal> {
        let id = name("id", &identify.id)?;
        match &identify.role {
            ArbiterRole::Client { room } => self.identify_client(id, name("roomId", room)?).await,
            ArbiterRole::Sfu { secret } => {
                self.is_proven |=
                    secret.as_deref().is_some_and(|secret| self.context.door.sfu_secret.is(secret));
                self.identify_sfu(id).await
            }
        }
    }

    async fn identify_client(&mut self, id: Name, room: Name) -> Result<(), Refusal> {
        match &self.identity {
            ArbiterIdentity::Unidentified => {}
            ArbiterIdentity::Client(client) if client.id == id && client.room == room => return Ok(()),
            _ => return Err(Refusal::AlreadyIdentified),
        }
        let mut client = ClientIdentity { id, room, seat: None, wait: None };
        self.context.take_seat(&mut client).await?;
        self.identity = ArbiterIdentity::Client(client);
        Ok(())
    }

    async fn identify_sfu(&mut self, id: Name) -> Result<(), Refusal> {
        match &self.identity {
            ArbiterIdentity::Unidentified => {}
            ArbiterIdentity::Sfu(sfu) if sfu.room.id == id => return Ok(()),
            _ => return Err(Refusal::AlreadyIdentified),
        }
        if !self.is_proven && self.context.door.sfu_secret.reveal().is_some() {
            return Err(Refusal::NotAnSfu);
        }
        let (door, inbox) = (&self.context.door, Box::new(self.context.sender.clone()));
        let sfu = Sfu::join(door, id, self.context.id.clone(), SfuLifetime::WhileConnected, inbox).await?;
        self.identity = ArbiterIdentity::Sfu(sfu);
        Ok(())
    }

    async fn handshake(&mut self, handshake: &Handshake<'_>, message: &Bytes) -> Result<(), Refusal> {
        let data = message.slice_ref(handshake.data.as_bytes());
        match &mut self.identity {
            ArbiterIdentity::Unidentified => Err(Refusal::NotFound),
            ArbiterIdentity::Sfu(sfu) => self.context.send_to_client(sfu, handshake, data),
            ArbiterIdentity::Client(client) => self.context.send_to_sfu(client, handshake, data).await,
        }
    }

    async fn leave(&mut self) {
        match std::mem::replace(&mut self.identity, ArbiterIdentity::Unidentified) {
            ArbiterIdentity::Unidentified => {}
            ArbiterIdentity::Client(client) => {
                let Some(seat) = client.seat else { return };
                self.context.door.common.hub.leave(&seat.seat).await;
                self.context.door.refresh_local(&client.room).await;
            }
            ArbiterIdentity::Sfu(sfu) => sfu.leave(&self.context.door).await,
        }
    }
}

impl ConnectionContext {
    fn answer(&self, outcome: Result<(), Refusal>) {
        let frame = match outcome {
            Ok(()) => encode(&Reply { status_code: 200, message: None }),
            Err(refusal) => {
                self.door.runtime.counters.refused(refusal.code());
                encode_refusal(refusal, &self.id)
            }
        };
        if self.sender.send(frame) == Err(DeliverError::TooSlow) {
            self.sender.close(TOO_SLOW);
        }
    }

    /// Takes a seat in the room of the SFU, on any node. Without an SFU the client has no seat, and may try
    /// again later.
    async fn take_seat(&self, client: &mut ClientIdentity) -> Result<(), Refusal> {
        if client.id == client.room {
            return Err(Refusal::IdTaken);
        }
        if !self.has_sfu(&client.room).await? {
            if client.wait.is_none() {
                client.wait = self.wait_for(&client.room).await;
            }
            return Ok(());
        }
        let joined = self.door.join(&client.room, &client.id).await?;
        let (seat, others) = (joined.seat, joined.view.others);
        let Some(sfu) = others.iter().find(|other| other.name == client.room).map(|sfu| sfu.participant)
        else {
            self.door.common.hub.leave(&seat).await;
            return Ok(());
        };
        let delivery = ClientDelivery::new(self.door.clone(), self.sender.clone(), seat.clone(), sfu, others);
        let delivery = Arc::new(delivery);
        // If the seat was lost meanwhile, the first signal from it reports that.
        let _ = self.door.common.hub.attach(&seat, delivery.clone());
        (client.seat, client.wait) = (Some(ClientSeat { seat, delivery }), None);
        self.door.refresh_local(&client.room).await;
        Ok(())
    }

    /// Begins to wait for an SFU that is not there, if it has a record: its node has died.
    async fn wait_for(&self, sfu: &Name) -> Option<Arc<WaitingClient>> {
        match self.door.claims.connection_of(sfu).await {
            Ok(connection) => Some(self.door.waiting.add(self.sender.clone(), sfu.clone(), connection?)),
            Err(error) => {
                log_unavailable(NAMESPACE, &error);
                None
            }
        }
    }

    async fn has_sfu(&self, room: &Name) -> Result<bool, Refusal> {
        let seats = self.door.common.hub.seats(&room_of(room)?).await?;
        Ok(seats.iter().any(|seat| seat.name == *room))
    }

    fn send_to_client(&self, sfu: &Sfu, handshake: &Handshake<'_>, data: Bytes) -> Result<(), Refusal> {
        if *handshake.sender != *sfu.room.id.as_str() {
            return Err(Refusal::Claimed("sender"));
        }
        let receiver = handshake.receiver.as_deref().ok_or(Refusal::Missing("receiver"))?;
        let receiver = name("receiver", receiver)?;
        let client = self.door.common.hub.find(&sfu.seat, &receiver).ok_or(Refusal::NotFound)?;
        self.door.common.hub.signal(&sfu.seat, client, SignalKind::Other, data)?;
        self.door.runtime.counters.signals.increment(1);
        Ok(())
    }

    async fn send_to_sfu(
        &self,
        client: &mut ClientIdentity,
        handshake: &Handshake<'_>,
        data: Bytes,
    ) -> Result<(), Refusal> {
        if *handshake.sender != *client.id.as_str() {
            return Err(Refusal::Claimed("sender"));
        }
        if handshake.room.as_deref().ok_or(Refusal::Missing("roomId"))? != client.room.as_str() {
            return Err(Refusal::Claimed("roomId"));
        }
        if client.seat.is_none() {
            self.take_seat(client).await?;
        }
        let seat = client.seat.as_ref().ok_or(Refusal::NotFound)?;
        self.door.common.hub.signal(&seat.seat, seat.delivery.sfu, SignalKind::Other, data)?;
        self.door.runtime.counters.signals.increment(1);
        Ok(())
    }
}

/// Parses an id. An id that normalisation would change is refused: its sender would not recognise it.
fn name(field: &'static str, text: &str) -> Result<Name, Refusal> {
    let name: Name = text.parse().map_err(|_| Refusal::Missing(field))?;
    if name.as_str() == text { Ok(name) } else { Err(Refusal::Missing(field)) }
}
