//! Tests of what can be tested without Redis.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod format;
mod link;
mod presence;
