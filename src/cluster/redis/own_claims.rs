//! The seats that this node has claimed, and the other seats in their rooms, as this node knows them.
//!
//! From this record the node restores seats that Redis lost, and finds out which seats have ended.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::scripts::Granted;
use crate::core::{
    model::{
        ids::{Epoch, ParticipantId, RoomId},
        seat_table::{Claim, Claimed, Renewal, Seat, SeatKey},
    },
    ports::seat_registry::EndedClaim,
};

/// A seat of this node.
#[derive(Debug, Clone)]
pub(super) struct OwnClaim {
    /// The seat. Its lease ends as this node intends, even if Redis has not been told.
    pub(super) seat: Seat,
    /// Number of seats in the room.
    pub(super) seats: usize,
    pub(super) unique_name: bool,
    /// Length of a full lease.
    lease: Duration,
    /// A release was requested; Redis may not have done it yet.
    releasing: bool,
}

impl OwnClaim {
    /// Continues as `current`, if that is a newer claim by this node whose reply was lost.
    fn follow(&mut self, room: &RoomId, current: &Seat) -> Option<EndedClaim> {
        let is_newer = current.node == self.seat.node && current.epoch > self.seat.epoch;
        let former = is_newer.then(|| self.seat.key_in(room))?;
        (self.seat, self.releasing) = (current.clone(), false);
        Some(EndedClaim::Moved(former, current.clone()))
    }

