//! Delivery of events to one participant: numbered, in order, bounded, replayed after a lost connection.

pub mod local_node;
pub mod outbox;
pub mod replay_buffer;
pub mod write_batch;
