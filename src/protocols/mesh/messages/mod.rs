//! The events of the mesh door, as they are on the wire. The call page's types,
//! `frontend/src/signaling/wire.ts`, are generated from these (`tests/wire_types.rs`).

mod client;
mod server;

pub use self::{
    client::{ClientMessage, JoinRoom, SendMessage, UNKNOWN_EVENT, event_in},
    server::{
        BareCandidate, DONE, ErrorEvent, JoinedSuccessfully, Limits, MessageSent, Opaque, PeerJoined,
        PeerReconnecting, PeerResumed, Probe, ReceiveAnswer, ReceiveCandidate, ReceiveMessage, ReceiveOffer,
        RefusedAck, SeatReplaced, ServerEvent, ShuttingDown, UserLeft,
    },
};

/// Approximate bytes of a packet without its content: braces, names, ids.
pub const ENVELOPE_BYTES: usize = 64;

#[cfg(test)]
mod tests;
