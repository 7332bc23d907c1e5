//! The events of the mesh door, as they are on the wire. What the page knows of them,
//! `frontend/src/signaling/wire.ts`, is made from these types (`tests/wire_types.rs`).

mod client;
mod server;

pub use self::{
    client::{ClientMessage, JoinRoom, SendMessage, is_event},
    server::{
        BareCandidate, DONE, ErrorEvent, JoinedSuccessfully, MessageSent, Opaque, PeerJoined,
        PeerReconnecting, PeerResumed, Probe, ReceiveAnswer, ReceiveCandidate, ReceiveMessage, ReceiveOffer,
        Refused, Replaced, ServerEvent, ShuttingDown, UserLeft,
    },
};

#[cfg(test)]
mod tests;