    /// Renews the seat: for a full lease if its holder is connected, else for the rest of the lease.
    fn renewal(&mut self, room: &RoomId, now: Instant) -> Correction {
        let Seat { connected, protected, .. } = self.seat;
        if connected {
            self.seat.lease_ends = now + self.lease;
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

/// The rooms in which this node holds a seat.
#[derive(Debug, Default)]
pub(super) struct OwnClaims {
    rooms: HashMap<RoomId, WatchedRoom>,
    /// Claims that have ended and are not reported to the core yet.
    ended: Vec<EndedClaim>,
}

#[derive(Debug)]
struct WatchedRoom {
    own: Vec<OwnClaim>,
    others: Vec<Seat>,
    /// When the next lease in the room ends, as far as this node knows.
    next_end: Instant,
}

impl WatchedRoom {
    fn own(&mut self, key: &SeatKey) -> Option<&mut OwnClaim> {
        self.own.iter_mut().find(|own| own.seat.participant == key.participant && own.seat.epoch == key.epoch)
    }

    fn first_lease_end(&self) -> Option<Instant> {
        self.own.iter().map(|own| &own.seat).chain(&self.others).map(|seat| seat.lease_ends).min()
    }
}

impl OwnClaims {
    /// Adds a granted claim. Its reply lists all other seats of the room.
    pub(super) fn add(&mut self, claim: &Claim, granted: Granted) -> Claimed {
        let Granted { seat, claimed } = granted;
        let room = self.rooms.entry(claim.room.clone()).or_insert_with(|| WatchedRoom {
            own: Vec::new(),
            others: Vec::new(),
            next_end: seat.lease_ends,
        });
        // The caller of the claim learns of these from the reply and tells the room.
        let is_in_reply = |participant: ParticipantId, epoch: Epoch| {
            participant == seat.participant
                || claimed.ended.iter().any(|ended| ended.participant == participant && ended.epoch == epoch)
        };
        room.own.retain(|own| !is_in_reply(own.seat.participant, own.seat.epoch));
        room.others.retain(|other| !is_in_reply(other.participant, other.epoch));
        room.own.push(OwnClaim {
            seat: seat.clone(),
            seats: claim.seats,
            unique_name: claim.unique_name,
            lease: claim.lease,
            releasing: false,
        });
        let mut current = claimed.others.clone();
        current.push(seat);
        self.update(&claim.room, &current);
        claimed
    }

    /// Extends a lease from `now`, before Redis is told. Returns the claim; `None` if this node does not hold
    /// the seat.
    pub(super) fn extend(&mut self, renewal: &Renewal, now: Instant) -> Option<OwnClaim> {
        let Renewal { key, lease, connected, protected } = renewal;
        let own = self.rooms.get_mut(&key.room)?.own(key).filter(|own| !own.releasing)?;
        own.seat.lease_ends = now + *lease;
        own.seat.connected = *connected;
        own.seat.protected |= *protected;
        if *connected {
            own.lease = *lease;
        }
        Some(own.clone())
    }

    /// Stores when the next lease in a room ends, as Redis says.
    pub(super) fn set_next_end(&mut self, room: &RoomId, next_end: Instant) {
        if let Some(room) = self.rooms.get_mut(room) {
            let own_end = room.own.iter().map(|own| own.seat.lease_ends).min();
            room.next_end = own_end.map_or(next_end, |end| end.min(next_end));
        }
    }

    /// Marks a seat for release: from here on it is released instead of renewed or restored.
    pub(super) fn mark_releasing(&mut self, key: &SeatKey) {
        if let Some(own) = self.rooms.get_mut(&key.room).and_then(|room| room.own(key)) {
            own.releasing = true;
        }
    }

    /// Removes a seat of any node. Returns `false` if it was not listed.
    pub(super) fn remove(&mut self, key: &SeatKey) -> bool {
        let Some(room) = self.rooms.get_mut(&key.room) else { return false };
        let is_it = |seat: &Seat| seat.participant == key.participant && seat.epoch == key.epoch;
        let before = room.own.len() + room.others.len();
        room.own.retain(|own| !is_it(&own.seat));
        room.others.retain(|other| !is_it(other));
        let is_removed = room.own.len() + room.others.len() < before;
        if room.own.is_empty() {
            self.rooms.remove(&key.room);
        }
        is_removed
    }

    /// Ends a claim that Redis does not have, and records that for the core. `successor` is the holder's
    /// present seat.
    pub(super) fn end(&mut self, key: &SeatKey, successor: Option<Seat>) {
        let own = self.rooms.get_mut(&key.room).and_then(|room| room.own(key));
        if let Some(moved) = own.and_then(|own| own.follow(&key.room, successor.as_ref()?)) {
            self.ended.push(moved);
        } else if self.remove(key) {
            self.ended.push(EndedClaim::new(key.clone(), successor));
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

    /// Rooms in which a lease has ended by `now`, as far as this node knows.
    pub(super) fn rooms_due(&self, now: Instant) -> Vec<RoomId> {
        let due = self.rooms.iter().filter(|(_, room)| room.next_end <= now);
        due.map(|(id, _)| id.clone()).collect()
    }

    /// Compares a room with its seats in Redis at `now`, and returns the calls that make Redis agree.
    pub(super) fn reconcile(&mut self, id: &RoomId, current: &[Seat], now: Instant) -> Vec<Correction> {
        self.update(id, current);
        let Some(room) = self.rooms.get_mut(id) else { return Vec::new() };
        let (mut corrections, mut ended) = (Vec::new(), Vec::new());
        for own in &mut room.own {
            match (is_among(current, &own.seat), own.releasing) {
                (true, true) => corrections.push(Correction::Release(own.seat.key_in(id))),
                (true, false) => {}
                (false, false) if own.seat.lease_ends > now => corrections.push(own.renewal(id, now)),
                (false, _) => ended.push(own.seat.key_in(id)),
            }
        }
        for key in ended {
            self.end(&key, None);
        }
        corrections
    }

    /// Takes over the other seats of a room, and records the claims that `current` shows to have ended.
    fn update(&mut self, id: &RoomId, current: &[Seat]) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        let now_held = |seat: &Seat| current.iter().find(|held| held.participant == seat.participant);
        for own in &mut room.own {
            self.ended.extend(now_held(&own.seat).and_then(|held| own.follow(id, held)));
        }
        let replaced = room
            .own
            .extract_if(.., |own| now_held(&own.seat).is_some_and(|held| held.epoch > own.seat.epoch));
        self.ended
            .extend(replaced.map(|own| EndedClaim::new(own.seat.key_in(id), now_held(&own.seat).cloned())));
        let gone = room.others.extract_if(.., |other| now_held(other).is_none());
        self.ended.extend(gone.map(|seat| EndedClaim::Released(seat.key_in(id))));
        let is_own = |seat: &&Seat| room.own.iter().any(|own| own.seat.participant == seat.participant);
        room.others = current.iter().filter(|seat| !is_own(seat)).cloned().collect();
        room.next_end = room.first_lease_end().unwrap_or(room.next_end);
        if room.own.is_empty() {
            self.rooms.remove(id);
        }
    }

    /// Corrections for all seats, to send after a reconnect or a loss of Redis' memory.
    ///
    /// A connected participant keeps its seat, however long Redis was away.
    pub(super) fn corrections(&mut self, now: Instant) -> Vec<Correction> {
        let rooms = self.rooms.iter_mut();
        let all = rooms.flat_map(|(id, room)| room.own.iter_mut().map(move |own| (id, own)));
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

fn is_among(seats: &[Seat], seat: &Seat) -> bool {
    seats.iter().any(|one| one.participant == seat.participant && one.epoch == seat.epoch)
}
