//! All integration tests, one binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod arbiter;
mod architecture;
mod attacks;
mod bad_input;
mod cluster_contract;
mod cluster_faults;
mod cluster_model;
mod cluster_outage;
mod cluster_wire;
mod direct;
mod doors;
mod ice_servers;
mod kurento;
mod media;
mod mesh;
mod nodes;
mod outage;
mod page;
mod process;
mod record_contract;
mod signals;
mod store_contract;
mod store_faults;
mod support;
mod transcripts;
