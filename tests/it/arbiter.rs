//! The arbiter door on a real port, as the original's client and SFU speak with it.

mod arbitrary;
mod bad_input;
mod built_in;
mod claims;
mod fake_stage;
mod identity;
mod nodes;
#[cfg(feature = "media")]
mod room;
mod signals;
mod stage;
mod start;
