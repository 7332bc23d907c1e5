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
        model::{error::JoinError, ids::RoomId},
    },
    protocols::{
        admission::ClientAddress,
        unavailable::log_unavailable,
        websocket::{CloseStatus, SocketEnd, SocketMessage, SocketReceiver, SocketSender},
    },
};

/// The reason in a client's Close frame that gives the seat up at once.
const LEAVE: &str = "leave";

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
    sender: SocketSender,
    mut receiver: SocketReceiver,
) {
    let stopping = door.runtime.stop.clone();
    let status = tokio::select! {
        status = converse(&door, client, deadline, sender, &mut receiver) => status,
        () = stopping.cancelled() => Some(SERVER_STOPPING),
    };
    if let Some(status) = status {
        receiver.close(status).await;
    }
}

/// Serves the handshake and what follows. Returns the status to close with; `None` if the connection is
/// closed.
async fn converse(
    door: &Arc<SignalsDoor>,
    client: ClientAddress,
    deadline: Option<Pin<Box<Sleep>>>,
    sender: SocketSender,
    receiver: &mut SocketReceiver,
) -> Option<CloseStatus> {
    let handshake = match first_message(door, deadline, receiver).await {
        Ok(text) => JoinMessage::parse(&text).ok_or(Some(BAD_HANDSHAKE)),
        Err(status) => Err(status),
    };
    let attached = match handshake {
        Ok(handshake) => SignalsConnection::attach(door, sender, handshake).await.map_err(Some),
        Err(status) => Err(status),
    };
    match attached {
        Ok((connection, seat)) => connection.hold(&seat, client, receiver).await,
        Err(status) => {
            if let Some(status) = status {
                door.runtime.counters.refused(code_of(status));
            }
            status
        }
    }
}

/// Waits for the client's first message. The error is the status to close with, as for [`converse`].
async fn first_message(
    door: &SignalsDoor,
    handshake_deadline: Option<Pin<Box<Sleep>>>,
    receiver: &mut SocketReceiver,
) -> Result<String, Option<CloseStatus>> {
    tokio::select! {
        message = receiver.next() => match message {
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
    /// Attaches the connection to the seat that the session proves, and welcomes the client.
    async fn attach(
        door: &Arc<SignalsDoor>,
        sender: SocketSender,
        handshake: JoinMessage,
    ) -> Result<(Arc<Self>, Seated), CloseStatus> {
        let JoinMessage { call, session } = handshake;
        let room = room_of(&call).map_err(|_| BAD_SEAT)?;
        // The seat may be registered on another node; this moves it here.
        let request = door.join_request(room.clone(), Some(session.clone()), None);
        let seat = door.hub.claim_by_session(&request).await.map_err(status_of)?.ok_or(BAD_SEAT)?;
        let connection = Arc::new(Self { door: door.clone(), sender, call, room, session });
        // The welcome must precede the signals that peers sent since the seat was taken.
        let _ = connection.send(MessageKind::Welcome, None);
        connection.door.hub.attach(&seat, connection.clone()).map_err(|_| BAD_SEAT)?;
        Ok((connection, seat))
    }

    /// Holds the seat while the client is connected. Ignores its messages, but counts them against the rate
    /// limit.
    async fn hold(
        &self,
        seat: &Seated,
        client: ClientAddress,
        receiver: &mut SocketReceiver,
    ) -> Option<CloseStatus> {
        let end = loop {
            match receiver.next().await {
                Ok(_) if self.door.admission.admits_event(client) => {}
                Ok(_) => break Err(TOO_MANY_MESSAGES),
                Err(end) => break Ok(end),
            }
        };
        if end == Ok(SocketEnd::ClosedByClient) && receiver.close_reason() == Some(LEAVE) {
            self.door.hub.leave(seat).await;
        } else {
            self.door.hub.connection_lost(seat, self.sender.id()).await;
        }
        match end {
            Err(status) => Some(status),
            Ok(SocketEnd::Lost) => Some(READER_STOPPING),
            Ok(SocketEnd::ClosedByClient | SocketEnd::ClosedByServer) => None,
        }
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
