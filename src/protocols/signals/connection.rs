//! One WebSocket of the signals door: its handshake, and the presence that holds the seat.

use std::{future::pending, pin::Pin, sync::Arc, time::Duration};

use tokio::time::{Sleep, sleep};

use super::{
    NAMESPACE, SignalsDoor,
    error::{
        BACKEND_FAILURE, BAD_HANDSHAKE, BAD_SEAT, HANDSHAKE_READ_FAILURE, READER_STOPPING, REPLACED,
        SERVER_STOPPING, TOO_MANY_MESSAGES,
    },
    messages::{JoinMessage, MessageKind},
    room_of,
};
use crate::{
    core::{
        hub::join::Seated,
        model::{
            error::{JoinError, Replaced},
            ids::RoomId,
        },
    },
    protocols::{
        admission::ClientAddress,
        unavailable::log_unavailable,
        websocket::{CloseStatus, Socket, SocketEnd, SocketMessage, SocketSender},
    },
};

/// A WebSocket that has proved a seat by its session.
pub struct SignalsConnection {
    pub(super) door: Arc<SignalsDoor>,
    pub(super) sender: SocketSender,
    /// The call, as the client names it.
    pub(super) call: String,
    pub(super) room: RoomId,
    pub(super) session: String,
}

/// Serves one WebSocket until it ends. `deadline` bounds the whole handshake.
pub async fn serve(
    door: Arc<SignalsDoor>,
    client: ClientAddress,
    deadline: Option<Pin<Box<Sleep>>>,
    mut socket: Socket,
) {
    let stopping = door.runtime.stop.clone();
    let status = tokio::select! {
        status = converse(&door, client, deadline, &mut socket) => status,
        () = stopping.cancelled() => Some(SERVER_STOPPING),
    };
    if let Some(status) = status {
        socket.close(status).await;
    }
}

/// Serves the handshake and what follows. Returns the status to close with; `None` if the connection is
/// closed.
async fn converse(
    door: &Arc<SignalsDoor>,
    client: ClientAddress,
    deadline: Option<Pin<Box<Sleep>>>,
    socket: &mut Socket,
) -> Option<CloseStatus> {
    match hold_seat(door, client, deadline, socket).await {
        Ok(SocketEnd::Lost) => Some(READER_STOPPING),
        Ok(SocketEnd::ClosedByClient | SocketEnd::ClosedByServer) => None,
        Err(refused) => {
            if let Some(status) = refused {
                door.runtime.counters.refused(code_of(status));
            }
            refused
        }
    }
}

/// Waits for the handshake, and holds the seat that it proves while the client is connected. Ignores further
/// messages, but counts them against the rate limit. The error is the status to close with, as for
/// [`converse`].
async fn hold_seat(
    door: &Arc<SignalsDoor>,
    client: ClientAddress,
    deadline: Option<Pin<Box<Sleep>>>,
    socket: &mut Socket,
) -> Result<SocketEnd, Option<CloseStatus>> {
    let text = first_message(door, deadline, socket).await?;
    let handshake = JoinMessage::parse(&text).ok_or(BAD_HANDSHAKE)?;
    let (connection, seat) = SignalsConnection::welcome(door, socket.sender(), handshake).await?;
    let count = async |_| {
        if !door.common.admission.admits_event(client) {
            connection.sender.close(TOO_MANY_MESSAGES);
        }
    };
    let held = socket.hold_seat(&door.common.hub, &seat, &connection, count).await;
    held.map_err(|Replaced| Some(BAD_SEAT))
}

/// Waits for the client's first message. The error is the status to close with, as for [`converse`].
async fn first_message(
    door: &SignalsDoor,
    handshake_deadline: Option<Pin<Box<Sleep>>>,
    socket: &mut Socket,
) -> Result<String, Option<CloseStatus>> {
    tokio::select! {
        message = socket.next() => match message {
            Ok(SocketMessage::Text(text)) => Ok(text.as_str().to_owned()),
            Ok(SocketMessage::Binary) => Err(Some(BAD_HANDSHAKE)),
            Err(SocketEnd::Lost) => Err(Some(READER_STOPPING)),
            Err(SocketEnd::ClosedByClient | SocketEnd::ClosedByServer) => Err(None),
        },
        () = expiry(handshake_deadline) => Err(Some(HANDSHAKE_READ_FAILURE)),
        () = expiry(deadline(door.join_timeout)) => Err(Some(HANDSHAKE_READ_FAILURE)),
    }
}

/// Starts a timer of `time`; `None` for zero, which means no limit.
pub fn deadline(time: Duration) -> Option<Pin<Box<Sleep>>> {
    (!time.is_zero()).then(|| Box::pin(sleep(time)))
}

async fn expiry(deadline: Option<Pin<Box<Sleep>>>) {
    match deadline {
        Some(deadline) => deadline.await,
        None => pending().await,
    }
}

/// The code of a failed handshake in metrics.
fn code_of(status: CloseStatus) -> &'static str {
    match status {
        BAD_HANDSHAKE => "bad_handshake",
        BAD_SEAT => "bad_seat",
        BACKEND_FAILURE => "unavailable",
        _ => "no_handshake",
    }
}

impl SignalsConnection {
    /// Claims the seat that the session proves, and welcomes the client.
    async fn welcome(
        door: &Arc<SignalsDoor>,
        sender: SocketSender,
        handshake: JoinMessage,
    ) -> Result<(Arc<Self>, Seated), CloseStatus> {
        let JoinMessage { call, session } = handshake;
        let room = room_of(&call).map_err(|_| BAD_SEAT)?;
        // The seat may be registered on another node; this moves it here.
        let request = door.join_request(room.clone(), Some(session.clone()), None);
        let seat = door.common.hub.claim_by_session(&request).await.map_err(status_of)?.ok_or(BAD_SEAT)?;
        let connection = Arc::new(Self { door: door.clone(), sender, call, room, session });
        // The welcome must precede the signals that peers sent since the seat was taken.
        let _ = connection.send(MessageKind::Welcome, None);
        Ok((connection, seat))
    }
}

/// The status for a session whose seat could not be had.
fn status_of(error: JoinError) -> CloseStatus {
    match error {
        JoinError::ShuttingDown => SERVER_STOPPING,
        JoinError::Replaced(_) => REPLACED,
        JoinError::RoomFull { .. } | JoinError::NameTaken | JoinError::TooManyAway => BAD_SEAT,
        JoinError::Unavailable(error) => {
            log_unavailable(NAMESPACE, &error);
            BACKEND_FAILURE
        }
    }
}
