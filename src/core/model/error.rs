//! Errors of the core: one enum per operation; each variant is a cause that its caller can act on.

use std::{error::Error as StdError, time::Duration};

use thiserror::Error;

use super::chat::HistoryFull;

/// A back end does not answer. A later attempt may succeed.
#[derive(Debug, Error)]
#[error("{what} is unavailable")]
pub struct Unavailable {
    /// The name of the back end: `sqlite`, `mongodb`, `redis`.
    pub what: &'static str,
    /// The cause, for the log. It contains no payload.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Unavailable {
    /// Reports that `what` does not answer because of `source`.
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

impl From<HistoryFull> for SaveError {
    fn from(HistoryFull: HistoryFull) -> Self {
        Self::Full
    }
}

/// Why a join failed.
#[derive(Debug, Error)]
pub enum JoinError {
    /// Every seat is held, and no holder makes room for a new participant; nothing changed.
    #[error("the room is full")]
    RoomFull {
        /// Time until the first lease of an unconnected participant ends, rounded up to a second. `None`
        /// while every holder is connected.
        retry_after: Option<Duration>,
    },
    /// The client's address holds too many seats without a connection.
    #[error("too many seats without a connection are held from this address")]
    TooManyAway,
    /// Names are unique in this room, and another participant that is alive has this one; nothing changed.
    #[error("the name is taken")]
    NameTaken,
    /// The same participant joined again later, and that join holds the seat.
    #[error(transparent)]
    Replaced(#[from] Replaced),
    /// This node drains. Another node, or this one after its restart, accepts the join.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The seat registry does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a connection was not attached to its seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a newer connection holds the seat, or it was released")]
pub struct Replaced;

/// Why a signal was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignalError {
    /// The sender no longer holds its seat.
    #[error(transparent)]
    Replaced(#[from] Replaced),
    /// No participant with that id is in the sender's room; or the other room that was named is empty.
    #[error("no participant with that id sits in the room")]
    NoSuchParticipant,
    /// The recipient is on another node, to which the bus cannot send now.
    #[error("the recipient's node cannot be reached")]
    Unavailable,
}
