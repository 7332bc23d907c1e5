//! What can go wrong, one enum per operation; each variant is a cause its caller can act on.

use std::{error::Error as StdError, time::Duration};

use thiserror::Error;

/// A back end does not answer. Trying again later may help; nothing is known to be lost.
#[derive(Debug, Error)]
#[error("{what} is unavailable")]
pub struct Unavailable {
    /// Which one, for people: `sqlite`, `mongodb`, `redis`.
    pub what: &'static str,
    /// Why, for the log. Holds no payload.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Unavailable {
    /// `what` does not answer, because of `source`.
    pub fn new(what: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { what, source: Some(source.into()) }
    }
}

/// Why chats were not saved.
#[derive(Debug, Error)]
pub enum SaveError {
    /// The room's history is at its limit; nothing was stored.
    #[error("the room's history is full")]
    Full,
    /// The store does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why somebody was not let into a room.
#[derive(Debug, Error)]
pub enum JoinError {
    /// Every seat is held, and none of them is open to a newcomer; nothing changed.
    #[error("the room is full")]
    RoomFull {
        /// Until the first lease of a seat without a connection ends, rounded up to a second. `None` while every holder
        /// is connected.
        retry_after: Option<Duration>,
    },
    /// The client's address holds too many seats without a connection.
    #[error("too many seats without a connection are held from this address")]
    TooManyAway,
    /// Names are unique in this room, and somebody whose connection is alive has this one; nothing changed.
    #[error("the name is taken")]
    NameTaken,
    /// The same participant joined once more, later, and has the seat.
    #[error(transparent)]
    Replaced(#[from] Replaced),
    /// This node is about to stop; another, or this one in a moment, will do.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The cluster does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a connection was not attached to its seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a newer connection holds the seat, or it was given up")]
pub struct Replaced;

/// Why a signal was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignalError {
    /// The sender does not hold its seat any more.
    #[error(transparent)]
    Replaced(#[from] Replaced),
    /// Nobody by that id sits in the sender's room, or nobody at all in the room that was named.
    #[error("nobody by that id sits in the room")]
    NoSuchParticipant,
    /// The recipient sits on another node, which cannot be told anything just now.
    #[error("the recipient's node cannot be reached")]
    Unavailable,
}
