//! The arbiter door on a real port, as the original's client and SFU speak with it.

mod bad_input;
#[cfg(feature = "media")]
mod built_in_call;
mod built_in_sfu;
mod built_in_stage;
mod claims;
mod identity;
mod nodes;
mod random_clients;
mod sfu_start;
mod signaling;
mod stage;
