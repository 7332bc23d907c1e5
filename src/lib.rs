//! Switchboard: a Socket.IO signaling server for two-party appointments, with a call page and four more
//! protocols.
//!
//! ```text
//! main.rs ─ app/ ───┬─ listener.rs ─ protocols/<door>/ ──┐
//!   (config.rs,     ├─ frontend/                         ├─ core/
//!    telemetry.rs,  ├─ ops.rs, debug.rs ─────────────────┤
//!    data_folder.rs)├─ store/, cluster/ ─────────────────┤
//!                   └─ media/ ───────────────────────────┘
//! ```
//!
//! Dependencies point to the right. A door is one of the five protocols. The core knows no protocol, no store
//! and no broker; a door knows the core and no other door; only [`app`] knows everything.
//! `tests/it/architecture.rs` checks this.

pub mod app;
pub mod cluster;
pub mod config;
pub mod core;
pub mod data_folder;
pub mod debug;
pub mod frontend;
pub mod greeting;
pub mod listener;
pub mod media;
pub mod ops;
pub mod protocols;
pub mod reload;
pub mod seat_persistence;
pub mod store;
pub mod telemetry;
