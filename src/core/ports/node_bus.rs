//! Ordered messages between nodes. Knows no broker and no format.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use thiserror::Error;

use crate::core::model::{
    error::SignalError,
    event::{Event, LeaveReason, Signal, SignalKind},
    ids::{Epoch, NodeId, ParticipantId, RoomId},
    mailbox::{Mailbox, PairSeq},
    seat_table::{Claim, Seat, SeatKey},
};

/// Carries messages to other nodes.
///
/// Messages from one node to another arrive in the order in which they were sent, each at most once. If some
/// cannot arrive any more, the other node is told by [`NodeListener::messages_lost`].
pub trait NodeBus: Send + Sync + 'static {
    /// Takes a message for a node. Never blocks and does no I/O: callers hold a room's lock.
    ///
    /// # Errors
    /// [`BusFull`]: the message was not taken.
    fn send(&self, to: NodeId, message: NodeMessage) -> Result<(), BusFull>;

    /// True if `node` was heard of lately. While this node hears of no other, all count as alive.
    fn is_alive(&self, node: NodeId) -> bool;

    /// The other nodes that were heard of lately.
    fn alive(&self) -> Vec<NodeId>;

    /// Waits until all messages to nodes that are alive have arrived. The caller sets the deadline.
    fn flushed(&self) -> BoxFuture<'static, ()>;
}

/// So much waits for a node that its messages are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too much waits for the other node")]
pub struct BusFull;

impl From<BusFull> for SignalError {
    fn from(_: BusFull) -> Self {
        Self::Unavailable
    }
}

/// Receives the messages of other nodes: the core of the node that they were sent to.
///
/// One task calls it, in the order of arrival. No method blocks.
pub trait NodeListener: Send + Sync {
    /// Handles a message of node `from`.
    fn receive(&self, from: NodeId, message: NodeMessage);

    /// Messages of `node` are lost for good: every participant that one of them may have concerned is reset.
    fn messages_lost(&self, node: NodeId);

    /// `node` has not been heard of for a while.
    fn node_lost(&self, node: NodeId);

    /// `node` is heard of again, or for the first time.
    fn node_returned(&self, node: NodeId);
}

/// What one node tells another.
#[derive(Debug, Clone)]
pub enum NodeMessage {
    /// All seats of a room on the sending node, after one of them changed. Idempotent.
    Seats {
        /// The room.
        room: RoomId,
        /// Its seats on the sending node.
        seats: Vec<NodeSeat>,
        /// The newest streams of the receiver's participants that the sender has heard of.
        streams: Vec<(ParticipantId, Epoch)>,
        /// Asks the receiver to answer with its own.
        reply: bool,
        /// Number of a request that is answered by [`Answer`](Self::Answer) once the seats are known: always
        /// `true`.
        request: Option<u64>,
    },
    /// A seat was released or taken away.
    SeatEnded {
        /// The seat.
        key: SeatKey,
        /// Why.
        reason: LeaveReason,
    },
    /// An event for a participant on the receiving node.
    Deliver {
        /// The recipient. Its epoch is the one that the sender knows, which may be an older one.
        to: SeatKey,
        /// The participant that sent it.
        from: ParticipantId,
        /// Its number among all that `from` sends to `to`; `None` for events without an order.
        seq: Option<PairSeq>,
        /// A signal or a chat message.
        event: Event,
    },
    /// Asks for a sign of life of a seat's holder. Answered by [`Answer`](Self::Answer): `false` without one,
    /// or if the receiver does not hold the seat.
    Probe {
        /// The seat.
        key: SeatKey,
        /// Number of the request.
        request: u64,
    },
    /// Answers a request by yes or no.
    Answer {
        /// Number of the request.
        request: u64,
        /// The answer.
        yes: bool,
    },
    /// Asks for the mailbox of a participant that came to the sending node. Answered by
    /// [`MailboxFetched`](Self::MailboxFetched).
    FetchMailbox {
        /// The seat as the receiver held it.
        former: SeatKey,
        /// The epoch under which the sender claimed it.
        epoch: Epoch,
    },
    /// Answers [`FetchMailbox`](Self::FetchMailbox).
    MailboxFetched {
        /// The seat as the receiver claimed it.
        seat: SeatKey,
        /// `None`: it is lost.
        mailbox: Option<Box<Mailbox>>,
    },
    /// Asks the receiver to take over a seat until its holder returns: the sending node drains.
    TakeOver {
        /// The claim to make. It names the epoch that it ends.
        claim: Box<Claim>,
    },
    /// A signal from another room to the participant of a room with one seat, on the receiving node.
    ///
    /// Answered by [`Answer`](Self::Answer): `false` if the room is empty.
    CrossRoomSignal {
        /// The recipient's room.
        to: RoomId,
        /// The signal; its `from` is the sender.
        signal: Signal,
        /// Number of the request.
        request: u64,
    },
    /// Asks the receiver, which holds the sender's seat, to deliver a signal to the others in its room.
    /// Answered by [`Answer`](Self::Answer): `false` if the receiver does not hold the seat.
    SignalBySession {
        /// The sender's seat.
        from: SeatKey,
        /// The kind of signal.
        kind: SignalKind,
        /// The sender's bytes.
        payload: Bytes,
        /// Number of the request.
        request: u64,
    },
    /// Asks the receiver to end all seats in rooms of a namespace. Answered by [`Answer`](Self::Answer).
    EndSeats {
        /// As in [`RoomId::within`].
        namespace: Box<str>,
        /// Number of the request.
        request: u64,
    },
}

impl NodeMessage {
    /// The answer of a node that holds no seats in `room`.
    pub fn no_seats(room: RoomId) -> Self {
        Self::Seats { room, seats: Vec::new(), streams: Vec::new(), reply: false, request: None }
    }

    /// The room whose claims the message waits for; `None` if it waits for none.
    ///
    /// [`TakeOver`](Self::TakeOver) waits for none, because its own claim waits its turn.
    /// [`MailboxFetched`](Self::MailboxFetched) waits for none either: it names the claim that requested it,
    /// and must not be late.
    pub fn room(&self) -> Option<&RoomId> {
        match self {
            Self::Seats { room, .. } => Some(room),
            Self::SeatEnded { key, .. } | Self::Deliver { to: key, .. } | Self::Probe { key, .. } => {
                Some(&key.room)
            }
            Self::FetchMailbox { former, .. } => Some(&former.room),
            Self::CrossRoomSignal { to, .. } => Some(to),
            Self::SignalBySession { from, .. } => Some(&from.room),
            Self::Answer { .. }
            | Self::MailboxFetched { .. }
            | Self::TakeOver { .. }
            | Self::EndSeats { .. } => None,
        }
    }
}

/// A seat on the sending node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSeat {
    /// The seat; its node is the sending one.
    pub seat: Seat,
    /// Stream id: the epoch at which the holder's event history last restarted.
    pub stream: Epoch,
    /// As in [`RosterEntry`](crate::core::model::roster::RosterEntry::attachment).
    pub attachment: u64,
}

/// The node bus of a node without others.
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
