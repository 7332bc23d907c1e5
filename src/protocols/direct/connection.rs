//! One WebSocket of the direct door: it takes the user's seat, then forwards the user's messages in order.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::{
    DirectDoor,
    error::{REPLACED, status_of_join},
    messages::{DirectMessage, MessageError, Notice},
    username::Username,
    users::User,
};
use crate::{
    core::{
        hub::join::{JoinRequest, Joined, Seated},
        model::{
            error::{JoinError, Replaced, SignalError},
            event::SignalKind,
            ids::RoomId,
            lock::lock,
        },
    },
    protocols::{
        admission::ClientAddress,
        dialect::Dialect,
        websocket::{CloseStatus, Socket, SocketMessage, SocketSender},
    },
};

/// A user's connection.
pub struct DirectConnection {
    pub(super) sender: SocketSender,
    user: Mutex<User>,
}

/// Serves a WebSocket until it ends. `user` is the proven user, or the status to close with.
pub async fn serve(
    door: Arc<DirectDoor>,
    mut socket: Socket,
    user: Result<User, CloseStatus>,
    client: ClientAddress,
) {
    let outcome = match user {
        Ok(user) => {
            let connection = Arc::new(DirectConnection::new(socket.sender(), user));
            let _listed = door.connected.list(&connection);
            converse(&door, &connection, &mut socket, client).await
        }
        Err(status) => Err(status),
    };
    if let Err(status) = outcome {
        door.runtime.counters.refused(status.reason);
        socket.close(status).await;
    }
}

/// Takes the user's seat, forwards messages, and gives the seat up. The error is the status to close with.
async fn converse(
    door: &DirectDoor,
    connection: &Arc<DirectConnection>,
    socket: &mut Socket,
    client: ClientAddress,
) -> Result<(), CloseStatus> {
    let joined = join(door, connection).await?;
    door.runtime.counters.joins.increment(1);
    if joined.returned && !joined.resumed {
        connection.notify(Notice::MessagesLost);
    }
    let forwarder = MessageForwarder { door, seat: &joined.seat, connection, client };
    // One message at a time: the registry may be asked where a target sits.
    let handle = |message| forwarder.handle(message);
    let held = socket.hold_seat(&door.common.hub, &joined.seat, connection, handle).await;
    held.map(drop).map_err(|Replaced| REPLACED)
}

async fn join(door: &DirectDoor, connection: &DirectConnection) -> Result<Joined, CloseStatus> {
    let user = connection.user();
    let room = user.username.room();
    // A join without a session does not take the seat over; it makes the core probe the connected holder.
    let keeps_holder = door.dialect == Dialect::Original && is_connected(door, &room).await?;
    let session =
        (!keeps_holder).then(|| door.common.hub.session_for(&room, user.participant).as_str().to_owned());
    let request =
        JoinRequest { session, ..JoinRequest::new(room, user.username.name().clone(), door.policy) };
    door.common.hub.join(request).await.map_err(status_of_join)
}

/// Whether the seat in a user's room is held by a connection, on any node.
async fn is_connected(door: &DirectDoor, room: &RoomId) -> Result<bool, CloseStatus> {
    let seats = door.common.hub.seats(room).await.map_err(|error| status_of_join(JoinError::from(error)))?;
    Ok(seats.iter().any(|seat| seat.connected))
}

/// Forwards the messages of one connected user.
struct MessageForwarder<'a> {
    door: &'a DirectDoor,
    seat: &'a Seated,
    connection: &'a DirectConnection,
    client: ClientAddress,
}

impl MessageForwarder<'_> {
    /// Forwards a message, or tells its sender why not.
    async fn handle(&self, message: SocketMessage) {
        let SocketMessage::Text(text) = message else {
            return self.refuse(Notice::InvalidMessage(MessageError::Binary));
        };
        let admitted = self.door.common.admission.admits_event(self.client);
        match DirectMessage::parse(&text) {
            Ok(message) if admitted => self.forward(&message).await,
            Ok(message) => self.refuse(Notice::TooManyMessages { target: message.target() }),
            Err(error) => self.refuse(Notice::InvalidMessage(error)),
        }
    }

    async fn forward(&self, message: &DirectMessage<'_>) {
        let not_found = Notice::TargetNotFound { target: message.target() };
        let Ok(target) = message.target().parse::<Username>() else { return self.refuse(not_found) };
        let forwarded = Bytes::from(message.forwarded(&target));
        let (hub, room) = (&self.door.common.hub, target.room());
        match hub.signal_room_anywhere(self.seat, &room, SignalKind::Other, forwarded).await {
            Ok(()) => self.door.runtime.counters.signals.increment(1),
            Err(SignalError::NoSuchParticipant | SignalError::Unavailable) => self.refuse(not_found),
            // The core closes this connection.
            Err(SignalError::Replaced(_)) => {}
        }
    }

    fn refuse(&self, notice: Notice<'_>) {
        self.door.runtime.counters.refused(notice.kind());
        self.connection.notify(notice);
    }
}

impl DirectConnection {
    fn new(sender: SocketSender, user: User) -> Self {
        Self { sender, user: Mutex::new(user) }
    }

    /// The user.
    pub fn user(&self) -> User {
        lock(&self.user).clone()
    }

    /// Replaces the user by its newer record.
    pub fn set_user(&self, user: User) {
        *lock(&self.user) = user;
    }
}
