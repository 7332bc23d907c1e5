//! The arbiter door on a real port, with the messages of the original's client and SFU.

mod bad_input;
#[cfg(feature = "media")]
mod built_in_call;
mod built_in_sfu;
mod built_in_stage;
mod claims;
mod identity;
mod nodes;
mod pool;
mod random_clients;
#[cfg(feature = "media")]
mod restart;
mod sfu_start;
mod signaling;
mod stage;
mod waiting;
