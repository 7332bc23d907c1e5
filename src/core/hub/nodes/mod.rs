//! What only several nodes need: messages from other nodes, migration of seats, signals to rooms on other nodes.

pub mod by_session;
pub(super) mod claim_gate;
pub(super) mod cross_room;
pub(super) mod inbound;
pub(super) mod migration;
pub(super) mod pending_requests;
