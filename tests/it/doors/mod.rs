//! The doors on real ports: one folder per door, and what all doors share.

mod arbiter;
mod direct;
mod isolation;
mod kurento;
mod mesh;
mod signals;
mod transcripts;
