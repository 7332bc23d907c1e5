//! The core.
pub mod chat;
pub mod error;
pub mod ids;
pub mod seat;
pub mod store;
