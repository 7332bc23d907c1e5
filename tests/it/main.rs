//! All integration tests, one binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod architecture;
mod attacks;
mod bad_input;
mod cluster_contract;
mod direct;
mod mesh;
mod outage;
mod process;
mod store_contract;
mod store_faults;
mod support;
mod transcripts;
