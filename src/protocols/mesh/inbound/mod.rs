//! What a client sends, before the library reads it: over a WebSocket ([`frames`]), or in a posted body
//! ([`posts`]).
//!
//! Finds the events, and what no client may send. An event that is too large, or that comes with
//! attachments, is not kept: in its place the door gets an event that says so, with the same ack id. So a
//! client takes no more memory than that of one event.
//!
//! Source: Socket.IO protocol v5, "Packet encoding"; `docs/mesh.md`, "Sizes".

mod connecting;
mod frames;
mod posts;
#[cfg(test)]
mod tests;

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

pub use self::{
    connecting::Connecting,
    frames::{EventReceiver, FrameFilter, Inbox},
    posts::PostedPackets,
};
use super::{
    MAX_EVENT_BYTES, MAX_PACKET_BYTES,
    error::{BINARY_NOT_SUPPORTED, PAYLOAD_TOO_LARGE, Refusal},
};

/// The most attachments of one packet that are read, to refuse it.
const MAX_ATTACHMENTS: usize = 10;

/// How much is kept of a packet that is too large: type, number of attachments, namespace, ack id.
const START_BYTES: usize = 64;

/// How a CONNECT packet begins.
const CONNECT: &str = "40";

/// The arguments of the events that take the place of those which are not read.
const TOO_LARGE: &str = r#"["$payload_too_large"]"#;
const BINARY: &str = r#"["$binary_not_supported"]"#;

/// Why an event was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is over [`MAX_EVENT_BYTES`].
    TooLarge,
    /// It came with attachments.
    Binary,
}

impl Unread {
    /// Why the event with these arguments was not read; `None` if it was.
    pub fn of(arguments: &str) -> Option<Self> {
        match arguments {
            TOO_LARGE => Some(Self::TooLarge),
            BINARY => Some(Self::Binary),
            _ => None,
        }
    }

    /// The answer to the event.
    pub fn refusal(self) -> Refusal {
        match self {
            Self::TooLarge => PAYLOAD_TOO_LARGE,
            Self::Binary => BINARY_NOT_SUPPORTED,
        }
    }
}

/// A session's packets, one after the other.
#[derive(Default)]
pub struct Packets {
    awaited: Option<Box<Attachments>>,
    /// More was posted than may be.
    is_too_large: bool,
}

/// Attachments that follow a packet.
struct Attachments {
    left: usize,
    bytes: u64,
    /// What the door gets once they are all there.
    replacement: Option<String>,
}

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// An event of the namespace `/`.
    Event { arguments: &'a str, ack: Option<i64> },
    /// It is for the library.
    Library,
    /// Neither the door nor the library needs it.
    Dropped,
    /// This packet takes its place.
    Replaced(String),
    /// No client may send it.
    Violation(CloseCode),
}

