//! The arbiter door on a real port, as the original's client and SFU speak with it.

mod bad_input;
mod claims;
mod identity;
mod nodes;
mod signals;
mod stage;
mod start;
