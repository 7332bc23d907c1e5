//! The seats that this node has claimed.
//!
//! From this record the node restores seats that Redis lost, and finds out which seats have ended.

use std::{collections::HashMap, time::Instant};

use crate::core::{
    model::{
        ids::RoomId,
        seat_table::{Claim, Claimed, Renewal, RoomPolicy, Seat, SeatKey},
    },
    ports::seat_registry::EndedClaim,
};

/// A seat of this node.
#[derive(Debug, Clone)]
pub(super) struct OwnClaim {
    /// The seat. Its lease ends as this node intends, even if Redis has not been told.
    pub(super) seat: Seat,
    /// The room's policy, with the lease as renewed last.
    pub(super) policy: RoomPolicy,
    /// A release was requested; Redis may not have done it yet.
    releasing: bool,
}

impl OwnClaim {
    /// Continues as `current`, if that is a newer claim by this node whose reply was lost.
    fn follow(&mut self, current: &Seat) -> bool {
        let is_newer = current.node == self.seat.node && current.epoch > self.seat.epoch;
        if is_newer {
            (self.seat, self.releasing) = (current.clone(), false);
        }
        is_newer
    }

    /// Renews the seat: for a full lease if its holder is connected, else for the rest of the lease.
    fn renewal(&mut self, room: &RoomId, now: Instant) -> Correction {
        let Seat { connected, protected, .. } = self.seat;
        if connected {
            self.seat.lease_ends = now + self.policy.lease;
        }
        let (key, lease) = (self.seat.key_in(room), self.seat.lease_ends.saturating_duration_since(now));
        Correction::Renew(Renewal { key, lease, connected, protected }, self.clone())
    }
}

/// A call that makes Redis agree with this node about one seat of this node.
pub(super) enum Correction {
    /// Renews the seat, and restores it if Redis lost it.
    Renew(Renewal, OwnClaim),
    /// Releases the seat.
    Release(SeatKey),
}

/// The seats of this node, by room.
#[derive(Debug, Default)]
pub(super) struct OwnClaims {
    rooms: HashMap<RoomId, Vec<OwnClaim>>,
    /// Claims that have ended and are not reported to the core yet.
    ended: Vec<EndedClaim>,
}

impl OwnClaims {
    /// Adds a granted claim. Its reply lists all other seats of the room.
    pub(super) fn add(&mut self, claim: &Claim, claimed: &Claimed) {
        let seat = &claimed.seat;
        let room = self.rooms.entry(claim.room.clone()).or_default();
        // The caller of the claim learns of these from the reply and tells the room.
        let is_in_reply = |own: &Seat| own.participant == seat.participant || is_among(&claimed.ended, own);
        room.retain(|own| !is_in_reply(&own.seat));
        room.push(OwnClaim { seat: seat.clone(), policy: claim.policy, releasing: false });
        self.end_replaced(&claim.room, &claimed.others);
    }

    /// Extends a lease from `now`, before Redis is told. Returns the claim; `None` if this node does not hold
    /// the seat.
    pub(super) fn extend(&mut self, renewal: &Renewal, now: Instant) -> Option<OwnClaim> {
        let Renewal { key, lease, connected, protected } = renewal;
        let own = self.find(key).filter(|own| !own.releasing)?;
        own.seat.lease_ends = now + *lease;
        own.seat.connected = *connected;
        own.seat.protected |= *protected;
        if *connected {
            own.policy.lease = *lease;
        }
        Some(own.clone())
    }

    /// Marks a seat for release: from here on it is released instead of renewed or restored.
    pub(super) fn mark_releasing(&mut self, key: &SeatKey) {
        if let Some(own) = self.find(key) {
            own.releasing = true;
        }
    }

    /// Removes a seat. Returns `false` if this node does not hold it.
    pub(super) fn remove(&mut self, key: &SeatKey) -> bool {
        let Some(room) = self.rooms.get_mut(&key.room) else { return false };
        let before = room.len();
        room.retain(|own| !is_it(&own.seat, key));
        let is_removed = room.len() < before;
        if room.is_empty() {
            self.rooms.remove(&key.room);
        }
        is_removed
    }

