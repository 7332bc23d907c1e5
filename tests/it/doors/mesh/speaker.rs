//! Clients over each transport, and the ways in which their connections end.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

use crate::support::{
    client::Client,
    peer::Peer,
    poller::{Poller, Upgraded},
    server::TestServer,
};

/// A transport of the mesh door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    WebSocket,
    Polling,
    Upgraded,
}

/// The end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    LeaveRoom,
    /// Socket.IO's DISCONNECT packet.
    Disconnect,
    CloseFrame(u16),
    /// Engine.IO's close packet.
    EngineClose,
    /// TCP ends without a close frame.
    Fin,
    /// The client answers no more pings.
    PingTimeout,
    /// A packet that no client may send.
    Violation,
    /// The WebSocket of an unfinished upgrade is closed.
    UnfinishedUpgrade,
}

use Ending::{
    CloseFrame as Close, Disconnect, EngineClose, Fin, LeaveRoom, PingTimeout, UnfinishedUpgrade, Violation,
};
use Transport::{Polling, WebSocket};

impl Ending {
    /// Whether a connection can end so over `transport`.
    pub fn is_possible_over(self, transport: Transport) -> bool {
        match self {
            Close(_) | Fin | Violation => transport != Polling,
            UnfinishedUpgrade => transport == Polling,
            LeaveRoom | Disconnect | EngineClose | PingTimeout => true,
        }
    }
}

/// A client over one of the transports.
pub enum Speaker {
    WebSocket(Client),
    Polling(Poller),
    Upgraded(Upgraded),
}

impl Speaker {
    pub async fn join(server: &TestServer, transport: Transport, request: &Value) -> (Self, Value) {
        if transport == WebSocket {
            let mut client = server.connect().await;
            let joined = client.joins(request.clone()).await;
            return (Self::WebSocket(client), joined);
        }
        let mut poller = Poller::open(&server.address, [127, 0, 0, 1]).await;
        poller.connect().await;
        let joined = poller.joins(request).await;
        match transport {
            Polling => (Self::Polling(poller), joined),
            _ => (Self::Upgraded(poller.upgrade().await), joined),
        }
    }

    pub async fn say(&mut self, packet: &str) {
        match self {
            Self::WebSocket(client) => client.send_text(packet).await,
            Self::Polling(poller) => poller.say(packet).await,
            Self::Upgraded(Upgraded(peer)) => peer.say(packet).await,
        }
    }

    /// The next packet that begins with `start`; those before it are dropped.
    pub async fn packet(&mut self, start: &str) -> String {
        loop {
            let packet = match self {
                Self::WebSocket(client) => client.packet().await.expect("the connection has not ended"),
                Self::Polling(poller) => poller.packet().await,
                Self::Upgraded(upgraded) => upgraded.packet().await,
            };
            if packet.starts_with(start) {
                return packet;
            }
        }
    }

    /// Sends an attachment.
    pub async fn attach(&mut self, bytes: usize) {
        let message = Message::binary(vec![0; bytes]);
        match self {
            Self::WebSocket(client) => client.send(message).await,
            Self::Polling(poller) => poller.say(&format!("b{}", "A".repeat(bytes.div_ceil(3) * 4))).await,
            Self::Upgraded(Upgraded(peer)) => peer.send(message).await,
        }
    }

    /// Ends the connection. Returns what must live until the server notices.
    pub async fn end(mut self, ending: Ending) -> Option<(Self, Option<Peer>)> {
        if ending == Fin {
            if let Self::WebSocket(client) = self {
                client.vanish();
            }
            return None;
        }
        match (ending, &mut self) {
            (LeaveRoom, _) => self.say(r#"42["leave_room",{}]"#).await,
            (Disconnect, _) => self.say("41").await,
            (EngineClose, _) => self.say("1").await,
            (Violation, _) => self.say("4x").await,
            (Close(code), Self::WebSocket(client)) => {
                let frame = CloseFrame { code: code.into(), reason: "".into() };
                client.send(Message::Close(Some(frame))).await;
            }
            (Close(code), Self::Upgraded(Upgraded(peer))) => peer.close(code, "").await,
            (PingTimeout, Self::WebSocket(client)) => client.stop_reading(),
            (PingTimeout, Self::Upgraded(Upgraded(peer))) => peer.stop_reading(),
            (UnfinishedUpgrade, Self::Polling(poller)) => {
                let socket = poller.probe().await;
                socket.close(1000, "").await;
                return Some((self, Some(socket)));
            }
            // The poller sends no poll, and so no pong, unless a test asks it to.
            (PingTimeout, Self::Polling(_)) => {}
            (ending, _) => panic!("{ending:?} is not possible here"),
        }
        Some((self, None))
    }
}

/// The payload of a join to room 7.
pub fn request(name: &str) -> Value {
    json!({"appointment_id": "7", "name": name})
}

/// The payload of a join to room 7 by a client that can resume.
pub fn with_session(name: &str, session: &Value) -> Value {
    json!({"appointment_id": "7", "name": name, "session": session})
}
