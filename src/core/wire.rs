//! What the core needs carried from node to node, and what it is told of other nodes. Knows no broker and no format.

use thiserror::Error;

use super::{
    event::{Event, LeaveReason, Numbered},
    ids::{Epoch, NodeId, ParticipantId, RoomId},
    seat::{Seat, SeatKey},
};

/// Carries parcels to other nodes.
///
/// From one node to another, parcels arrive in the order in which they were sent, each at most once. What can not
/// arrive any more is made known to the other node by [`Recipient::torn`]; nothing is lost in silence.
pub trait Wire: Send + Sync + 'static {
    /// Takes a parcel for a node. Never blocks and does no I/O: it is called under a room's lock.
    ///
    /// # Errors
    /// [`WireFull`]: the parcel was not taken.
    fn send(&self, to: NodeId, parcel: Parcel) -> Result<(), WireFull>;

    /// Whether a node was heard of lately. While this node hears of nobody, everybody is taken to be alive.
    fn is_alive(&self, node: NodeId) -> bool;
}

/// So much waits for a node that no more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too much waits for the other node")]
pub struct WireFull;

/// Who parcels are for: the core of the node that they were sent to. Called by one task, in the order of arrival;
/// never blocks.
pub trait Recipient: Send + Sync {
    /// Takes a parcel of another node.
    fn receive(&self, from: NodeId, parcel: Parcel);

    /// Something that `node` sent is lost for good: whoever might have been told of it has to start afresh.
    fn torn(&self, node: NodeId);

    /// Nothing was heard of `node` for a while.
    fn gone(&self, node: NodeId);

    /// `node` is heard of again, or for the first time.
    fn back(&self, node: NodeId);
}

/// What one node tells another.
#[derive(Debug, Clone)]
pub enum Parcel {
    /// Somebody sits on the sending node: just sat down, came back under a newer epoch, or, after something was lost,
    /// sits there still. Told twice, it is news once.
    Entered {
        /// Where.
        room: RoomId,
        /// The seat they hold; its node is the sending one.
        seat: Seat,
        /// Whether they can be told things just now.
        connected: bool,
    },
    /// The connection of somebody who sits on the sending node was lost, or is back.
    Presence {
        /// Whose.
        key: SeatKey,
        /// Whether they can be told things.
        connected: bool,
    },
    /// A seat was given up.
    Left {
        /// Which.
        key: SeatKey,
        /// Why.
        reason: LeaveReason,
    },
    /// Something that somebody who sits on the other node is to be told.
    Told {
        /// Whom. The epoch is the one that the sender knows of, which may be an older one.
        to: SeatKey,
        /// Who said it.
        from: ParticipantId,
        /// The number of what `from` said to `to`, from 1: whoever changes nodes does not mix them up.
        number: u64,
        /// What: a signal or a chat.
        event: Event,
    },
    /// Somebody wants in where the other node has a seat: is its holder there?
    Probe {
        /// Whose seat.
        key: SeatKey,
        /// What the answer will be known by.
        ask: u64,
    },
    /// The holder of the seat that `ask` was about is there.
    Alive {
        /// The number of the question.
        ask: u64,
    },
    /// The holder of a seat on the other node came back on the sending one, which wants what waits for it.
    Yield {
        /// The holding that is over.
        former: SeatKey,
        /// The one that follows it.
        epoch: Epoch,
        /// What the answer will be known by.
        ask: u64,
    },
    /// What waited for whoever `ask` was about; `None` if nothing is known of it.
    Yielded {
        /// The number of the question.
        ask: u64,
        /// What waited.
        mailbox: Option<Box<Mailbox>>,
    },
}

/// All that one participant was told and may not have got, on its way from one node to another.
#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    /// What is not known to have arrived, in order, without a gap.
    pub kept: Vec<Numbered>,
    /// The number of the last event.
    pub last: u64,
    /// The number of the last event that a connection took.
    pub handed: u64,
    /// For each sender on another node, the number of the last [`Parcel::Told`] that came from it.
    pub numbers: Vec<(ParticipantId, u64)>,
}
