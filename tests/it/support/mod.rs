//! Servers, clients and generators that tests share.

pub mod browser;
pub mod chats;
pub mod client;
pub mod clock;
pub mod daemon;
pub mod door;
pub mod mongod;
pub mod nodes;
pub mod peer;
pub mod poller;
pub mod property;
pub mod proxy;
pub mod records;
pub mod redis;
pub mod server;
pub mod wait;
