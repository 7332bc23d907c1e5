//! Where socketioxide hands its sockets over to [`MeshConnection`].

use std::{fmt::Display, pin::Pin, sync::Arc};

use socketioxide::{
    adapter::LocalAdapter,
    handler::{ConnectHandler, DisconnectHandler, MessageHandler, Value},
    socket::{DisconnectReason, Socket},
};

use super::{MeshDoor, connection::MeshConnection, transport::Transport};
use crate::{core::ids::ConnectionId, protocols::admission::Client};

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
        // One handler for all events: it reads the packet itself, once, and in the order of arrival.
        socket.on_fallback(OnEvent(connection.clone()));
        socket.on_disconnect(OnDisconnect(connection));
    }
}

struct OnEvent(Arc<MeshConnection>);

impl MessageHandler<LocalAdapter, ()> for OnEvent {
    fn call(&self, socket: Arc<Socket>, data: Value, ack: Option<i64>) {
        self.0.on_packet(socket, data, ack);
    }
}

struct OnDisconnect(Arc<MeshConnection>);

impl DisconnectHandler<LocalAdapter, ()> for OnDisconnect {
    fn call_with_defer(&self, socket: Arc<Socket>, reason: DisconnectReason, defer: fn(Arc<Socket>)) {
        self.0.on_disconnect(reason);
        defer(socket);
    }
}
