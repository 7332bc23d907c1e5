//! Property tests of the room and of the hub, and what they need: connections that write down what they are told.

mod chats;
mod hub;
mod memory_chats;
pub mod memory_records;
mod nodes;
mod outbox;
mod room;
pub(crate) mod support;
