//! What the tests share.

pub mod browser;
pub mod chats;
pub mod client;
pub mod mongod;
pub mod server;
pub mod wait;
