//! What the core needs carried from node to node, and what it is told of other nodes. Knows no broker and no format.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use thiserror::Error;

use crate::core::model::{
    error::SignalError,
    event::{Event, LeaveReason, Numbered, Signal, SignalKind},
    ids::{Epoch, NodeId, ParticipantId, RoomId},
    seat_table::{Claim, Seat, SeatKey},
};

/// Carries messages to other nodes.
///
/// From one node to another, messages arrive in the order in which they were sent, each at most once. What can not
/// arrive any more is made known to the other node by [`NodeListener::torn`]; nothing is lost in silence.
pub trait NodeBus: Send + Sync + 'static {
    /// Takes a message for a node. Never blocks and does no I/O: it is called under a room's lock.
    ///
    /// # Errors
    /// [`BusFull`]: the message was not taken.
    fn send(&self, to: NodeId, message: NodeMessage) -> Result<(), BusFull>;

    /// Whether a node was heard of lately. While this node hears of nobody, everybody is taken to be alive.
    fn is_alive(&self, node: NodeId) -> bool;

    /// The other nodes that were heard of lately.
    fn alive(&self) -> Vec<NodeId>;

    /// Waits until all that was sent so far to nodes that are alive has arrived there. The caller sets the deadline.
    fn flushed(&self) -> BoxFuture<'static, ()>;
}

/// So much waits for a node that no more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too much waits for the other node")]
pub struct BusFull;

impl From<BusFull> for SignalError {
    fn from(_: BusFull) -> Self {
        Self::Unavailable
    }
}

/// Who messages are for: the core of the node that they were sent to. Called by one task, in the order of arrival;
/// never blocks.
pub trait NodeListener: Send + Sync {
    /// Takes a message of another node.
    fn receive(&self, from: NodeId, message: NodeMessage);

    /// Something that `node` sent is lost for good: whoever might have been told of it has to start afresh.
    fn torn(&self, node: NodeId);

    /// Nothing was heard of `node` for a while.
    fn gone(&self, node: NodeId);

    /// `node` is heard of again, or for the first time.
    fn back(&self, node: NodeId);
}

/// What one node tells another.
#[derive(Debug, Clone)]
pub enum NodeMessage {
    /// Everybody who sits in a room on the sending node, after anything changed there. Told twice, it is news once.
    Seats {
        /// Where.
        room: RoomId,
        /// Who.
        stays: Vec<NodeSeat>,
        /// Whether the other node is to answer with its own.
        ask: bool,
    },
    /// A seat was given up: by its own node, or by one that had to do with the holder's no more being there.
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
        /// Its place in all that `from` said to `to`; `None` for what may arrive as it comes.
        count: Option<PairSeq>,
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
    /// Whether the holder of the seat that `ask` was about is there.
    Probed {
        /// The number of the question.
        ask: u64,
        /// `false`: nobody answered, or the seat is not the other node's.
        alive: bool,
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
    /// What waited for whoever `ask` was about; `None` if all of that has gone on, or never came.
    Yielded {
        /// The number of the question.
        ask: u64,
        /// What waited.
        mailbox: Option<Box<Mailbox>>,
    },
    /// The sending node stops: the other one is to take a seat over until its holder is back.
    Adopt {
        /// With which the seat is to be taken over; it names the holding that is to end.
        claim: Box<Claim>,
    },
    /// Something for whoever sits in a room on the other node.
    CrossRoomSignal(Box<CrossRoomSignal>),
    /// A letter that the sending node got and cannot deliver: nobody sits there.
    Returned(Box<CrossRoomSignal>),
    /// One whose seat is on the other node tells the others in its room something, by way of the sending node.
    Say {
        /// Who.
        from: SeatKey,
        /// What it is.
        kind: SignalKind,
        /// The sender's bytes.
        payload: Bytes,
        /// What the answer will be known by.
        ask: u64,
    },
    /// The other node is to end all seats in rooms of a namespace, because an administrator says so.
    Dismiss {
        /// Which; as in [`RoomId::within`].
        namespace: Box<str>,
        /// What the answer will be known by.
        ask: u64,
    },
    /// Whether what `ask` was about is done.
    Done {
        /// The number of the question.
        ask: u64,
        /// `false`: it could not be done.
        done: bool,
    },
}

impl NodeMessage {
    /// The room into which it comes, unless it is an answer.
    pub fn room(&self) -> Option<&RoomId> {
        match self {
            Self::Seats { room, .. } => Some(room),
            Self::Left { key, .. } | Self::Told { to: key, .. } | Self::Probe { key, .. } => Some(&key.room),
            Self::Yield { former, .. } => Some(&former.room),
            Self::CrossRoomSignal(letter) => Some(&letter.to),
            Self::Say { from, .. } => Some(&from.room),
            Self::Probed { .. }
            | Self::Yielded { .. }
            | Self::Adopt { .. }
            | Self::Returned(_)
            | Self::Dismiss { .. }
            | Self::Done { .. } => None,
        }
    }
}

/// A signal from one who sits in one room to whoever sits in another.
#[derive(Debug, Clone)]
pub struct CrossRoomSignal {
    /// The room it is for.
    pub to: RoomId,
    /// Where its sender sat.
    pub from: SeatKey,
    /// What it says; its `from` is the sender.
    pub signal: Signal,
}

/// Somebody who sits on the sending node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSeat {
    /// Their seat; its node is the sending one.
    pub seat: Seat,
    /// Since which holding they have been told everything: since the first one, or since something was lost.
    pub stream: Epoch,
}

/// The place of something in all that one participant said to another.
///
/// It goes on wherever the two move, so that what comes by an old way and by a new one is not mixed up. It begins
/// anew when either does: counts follow those with a smaller stream of the speaker, and of those of one such stream, those with
/// a smaller one of the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairSeq {
    /// The [stream](NodeSeat::stream) of whoever said it.
    pub from: Epoch,
    /// The stream of whoever is told.
    pub to: Epoch,
    /// Its number, from 1.
    pub number: u64,
}

/// All that one participant was told and may not have got, on its way from one node to another, and where it was in
/// its talks with the others.
#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    /// What is not known to have arrived, in order, without a gap.
    pub kept: Vec<Numbered>,
    /// The number of the last event.
    pub last: u64,
    /// The number of the last event that a connection took.
    pub handed: u64,
    /// Since which holding it has been told everything; no epoch at all if something in it is lost.
    pub stream: Epoch,
    /// The last it said to each of the others, between their present streams; 0 if nothing.
    pub said: Vec<(ParticipantId, PairSeq)>,
    /// The last it was told by each of the others, or is kept for it.
    pub heard: Vec<(ParticipantId, PairSeq)>,
    /// Of whom it was told that they sit in the room, and whether as connected.
    pub others: Vec<(ParticipantId, bool)>,
}

impl Mailbox {
    /// One of which nothing is known.
    pub fn lost() -> Box<Self> {
        Box::default()
    }

    /// Whether something in it is lost, so that its owner has to start afresh.
    pub fn is_lost(&self) -> bool {
        self.stream == Epoch::default()
    }
}

/// The bus of a node on its own: there is nobody to send anything to.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNodeBus;

impl NodeBus for NoNodeBus {
    fn send(&self, _: NodeId, _: NodeMessage) -> Result<(), BusFull> {
        Err(BusFull)
    }

    fn is_alive(&self, _: NodeId) -> bool {
        false
    }

    fn alive(&self) -> Vec<NodeId> {
        Vec::new()
    }

    fn flushed(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}
