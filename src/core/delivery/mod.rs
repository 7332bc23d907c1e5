//! Delivery of events: numbered, in order, bounded, replayed after a lost connection.
//!
//! [`outbox`] and [`replay_buffer`] deliver to one local participant, [`local_node`] to other nodes.
//! [`write_batch`] coalesces the writes that one read causes.

pub mod local_node;
pub mod outbox;
pub mod replay_buffer;
pub mod write_batch;
