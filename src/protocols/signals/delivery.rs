//! Messages to a client over its WebSocket: new peers, their signals, and the reason of the close.

use serde_json::value::RawValue;
use tracing::error;

use super::{
    connection::SignalsConnection,
    error::{REPLACED, SEAT_RENEWAL_FAILURE, SERVER_STOPPING, WRITER_STOPPING},
    messages::{MessageKind, ServerMessage},
};
use crate::protocols::prelude::*;

/// The reason in a client's Close frame that gives the seat up at once.
const LEAVE: &str = "leave";

impl SignalsConnection {
    /// Sends one message.
    pub(super) fn send(&self, kind: MessageKind, body: Option<&RawValue>) -> Result<(), DeliverError> {
        let message = ServerMessage { call: &self.call, session: None, body, kind };
        self.sender.send(serde_json::to_string(&message).expect("our own messages are always JSON"))
    }

    /// Closes a fenced connection; the reason says whether the session holds the seat by a newer connection.
    fn close_fenced(&self) {
        let (hub, sender) = (self.door.common.hub.clone(), self.sender.clone());
        let (room, session) = (self.room.clone(), self.session.clone());
        // A separate task: the caller holds the lock of the room.
        self.door.runtime.tasks.spawn(async move {
            let is_held = matches!(hub.holder_by_session(&room, &session).await, Ok(Some(_)));
            sender.close(if is_held { REPLACED } else { SEAT_RENEWAL_FAILURE });
        });
    }
}

impl SocketConnection for SignalsConnection {
    fn sender(&self) -> &SocketSender {
        &self.sender
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        let signal = match event {
            Event::Joined { .. } => return self.send(MessageKind::Peer, None),
            Event::Signal(signal) => signal,
            // The protocol has no message for a peer that leaves or reconnects.
            _ => return Ok(()),
        };
        let kind = match signal.kind {
            SignalKind::Offer => MessageKind::Offer,
            SignalKind::Answer => MessageKind::Answer,
            SignalKind::Candidate => MessageKind::Candidate,
            // A peer joined again with its old session, and has no peer connection.
            SignalKind::Other => return self.send(MessageKind::Peer, None),
        };
        match serde_json::from_slice(&signal.payload) {
            Ok(body) => self.send(kind, Some(body)),
            Err(_) => {
                error!("dropped a signal that is not JSON");
                Ok(())
            }
        }
    }

    fn close(&self, reason: CloseReason) {
        match reason {
            CloseReason::Replaced | CloseReason::Dismissed => self.close_fenced(),
            CloseReason::TooSlow => self.sender.close(WRITER_STOPPING),
            CloseReason::ShuttingDown => self.sender.close(SERVER_STOPPING),
        }
    }

    fn gives_up(&self, reason: &str) -> bool {
        reason == LEAVE
    }
}
