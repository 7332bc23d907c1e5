//! Tests of the node bus without Redis.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod format;
mod node_link;
mod presence;
