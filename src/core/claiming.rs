//! Taking a seat: the claim, whoever has to make room for it, and the entry into the room.

use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

use super::{
    cluster::ClaimError,
    error::{JoinError, Replaced, Unavailable},
    event::LeaveReason,
    hub::{Hub, end},
    ids::{NodeId, RoomId},
    join::Seated,
    neighbours::close_all,
    room::{Attends, Entered, Entrant, Room},
    seat::{Claim, Claimed, Seat, SeatKey},
    sync::lock,
    wire::Parcel,
};

/// A claim under way: what other nodes say of its room waits until this is dropped, and so do further claims there.
pub(super) struct Claiming {
    hub: Hub,
    room: RoomId,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Claiming {
    /// Begins when all claims before it have been dealt with.
    pub(super) async fn begin(hub: &Hub, room: &RoomId) -> Self {
        let turn = hub.0.coming.begin(room);
        let mut claiming = Self { hub: hub.clone(), room: room.clone(), turn: None };
        claiming.turn = Some(turn.lock_owned().await);
        claiming
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        self.hub.0.coming.end(&self.room, |from, parcel| self.hub.take(from, parcel));
    }
}

impl Hub {
    /// Claims a seat. What other nodes say of the room, and further claims there, wait for as long as the second part lives.
    pub(super) async fn claim_once(&self, claim: &Claim) -> Result<(Claimed, Claiming), ClaimError> {
        let claiming = Claiming::begin(self, &claim.room).await;
        Ok((self.0.cluster.claim(claim.clone()).await?, claiming))
    }

    /// As [`claim_once`](Self::claim_once), after making room if nobody who stands in the way answers.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<(Claimed, Claiming), JoinError> {
        let refused = match self.claim_once(claim).await {
            Ok(claimed) => return Ok(claimed),
            Err(ClaimError::Unavailable(error)) => return Err(error.into()),
            Err(ClaimError::Refused(refused)) => refused,
        };
        let now = self.0.clock.now();
        let holders = refused.holders();
        if holders.iter().all(|seat| seat.node == self.0.site.node) && self.room(&claim.room).is_none() {
            return Err(refused.into());
        }
        for dead in self.0.contention.find_dead(self, &claim.room, holders, &claim.name, now).await {
            // What somebody else asked a moment ago may be about one who is not in the way any more.
            if let Some(seat) = holders.iter().find(|seat| seat.key_in(&claim.room) == dead) {
                self.free(&dead, seat.node).await?;
            }
        }
        Ok(self.claim_once(claim).await?)
    }

    /// Gives up a seat whose holder does not answer, and tells its node, if it is another one.
    async fn free(&self, key: &SeatKey, node: NodeId) -> Result<(), Unavailable> {
        let (reason, is_own) = (LeaveReason::NotAlive, node == self.0.site.node);
        let released = self.0.cluster.release(key).await;
        // A seat of this node is renewed no more, whatever the cluster says.
        if is_own || matches!(released, Ok(true)) {
            if !is_own {
                self.0.site.tell(node, Parcel::Left { key: key.clone(), reason });
            }
            self.end_here(key, reason);
        }
        released.map(drop)
    }

    /// Lists somebody who claimed a seat: who comes back, or whose seat is kept here until
    /// they do.
    pub(super) fn enter(
        &self,
        claim: &Claim,
        claimed: &Claimed,
        attends: Attends,
    ) -> Result<(Seated, Entered), Replaced> {
        let now = self.0.clock.now();
        // The map stays locked, so that the room cannot be taken for empty and removed in between.
        let mut rooms = self.lock_rooms();
        let new = || Arc::new(Mutex::new(Room::new(claim.room.clone(), self.0.site.clone())));
        let room = rooms.entry(claim.room.clone()).or_insert_with(new).clone();
        let (mut entered, is_forsaken) = {
            let mut room = lock(&room);
            room.take_claim(claim, now);
            for seat in &claimed.ended {
                end(&mut room, seat.participant, seat.epoch, LeaveReason::LeaseEnded, now);
            }
            for seat in claimed.others.iter().filter(|seat| seat.node != self.0.site.node) {
                close_all(room.hear_seat(seat, None, now));
            }
            let entrant = self.entrant(&room, claim, claimed, attends)?;
            (room.enter(&entrant, now)?, entrant.from_elsewhere && entrant.ask.is_none())
        };
        close_all(entered.fenced.take());
        let key = SeatKey { room: claim.room.clone(), participant: claim.participant, epoch: claimed.epoch };
        let seat = Seated { key, lease: claim.lease, room };
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
        let here = self.0.site.node;
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
            came_back: claimed.former.is_some(),
            // Before anybody is told where its owner is now, so that all else comes after it.
            ask: elsewhere.as_ref().and_then(|former| self.ask_for_mailbox(former, claim, claimed.epoch)),
            from_elsewhere: elsewhere.is_some(),
        })
    }
}
