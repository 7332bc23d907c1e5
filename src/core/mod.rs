//! Rooms of seats, and what their participants are told. Knows no protocol, no store and no broker.
//!
//! What it promises, whatever door one comes in by:
//!
//! 1. A room never has more participants than seats.
//! 2. A seat is a lease: losing the connection does not lose the seat, and the lease ends in a bounded time.
//! 3. Whoever proves a seat theirs gets it back at once; the older connection is fenced off and changes nothing.
//! 4. What a participant was sent while away arrives in order when it is back, or it is told to start afresh.
//! 5. A signal reaches only members of the sender's own room, or of the one room its door addresses; always under the
//!    name the server knows.
//! 6. A slow receiver costs nobody else anything.
//! 7. Payloads are opaque: never rewritten, never logged.
//! 8. A chat that was acknowledged is readable afterwards.
//!
//! [`hub::Hub`] is the way in; what passes through it is in `signals` and [`history`], what time does to it in
//! `leases` and `contention`. What other nodes say to it comes in by `neighbours`, and seats that go from node to node
//! are in `handover`; `letters` go to other rooms, and [`proven`] seats are used from any node. [`room`] and [`seat`] are
//! the logic, synchronous and without I/O; [`store`], [`cluster`] and [`wire`] say what the core needs from outside.

pub mod delivery;
pub mod hub;
pub mod model;
pub mod ports;
pub mod room;

#[cfg(test)]
pub(crate) mod tests;
