//! What a participant is told.

use std::{fmt, time::SystemTime};

use bytes::Bytes;

use super::ids::{Name, ParticipantId};

/// Something that happened in a participant's room and that its door must tell it.
#[derive(Debug, Clone)]
pub enum Event {
    /// Another participant took a seat.
    Joined {
        /// Who.
        participant: ParticipantId,
        /// What they are called.
        name: Name,
    },
    /// Another participant sent a signal to this one.
    Signal(Signal),
    /// Another participant wrote, and it is stored.
    Chat(ChatMessage),
    /// Another participant's connection was lost. Its seat is kept for a while.
    Reconnecting {
        /// Whose.
        participant: ParticipantId,
    },
    /// Another participant is back in its seat.
    Resumed {
        /// Who.
        participant: ParticipantId,
    },
    /// Another participant's seat was given up. Nothing more comes from it.
    Left {
        /// Who.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
    },
}

/// An event with its place in the order of all that one participant is told, counted from 1.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Its number: one more than that of the event before it.
    pub seq: u64,
    /// What happened.
    pub event: Event,
}

/// An offer, an answer or a candidate on its way.
#[derive(Clone)]
pub struct Signal {
    /// Who sent it, as the server knows.
    pub from: ParticipantId,
    /// What the sender is called, as the server knows.
    pub name: Name,
    /// What it is.
    pub kind: SignalKind,
    /// The sender's bytes, never looked into, rewritten or logged.
    pub payload: Bytes,
}

/// Shows its kind and size only.
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signal({:?}, {} bytes)", self.kind, self.payload.len())
    }
}

/// What a signal is, in the words of RFC 8829 where its door can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// A session description that begins a negotiation.
    Offer,
    /// A session description that completes one.
    Answer,
    /// An ICE candidate, or the sign that no more will come.
    Candidate,
    /// Whatever two clients agreed on; their door carries it and does not look.
    Other,
}

/// Something a participant wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// What it is known by, unique in its room.
    pub id: Box<str>,
    /// Who wrote it.
    pub from: ParticipantId,
    /// What the writer was called then.
    pub name: Name,
    /// The text.
    pub body: Box<str>,
    /// When the server took it.
    pub sent_at: SystemTime,
}

/// Redacted: what people write never belongs into a log.
impl fmt::Debug for ChatMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatMessage(…)")
    }
}

/// Why a seat was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeaveReason {
    /// Its holder said so.
    Left,
    /// Its connection was lost and its lease ended.
    LeaseEnded,
    /// Somebody else wanted in and its holder did not answer.
    NotAlive,
}

impl Event {
    /// About how much memory any event takes, whatever it carries.
    pub const SIZE: usize = size_of::<Numbered>();

    /// About how much memory it takes, in bytes; what queues are bounded by.
    pub fn size(&self) -> usize {
        let content = match self {
            Self::Signal(signal) => signal.payload.len(),
            Self::Chat(message) => message.body.len() + message.id.len(),
            _ => 0,
        };
        Self::SIZE + content
    }
}
