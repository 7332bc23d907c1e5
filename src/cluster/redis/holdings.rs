//! This node's own word on the seats it holds, and what it knows of those beside them. What is put back if Redis
//! forgets it, and what tells which seats were given up.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::scripts::Held;
use crate::core::{
    model::{
        ids::{Epoch, ParticipantId, RoomId},
        seat_table::{Claim, Claimed, Renewal, Seat, SeatKey},
    },
    ports::seat_registry::EndedClaim,
};

/// A seat of this node.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// With the end of its lease as this node wants it, whatever Redis could be told.
    pub(super) seat: Seat,
    /// How many seats the room has.
    pub(super) seats: usize,
    pub(super) unique_name: bool,
    /// How long its lease is when it starts again.
    lease: Duration,
    /// It was given up, but Redis may not know yet.
    leaving: bool,
}

impl Own {
    /// Becomes the newer holding of the same seat that `there` is, if this node has that too: it claimed it, and had no answer.
    fn follow(&mut self, room: &RoomId, there: &Seat) -> Option<EndedClaim> {
        let is_newer = there.node == self.seat.node && there.epoch > self.seat.epoch;
        let former = is_newer.then(|| self.seat.key_in(room))?;
        (self.seat, self.leaving) = (there.clone(), false);
        Some(EndedClaim::Moved(former, there.clone()))
    }

    /// Puts the seat back: with a full lease if its holder is connected, else with what is left of it.
    fn renewal(&mut self, room: &RoomId, now: Instant) -> Intent {
        let Seat { connected, protected, .. } = self.seat;
        if connected {
            self.seat.lease_ends = now + self.lease;
        }
        let (key, lease) = (self.seat.key_in(room), self.seat.lease_ends.saturating_duration_since(now));
        Intent::Renew(Renewal { key, lease, connected, protected }, self.clone())
    }
}

/// What Redis is to be told of a seat of this node.
pub(super) enum Intent {
    Renew(Renewal, Own),
    Release(SeatKey),
}

/// All rooms in which this node holds a seat.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    rooms: HashMap<RoomId, Watched>,
    /// Not held any more, and not told to this node's rooms yet.
    lost: Vec<EndedClaim>,
}

#[derive(Debug)]
struct Watched {
    own: Vec<Own>,
    others: Vec<Seat>,
    /// When the next lease ends, as far as is known.
    look_at: Instant,
}

impl Watched {
    fn own(&mut self, key: &SeatKey) -> Option<&mut Own> {
        self.own.iter_mut().find(|own| own.seat.participant == key.participant && own.seat.epoch == key.epoch)
    }

    fn next_end(&self) -> Option<Instant> {
        self.own.iter().map(|own| &own.seat).chain(&self.others).map(|seat| seat.lease_ends).min()
    }
}

impl Holdings {
    /// Takes note of a claim that succeeded. What it says of others is all there is to know of them.
    pub(super) fn claimed(&mut self, claim: &Claim, held: Held) -> Claimed {
        let Held { seat, claimed } = held;
        let look_at = seat.lease_ends;
        let watched = self.rooms.entry(claim.room.clone()).or_insert_with(|| Watched {
            own: Vec::new(),
            others: Vec::new(),
            look_at,
        });
        // Whoever claimed is told of these, and tells the room.
        let told = |participant: ParticipantId, epoch: Epoch| {
            participant == seat.participant
                || claimed.ended.iter().any(|ended| ended.participant == participant && ended.epoch == epoch)
        };
        watched.own.retain(|own| !told(own.seat.participant, own.seat.epoch));
        watched.others.retain(|other| !told(other.participant, other.epoch));
        watched.own.push(Own {
            seat: seat.clone(),
            seats: claim.seats,
            unique_name: claim.unique_name,
            lease: claim.lease,
            leaving: false,
        });
        let mut current = claimed.others.clone();
        current.push(seat);
        self.compare(&claim.room, &current);
        claimed
    }

    /// Takes note that a seat is to last longer, from `now`. Returns what is known of it.
    pub(super) fn renewing(&mut self, renewal: &Renewal, now: Instant) -> Option<Own> {
        let Renewal { key, lease, connected, protected } = renewal;
        let own = self.rooms.get_mut(&key.room)?.own(key).filter(|own| !own.leaving)?;
        own.seat.lease_ends = now + *lease;
        own.seat.connected = *connected;
        own.seat.protected |= *protected;
        if *connected {
            own.lease = *lease;
        }
        Some(own.clone())
    }

    /// Takes note of when the next lease in a room ends.
    pub(super) fn renewed(&mut self, room: &RoomId, next_end: Instant) {
        if let Some(watched) = self.rooms.get_mut(room) {
            let own_end = watched.own.iter().map(|own| own.seat.lease_ends).min();
            watched.look_at = own_end.map_or(next_end, |end| end.min(next_end));
        }
    }

    /// Takes note that a seat is to be given up.
    pub(super) fn releasing(&mut self, key: &SeatKey) {
        if let Some(own) = self.rooms.get_mut(&key.room).and_then(|watched| watched.own(key)) {
            own.leaving = true;
        }
    }

