//! Taking a seat: the claim, the seats that a newcomer may take over, and the entry into the room.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::OwnedMutexGuard;

use super::{Hub, end, join::Seated, liveness::is_away, nodes::inbound::close_all};
use crate::core::{
    model::{
        error::{JoinError, Replaced, Unavailable},
        event::LeaveReason,
        ids::RoomId,
        lock::lock,
        seat_table::{Claim, Claimed, Refused, Seat, SeatKey},
    },
    ports::{node_bus::NodeMessage, seat_registry::ClaimError},
    room::{Attends, Entered, Entrant, Room},
};

/// A claim under way: what other nodes say of its room waits until this is dropped, and so do further claims there.
pub(super) struct GatedClaim {
    hub: Hub,
    room: RoomId,
    turn: Option<OwnedMutexGuard<()>>,
}

impl GatedClaim {
    /// Begins when all claims before it have been dealt with.
    pub(super) async fn begin(hub: &Hub, room: &RoomId) -> Self {
        let turn = hub.0.claim_gate.begin(room);
        let mut claiming = Self { hub: hub.clone(), room: room.clone(), turn: None };
        claiming.turn = Some(turn.lock_owned().await);
        claiming
    }
}

impl Drop for GatedClaim {
    fn drop(&mut self) {
        self.hub.0.claim_gate.end(&self.room, |from, message| self.hub.take(from, message));
    }
}

impl Hub {
    /// Claims a seat. What other nodes say of the room, and further claims there, wait for as long as the second part lives.
    pub(super) async fn claim_once(&self, claim: &Claim) -> Result<(Claimed, GatedClaim), ClaimError> {
        let claiming = GatedClaim::begin(self, &claim.room).await;
        Ok((self.0.registry.claim(claim.clone()).await?, claiming))
    }

