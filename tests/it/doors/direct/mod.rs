//! The direct door on a real port: what users of it go through. What is said word by word is in
//! `tests/transcripts/direct`; here is what happens to connections, names and those who do harm.

mod bad_input;
mod connections;
mod kick;
mod names;
mod nodes;
mod user;
