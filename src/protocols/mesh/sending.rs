//! How packets get to a client: by the direct path, or through the library.

use std::sync::{Arc, Weak};

use serde::Serialize;
use socketioxide::{
    SendError, SocketError,
    adapter::LocalAdapter,
    extract::AckSender,
    handler::{FromMessageParts, Value},
    socket::Socket,
};

use super::{
    direct_path::DirectPath,
    messages::{ENVELOPE_BYTES, ServerEvent},
    transport::Transport,
};
use crate::core::ports::connection::DeliverError;

/// How a client's event is acknowledged, if the client asked for it.
pub enum Ack {
    /// On the direct path, by the packet with this id.
    Direct(Option<i64>),
    /// By the library.
    Library(AckSender),
}

/// Sends events and acknowledgements to one client.
pub struct PacketSender {
    /// Weak, since the socket's handlers own the connection, which owns this sender.
    pub socket: Weak<Socket<LocalAdapter>>,
    /// Transport of the session that carries the connection.
    pub transport: Arc<Transport>,
}

impl PacketSender {
    /// How an event that came through the library is acknowledged.
    pub fn ack_of(&self, socket: &Arc<Socket<LocalAdapter>>, data: &mut Value, id: Option<i64>) -> Ack {
        if self.transport.direct().is_some() {
            return Ack::Direct(id);
        }
        let Ok(ack) = AckSender::from_message_parts(socket, data, &id);
        Ack::Library(ack)
    }

    /// Sends an event that carries about `content_bytes` bytes.
    ///
    /// # Errors
    /// Too much waits already, or the connection is over.
    pub fn emit<E: ServerEvent>(&self, event: &E, content_bytes: usize) -> Result<(), DeliverError> {
        if let Some(direct) = self.transport.direct() {
            return direct.emit(event, content_bytes);
        }
        let socket = self.socket.upgrade().ok_or(DeliverError::Closed)?;
        if !self.transport.send(content_bytes + ENVELOPE_BYTES) {
            return Err(DeliverError::TooSlow);
        }
        socket.emit(E::NAME, event).map_err(|error| match error {
            SendError::Socket(SocketError::InternalChannelFull) => DeliverError::TooSlow,
            _ => DeliverError::Closed,
        })
    }

    /// As [`emit`](Self::emit), for an answer that the client asked for and that may be large. An answer that
    /// cannot be sent is dropped: its connection is over, and reports that itself.
    pub fn emit_answer<E: ServerEvent>(&self, event: &E, content_bytes: usize) {
        if let Some(direct) = self.transport.direct() {
            let _ = direct.emit_answer(event, content_bytes);
        } else if let Some(socket) = self.socket.upgrade() {
            self.transport.send_answer(content_bytes + ENVELOPE_BYTES);
            let _ = socket.emit(E::NAME, event);
        }
    }

    /// Acknowledges an event, if the client asked for it.
    pub fn acknowledge(&self, ack: Ack, answer: &impl Serialize) {
        match ack {
            Ack::Direct(id) => self.acknowledge_directly(id, |direct, id| direct.acknowledge(id, answer)),
            // An answer that cannot be sent is dropped, as in `emit_answer`.
            Ack::Library(ack) => drop(ack.send(answer)),
        }
    }

    /// As [`acknowledge`](Self::acknowledge), for an answer of about `content_bytes` bytes.
    pub fn acknowledge_largely(&self, ack: Ack, answer: &impl Serialize, content_bytes: usize) {
        match ack {
            Ack::Direct(id) => self
                .acknowledge_directly(id, |direct, id| direct.acknowledge_largely(id, answer, content_bytes)),
            Ack::Library(ack) => {
                self.transport.send_answer(content_bytes + ENVELOPE_BYTES);
                drop(ack.send(answer));
            }
        }
    }

    fn acknowledge_directly(
        &self,
        id: Option<i64>,
        send: impl FnOnce(&DirectPath, i64) -> Result<(), DeliverError>,
    ) {
        let Some((direct, id)) = self.transport.direct().zip(id) else { return };
        if send(direct, id) == Err(DeliverError::TooSlow) {
            self.transport.cut();
        }
    }
}
