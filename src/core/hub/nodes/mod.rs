//! Parts of the hub that only several nodes need.
//!
//! - `inbound`: messages of other nodes, and news of nodes.
//! - `migration`: seats and mailboxes move from node to node.
//! - `reconcile`: the seat registry is asked about seats on other nodes.
//! - `claim_gate`: messages about a room wait while a claim in it is under way.
//! - `pending_requests`: requests to other nodes without an answer yet.
//! - `cross_room`: signals to a room on another node.
//! - `by_session`: what a session token permits from any node.

pub mod by_session;
pub(super) mod claim_gate;
mod cross_room;
mod inbound;
mod migration;
pub(super) mod pending_requests;
mod reconcile;
