//! What the bearer of a session may do from any node, whichever their seat is on.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::time::timeout;

use crate::core::{
    hub::{
        Hub,
        join::{JoinRequest, Seated},
    },
    model::{
        error::{JoinError, SignalError, Unavailable},
        event::SignalKind,
        ids::{ParticipantId, RoomId},
        lock::lock,
        seat_table::{Claim, Seat, SeatKey},
    },
    ports::{node_bus::NodeMessage, seat_registry::ClaimError},
    room::Attends,
};

/// How long another node has to pass on what is said by one who sits there.
const SAID_WITHIN: Duration = Duration::from_secs(2);

/// How often a seat is looked for that is always somewhere else.
const MAX_TRIES: usize = 3;

/// Why nothing was said.
#[derive(Debug, Error)]
pub enum SayError {
    /// The session is for no seat that is held now.
    #[error("the seat is not held")]
    NotSeated,
    /// The cluster does not answer, or the node that the seat is on; what was said may be told all the same.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Hub {
    /// Who holds the seat that a session token proves its bearer's, on whatever node. Takes and renews nothing.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub async fn holder(&self, room: &RoomId, session: &str) -> Result<Option<ParticipantId>, Unavailable> {
        Ok(self.held(room, session).await?.map(|seat| seat.participant))
    }

    /// The seat that the request's session proves its bearer's, if it is held just now. If that is on another node, it
    /// comes here, with what was kept for its holder; the connection it has there is closed. Nobody is told.
    ///
    /// # Errors
    /// As [`join`](Self::join), but for a room that is full.
    pub async fn seat_here(&self, request: &JoinRequest) -> Result<Option<Seated>, JoinError> {
        let Some(session) = request.session.as_deref() else { return Ok(None) };
        let Some(held) = self.held(&request.room, session).await? else { return Ok(None) };
        if held.node == self.0.local_node.node {
            return Ok(self.seated(&held.key_in(&request.room)));
        }
        let claim = Claim { over: Some(held.epoch), ..self.claim_of(request)? };
        let (claimed, claiming) = match self.claim_once(&claim).await {
            Ok(claimed) => claimed,
            // It was given up just now.
            Err(ClaimError::Refused(_)) => return Ok(None),
            Err(error) => return Err(self.refusal_of(&claim.room, error)),
        };
        let (seat, entered) =
            self.enter(&claim, &claimed, Attends::Now(request.received), request.address)?;
        drop(claiming);
        self.wait_for_mailbox(&seat, entered).await?;
        Ok(Some(seat))
    }

    /// Delivers a signal to everybody else in `room`, from the seat that a session proves, on whatever node that is. When
    /// it returns, the node of that seat has passed it on.
    ///
    /// # Errors
    /// [`SayError`]; in either case it may be tried again.
    pub async fn say(
        &self,
        room: &RoomId,
        session: &str,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SayError> {
        for _ in 0..MAX_TRIES {
            let seat = self.held(room, session).await?.ok_or(SayError::NotSeated)?;
            let key = seat.key_in(room);
            let is_said = if seat.node == self.0.local_node.node {
                match self.say_here(&key, kind, payload.clone()) {
                    Err(SignalError::Unavailable) => return Err(unreachable_node().into()),
                    outcome => outcome.is_ok(),
                }
            } else {
                self.say_there(&seat, key, kind, payload.clone()).await?
            };
            if is_said {
                return Ok(());
            }
            // It has moved meanwhile.
        }
        Err(SayError::NotSeated)
    }

    fn seated(&self, key: &SeatKey) -> Option<Seated> {
        let room = self.room(&key.room)?;
        lock(&room).lease_of(key.participant, key.epoch).ok()?;
        Some(Seated { key: key.clone(), room })
    }

    /// Delivers a signal of one who sits on this node.
    pub(in crate::core::hub) fn say_here(
        &self,
        key: &SeatKey,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SignalError> {
        let room = self.room(&key.room).ok_or(SignalError::NoSuchParticipant)?;
        let mut room = lock(&room);
        room.lease_of(key.participant, key.epoch)?;
        room.broadcast(key.participant, key.epoch, kind, payload, self.0.clock.now())
    }

    async fn say_there(
        &self,
        seat: &Seat,
        from: SeatKey,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<bool, Unavailable> {
        let (ask, answer) = self.0.pending_requests.probe(seat.node, self.0.clock.now());
        let message = NodeMessage::Say { from, kind, payload, ask };
        self.0
            .local_node
            .send(seat.node, message)
            .map_err(|error| Unavailable::new("another node", error))?;
        match timeout(SAID_WITHIN, answer).await {
            Ok(Ok(is_said)) => Ok(is_said),
            _ => Err(unreachable_node()),
        }
    }

    async fn held(&self, room: &RoomId, session: &str) -> Result<Option<Seat>, Unavailable> {
        match self.proven(room, session) {
            Some(participant) => self.0.registry.holding(room, participant).await,
            None => Ok(None),
        }
    }
}

fn unreachable_node() -> Unavailable {
    Unavailable { what: "another node", source: None }
}
