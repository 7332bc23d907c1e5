//! The direct door on a real port: connections, names and abuse. `tests/transcripts/direct` has its exact
//! messages.

mod bad_input;
mod connections;
mod kick;
mod names;
mod nodes;
mod user;
