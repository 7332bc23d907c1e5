//! What the core needs agreed on by all nodes: who holds which seat.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use thiserror::Error;

use super::node_bus::{NodeBus, NodeListener};
use crate::core::model::{
    error::Unavailable,
    ids::{NodeId, ParticipantId, RoomId},
    seat_table::{Claim, Claimed, Refused, Renewal, Seat, SeatKey},
};

/// Why a seat was not claimed.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// Every seat is held by somebody else, or the name is; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The cluster does not answer. A seat that was claimed all the same ends with its lease.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What became of a holding that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedClaim {
    /// The seat was given up.
    Released(SeatKey),
    /// Its holder came back, on this node or another, and holds it as this. On this node: there may be no answer to that
    /// claim; the holding is this node's own all the same.
    Moved(SeatKey, Seat),
}

impl EndedClaim {
    /// The holding that is no more.
    pub fn key(&self) -> &SeatKey {
        match self {
            Self::Released(key) | Self::Moved(key, _) => key,
        }
    }
}

/// What became of the seats that a node renewed, each by itself.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Seats that are no longer held.
    pub lost: Vec<EndedClaim>,
    /// Seats whose renewal failed: whether they last longer is not known, and they should be renewed again soon.
    pub failed: Vec<SeatKey>,
    /// Why the first of these failed.
    pub error: Option<Unavailable>,
}

/// The authority on seats. Every implementation passes the same contract suite (`tests/it/cluster/contract.rs`)
/// and behaves as [`Seats`](crate::core::model::seat_table::Seats) does.
///
/// Each method is one atomic step, or one for each seat or room, judged by the cluster's own clock. All may fail with
/// [`Unavailable`], after which the step may or may not have happened: a seat claimed but never answered for ends with
/// its lease, and one that could not be released is not renewed any more.
///
/// A node's seats are its own word: if the cluster loses its memory, the node's implementation puts them back as
/// [`Seats::restore`](crate::core::model::seat_table::Seats::restore) does: a connected seat with its full lease, another one with what is
/// left of it. No lease ends while no node can reach the cluster, nor before every node could renew its own afterwards.
/// Until then newcomers are told [`Unavailable`].
#[async_trait]
pub trait SeatRegistry: Send + Sync + 'static {
    /// What it is, for people: `local`, `redis`.
    fn name(&self) -> &'static str;

    /// Which node this is: the one that its claims are held by.
    fn node(&self) -> NodeId;

    /// What carries messages to the other nodes.
    fn node_bus(&self) -> Arc<dyn NodeBus>;

    /// Says whom the other nodes' messages are for. Called once, before anything is claimed.
    fn serve(&self, recipient: Weak<dyn NodeListener>);

    /// Gives the claim's participant a seat on this node: the one it holds, under a new epoch, or a free one.
    ///
    /// # Errors
    /// - [`ClaimError::Refused`] with the holders: nothing changed.
    /// - [`ClaimError::Unavailable`].
    async fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError>;

    /// Extends each of these seats of this node by its lease from now. One failure does not stop the others.
    async fn renew(&self, renewals: &[Renewal]) -> Renewed;

    /// What a participant holds in a room; `None` if it has no seat there, or one whose lease has ended.
    async fn seat_of(&self, room: &RoomId, participant: ParticipantId) -> Result<Option<Seat>, Unavailable>;

    /// Everybody whose lease goes on in a room, on whatever node, in the order in which they sat down.
    ///
    /// # Errors
    /// The cluster does not answer, or somebody who sits there may be about to be put back.
    async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable>;

    /// Gives a seat up. `false`, with nothing changed, if the holding is not the seat's any more.
    async fn release(&self, seat: &SeatKey) -> Result<bool, Unavailable>;

    /// Gives up a seat whose holder is not there, unless it is protected by now. `false`, with nothing changed, if it is, or
    /// if another epoch holds it, or none.
    async fn take_away(&self, seat: &SeatKey) -> Result<bool, Unavailable>;

    /// Gives up the seats whose lease has ended in the rooms in which this node holds one. Returns what this node has
    /// to tell those rooms: every holding it knew of that is no more, whoever ended it, once.
    async fn expire(&self) -> Result<Vec<EndedClaim>, Unavailable>;

    /// Whether a claim could succeed now.
    async fn check(&self) -> Result<(), Unavailable>;
}
