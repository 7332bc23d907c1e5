//! What the tests share.

pub mod chats;
pub mod client;
pub mod mongod;
pub mod plain;
pub mod server;
pub mod wait;
