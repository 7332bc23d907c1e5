//! The doors on real ports: a folder per door, and tests of all doors together.

mod arbiter;
mod direct;
mod isolation;
mod kurento;
mod mesh;
mod new_door;
mod signals;
mod transcripts;