    /// As [`claim_once`](Self::claim_once), after freeing the unprotected seats in the way whose holders are not there.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<(Claimed, GatedClaim), JoinError> {
        let refused = match self.claim_once(claim).await {
            Ok(claimed) => return Ok(claimed),
            Err(ClaimError::Unavailable(error)) => return Err(error.into()),
            Err(ClaimError::Refused(refused)) => refused,
        };
        let holders = refused.holders();
        let free = self.0.liveness_probes.find_free(self, claim, holders, self.0.clock.now()).await;
        // The answer to an earlier probe may name a seat that is not in the way any more.
        let freed: Vec<_> = holders.iter().filter(|seat| free.contains(&seat.key_in(&claim.room))).collect();
        if freed.is_empty() {
            return Err(self.refusal(&claim.room, &refused));
        }
        for seat in freed {
            self.free(&claim.room, seat).await?;
        }
        self.claim_once(claim).await.map_err(|error| self.refusal_of(&claim.room, error))
    }

    /// Gives up a seat whose holder is not there, unless it is protected by now, and tells every node that lists it.
    async fn free(&self, room: &RoomId, seat: &Seat) -> Result<(), Unavailable> {
        let (key, reason) = (seat.key_in(room), LeaveReason::NotAlive);
        if self.0.registry.take_away(&key).await? {
            let others = self.0.registry.seats(room).await.unwrap_or_default();
            self.tell_end(&key, reason, others.iter().chain([seat]));
            self.end_here(&key, reason);
        }
        Ok(())
    }

    /// Tells the nodes of `seats` that the seat `key` was given up, before they hear who sits there next.
    fn tell_end<'a>(&self, key: &SeatKey, reason: LeaveReason, seats: impl Iterator<Item = &'a Seat>) {
        let mut nodes: HashSet<_> = seats.map(|seat| seat.node).collect();
        nodes.remove(&self.0.local_node.node);
        for node in nodes {
            self.0.local_node.tell(node, NodeMessage::Left { key: key.clone(), reason });
        }
    }

    /// What a client is told whose claim was refused.
    pub(super) fn refusal_of(&self, room: &RoomId, error: ClaimError) -> JoinError {
        match error {
            ClaimError::Refused(refused) => self.refusal(room, &refused),
            ClaimError::Unavailable(error) => error.into(),
        }
    }

    fn refusal(&self, room: &RoomId, refused: &Refused) -> JoinError {
        match refused {
            Refused::Full(holders) => JoinError::RoomFull { retry_after: self.first_end(room, holders) },
            Refused::NameTaken(_) => JoinError::NameTaken,
            Refused::NotHeld => JoinError::Replaced(Replaced),
        }
    }

    /// How long until the first lease of a seat without a connection ends, in whole seconds.
    fn first_end(&self, room: &RoomId, holders: &[Seat]) -> Option<Duration> {
        let now = self.0.clock.now();
        let away = holders.iter().filter(|seat| is_away(self, room, seat));
        let left = away.map(|seat| seat.lease_ends.saturating_duration_since(now)).min()?;
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(Duration::from_secs(seconds.max(1)))
    }

    /// Lists somebody who claimed a seat: who comes back, or whose seat is kept here until
    /// they do.
    pub(super) fn enter(
        &self,
        claim: &Claim,
        claimed: &Claimed,
        attends: Attends,
        address: Option<IpAddr>,
    ) -> Result<(Seated, Entered), Replaced> {
        let now = self.0.clock.now();
        // The map stays locked, so that the room cannot be taken for empty and removed in between.
        let mut rooms = self.lock_rooms();
        let new = || Arc::new(Mutex::new(Room::new(claim.room.clone(), self.0.local_node.clone())));
        let room = rooms.entry(claim.room.clone()).or_insert_with(new).clone();
        let (mut entered, is_forsaken) = {
            let mut room = lock(&room);
            room.take_claim(claim, now);
            for seat in &claimed.ended {
                let reason = LeaveReason::LeaseEnded;
                self.tell_end(&seat.key_in(&claim.room), reason, claimed.others.iter().chain([seat]));
                end(&mut room, seat.participant, seat.epoch, reason, now);
            }
            for seat in claimed.others.iter().filter(|seat| seat.node != self.0.local_node.node) {
                close_all(room.hear_seat(seat, None, now));
            }
            let entrant = Entrant { address, ..self.entrant(&room, claim, claimed, attends)? };
            (room.enter(&entrant, now)?, entrant.from_elsewhere && entrant.ask.is_none())
        };
        close_all(entered.fenced.take());
        let key = SeatKey { room: claim.room.clone(), participant: claim.participant, epoch: claimed.epoch };
        let seat = Seated { key, room };
        if is_forsaken {
            self.announce(&seat);
        }
        Ok((seat, entered))
    }

    fn entrant(
        &self,
        room: &Room,
        claim: &Claim,
        claimed: &Claimed,
        attends: Attends,
    ) -> Result<Entrant, Replaced> {
        if room.is_newer(claim.participant, claimed.epoch) {
            return Err(Replaced);
        }
        let here = self.0.local_node.node;
        // A seat of this node that the room does not list: without other nodes, it was read at the start, and no participant
        // knows its holder. Otherwise the answer to its claim was lost, and it is not known where its mailbox is.
        let is_unlisted = claimed
            .former
            .as_ref()
            .is_some_and(|former| former.node == here && !room.is_listed(former.participant));
        let has_known_peers = self.0.local_node.has_known_peers();
        let last_seen = |former: &Seat| match room.node_of(former.participant) {
            // This node had no answer to its last claim: what was kept is still where they sat before.
            Some(node) if former.node == here => Seat { node, ..former.clone() },
            _ => former.clone(),
        };
        let elsewhere = claimed.former.as_ref().map(last_seen).filter(|former| former.node != here);
        Ok(Entrant {
            participant: claim.participant,
            name: claim.name.clone(),
            epoch: claimed.epoch,
            lease: claim.lease,
            since: claimed.since,
            attends,
            came_back: claimed.former.is_some() && (has_known_peers || !is_unlisted),
            protected: claim.protected || claimed.former.as_ref().is_some_and(|former| former.protected),
            address: None,
            // Before anybody is told where its owner is now, so that all else comes after it.
            ask: elsewhere.as_ref().and_then(|former| self.ask_for_mailbox(former, claim, claimed.epoch)),
            from_elsewhere: elsewhere.is_some() || (has_known_peers && is_unlisted),
        })
    }
}
