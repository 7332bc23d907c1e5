//! WebSocket connections for doors that speak their own JSON: framing, pings, limits and an orderly close.
//!
//! [`upgrade`] answers the request and gives the door a [`Socket`], which returns one message after the
//! other. Its [`SocketSender`] is cheap to clone and never blocks. A [`SocketConnection`] sends the events of
//! the core with it, and [`Socket::hold_seat`] serves both directions until the end.
//!
//! Source: RFC 6455.

mod connection;
mod handshake;
mod sender;
mod socket;

use std::time::Duration;

use tokio_tungstenite::tungstenite::Utf8Bytes;

pub use self::{
    connection::SocketConnection,
    handshake::{NotAHandshake, is_handshake, switching_protocols, upgrade, upgrade_required},
    sender::SocketSender,
    socket::Socket,
};

/// How long a client has to read queued messages and to answer a Close frame before TCP is closed.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Limits of one WebSocket.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// The largest message a client may send, in bytes; a larger one closes the connection with 1009.
    pub max_message_bytes: usize,
    /// Time between two pings.
    pub ping_interval: Duration,
    /// Time without any frame, pongs included, after which the connection counts as lost. Longer than
    /// `ping_interval`.
    pub max_silence: Duration,
}

impl SocketLimits {
    /// Limits of a door without its own times: a dead connection is noticed within 10 s.
    pub const fn new(max_message_bytes: usize) -> Self {
        let (ping_interval, max_silence) = (Duration::from_secs(5), Duration::from_millis(9_500));
        Self { max_message_bytes, ping_interval, max_silence }
    }
}

/// Code and reason of a Close frame that the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseStatus {
    /// The status code. Source: RFC 6455, section 7.4, and its registry.
    pub code: u16,
    /// The reason, at most 123 bytes.
    pub reason: &'static str,
}

/// A message from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketMessage {
    /// A text message, valid UTF-8.
    Text(Utf8Bytes),
    /// A binary message, without its content: no door accepts one.
    Binary,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketEnd {
    /// The client sent a Close frame.
    ClosedByClient,
    /// TCP failed, the client was silent for too long, or it broke the protocol.
    Lost,
    /// The server sent a Close frame first.
    ClosedByServer,
}
