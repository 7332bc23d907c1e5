//! Delivers the core's events to a client of the mesh door as Socket.IO events.

use futures_util::{FutureExt, future::pending};
use socketioxide::extract::SocketRef;
use tracing::error;

use super::{
    connection::MeshConnection,
    messages::{
        BareCandidate, Opaque, PeerJoined, PeerReconnecting, PeerResumed, Probe, ReceiveAnswer,
        ReceiveCandidate, ReceiveMessage, ReceiveOffer, SeatReplaced, ShuttingDown, UserLeft,
    },
};
use crate::{
    core::model::event::LeaveReason,
    protocols::{chat_json::timestamp, dialect::Dialect, prelude::*},
};

impl Connection for MeshConnection {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { seq, event }: &Numbered) -> Result<(), DeliverError> {
        let (seq, size) = (*seq, event.size());
        match event {
            Event::Signal(signal) => self.deliver_signal(signal, seq),
            Event::Chat(chat) => {
                let (id, from, name) = (&*chat.id, chat.from.to_string(), chat.name.as_str());
                let sent_at = timestamp(chat.sent_at);
                self.packets.emit(&ReceiveMessage { id, from, name, body: &chat.body, sent_at, seq }, size)
            }
            Event::Joined { participant, name } => {
                let (remote_socket, opponent_name) = (participant.to_string(), name.as_str());
                self.packets.emit(&PeerJoined { remote_socket, opponent_name, seq }, size)
            }
            Event::Reconnecting { participant } => {
                self.packets.emit(&PeerReconnecting { remote_socket: participant.to_string(), seq }, size)
            }
            Event::Resumed { participant } => {
                self.packets.emit(&PeerResumed { remote_socket: participant.to_string(), seq }, size)
            }
            Event::Left { participant, reason } => {
                let message = match reason {
                    LeaveReason::Left => "The other user has left.",
                    LeaveReason::LeaseEnded | LeaveReason::NotAlive => "The other user has disconnected.",
                };
                self.packets.emit(&UserLeft { message, remote_socket: participant.to_string(), seq }, size)
            }
        }
    }

    fn close(&self, reason: CloseReason) {
        let Some(socket) = self.packets.socket.upgrade() else { return };
        match reason {
            CloseReason::Replaced => {
                self.begin_closing();
                let message = "This visit continues in another window or on another device.";
                let _ = self.packets.emit(&SeatReplaced { message }, message.len());
                // Socket.IO clients do not reconnect by themselves after a DISCONNECT packet.
                if SocketRef::from(socket).disconnect().is_err() {
                    self.packets.transport.cut();
                }
            }
            // No administrator dismisses participants at this door. A client that is cut off comes back.
            CloseReason::TooSlow | CloseReason::Dismissed => self.packets.transport.cut(),
            CloseReason::ShuttingDown => {
                self.packets.transport.begin_closing();
                let message = "The server restarts; the call continues.";
                let retry_after_ms = self.door.retry_after_ms(self.id);
                let _ = self.packets.emit(&ShuttingDown { message, retry_after_ms }, message.len());
            }
        }
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        let heard = self.packets.transport.next_received();
        self.packets.transport.ping();
        match self.packets.emit(&Probe {}, 0) {
            Ok(()) | Err(DeliverError::TooSlow) => heard.boxed(),
            Err(DeliverError::Closed) => pending().boxed(),
        }
    }
}

impl MeshConnection {
    fn deliver_signal(&self, signal: &Signal, seq: u64) -> Result<(), DeliverError> {
        let Ok(payload) = std::str::from_utf8(&signal.payload).map(Opaque) else {
            error!("a signal that is not JSON cannot be told to a client of the mesh door");
            return Ok(());
        };
        let size = signal.payload.len();
        let from = || signal.from.to_string();
        match (signal.kind, self.door.dialect) {
            (SignalKind::Offer, _) => {
                let name = signal.name.as_str();
                self.packets.emit(&ReceiveOffer { from: from(), offer: payload, name, seq }, size)
            }
            (SignalKind::Answer, _) => {
                self.packets.emit(&ReceiveAnswer { from: from(), answer: payload, seq }, size)
            }
            (SignalKind::Candidate, Dialect::Documented) => {
                self.packets.emit(&ReceiveCandidate { candidate: payload, seq }, size)
            }
            (SignalKind::Candidate, Dialect::Original) => self.packets.emit(&BareCandidate(payload), size),
            (SignalKind::Other, _) => Ok(()),
        }
    }
}
