//! Rooms of seats, and the events of their participants. Knows no protocol, no store and no broker.
//!
//! What it promises, whatever door a participant joins by:
//!
//! 1. A room never has more participants than seats.
//! 2. A seat is a lease: losing the connection does not lose the seat, and the lease ends in a bounded time.
//! 3. A protected seat belongs to its holder until the lease ends. A valid session returns it at once; the
//!    older connection is fenced and changes nothing.
//! 4. Events for a participant that is away arrive in order after it returns, or it is told of a reset.
//! 5. A signal reaches only members of the sender's own room, or of the one room its door addresses; the
//!    server stamps its sender.
//! 6. A slow receiver costs the others nothing.
//! 7. Payloads are opaque: never rewritten, never logged.
//! 8. A chat that was acknowledged is readable afterwards.
//!
//! The folders, lowest first; each uses only those before it:
//!
//! - [`model`]: values. No async, no I/O.
//! - [`ports`]: traits towards the outside.
//! - [`delivery`]: the events of one participant on their way, and this node among the others.
//! - [`room`]: one room as this node sees it. Synchronous, takes `now`.
//! - [`hub`]: what doors call. The only folder that awaits.

pub mod delivery;
pub mod hub;
pub mod model;
pub mod ports;
pub mod room;

#[cfg(test)]
pub(crate) mod tests;
