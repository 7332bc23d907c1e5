//! The kurento door: what users of a room go through. What is said word by word is in `tests/transcripts/kurento`; here is
//! what happens to connections and media, and those who do harm.

mod administration;
mod bad_input;
mod forwarding;
mod media;
mod nodes;
mod random_users;
mod sessions;
mod stage;