    /// Ends a claim that Redis does not have, and records that for the core.
    pub(super) fn record_end(&mut self, ended: EndedClaim) {
        let is_followed = match &ended {
            EndedClaim::Moved(key, seat) => self.find(key).is_some_and(|own| own.follow(seat)),
            EndedClaim::Released(_) => false,
        };
        if is_followed || self.remove(ended.key()) {
            self.ended.push(ended);
        }
    }

    /// Drops the records of claims that the core has been told of in another way.
    pub(super) fn drop_reported(&mut self, reported: &[EndedClaim]) {
        self.ended.retain(|ended| !reported.iter().any(|reported| reported.key() == ended.key()));
    }

    /// Takes the claims that have ended and are not reported yet.
    pub(super) fn take_ended(&mut self) -> Vec<EndedClaim> {
        std::mem::take(&mut self.ended)
    }

    /// Rooms in which a lease of this node has ended by `now`.
    pub(super) fn rooms_due(&self, now: Instant) -> Vec<RoomId> {
        let has_ended = |own: &OwnClaim| own.seat.lease_ends <= now;
        let due = self.rooms.iter().filter(|(_, room)| room.iter().any(has_ended));
        due.map(|(id, _)| id.clone()).collect()
    }

    /// Compares a room with its seats in Redis at `now`, and returns the calls that make Redis agree.
    pub(super) fn reconcile(&mut self, id: &RoomId, current: &[Seat], now: Instant) -> Vec<Correction> {
        self.end_replaced(id, current);
        let Some(room) = self.rooms.get_mut(id) else { return Vec::new() };
        let (mut corrections, mut ended) = (Vec::new(), Vec::new());
        for own in room {
            match (is_among(current, &own.seat), own.releasing) {
                (true, true) => corrections.push(Correction::Release(own.seat.key_in(id))),
                (true, false) => {}
                (false, false) if own.seat.lease_ends > now => corrections.push(own.renewal(id, now)),
                (false, _) => ended.push(EndedClaim::Released(own.seat.key_in(id))),
            }
        }
        for ended in ended {
            self.record_end(ended);
        }
        corrections
    }

    /// Ends the claims in a room that newer ones among `current` replaced.
    fn end_replaced(&mut self, id: &RoomId, current: &[Seat]) {
        let replaced = |own: &OwnClaim| {
            let is_newer =
                |held: &&Seat| held.participant == own.seat.participant && held.epoch > own.seat.epoch;
            let held = current.iter().find(is_newer)?;
            Some(EndedClaim::Moved(own.seat.key_in(id), held.clone()))
        };
        let moved: Vec<_> = self.rooms.get(id).into_iter().flatten().filter_map(replaced).collect();
        for moved in moved {
            self.record_end(moved);
        }
    }

    fn find(&mut self, key: &SeatKey) -> Option<&mut OwnClaim> {
        self.rooms.get_mut(&key.room)?.iter_mut().find(|own| is_it(&own.seat, key))
    }

    /// Corrections for all seats, to send after a reconnect or a loss of Redis' memory.
    ///
    /// A connected participant keeps its seat, however long Redis was away.
    pub(super) fn corrections(&mut self, now: Instant) -> Vec<Correction> {
        let rooms = self.rooms.iter_mut();
        let all = rooms.flat_map(|(id, room)| room.iter_mut().map(move |own| (id, own)));
        all.filter(|(_, own)| own.releasing || own.seat.connected || own.seat.lease_ends > now)
            .map(
                |(id, own)| {
                    if own.releasing {
                        Correction::Release(own.seat.key_in(id))
                    } else {
                        own.renewal(id, now)
                    }
                },
            )
            .collect()
    }
}

fn is_it(seat: &Seat, key: &SeatKey) -> bool {
    seat.participant == key.participant && seat.epoch == key.epoch
}

fn is_among(seats: &[Seat], seat: &Seat) -> bool {
    seats.iter().any(|one| one.participant == seat.participant && one.epoch == seat.epoch)
}
