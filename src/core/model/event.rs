//! Events that a participant receives.

use std::{fmt, time::SystemTime};

use bytes::Bytes;

use super::ids::{Name, ParticipantId};

/// An event in a participant's room, which its door sends to it.
#[derive(Debug, Clone)]
pub enum Event {
    /// Another participant took a seat.
    Joined {
        /// The other participant.
        participant: ParticipantId,
        /// Its name.
        name: Name,
    },
    /// Another participant sent a signal to this one.
    Signal(Signal),
    /// Another participant sent a chat message, which is stored unless the history is full.
    Chat(ChatMessage),
    /// Another participant lost its connection. Its seat is held until the lease ends.
    Reconnecting {
        /// The other participant.
        participant: ParticipantId,
    },
    /// Another participant is connected again.
    Resumed {
        /// The other participant.
        participant: ParticipantId,
    },
    /// Another participant's seat ended. No further event comes from it.
    Left {
        /// The other participant.
        participant: ParticipantId,
        /// The cause.
        reason: LeaveReason,
    },
}

/// An event with its sequence number among all events of its receiver.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Sequence number, without gaps in a stream. Starts at 1, or with other nodes at a number of its stream
    /// alone.
    pub seq: u64,
    /// The event.
    pub event: Event,
}

/// A signal from one participant to another: an offer, an answer or a candidate.
#[derive(Clone)]
pub struct Signal {
    /// The sender, as the server knows it.
    pub from: ParticipantId,
    /// The sender's name, as the server knows it.
    pub name: Name,
    /// The kind of signal.
    pub kind: SignalKind,
    /// The sender's bytes, which the core never reads, changes or logs.
    pub payload: Bytes,
}

/// Shows only kind and size.
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signal({:?}, {} bytes)", self.kind, self.payload.len())
    }
}

/// The kind of a signal, as in RFC 8829, if its door can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// A session description that starts a negotiation.
    Offer,
    /// A session description that completes one.
    Answer,
    /// An ICE candidate, or the end of candidates.
    Candidate,
    /// Any other content, which the door forwards without reading it.
    Other,
}

/// A chat message.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// The id of the message, unique in its room.
    pub id: Box<str>,
    /// The writer.
    pub from: ParticipantId,
    /// The writer's name at that time.
    pub name: Name,
    /// The text.
    pub body: Box<str>,
    /// When the server received it.
    pub sent_at: SystemTime,
}

/// Redacted: chat messages must not be logged.
impl fmt::Debug for ChatMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatMessage(…)")
    }
}

/// Why a seat ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeaveReason {
    /// Its holder left.
    Left,
    /// Its holder lost the connection, and the lease ended.
    LeaseEnded,
    /// Another participant claimed the seat, and the holder did not answer a liveness probe.
    NotAlive,
}

impl Event {
    /// Approximate memory of an event without its content, in bytes.
    pub const SIZE: usize = size_of::<Numbered>();

    /// Approximate memory of the event, in bytes. Limits of queues use it.
    pub fn size(&self) -> usize {
        let content = match self {
            Self::Signal(signal) => signal.payload.len(),
            Self::Chat(message) => message.body.len() + message.id.len(),
            _ => 0,
        };
        Self::SIZE + content
    }
}
