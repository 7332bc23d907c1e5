//! The arbiter door on a real port, as the original's client and SFU speak with it.

mod bad_input;
mod built_in;
mod claims;
mod identity;
mod nodes;
#[cfg(feature = "media")]
mod room;
mod signals;
mod stage;
mod start;
