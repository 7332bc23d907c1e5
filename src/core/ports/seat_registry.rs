//! Port to the seat registry: the authority on which participant holds which seat, for all nodes.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use thiserror::Error;

use super::node_bus::{NodeBus, NodeListener};
use crate::core::model::{
    error::Unavailable,
    ids::{NodeId, ParticipantId, RoomId},
    seat_table::{Claim, ClaimRefused, Claimed, Renewal, Seat, SeatKey},
};

/// Why a claim failed.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// Other participants hold all seats or the name; nothing changed.
    #[error(transparent)]
    Refused(#[from] ClaimRefused),
    /// The registry does not answer. If it granted the claim all the same, the seat ends with its lease.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// How a claim of this node ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedClaim {
    /// The seat was released, taken away, or its lease ended.
    Released(SeatKey),
    /// A newer claim of the same participant replaced it; with the seat as it is now.
    ///
    /// That claim may be of this node or another. One of this node may be a claim whose reply was lost: the
    /// seat is this node's nevertheless.
    Moved(SeatKey, Seat),
}

impl EndedClaim {
    /// `Moved` if `successor`, the holder's present seat, has a newer epoch than `key`; else `Released`.
    pub fn new(key: SeatKey, successor: Option<Seat>) -> Self {
        match successor {
            Some(seat) if seat.epoch > key.epoch => Self::Moved(key, seat),
            _ => Self::Released(key),
        }
    }

    /// The claim that ended.
    pub fn key(&self) -> &SeatKey {
        match self {
            Self::Released(key) | Self::Moved(key, _) => key,
        }
    }
}

/// Outcome of a batch of renewals.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Claims that have ended.
    pub lost: Vec<EndedClaim>,
    /// Seats whose renewal failed. Their leases may not be extended; renew them again soon.
    pub failed: Vec<SeatKey>,
    /// Cause of the first failure.
    pub error: Option<Unavailable>,
}

/// The authority on seats of all nodes.
///
/// Every implementation passes the same contract suite (`tests/it/cluster/contract.rs`) and behaves as
/// [`Seats`](crate::core::model::seat_table::Seats) does.
///
/// Each method is one atomic step, or one for each seat or room. Leases are measured by the registry's own
/// clock. All methods may fail with [`Unavailable`], after which the step may or may not have happened: a
/// claim without a reply ends with its lease, and a seat whose release failed is not renewed any more.
///
/// If the registry loses its memory, each node restores its own seats as
/// [`Seats::restore`](crate::core::model::seat_table::Seats::restore) does: a connected seat with a full
/// lease, another one with the rest of its lease. No lease ends while no node can reach the registry, nor
/// before every node had the time to renew its leases afterwards. Until then, new participants get
/// [`Unavailable`].
#[async_trait]
pub trait SeatRegistry: Send + Sync + 'static {
    /// Name of the implementation, for people: `local`, `redis`.
    fn name(&self) -> &'static str;

    /// This node, which holds the seats that it claims.
    fn node(&self) -> NodeId;

    /// The bus to the other nodes.
    fn node_bus(&self) -> Arc<dyn NodeBus>;

    /// Sets the listener for messages of other nodes. Called once, before the first claim.
    fn serve(&self, listener: Weak<dyn NodeListener>);

    /// Gives the participant a seat on this node: the one it holds, under a new epoch, or a free one.
    ///
    /// # Errors
    /// - [`ClaimError::Refused`] with the holders: nothing changed.
    /// - [`ClaimError::Unavailable`].
    async fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError>;

    /// Extends the leases of seats of this node, from now. One failure does not stop the others.
    async fn renew(&self, renewals: &[Renewal]) -> Renewed;

    /// The participant's seat in a room; `None` without one, or if its lease has ended.
    async fn seat_of(&self, room: &RoomId, participant: ParticipantId) -> Result<Option<Seat>, Unavailable>;

    /// All seats of a room whose lease has not ended, on any node, in the order of their first claims.
    ///
    /// # Errors
    /// The registry does not answer, or a node may be about to restore a seat of the room.
    async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable>;

    /// Releases a seat. Returns `false` and changes nothing if another epoch holds the seat, or none.
    async fn release(&self, seat: &SeatKey) -> Result<bool, Unavailable>;

    /// Releases a seat whose holder is not alive. Returns `false` and changes nothing if the seat is
    /// protected by now, or if another epoch holds it, or none.
    async fn take_away(&self, seat: &SeatKey) -> Result<bool, Unavailable>;

    /// Ends the expired leases of this node, and all others in their rooms.
    ///
    /// Returns every claim of this node that has ended, by any cause, each once.
    async fn expire(&self) -> Result<Vec<EndedClaim>, Unavailable>;

    /// Checks that a claim could succeed now.
    async fn check(&self) -> Result<(), Unavailable>;
}
