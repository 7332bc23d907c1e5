//! Property tests of the core, with the stand-ins that they need.

mod chats;
mod hub;
mod memory_chats;
pub mod memory_records;
mod nodes;
mod outbox;
mod room;
pub(crate) mod support;
