//! What somebody who comes into a room says, and what they find.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::core::{
    delivery::mailbox_arrival::Arrival,
    model::ids::{Epoch, Name, ParticipantId},
    ports::connection::Connection,
};

/// Somebody who claimed a seat and comes in.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// Who.
    pub participant: ParticipantId,
    /// What they are called from now on.
    pub name: Name,
    /// The epoch of the claim.
    pub epoch: Epoch,
    /// How long the claim lasts without a renewal.
    pub lease: Duration,
    /// The epoch of their first holding of this seat.
    pub since: Epoch,
    /// Whether their client can resume.
    pub protected: bool,
    /// Against whose limit the seat counts while it is held without a connection.
    pub address: Option<IpAddr>,
    /// Whether they are about to be connected.
    pub attends: Attends,
    /// Whether they held the seat before, here or on another node.
    pub came_back: bool,
    /// By which question their mailbox was asked for.
    pub ask: Option<u64>,
    /// Whether what was kept for them is on another node, or lost with it.
    pub from_elsewhere: bool,
}

/// Whether somebody who sits down is about to be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attends {
    /// Yes, with the number of the last event they have, if they come back and know.
    Now(Option<u64>),
    /// No: this node keeps the seat until they come back.
    Later,
}

impl Attends {
    /// The number of the last event they have, if they know.
    pub fn received(self) -> Option<u64> {
        match self {
            Self::Now(received) => received,
            Self::Later => None,
        }
    }
}

/// What somebody found who entered a room.
pub struct Entered {
    /// Whether it was here before.
    pub returned: bool,
    /// Whether it was here before and nothing was lost since its former connection.
    pub resumed: bool,
    /// The older connection of the same participant, to be closed.
    pub fenced: Option<Arc<dyn Connection>>,
    /// The room.
    pub view: View,
    /// Resolves when it has what was kept for it on another node, if that is on its way.
    pub pending: Option<Arrival>,
}

/// A room as one of its participants sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The number that the participant's next event counts on from.
    pub seq: u64,
    /// Whether somebody sat down before it: the polite side in W3C's perfect negotiation.
    pub polite: bool,
    /// Everybody else, in the order in which they sat down.
    pub others: Vec<Other>,
}

/// Another participant, as one participant sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Who.
    pub participant: ParticipantId,
    /// What they are called.
    pub name: Name,
    /// `false` while its connection is lost and its seat is kept.
    pub connected: bool,
}
