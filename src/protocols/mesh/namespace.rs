//! The handlers of the namespace `/` that socketioxide calls, registered by the name of their event.
//!
//! Every handler runs on the connection's reader and returns at once. An event enters the connection's lane
//! before the library reads the next one, so events keep their order; the library's own form of a handler
//! spawns a task for each event, and loses it.

use std::{collections::VecDeque, fmt::Display, pin::Pin, sync::Arc};

use bytes::Bytes;
use socketioxide::{
    adapter::LocalAdapter,
    handler::{ConnectHandler, DisconnectHandler, MessageHandler, Value},
    socket::{DisconnectReason, Socket},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    MeshDoor,
    connection::{EventPacket, MeshConnection},
    inbound::{EventReceiver, Unread},
    sending::Ack,
    transport::Transport,
};
use crate::{core::model::ids::ConnectionId, protocols::admission::ClientAddress};

/// Registers the handlers of one client.
fn register(socket: &Socket<LocalAdapter>, connection: &Arc<MeshConnection>) {
    let event = || OnEvent(connection.clone());
    socket.on("join_room", event());
    socket.on("send_offer", event());
    socket.on("send_answer", event());
    socket.on("ice_candidate", event());
    socket.on("send_message", event());
    socket.on("leave_room", event());
    socket.on_fallback(OnUnknownEvent(connection.clone()));
    socket.on_disconnect(OnDisconnect(connection.clone()));
    if let Some(direct) = connection.packets.transport.direct() {
        direct.receive_with(Arc::new(OnDirectEvent(connection.clone())));
    }
}

/// `connection`: a client asks for the namespace.
#[derive(Clone)]
pub struct OnConnection(pub Arc<MeshDoor>);

impl ConnectHandler<LocalAdapter, ()> for OnConnection {
    /// Runs before the client is told that it is connected: a client may send events at once.
    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket>,
        _: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Display + Send>>> + Send + 'a>> {
        let transport = transport_of(&socket);
        let transport =
            transport.unwrap_or_else(|| Arc::new(Transport::new(ClientAddress::default(), None, false)));
        let id = ConnectionId::next();
        let connection = Arc::new(MeshConnection::new(id, self.0.clone(), &socket, transport));
        connection.on_connecting();
        register(&socket, &connection);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Runs once the client is told.
    fn call(&self, socket: Arc<Socket>, _: Option<Value>) {
        if let Some(transport) = transport_of(&socket) {
            transport.connecting().answer();
        }
    }
}

fn transport_of(socket: &Socket) -> Option<Arc<Transport>> {
    socket.req_parts().extensions.get::<Arc<Transport>>().cloned()
}

/// An event with a registered name.
struct OnEvent(Arc<MeshConnection>);

impl MessageHandler<LocalAdapter, ()> for OnEvent {
    fn call(&self, socket: Arc<Socket>, mut data: Value, ack: Option<i64>) {
        let ack = self.0.packets.ack_of(&socket, &mut data, ack);
        self.0.on_event(EventPacket { is_registered: true, data: text_of(data), ack });
    }
}

/// An event with any other name: the answer is `unknown_event`.
struct OnUnknownEvent(Arc<MeshConnection>);

impl MessageHandler<LocalAdapter, ()> for OnUnknownEvent {
    fn call(&self, socket: Arc<Socket>, mut data: Value, ack: Option<i64>) {
        let ack = self.0.packets.ack_of(&socket, &mut data, ack);
        self.0.on_event(EventPacket { is_registered: false, data: text_of(data), ack });
    }
}

/// An event of any name, on the direct path: [`ClientMessage`](super::messages::ClientMessage) knows the
/// names.
struct OnDirectEvent(Arc<MeshConnection>);

impl EventReceiver for OnDirectEvent {
    fn receive(&self, arguments: &str, ack: Option<i64>) {
        let (data, ack) = (readable(arguments.into()), Ack::Direct(ack));
        self.0.on_event(EventPacket { is_registered: true, data, ack });
    }
}

/// `disconnect`: the connection is over.
struct OnDisconnect(Arc<MeshConnection>);

impl DisconnectHandler<LocalAdapter, ()> for OnDisconnect {
    fn call_with_defer(&self, socket: Arc<Socket>, reason: DisconnectReason, defer: fn(Arc<Socket>)) {
        if let Some(direct) = self.0.packets.transport.direct() {
            direct.stop_receiving();
        }
        self.0.on_disconnect(reason);
        defer(socket);
    }
}

/// The text of a packet, or why it was not read.
fn text_of(data: Value) -> Result<Utf8Bytes, Unread> {
    match data {
        Value::Str(text, attachments) if attachments.as_ref().is_none_or(VecDeque::is_empty) => {
            readable(Utf8Bytes::try_from(Bytes::from(text)).map_err(|_| Unread::Binary)?)
        }
        _ => Err(Unread::Binary),
    }
}

fn readable(arguments: Utf8Bytes) -> Result<Utf8Bytes, Unread> {
    Unread::of(&arguments).map_or(Ok(arguments), Err)
}
