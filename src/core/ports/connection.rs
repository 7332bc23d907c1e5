//! Port to a door: the connection of one participant.

use futures_util::future::BoxFuture;

use crate::core::model::{event::Numbered, ids::ConnectionId};

/// The connection of one participant, implemented by its door.
///
/// The core calls all methods while it holds the room's lock: they must not block or call back into the core.
pub trait Connection: Send + Sync {
    /// The id of the connection.
    fn id(&self) -> ConnectionId;

    /// Takes an event for sending. Events are sent in the order of the calls.
    ///
    /// # Errors
    /// The event was not taken, and no later one may be.
    fn deliver(&self, event: &Numbered) -> Result<(), DeliverError>;

    /// Closes the connection, after it has sent the events it took if the client still reads.
    fn close(&self, reason: CloseReason);

    /// Asks the client for a sign of life, and resolves when a new one arrives. The caller sets the deadline.
    ///
    /// Never resolves if the connection is lost.
    fn sign_of_life(&self) -> BoxFuture<'static, ()>;
}

/// Why a connection did not take an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliverError {
    /// The client reads more slowly than events arrive.
    TooSlow,
    /// The connection is closed. Its door is about to report that.
    Closed,
}

/// Why the core closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// A newer connection holds the seat, or the seat ended. The client must not reconnect by itself.
    Replaced,
    /// An administrator ended all seats. The client may reconnect at once.
    Dismissed,
    /// The client read too slowly. It may reconnect, and gets the missed events.
    TooSlow,
    /// The node drains. The client may reconnect, to another node or to this one after its restart.
    ShuttingDown,
}
