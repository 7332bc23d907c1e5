//! One connected user: what they ask, in order, and what they are told. And all of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tracing::error;

use super::{
    Dialect, DirectDoor,
    error::Ending,
    messages::{ClientMessage, MessageError, Notice, from_originator},
    username::Username,
    users::User,
};
use crate::{
    core::{
        hub::join::{JoinRequest, Joined, Seated},
        model::{
            error::{JoinError, SignalError},
            event::{Event, Numbered, SignalKind},
            ids::{ConnectionId, RoomId},
            lock::lock,
        },
        ports::connection::{CloseReason, Connection, DeliverError},
    },
    protocols::{
        admission::Client,
        websocket::{End, Incoming, Message, Socket},
    },
};

/// Who opened a connection.
pub enum Visitor {
    /// A user who proved who they are.
    Known(User),
    /// Somebody who did not.
    Unknown,
    /// That cannot be found out at the moment.
    Undecided,
}

/// Serves a connection that was just opened, until it ends.
pub async fn serve(
    door: Arc<DirectDoor>,
    socket: Socket,
    mut incoming: Incoming,
    visitor: Visitor,
    client: Client,
) {
    let ended = match visitor {
        Visitor::Known(user) => {
            let connection = Arc::new(DirectConnection::new(socket.clone(), user));
            let _listed = door.connected.list(&connection);
            converse(&door, &connection, &mut incoming, client).await
        }
        Visitor::Unknown => Err(Ending::UNAUTHENTICATED),
        Visitor::Undecided => Err(Ending::UNAVAILABLE),
    };
    if let Err(ending) = ended {
        door.counters.refused(ending.reason);
        ending.end(&socket);
        while incoming.next().await.is_ok() {}
    }
}

/// From taking the user's seat to giving it up.
async fn converse(
    door: &DirectDoor,
    connection: &Arc<DirectConnection>,
    incoming: &mut Incoming,
    client: Client,
) -> Result<(), Ending> {
    let joined = join(door, connection).await?;
    door.counters.joins.increment(1);
    if !joined.resumed && joined.view.seq > 0 {
        connection.tell(Notice::MessagesLost);
    }
    let seat = joined.seat;
    door.hub.attach(&seat, connection.clone()).map_err(|_| Ending::REPLACED)?;
    if door.hub.is_draining() {
        // Whoever was attached before was told by the core.
        return Err(Ending::SHUTTING_DOWN);
    }
    let speaker = Speaker { door, seat: &seat, connection, client };
    let end = loop {
        match incoming.next().await {
            // What follows waits until it is known where this goes.
            Ok(message) => speaker.hear(&message).await,
            Err(end) => break end,
        }
    };
    match end {
        End::Closed => door.hub.leave(&seat).await,
        End::Lost | End::Ours => door.hub.connection_lost(&seat, connection.id).await,
    }
    Ok(())
}

async fn join(door: &DirectDoor, connection: &DirectConnection) -> Result<Joined, Ending> {
    let user = connection.user();
    let room = user.username.room();
    // Without a session the seat is another's, who is asked whether they are still there.
    let stays = door.dialect == Dialect::Original && is_connected(door, &room).await?;
    let session = (!stays).then(|| door.hub.session_for(&room, user.participant).as_str().to_owned());
    let request =
        JoinRequest { session, ..JoinRequest::new(room, user.username.name().clone(), door.policy) };
    Ok(door.hub.join(request).await?)
}

/// Whether the seat in a user's room is held by a connection, on whatever node.
async fn is_connected(door: &DirectDoor, room: &RoomId) -> Result<bool, Ending> {
    let seats = door.hub.seats(room).await.map_err(JoinError::from)?;
    Ok(seats.iter().any(|seat| seat.connected))
}

/// A connected user who sends messages.
struct Speaker<'a> {
    door: &'a DirectDoor,
    seat: &'a Seated,
    connection: &'a DirectConnection,
    client: Client,
}

impl Speaker<'_> {
    /// Forwards a message, or says why not.
    async fn hear(&self, message: &Message) {
        let Message::Text(text) = message else {
            return self.refuse(Notice::InvalidMessage(MessageError::Binary));
        };
        let admitted = self.door.admission.admits_event(self.client);
        match ClientMessage::parse(text) {
            Ok(message) if admitted => self.forward(&message).await,
            Ok(message) => self.refuse(Notice::TooManyMessages { target: message.target() }),
            Err(error) => self.refuse(Notice::InvalidMessage(error)),
        }
    }

    async fn forward(&self, message: &ClientMessage<'_>) {
        let not_found = Notice::TargetNotFound { target: message.target() };
        let Ok(target) = message.target().parse::<Username>() else { return self.refuse(not_found) };
        let forwarded = Bytes::from(message.forwarded(&target));
        let (hub, room) = (&self.door.hub, target.room());
        match hub.signal_room_anywhere(self.seat, &room, SignalKind::Other, forwarded).await {
            Ok(()) => self.door.counters.signals.increment(1),
            Err(SignalError::NoSuchParticipant | SignalError::Unavailable) => self.refuse(not_found),
            // Closed already, or about to be.
            Err(SignalError::Replaced(_)) => {}
        }
    }

    fn refuse(&self, notice: Notice<'_>) {
        self.door.counters.refused(notice.kind());
        self.connection.tell(notice);
    }
}

/// A user's connection.
pub struct DirectConnection {
    id: ConnectionId,
    socket: Socket,
    user: Mutex<User>,
}

impl DirectConnection {
    fn new(socket: Socket, user: User) -> Self {
        Self { id: ConnectionId::next(), socket, user: Mutex::new(user) }
    }

    /// Whose it is.
    pub fn user(&self) -> User {
        lock(&self.user).clone()
    }

    /// Notes what has become of the user's record.
    pub fn set_user(&self, user: User) {
        *lock(&self.user) = user;
    }

    fn tell(&self, notice: Notice<'_>) {
        if self.socket.send(notice.encode()) == Err(DeliverError::TooSlow) {
            Ending::TOO_SLOW.end(&self.socket);
        }
    }
}

impl Connection for DirectConnection {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        // There is one seat in the room: nobody else comes or goes.
        let Event::Signal(signal) = event else { return Ok(()) };
        let Ok(forwarded) = std::str::from_utf8(&signal.payload) else {
            error!("a signal that is not text cannot be told to a client of the direct door");
            return Ok(());
        };
        self.socket.send(from_originator(&signal.name, forwarded))
    }

    fn close(&self, reason: CloseReason) {
        Ending::from(reason).end(&self.socket);
    }

    fn undelivered(&self, room: &RoomId) {
        self.tell(Notice::TargetNotFound { target: room.local() });
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.socket.sign_of_life()
    }
}

/// All connections of this node, whose names it keeps from ending.
#[derive(Default)]
pub struct Connected(Mutex<HashMap<ConnectionId, Arc<DirectConnection>>>);

impl Connected {
    /// Lists a connection for as long as what is returned lives.
    fn list(&self, connection: &Arc<DirectConnection>) -> Listed<'_> {
        lock(&self.0).insert(connection.id, connection.clone());
        Listed { connected: self, id: connection.id }
    }

    /// Every connection.
    pub fn all(&self) -> Vec<Arc<DirectConnection>> {
        lock(&self.0).values().cloned().collect()
    }
}

struct Listed<'a> {
    connected: &'a Connected,
    id: ConnectionId,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        lock(&self.connected.0).remove(&self.id);
    }
}
