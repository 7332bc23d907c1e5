//! What the core needs from a door: a participant's live transport.

use futures_util::future::BoxFuture;

use crate::core::model::{
    event::Numbered,
    ids::{ConnectionId, RoomId},
};

/// A participant's live transport, as its door knows it.
///
/// None of the methods may block or call back into the core: they are called under the room's lock.
pub trait Connection: Send + Sync {
    /// Which one this is.
    fn id(&self) -> ConnectionId;

    /// Hands an event to the transport, which sends events in the order in which it got them.
    ///
    /// # Errors
    /// The event was not taken, and none after it may be.
    fn deliver(&self, event: &Numbered) -> Result<(), DeliverError>;

    /// Ends the connection for `reason`, after what it has already taken if the other end still reads.
    fn close(&self, reason: CloseReason);

    /// Says that a signal to whoever sits in `room`, which was taken to be on its way, has found nobody. Only for doors
    /// whose clients address rooms that they do not sit in.
    fn undelivered(&self, _room: &RoomId) {}

    /// Asks the other end for a sign of life; resolves when one came that was not there before. The caller sets
    /// the deadline. A connection that is gone never resolves.
    fn sign_of_life(&self) -> BoxFuture<'static, ()>;
}

/// Why a connection did not take an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliverError {
    /// The other end does not read as fast as it is told things.
    TooSlow,
    /// The connection is over; its door will say so in a moment.
    Closed,
}

/// Why the core ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// A newer connection has the seat, or the seat was given up. The client must not come back by itself.
    Replaced,
    /// An administrator has everybody leave. The client may come back at once.
    Dismissed,
    /// It did not read. The client may come back and gets what it missed.
    TooSlow,
    /// The server stops. The client may come back, here in a moment or on another node.
    ShuttingDown,
}
