//! What tests of more than one subject need.

pub mod chats;
pub mod mongod;
pub mod wait;
