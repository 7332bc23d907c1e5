//! Bounds on what waits for one client, the same for all doors.
//!
//! The mesh door has further ones of its own: it alone queues events of a client, and its library counts
//! packets.

/// The most bytes that may wait for a client to read them. A client that lets more accumulate is
/// disconnected.
pub const MAX_WAITING_BYTES: usize = 256 * 1024;
