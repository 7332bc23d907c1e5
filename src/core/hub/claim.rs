//! Claims a seat in the registry and lists the participant in its room.
//!
//! Frees seats that a newcomer may take over.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{Hub, join::Seated, liveness::is_away, nodes::claim_gate::GatedClaim};
use crate::core::{
    model::{
        error::{JoinError, Replaced, Unavailable},
        event::LeaveReason,
        ids::RoomId,
        lock::lock,
        seat_table::{Claim, ClaimRefused, Claimed, Seat, SeatKey},
    },
    ports::{node_bus::NodeMessage, seat_registry::ClaimError},
    room::{Entered, Entrant, EntryMode, Room},
};

impl Hub {
    /// Claims a seat. Holds the room's claim turn; dropping the [`GatedClaim`] releases it.
    pub(super) async fn claim_once(&self, claim: &Claim) -> Result<(Claimed, GatedClaim), ClaimError> {
        let gated = GatedClaim::begin(self, &claim.room).await;
        let claimed = self.0.registry.claim(claim.clone()).await?;
        self.renew_unlisted(&claim.room, &claimed).await;
        Ok((claimed, gated))
    }

    /// Renews the local seats that the answer to a claim does not list.
    ///
    /// Such a seat has ended and the news of that are on their way, or the registry lost it and gets it back
    /// now. So the claimant meets only participants that have a seat.
    async fn renew_unlisted(&self, room: &RoomId, claimed: &Claimed) {
        let Some(room) = self.room(room) else { return };
        let renewals = lock(&room).renewals_unlisted(claimed, self.0.clock.now());
        if !renewals.is_empty() {
            self.renew(&renewals).await;
        }
    }

    /// Claims a seat. If holders are in the way, frees unprotected seats of absent ones and retries once.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<(Claimed, GatedClaim), JoinError> {
        let refused = match self.claim_once(claim).await {
            Ok(claimed) => return Ok(claimed),
            Err(ClaimError::Unavailable(error)) => return Err(error.into()),
            Err(ClaimError::Refused(refused)) => refused,
        };
        let holders = refused.holders();
        let free = self.0.liveness_probes.find_claimable(self, claim, holders, self.0.clock.now()).await;
        // The answer to an earlier probe may name a seat that is not in the way any more.
        let freed: Vec<_> = holders.iter().filter(|seat| free.contains(&seat.key_in(&claim.room))).collect();
        if freed.is_empty() {
            return Err(self.refusal(&claim.room, &refused));
        }
        for seat in freed {
            self.take_away(&claim.room, seat).await?;
        }
        self.claim_once(claim).await.map_err(|error| self.refusal_of(&claim.room, error))
    }

    /// The answer to a client whose claim failed.
    pub(super) fn refusal_of(&self, room: &RoomId, error: ClaimError) -> JoinError {
        match error {
            ClaimError::Refused(refused) => self.refusal(room, &refused),
            ClaimError::Unavailable(error) => error.into(),
        }
    }

    /// Lists a participant that claimed a seat, for its client or, on a take-over, until its client joins.
    pub(super) fn enter(
        &self,
        claim: &Claim,
        claimed: &Claimed,
        mode: EntryMode,
        address: Option<IpAddr>,
    ) -> Result<(Seated, Entered), Replaced> {
        let now = self.0.clock.now();
        // The map stays locked, so that no other task removes the room as empty meanwhile.
        let mut rooms = self.lock_rooms();
        let new = || Arc::new(Mutex::new(Room::new(claim.room.clone(), self.0.local_node.clone())));
        let room = rooms.entry(claim.room.clone()).or_insert_with(new).clone();
        let entered = {
            let mut room = lock(&room);
            room.apply_policy(claim.policy, now);
            for seat in &claimed.ended {
                let (key, reason) = (seat.key_in(&claim.room), LeaveReason::LeaseEnded);
                self.tell_end(&key, reason, claimed.others.iter().chain([seat]));
                room.end_stay(key.participant, key.epoch, reason, now);
            }
            for seat in claimed.others.iter().filter(|seat| seat.node != self.0.local_node.id) {
                room.apply_seat(seat, None, now);
            }
            let entrant = Entrant { address, ..self.entrant(&room, claim, claimed, mode)? };
            room.enter(&entrant, now)?
        };
        Ok((Seated { key: claimed.seat.key_in(&claim.room), room }, entered))
    }

    fn entrant(
        &self,
        room: &Room,
        claim: &Claim,
        claimed: &Claimed,
        mode: EntryMode,
    ) -> Result<Entrant, Replaced> {
        if room.is_newer(claim.participant, claimed.seat.epoch) {
            return Err(Replaced);
        }
        let (local, knows_peers) = (self.0.local_node.id, self.0.local_node.knows_peers());
        let former = claimed.former.as_ref();
        // This node had no answer to its last claim: before that, the seat may have been on any node. Without
        // other nodes, it was read at the start.
        let is_unanswered =
            former.is_some_and(|it| it.node == local && !room.holds(it.participant, it.epoch));
        let remote = former.filter(|former| former.node != local);
        // The request goes out before the others are told of the move, so that it arrives first.
        let mailbox_from = remote.and_then(|it| self.request_mailbox(it, &claim.room, claimed.seat.epoch));
        Ok(Entrant {
            seat: claimed.seat.clone(),
            lease: claim.policy.lease,
            mode,
            is_returning: former.is_some() && (knows_peers || !is_unanswered),
            address: None,
            mailbox_from,
            was_remote: remote.is_some() || (knows_peers && is_unanswered),
        })
    }

    /// Takes an unprotected seat from an absent holder, and tells every node that lists it.
    ///
    /// Nothing happens if the seat is protected by now.
    async fn take_away(&self, room: &RoomId, seat: &Seat) -> Result<(), Unavailable> {
        let (key, reason) = (seat.key_in(room), LeaveReason::NotAlive);
        if self.0.registry.take_away(&key).await? {
            let others = self.0.registry.seats(room).await.unwrap_or_default();
            self.tell_end(&key, reason, others.iter().chain([seat]));
            self.end_seat(&key, reason);
        }
        Ok(())
    }

    /// Tells the nodes of `seats` that the seat `key` ended, before they hear of the next holder.
    fn tell_end<'a>(&self, key: &SeatKey, reason: LeaveReason, seats: impl Iterator<Item = &'a Seat>) {
        let mut nodes: HashSet<_> = seats.map(|seat| seat.node).collect();
        nodes.remove(&self.0.local_node.id);
        for node in nodes {
            self.0.local_node.send_or_retry(node, NodeMessage::SeatEnded { key: key.clone(), reason });
        }
    }

    fn refusal(&self, room: &RoomId, refused: &ClaimRefused) -> JoinError {
        match refused {
            ClaimRefused::Full(holders) => {
                JoinError::RoomFull { retry_after: self.next_lease_end(room, holders) }
            }
            ClaimRefused::NameTaken(_) => JoinError::NameTaken,
            ClaimRefused::NotHeld => JoinError::Replaced(Replaced),
        }
    }

    /// Time until the first lease of a seat without a connection ends, in whole seconds.
    fn next_lease_end(&self, room: &RoomId, holders: &[Seat]) -> Option<Duration> {
        let now = self.0.clock.now();
        let away = holders.iter().filter(|seat| is_away(self, room, seat));
        let left = away.map(|seat| seat.lease_ends.saturating_duration_since(now)).min()?;
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(Duration::from_secs(seconds.max(1)))
    }
}
