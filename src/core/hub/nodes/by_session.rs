//! Operations that a session token permits from any node, wherever the seat is.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::time::timeout;

use super::super::{
    Hub,
    join::{JoinRequest, Seated},
};
use crate::core::{
    model::{
        error::{JoinError, SignalError, Unavailable},
        event::SignalKind,
        ids::{NodeId, ParticipantId, RoomId},
        lock::lock,
        seat_table::{Claim, Seat, SeatKey},
    },
    ports::{
        node_bus::{BusFull, NodeMessage},
        seat_registry::ClaimError,
    },
    room::EntryMode,
};

/// How long another node has to deliver a signal.
const DELIVERED_WITHIN: Duration = Duration::from_secs(2);

/// How often a seat is looked up that has moved meanwhile.
pub(super) const MAX_TRIES: usize = 3;

/// Why a signal by session was not delivered.
#[derive(Debug, Error)]
pub enum SessionSignalError {
    /// The session proves no seat that is held now.
    #[error("the seat is not held")]
    NotSeated,
    /// The seat registry or the seat's node does not answer; the signal may be delivered nevertheless.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Hub {
    /// The holder of the seat that a session token proves, on any node. Neither claims nor renews.
    ///
    /// # Errors
    /// The seat registry does not answer.
    pub async fn holder_by_session(
        &self,
        room: &RoomId,
        session: &str,
    ) -> Result<Option<ParticipantId>, Unavailable> {
        Ok(self.seat_by_session(room, session).await?.map(|seat| seat.participant))
    }

    /// The seat that the request's session proves, if it is held now. A seat on another node moves to
    /// this node with its mailbox, and its former connection is closed; the others are told nothing.
    ///
    /// # Errors
    /// As for [`join`](Self::join), except for a full room.
    pub async fn claim_by_session(&self, request: &JoinRequest) -> Result<Option<Seated>, JoinError> {
        let Some(session) = request.session.as_deref() else { return Ok(None) };
        let Some(held) = self.seat_by_session(&request.room, session).await? else { return Ok(None) };
        if held.node == self.0.local_node.id {
            return Ok(self.seated(&held.key_in(&request.room)));
        }
        let claim = Claim { over: Some(held.epoch), ..self.claim_of(request)? };
        let (claimed, gated) = match self.claim_once(&claim).await {
            Ok(claimed) => claimed,
            // The seat ended just now.
            Err(ClaimError::Refused(_)) => return Ok(None),
            Err(error) => return Err(self.refusal_of(&claim.room, error)),
        };
        let mode = EntryMode::Join { received: request.received };
        let (seat, entered) = self.enter(&claim, &claimed, mode, request.address)?;
        drop(gated);
        self.finish_move(&seat, entered).await?;
        Ok(Some(seat))
    }

    /// Delivers a signal to all others in `room`, from the seat that a session proves, on any node. On
    /// return, the node of that seat has sent it.
    ///
    /// # Errors
    /// [`SessionSignalError`]; either may be tried again.
    pub async fn signal_by_session(
        &self,
        room: &RoomId,
        session: &str,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SessionSignalError> {
        for _ in 0..MAX_TRIES {
            let seat = self.seat_by_session(room, session).await?.ok_or(SessionSignalError::NotSeated)?;
            let key = seat.key_in(room);
            let is_sent = if seat.node == self.0.local_node.id {
                match self.signal_local(&key, kind, payload.clone()) {
                    Err(SignalError::Unavailable) => return Err(unreachable_node().into()),
                    outcome => outcome.is_ok(),
                }
            } else {
                self.signal_remote(&seat, key, kind, payload.clone()).await?
            };
            if is_sent {
                return Ok(());
            }
            // The seat has moved meanwhile.
        }
        Err(SessionSignalError::NotSeated)
    }

    /// Delivers a signal from a seat of this node to the others in its room.
    pub(super) fn signal_local(
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

    async fn signal_remote(
        &self,
        seat: &Seat,
        from: SeatKey,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<bool, Unavailable> {
        let message = |request| NodeMessage::SignalBySession { from, kind, payload, request };
        let is_sent = self.ask_to_deliver(seat.node, message).await;
        is_sent.map_err(|error| Unavailable::new("another node", error))?.ok_or_else(unreachable_node)
    }

    /// Asks another node to deliver a signal. Returns whether it did; `None` without an answer in time.
    pub(super) async fn ask_to_deliver(
        &self,
        node: NodeId,
        message: impl FnOnce(u64) -> NodeMessage,
    ) -> Result<Option<bool>, BusFull> {
        let answer = timeout(DELIVERED_WITHIN, self.ask(node, message)?).await;
        Ok(answer.ok().and_then(Result::ok))
    }

    async fn seat_by_session(&self, room: &RoomId, session: &str) -> Result<Option<Seat>, Unavailable> {
        match self.verify_session(room, session) {
            Some(participant) => self.0.registry.seat_of(room, participant).await,
            None => Ok(None),
        }
    }

    fn seated(&self, key: &SeatKey) -> Option<Seated> {
        let room = self.room(&key.room)?;
        lock(&room).lease_of(key.participant, key.epoch).ok()?;
        Some(Seated { key: key.clone(), room })
    }
}

fn unreachable_node() -> Unavailable {
    Unavailable { what: "another node", source: None }
}
