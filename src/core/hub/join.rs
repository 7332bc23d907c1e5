//! A participant joins a room: the request, the claim and the answer.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use super::Hub;
use crate::core::{
    model::{
        error::JoinError,
        ids::{Name, ParticipantId, RoomId},
        seat_table::{Claim, SeatKey},
        session_token::SessionToken,
    },
    room::{Entered, EntryMode, Room, View},
};

pub use crate::core::model::seat_table::RoomPolicy;

/// A request for a seat.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    /// The room.
    pub room: RoomId,
    /// The participant's name.
    pub name: Name,
    /// The room's policy.
    pub policy: RoomPolicy,
    /// A session token from an earlier join, not verified yet.
    pub session: Option<String>,
    /// Number of the last event received, if the client counts, or
    /// [`RESET`](crate::core::delivery::outbox::RESET).
    pub received: Option<u64>,
    /// True if the client can resume: no newcomer gets the seat before its lease ends.
    pub protected: bool,
    /// The client's address, which the seat counts against while it has no connection.
    pub address: Option<IpAddr>,
}

impl JoinRequest {
    /// A first join of a client that cannot resume, from an address without limits.
    pub fn new(room: RoomId, name: Name, policy: RoomPolicy) -> Self {
        Self { room, name, policy, session: None, received: None, protected: false, address: None }
    }
}

/// A seat that a connection holds: what doors pass to [`Hub`]. Cheap to clone.
#[derive(Clone)]
pub struct Seated {
    pub(in crate::core) key: SeatKey,
    pub(in crate::core) room: Arc<Mutex<Room>>,
}

impl Seated {
    /// The participant.
    pub fn participant(&self) -> ParticipantId {
        self.key.participant
    }

    /// The room.
    pub fn room(&self) -> &RoomId {
        &self.key.room
    }
}

impl fmt::Debug for Seated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seated").field(&self.key).finish()
    }
}

/// The answer to a join.
pub struct Joined {
    /// The seat.
    pub seat: Seated,
    /// Proves the seat when the participant returns.
    pub session: SessionToken,
    /// True if the participant held the seat already; the others were not told of a join.
    pub returned: bool,
    /// True if the participant returned and all events it has missed follow; `false` is a reset.
    pub resumed: bool,
    /// The room.
    pub view: View,
    /// The JSON of all chats of the room, oldest first; `None` if the store does not answer.
    pub history: Option<Vec<Box<str>>>,
}

/// A seat that was free, or the participant's own.
pub struct Taken {
    /// The seat.
    pub seat: Seated,
    /// Proves the seat when the participant returns.
    pub session: SessionToken,
    /// True if the participant held it already; the others were not told of a join.
    pub returned: bool,
}

impl Hub {
    /// Gives a seat: the participant's own, a free one, or an unprotected one whose holder is absent.
    ///
    /// The participant's own seat is the one that its session proves.
    ///
    /// The others are told at once. The participant's own events wait for [`attach`](Self::attach), so that a
    /// door can answer the join first. Dropping the future leaves at worst a seat that ends with its lease.
    ///
    /// # Errors
    /// - [`JoinError::RoomFull`]: every seat is protected, or its holder answers; no participant was
    ///   disturbed.
    /// - [`JoinError::TooManyAway`]: a newcomer whose address holds too many seats without a connection.
    /// - [`JoinError::NameTaken`]: names are unique in the room, and a holder that answers has this one.
    /// - [`JoinError::ShuttingDown`]: this node drains.
    /// - [`JoinError::Unavailable`]: the seat registry does not answer.
    pub async fn join(&self, request: JoinRequest) -> Result<Joined, JoinError> {
        let claim = self.claim_of(&request)?;
        self.check_away(&request, claim.participant).await?;
        let (claimed, gated) = self.claim(&claim).await?;
        let mode = EntryMode::Join { received: request.received };
        let (seat, entered) = self.enter(&claim, &claimed, mode, request.address)?;
        drop(gated);
        let entered = self.finish_move(&seat, entered).await?;
        let Entered { returned, resumed, .. } = entered;
        Ok(Joined { returned, resumed, ..self.rejoined(&seat, entered.view).await })
    }

    /// Gives a free seat or the participant's own; unlike [`join`](Self::join), probes no holder and reads no
    /// history.
    ///
    /// # Errors
    /// As for [`join`](Self::join); [`JoinError::RoomFull`] as soon as others hold every seat, alive or not.
    pub async fn take_seat(&self, request: JoinRequest) -> Result<Taken, JoinError> {
        let claim = self.claim_of(&request)?;
        let claimed = self.claim_once(&claim).await;
        let (claimed, gated) = claimed.map_err(|error| self.refusal_of(&claim.room, error))?;
        let mode = EntryMode::Join { received: request.received };
        let (seat, entered) = self.enter(&claim, &claimed, mode, request.address)?;
        drop(gated);
        let entered = self.finish_move(&seat, entered).await?;
        let session = self.session_for(seat.room(), seat.participant());
        Ok(Taken { session, seat, returned: entered.returned })
    }

    /// The claim that a request makes, for the participant that its session proves or a new one.
    pub(super) fn claim_of(&self, request: &JoinRequest) -> Result<Claim, JoinError> {
        if self.is_draining() {
            return Err(JoinError::ShuttingDown);
        }
        let returning =
            request.session.as_deref().and_then(|session| self.verify_session(&request.room, session));
        Ok(Claim {
            room: request.room.clone(),
            policy: request.policy,
            participant: returning.unwrap_or_else(ParticipantId::random),
            name: request.name.clone(),
            protected: request.protected,
            over: None,
        })
    }

    /// The answer to a join of a participant that has missed nothing.
    pub(super) async fn rejoined(&self, seat: &Seated, view: View) -> Joined {
        Joined {
            session: self.session_for(seat.room(), seat.participant()),
            seat: seat.clone(),
            returned: true,
            resumed: true,
            view,
            history: self.history(seat.room()).await,
        }
    }

    /// Refuses a newcomer whose address holds too many seats without a connection.
    async fn check_away(&self, request: &JoinRequest, participant: ParticipantId) -> Result<(), JoinError> {
        let Some(address) = request.address else { return Ok(()) };
        if self.0.local_node.away.held_by(address) < request.policy.away_per_address {
            return Ok(());
        }
        let holds_seat =
            request.session.is_some() && self.0.registry.seat_of(&request.room, participant).await?.is_some();
        if holds_seat { Ok(()) } else { Err(JoinError::TooManyAway) }
    }
}
