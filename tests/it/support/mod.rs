//! What the tests share.

pub mod browser;
pub mod chats;
pub mod client;
pub mod json;
pub mod mongod;
pub mod peer;
pub mod property;
pub mod records;
pub mod server;
pub mod wait;