    /// Forgets a seat that is not this node's any more, or somebody else's that was released. Returns it.
    pub(super) fn forget(&mut self, key: &SeatKey) -> Option<Seat> {
        let watched = self.rooms.get_mut(&key.room)?;
        let is_it = |seat: &Seat| seat.participant == key.participant && seat.epoch == key.epoch;
        let own =
            watched.own.iter().position(|own| is_it(&own.seat)).map(|place| watched.own.remove(place).seat);
        let other = || watched.others.iter().position(is_it).map(|place| watched.others.remove(place));
        let forgotten = own.or_else(other);
        if watched.own.is_empty() {
            self.rooms.remove(&key.room);
        }
        forgotten
    }

    /// Takes note that a holding is no more, of which nobody here has been told, and what its holder has `instead`.
    pub(super) fn lose(&mut self, key: &SeatKey, instead: Option<Seat>) {
        let own = self.rooms.get_mut(&key.room).and_then(|watched| watched.own(key));
        if let Some(moved) = own.and_then(|own| own.follow(&key.room, instead.as_ref()?)) {
            self.lost.push(moved);
        } else if self.forget(key).is_some() {
            self.lost.push(lost(key.clone(), instead));
        }
    }

    /// Takes note that this node's rooms are told of these by other means.
    pub(super) fn told(&mut self, told: &[EndedClaim]) {
        self.lost.retain(|lost| !told.iter().any(|told| told.key() == lost.key()));
    }

    /// Everything that is lost and not told yet.
    pub(super) fn take_lost(&mut self) -> Vec<EndedClaim> {
        std::mem::take(&mut self.lost)
    }

    /// Rooms in which a lease has ended by `now`, as far as is known.
    pub(super) fn due(&self, now: Instant) -> Vec<RoomId> {
        let due = self.rooms.iter().filter(|(_, watched)| watched.look_at <= now);
        due.map(|(room, _)| room.clone()).collect()
    }

    /// Takes note of who is in a room, `now`. Returns what to tell Redis of this node's seats there: those that should
    /// be there and are not, those that should not be and are.
    pub(super) fn looked(&mut self, room: &RoomId, current: &[Seat], now: Instant) -> Vec<Intent> {
        self.compare(room, current);
        let Some(watched) = self.rooms.get_mut(room) else { return Vec::new() };
        let (mut intents, mut ended) = (Vec::new(), Vec::new());
        for own in &mut watched.own {
            match (is_among(current, &own.seat), own.leaving) {
                (true, true) => intents.push(Intent::Release(own.seat.key_in(room))),
                (true, false) => {}
                (false, false) if own.seat.lease_ends > now => intents.push(own.renewal(room, now)),
                (false, _) => ended.push(own.seat.key_in(room)),
            }
        }
        for key in ended {
            self.lose(&key, None);
        }
        intents
    }

    /// Gives up what the room, in which `current` sit, does not have any more, and learns who else is there.
    fn compare(&mut self, room: &RoomId, current: &[Seat]) {
        let Some(watched) = self.rooms.get_mut(room) else { return };
        let there = |seat: &Seat| current.iter().find(|there| there.participant == seat.participant);
        for own in &mut watched.own {
            self.lost.extend(there(&own.seat).and_then(|it| own.follow(room, it)));
        }
        let replaced =
            watched.own.extract_if(.., |own| there(&own.seat).is_some_and(|it| it.epoch > own.seat.epoch));
        self.lost.extend(replaced.map(|own| lost(own.seat.key_in(room), there(&own.seat).cloned())));
        let gone = watched.others.extract_if(.., |other| there(other).is_none());
        self.lost.extend(gone.map(|seat| EndedClaim::Released(seat.key_in(room))));
        let is_own = |seat: &&Seat| watched.own.iter().any(|own| own.seat.participant == seat.participant);
        watched.others = current.iter().filter(|seat| !is_own(seat)).cloned().collect();
        watched.look_at = watched.next_end().unwrap_or(watched.look_at);
        if watched.own.is_empty() {
            self.rooms.remove(room);
        }
    }

    /// What Redis is to be told when they meet again. Who is connected keeps the seat, however long Redis was away.
    pub(super) fn intents(&mut self, now: Instant) -> Vec<Intent> {
        let rooms = self.rooms.iter_mut();
        let all = rooms.flat_map(|(room, watched)| watched.own.iter_mut().map(move |own| (room, own)));
        all.filter(|(_, own)| own.leaving || own.seat.connected || own.seat.lease_ends > now)
            .map(
                |(room, own)| {
                    if own.leaving { Intent::Release(own.seat.key_in(room)) } else { own.renewal(room, now) }
                },
            )
            .collect()
    }
}

/// What is told of a holding that is no more, whose holder has that seat `instead`.
pub(super) fn lost(key: SeatKey, instead: Option<Seat>) -> EndedClaim {
    match instead {
        Some(seat) if seat.epoch > key.epoch => EndedClaim::Moved(key, seat),
        _ => EndedClaim::Released(key),
    }
}

fn is_among(seats: &[Seat], seat: &Seat) -> bool {
    seats.iter().any(|one| one.participant == seat.participant && one.epoch == seat.epoch)
}
