//! How packets get to a client: written straight to its WebSocket, or through the library where the session polls or
//! once did.
//!
//! Source: Socket.IO protocol v5, "Packet encoding".

use std::sync::Arc;

use serde::Serialize;
use socketioxide::{
    SendError, SocketError,
    adapter::LocalAdapter,
    extract::AckSender,
    handler::{FromMessageParts, Value},
    socket::Socket,
};

use super::{connection::MeshConnection, messages::ServerEvent, transport::ENVELOPE_BYTES};
use crate::{core::ports::connection::DeliverError, protocols::link::Link};

/// How a client's event is to be acknowledged, if the client asked for it.
pub enum Ack {
    /// By the packet with this id.
    Direct(Option<i64>),
    /// By the library.
    Library(AckSender),
}

impl MeshConnection {
    /// How an event that came through the library is to be acknowledged.
    pub(super) fn ack_of(
        &self,
        socket: &Arc<Socket<LocalAdapter>>,
        data: &mut Value,
        id: Option<i64>,
    ) -> Ack {
        if self.transport.direct().is_some() {
            return Ack::Direct(id);
        }
        let Ok(ack) = AckSender::from_message_parts(socket, data, &id);
        Ack::Library(ack)
    }

    /// Sends an event. `content_bytes` is about how much it carries.
    pub(super) fn emit<E: ServerEvent>(&self, event: &E, content_bytes: usize) -> Result<(), DeliverError> {
        if let Some(link) = self.transport.direct() {
            return link.send(content_bytes + ENVELOPE_BYTES, |out| write_event(out, event));
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

    /// As [`emit`](Self::emit), for an answer that the client asked for and that may be large. If it does not get
    /// through, the connection is over, and says so itself.
    pub(super) fn emit_answer<E: ServerEvent>(&self, event: &E, content_bytes: usize) {
        if let Some(link) = self.transport.direct() {
            let _ = link.send_answer(content_bytes + ENVELOPE_BYTES, |out| write_event(out, event));
        } else if let Some(socket) = self.socket.upgrade() {
            self.transport.send_answer(content_bytes + ENVELOPE_BYTES);
            let _ = socket.emit(E::NAME, event);
        }
    }

    /// Answers an event, if the client asked for it. If it does not get through, the connection is over.
    pub(super) fn acknowledge(&self, ack: Ack, answer: &impl Serialize) {
        self.send_ack(ack, answer, 0, |link, bytes, write| link.send(bytes, write));
    }

    /// As [`acknowledge`](Self::acknowledge), for an answer that may be large.
    pub(super) fn acknowledge_largely(&self, ack: Ack, answer: &impl Serialize, content_bytes: usize) {
        self.send_ack(ack, answer, content_bytes, |link, bytes, write| link.send_answer(bytes, write));
    }

    fn send_ack(
        &self,
        ack: Ack,
        answer: &impl Serialize,
        content_bytes: usize,
        send: impl FnOnce(&Arc<Link>, usize, &dyn Fn(&mut Vec<u8>)) -> Result<(), DeliverError>,
    ) {
        match (ack, self.transport.direct()) {
            (Ack::Direct(Some(id)), Some(link)) => {
                let bytes = content_bytes + ENVELOPE_BYTES;
                if send(link, bytes, &|out| write_ack(out, id, answer)) == Err(DeliverError::TooSlow) {
                    self.transport.cut();
                }
            }
            (Ack::Direct(_), _) => {}
            (Ack::Library(ack), _) => {
                if content_bytes > 0 {
                    self.transport.send_answer(content_bytes + ENVELOPE_BYTES);
                }
                // If it does not get through, the connection is over, and says so itself.
                let _ = ack.send(answer);
            }
        }
    }
}

fn write_event<E: ServerEvent>(out: &mut Vec<u8>, event: &E) {
    out.extend(b"42[\"");
    out.extend(E::NAME.bytes());
    out.extend(b"\",");
    write_json(out, event);
    out.push(b']');
}

fn write_ack(out: &mut Vec<u8>, id: i64, answer: &impl Serialize) {
    out.extend(b"43");
    write_json(out, &id);
    out.push(b'[');
    write_json(out, answer);
    out.push(b']');
}

fn write_json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("what is said is always JSON, and a buffer takes it");
}
