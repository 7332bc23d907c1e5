//! Switchboard: a signaling server for two people who must meet over WebRTC.
pub mod core;
pub mod store;
