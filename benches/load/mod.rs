//! The load generator: clients that cost little and check every message.

pub mod crowd;
pub mod floor;
pub mod frame;
pub mod media;
pub mod mesh;
pub mod pair;
pub mod seat;
pub mod socket;
mod template;
pub mod took;
pub mod wire;
