//! One WebSocket of the signals door: its handshake, its presence, and what it is told.

use std::{future::pending, pin::Pin, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::value::RawValue;
use tokio::time::Sleep;
use tracing::error;

use super::{
    SignalsDoor,
    error::{
        BACKEND_FAILURE, BAD_HANDSHAKE, BAD_SEAT, Goodbye, HANDSHAKE_READ_FAILURE, READER_STOPPING, REPLACED,
        Refusal, SEAT_RENEWAL_FAILURE, SERVER_STOPPING, TOO_MANY_MESSAGES, WRITER_STOPPING,
    },
    http::deadline,
    messages::{Handshake, Kind, ServerMessage},
    room_of,
};
use crate::{
    core::{
        hub::join::Seated,
        model::{
            error::JoinError,
            event::{Event, Numbered, SignalKind},
            ids::{ConnectionId, RoomId},
        },
        ports::connection::{CloseReason, Connection, DeliverError},
    },
    protocols::{
        admission::Client,
        websocket::{End, Incoming, Message, Socket},
    },
};

/// The reason a client closes with to give its seat up at once.
const LEAVE: &str = "leave";

/// A WebSocket that has shown its session.
pub struct SignalsConnection {
    id: ConnectionId,
    door: Arc<SignalsDoor>,
    socket: Socket,
    /// The call, as the client names it.
    call: String,
    room: RoomId,
    session: String,
}

/// Serves one WebSocket from its opening to its end. `deadline` is that of the whole handshake.
pub async fn serve(
    door: Arc<SignalsDoor>,
    client: Client,
    deadline: Option<Pin<Box<Sleep>>>,
    socket: Socket,
    mut incoming: Incoming,
) {
    let stopping = door.stop.clone();
    let goodbye = tokio::select! {
        goodbye = visit(&door, client, deadline, socket, &mut incoming) => goodbye,
        () = stopping.cancelled() => Some(SERVER_STOPPING),
    };
    if let Some((code, reason)) = goodbye {
        incoming.close(code, reason).await;
    }
}

/// Returns what to say in the end, if there is somebody to hear it.
async fn visit(
    door: &Arc<SignalsDoor>,
    client: Client,
    deadline: Option<Pin<Box<Sleep>>>,
    socket: Socket,
    incoming: &mut Incoming,
) -> Option<Goodbye> {
    let handshake = match first_message(door, deadline, incoming).await {
        Ok(text) => Handshake::parse(&text).ok_or(Some(BAD_HANDSHAKE)),
        Err(goodbye) => Err(goodbye),
    };
    let seated = match handshake {
        Ok(handshake) => SignalsConnection::sit_down(door, socket, handshake).await.map_err(Some),
        Err(goodbye) => Err(goodbye),
    };
    match seated {
        Ok((connection, seat)) => connection.stay(&seat, client, incoming).await,
        Err(goodbye) => goodbye.inspect(|goodbye| door.counters.refused(code_of(*goodbye))),
    }
}

/// The client's first message; or what to say instead of waiting any longer.
async fn first_message(
    door: &SignalsDoor,
    handshake_deadline: Option<Pin<Box<Sleep>>>,
    incoming: &mut Incoming,
) -> Result<String, Option<Goodbye>> {
    tokio::select! {
        message = incoming.next() => match message {
            Ok(Message::Text(text)) => Ok(text.as_str().to_owned()),
            Ok(Message::Binary) => Err(Some(BAD_HANDSHAKE)),
            Err(End::Lost) => Err(Some(READER_STOPPING)),
            Err(End::Closed | End::Ours) => Err(None),
        },
        () = expiry(handshake_deadline) => Err(Some(HANDSHAKE_READ_FAILURE)),
        () = expiry(deadline(door.join_timeout)) => Err(Some(HANDSHAKE_READ_FAILURE)),
    }
}

async fn expiry(deadline: Option<Pin<Box<Sleep>>>) {
    match deadline {
        Some(deadline) => deadline.await,
        None => pending().await,
    }
}

/// What a handshake that failed is called in metrics.
fn code_of(goodbye: Goodbye) -> &'static str {
    match goodbye {
        BAD_HANDSHAKE => "bad_handshake",
        BAD_SEAT => "bad_seat",
        BACKEND_FAILURE => "unavailable",
        _ => "no_handshake",
    }
}

