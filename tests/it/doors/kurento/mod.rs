//! The kurento door: connections, media and abuse. `tests/transcripts/kurento` has its exact messages.

mod administration;
mod bad_input;
mod forwarding;
mod gone;
mod media;
mod nodes;
mod random_users;
mod sessions;
mod stage;
