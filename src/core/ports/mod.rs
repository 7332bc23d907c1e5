//! Traits towards the outside: what the core needs from a store, a seat registry, a node bus and a clock.

pub mod chat_store;
pub mod clock;
pub mod connection;
pub mod node_bus;
pub mod record_store;
pub mod seat_registry;