impl SignalsConnection {
    /// Has the client welcomed in the seat that its session proves, and told everything that comes in.
    async fn sit_down(
        door: &Arc<SignalsDoor>,
        socket: Socket,
        handshake: Handshake,
    ) -> Result<(Arc<Self>, Seated), Goodbye> {
        let Handshake { call, session } = handshake;
        let room = room_of(&call).map_err(|_| BAD_SEAT)?;
        // It may have been taken at another node.
        let seat =
            match door.hub.claim_by_session(&door.request(room.clone(), Some(session.clone()), None)).await {
                Ok(seat) => seat.ok_or(BAD_SEAT)?,
                Err(JoinError::ShuttingDown) => return Err(SERVER_STOPPING),
                Err(JoinError::Replaced(_)) => return Err(REPLACED),
                Err(JoinError::RoomFull { .. } | JoinError::NameTaken | JoinError::TooManyAway) => {
                    return Err(BAD_SEAT);
                }
                Err(JoinError::Unavailable(error)) => {
                    // Logs it.
                    let _ = Refusal::from(error);
                    return Err(BACKEND_FAILURE);
                }
            };
        let (id, door) = (ConnectionId::next(), door.clone());
        let connection = Arc::new(Self { id, door, socket, call, room, session });
        // The welcome goes first; what peers said since the seat was taken follows it.
        let _ = connection.tell(Kind::Welcome, None);
        connection.door.hub.attach(&seat, connection.clone()).map_err(|_| BAD_SEAT)?;
        Ok((connection, seat))
    }

    /// Holds the seat for as long as the client is there. What it sends is ignored.
    async fn stay(&self, seat: &Seated, client: Client, incoming: &mut Incoming) -> Option<Goodbye> {
        let end = loop {
            match incoming.next().await {
                Ok(_) if self.door.admission.admits_event(client) => {}
                Ok(_) => break Err(TOO_MANY_MESSAGES),
                Err(end) => break Ok(end),
            }
        };
        if end == Ok(End::Closed) && incoming.farewell() == Some(LEAVE) {
            self.door.hub.leave(seat).await;
        } else {
            self.door.hub.connection_lost(seat, self.id).await;
        }
        match end {
            Err(goodbye) => Some(goodbye),
            Ok(End::Lost) => Some(READER_STOPPING),
            Ok(End::Closed | End::Ours) => None,
        }
    }

    fn tell(&self, kind: Kind, body: Option<&RawValue>) -> Result<(), DeliverError> {
        let message = ServerMessage { call: &self.call, session: None, body, kind };
        self.socket.send(serde_json::to_string(&message).expect("our own messages are always JSON"))
    }

    fn close(&self, (code, reason): Goodbye) {
        self.socket.close(code, reason);
    }

    /// Tells a client whose seat is in newer hands from one that has lost it.
    fn close_replaced(&self) {
        let (hub, socket) = (self.door.hub.clone(), self.socket.clone());
        let (room, session) = (self.room.clone(), self.session.clone());
        // A task of its own: under the room's lock the room cannot be asked.
        self.door.tasks.spawn(async move {
            let is_held = matches!(hub.holder_by_session(&room, &session).await, Ok(Some(_)));
            let (code, reason) = if is_held { REPLACED } else { SEAT_RENEWAL_FAILURE };
            socket.close(code, reason);
        });
    }
}

impl Connection for SignalsConnection {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        let signal = match event {
            Event::Joined { .. } => return self.tell(Kind::Peer, None),
            Event::Signal(signal) => signal,
            // Peers come and go in silence here.
            _ => return Ok(()),
        };
        let kind = match signal.kind {
            SignalKind::Offer => Kind::Offer,
            SignalKind::Answer => Kind::Answer,
            SignalKind::Candidate => Kind::Candidate,
            // Somebody came back with nothing.
            SignalKind::Other => return self.tell(Kind::Peer, None),
        };
        match serde_json::from_slice(&signal.payload) {
            Ok(body) => self.tell(kind, Some(body)),
            Err(_) => {
                error!("a signal that is not JSON cannot be told to a client of the signals door");
                Ok(())
            }
        }
    }

    fn close(&self, reason: CloseReason) {
        match reason {
            CloseReason::Replaced | CloseReason::Dismissed => self.close_replaced(),
            CloseReason::TooSlow => self.close(WRITER_STOPPING),
            CloseReason::ShuttingDown => self.close(SERVER_STOPPING),
        }
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.socket.sign_of_life().boxed()
    }
}