impl Packets {
    /// Reads a packet of at most [`MAX_EVENT_BYTES`].
    pub fn text<'a>(&mut self, packet: &'a str) -> Outcome<'a> {
        if self.awaited.is_none() {
            if let Some((arguments, ack)) = parse_event(packet) {
                return Outcome::Event { arguments, ack };
            }
            return match Start::read(packet.as_bytes()) {
                Some(start) if start.attachments.is_some_and(|count| count > 0) => self.begin(&start),
                _ => Outcome::Library,
            };
        }
        // Heartbeats may come between attachments.
        if packet.starts_with('4') { Outcome::Violation(CloseCode::Protocol) } else { Outcome::Library }
    }

    /// True if a client has posted more than it may: its session is over.
    pub const fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    /// Reads a larger packet, of which `start` is the first part.
    pub fn large(&mut self, start: &[u8]) -> Outcome<'static> {
        if self.awaited.is_some() {
            return Outcome::Violation(CloseCode::Protocol);
        }
        match Start::read(start) {
            Some(start) if start.attachments.is_some_and(|count| count > 0) => self.begin(&start),
            Some(start) if !start.is_root => Outcome::Dropped,
            Some(Start { kind: b'2' | b'5', ack, has_arguments: true, .. }) => {
                Outcome::Replaced(event(TOO_LARGE, ack))
            }
            // The door takes nothing with CONNECT, and asks for no acknowledgements.
            Some(Start { kind: b'0', .. }) => Outcome::Replaced(CONNECT.to_owned()),
            Some(Start { kind: b'3', .. }) => Outcome::Dropped,
            _ => Outcome::Violation(CloseCode::Size),
        }
    }

    /// Reads an attachment of that many bytes.
    pub fn binary(&mut self, bytes: u64) -> Outcome<'static> {
        let Some(awaited) = &mut self.awaited else { return Outcome::Violation(CloseCode::Protocol) };
        awaited.bytes += bytes;
        awaited.left -= 1;
        if awaited.bytes > MAX_PACKET_BYTES as u64 {
            return Outcome::Violation(CloseCode::Size);
        }
        if awaited.left > 0 {
            return Outcome::Dropped;
        }
        let replacement = self.awaited.take().and_then(|awaited| awaited.replacement);
        replacement.map_or(Outcome::Dropped, Outcome::Replaced)
    }

    fn begin(&mut self, start: &Start) -> Outcome<'static> {
        let left = start.attachments.unwrap_or_default();
        if left > MAX_ATTACHMENTS {
            return Outcome::Violation(CloseCode::Size);
        }
        let is_event = start.kind == b'5' && start.is_root;
        let replacement = is_event.then(|| event(BINARY, start.ack));
        self.awaited = Some(Box::new(Attachments { left, bytes: 0, replacement }));
        Outcome::Dropped
    }
}

/// An EVENT packet of the namespace `/`.
fn event(arguments: &str, ack: Option<i64>) -> String {
    format!("42{}{arguments}", ack.map(|ack| ack.to_string()).unwrap_or_default())
}

/// The arguments and the ack id of an EVENT packet of the namespace `/`; `None` for any other packet.
fn parse_event(packet: &str) -> Option<(&str, Option<i64>)> {
    let event = packet.strip_prefix("42")?;
    let arguments = event.trim_start_matches(|c: char| c.is_ascii_digit());
    let id = &event[..event.len() - arguments.len()];
    let ack = if id.is_empty() { None } else { Some(id.parse().ok()?) };
    arguments.starts_with('[').then_some((arguments, ack))
}

/// True for a CONNECT packet of the namespace `/`.
fn asks_to_connect(packet: &str) -> bool {
    packet.starts_with(CONNECT) && Start::read(packet.as_bytes()).is_some_and(|start| start.is_root)
}

/// What the first bytes of a Socket.IO packet tell.
struct Start {
    /// The packet's type, a digit.
    kind: u8,
    /// How many attachments follow; only for types that have them.
    attachments: Option<usize>,
    /// True for the namespace `/`.
    is_root: bool,
    ack: Option<i64>,
    has_arguments: bool,
}

impl Start {
    fn read(packet: &[u8]) -> Option<Self> {
        let (kind, mut rest) = packet.strip_prefix(b"4")?.split_first()?;
        let mut attachments = None;
        if matches!(kind, b'5' | b'6') {
            let (count, after) = split_number(rest)?;
            attachments = Some(count.parse().unwrap_or(usize::MAX));
            rest = after.strip_prefix(b"-")?;
        }
        let mut is_root = true;
        if let Some(named) = rest.strip_prefix(b"/") {
            let end = named.iter().position(|byte| *byte == b',');
            is_root = end.unwrap_or(named.len()) == 0;
            rest = end.map_or(&[], |end| &named[end + 1..]);
        }
        let mut ack = None;
        if let Some((id, after)) = split_number(rest) {
            (ack, rest) = (id.parse().ok(), after);
        }
        let has_arguments = rest.starts_with(b"[");
        Some(Self { kind: *kind, attachments, is_root, ack, has_arguments })
    }
}

/// The number that `bytes` begin with, and the bytes after it.
fn split_number(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (number, rest) = bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let number = std::str::from_utf8(number).ok().filter(|number| !number.is_empty())?;
    Some((number, rest))
}
