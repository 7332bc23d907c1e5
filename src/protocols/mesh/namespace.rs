//! Where socketioxide hands its sockets over to [`MeshConnection`].

use std::{collections::VecDeque, fmt::Display, pin::Pin, sync::Arc};

use bytes::Bytes;
use socketioxide::{
    adapter::LocalAdapter,
    handler::{ConnectHandler, DisconnectHandler, MessageHandler, Value},
    socket::{DisconnectReason, Socket},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{MeshDoor, connection::MeshConnection, sending::Ack, transport::Transport};
use crate::{
    core::model::ids::ConnectionId,
    protocols::{admission::Client, arrivals::Receiver},
};

/// The namespace `/`, the only one there is.
#[derive(Clone)]
pub struct Namespace(pub Arc<MeshDoor>);

impl ConnectHandler<LocalAdapter, ()> for Namespace {
    fn call(&self, socket: Arc<Socket>, _: Option<Value>) {
        if let Some(transport) = socket.req_parts().extensions.get::<Arc<Transport>>() {
            transport.connected();
        }
    }

    /// Runs before the client is told that it is connected: handlers that are set only afterwards miss what a
    /// quick client sends at once.
    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket>,
        _: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Display + Send>>> + Send + 'a>> {
        self.welcome(&socket);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Namespace {
    fn welcome(&self, socket: &Arc<Socket>) {
        let door = &self.0;
        let transport = socket.req_parts().extensions.get::<Arc<Transport>>().cloned();
        let transport = transport.unwrap_or_else(|| Arc::new(Transport::new(Client::default(), None, false)));
        let id = ConnectionId::next();
        let connection = Arc::new(MeshConnection::new(id, door.clone(), socket, transport));
        connection.on_connecting();
        if let Some(link) = connection.transport.direct() {
            link.receive_with(Arc::new(Arriving(connection.clone())));
        }
        // One handler for all events: it reads the packet itself, once, and in the order of arrival.
        socket.on_fallback(OnEvent(connection.clone()));
        socket.on_disconnect(OnDisconnect(connection));
    }
}

struct OnEvent(Arc<MeshConnection>);

impl MessageHandler<LocalAdapter, ()> for OnEvent {
    fn call(&self, socket: Arc<Socket>, mut data: Value, ack: Option<i64>) {
        let ack = self.0.ack_of(&socket, &mut data, ack);
        let text = match data {
            Value::Str(text, attachments) if attachments.as_ref().is_none_or(VecDeque::is_empty) => {
                Utf8Bytes::try_from(Bytes::from(text)).ok()
            }
            _ => None,
        };
        self.0.on_packet(text, ack);
    }
}

/// What arrives on a connection that the door reads itself.
struct Arriving(Arc<MeshConnection>);

impl Receiver for Arriving {
    fn receive(&self, arguments: &str, ack: Option<i64>) {
        self.0.on_packet(Some(Utf8Bytes::from(arguments)), Ack::Direct(ack));
    }
}

struct OnDisconnect(Arc<MeshConnection>);

impl DisconnectHandler<LocalAdapter, ()> for OnDisconnect {
    fn call_with_defer(&self, socket: Arc<Socket>, reason: DisconnectReason, defer: fn(Arc<Socket>)) {
        if let Some(link) = self.0.transport.direct() {
            link.receive_no_more();
        }
        self.0.on_disconnect(reason);
        defer(socket);
    }
}
