//! The seats of one room: holders, epochs and leases. Pure; every seat registry behaves as this model.

use std::time::{Duration, Instant};

use thiserror::Error;

use super::ids::{Epoch, Name, NodeId, ParticipantId, RoomId};

/// A seat with a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The holder.
    pub participant: ParticipantId,
    /// The holder's name.
    pub name: Name,
    /// The node that claimed the seat.
    pub node: NodeId,
    /// The fencing epoch of the current claim.
    pub epoch: Epoch,
    /// The epoch of the holder's first claim. Seats of a room are ordered by it.
    pub since: Epoch,
    /// When the lease ends unless it is renewed, by the registry's clock.
    pub lease_ends: Instant,
    /// True if the holder was connected at the last claim or renewal.
    pub connected: bool,
    /// True if the holder's client can resume: no other participant gets the seat before the lease ends.
    pub protected: bool,
}

impl Seat {
    /// The key of this claim, in `room`.
    pub fn key_in(&self, room: &RoomId) -> SeatKey {
        SeatKey { room: room.clone(), participant: self.participant, epoch: self.epoch }
    }
}

/// A protected seat, as it is saved for the next process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSeat {
    /// The room.
    pub room: RoomId,
    /// The holder.
    pub participant: ParticipantId,
    /// The holder's name.
    pub name: Name,
    /// Length of the lease.
    pub lease: Duration,
}

/// Rules of a room, set by its door. The same for every claim in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomPolicy {
    /// Number of seats, at least 1.
    pub seats: usize,
    /// How long a seat outlives its connection.
    pub lease: Duration,
    /// How long an unprotected seat outlives its connection; any newcomer may take it at once. `None`: for
    /// `lease`, and a newcomer gets it only after a liveness probe.
    pub unprotected_lease: Option<Duration>,
    /// Seats without a connection that one address may hold; beyond, newcomers from there are refused.
    pub away_per_address: usize,
    /// True if no two participants may have the same name.
    pub unique_names: bool,
}

impl RoomPolicy {
    /// Rooms of `seats` seats, each held for `lease`, with the same rules for every seat and no further
    /// limit.
    pub const fn new(seats: usize, lease: Duration) -> Self {
        Self { seats, lease, unprotected_lease: None, away_per_address: usize::MAX, unique_names: false }
    }
}

/// A request for a seat.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The room.
    pub room: RoomId,
    /// The room's policy.
    pub policy: RoomPolicy,
    /// The claimant: a new id, or one that a session token proved.
    pub participant: ParticipantId,
    /// The claimant's name from now on.
    pub name: Name,
    /// True if the participant's client can resume. A protected seat stays protected.
    pub protected: bool,
    /// `None` for a participant that is about to connect. With an epoch, a node takes the seat over until its
    /// holder returns, and only if that epoch still holds the seat and the lease has not ended.
    pub over: Option<Epoch>,
}

/// Identifies one claim of a seat. Changes of the seat name it, and fail if the claim is not current.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeatKey {
    /// The room.
    pub room: RoomId,
    /// The holder.
    pub participant: ParticipantId,
    /// The epoch of the claim.
    pub epoch: Epoch,
}

/// A request to extend the lease of a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The claim.
    pub key: SeatKey,
    /// Length of the lease from now.
    pub lease: Duration,
    /// True if the holder is connected now.
    pub connected: bool,
    /// True if the holder's client can resume. A protected seat stays protected.
    pub protected: bool,
}

/// A granted claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The seat. Its epoch is larger than all earlier ones of the room.
    pub seat: Seat,
    /// The participant's former seat, if it held one. Its connections are fenced off.
    pub former: Option<Seat>,
    /// The other seats of the room, in the order of their first claims.
    pub others: Vec<Seat>,
    /// Seats whose lease had ended, released by this claim.
    pub ended: Vec<Seat>,
}

/// Why a claim was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClaimRefused {
    /// Other participants hold every seat: these.
    #[error("every seat is taken")]
    Full(Vec<Seat>),
    /// Another participant has the name, which must be unique.
    #[error("the name is taken")]
    NameTaken(Box<Seat>),
    /// The claim to be taken over is no longer current.
    #[error("the former claim is no longer current")]
    NotHeld,
}

impl ClaimRefused {
    /// The seats that stand in the way of the claim.
    pub fn holders(&self) -> &[Seat] {
        match self {
            Self::Full(holders) => holders,
            Self::NameTaken(holder) => std::slice::from_ref(holder),
            Self::NotHeld => &[],
        }
    }
}

/// The seats of one room, in the order of their first claims.
///
/// The claims of a room must have increasing epochs, even after the registry lost its memory. Nodes restore
/// lost seats with [`restore`](Self::restore).
#[derive(Debug, Default, Clone)]
pub struct Seats {
    held: Vec<Seat>,
    seen: SeenEpochs,
}

/// The epochs that this table has seen. They tell a lost seat from a released one.
#[derive(Debug, Default, Clone)]
struct SeenEpochs {
    /// The table has seen every claim from this epoch up to `last`. `None`: it has seen none.
    from: Option<Epoch>,
    /// The largest epoch seen.
    last: Epoch,
    /// True if a seat was released: an older seat that is missing may be that one.
    has_released: bool,
}

impl SeenEpochs {
    /// Records the epoch of a claim or of a restored seat. `from` is where the record begins if it is the
    /// first one.
    fn record(&mut self, epoch: Epoch, from: Epoch) {
        self.from.get_or_insert(from);
        self.last = self.last.max(epoch);
    }

    /// True if a missing seat with this epoch was lost, and not released.
    fn has_lost(&self, epoch: Epoch) -> bool {
        self.from.is_none_or(|from| epoch > self.last || (epoch < from && !self.has_released))
    }
}

impl Seats {
    /// Gives the claimant a seat: the one it holds, else a free one.
    ///
    /// # Errors
    /// [`ClaimRefused`]: other participants hold every seat or the name, or the claim to take over is no
    /// longer current. Nothing changed.
    pub fn claim(
        &mut self,
        claim: &Claim,
        node: NodeId,
        epoch: Epoch,
        now: Instant,
    ) -> Result<Claimed, ClaimRefused> {
        let former = self.held.iter().find(|seat| seat.participant == claim.participant).cloned();
        let unexpired = former.as_ref().filter(|seat| seat.lease_ends > now);
        if claim.over.is_some() && claim.over != unexpired.map(|seat| seat.epoch) {
            return Err(ClaimRefused::NotHeld);
        }
        let others = || self.held.iter().filter(|seat| seat.participant != claim.participant);
        let live = || others().filter(|seat| seat.lease_ends > now);
        if claim.policy.unique_names
            && let Some(holder) = live().find(|seat| seat.name == claim.name)
        {
            return Err(ClaimRefused::NameTaken(Box::new(holder.clone())));
        }
        if former.is_none() && live().count() >= claim.policy.seats {
            return Err(ClaimRefused::Full(live().cloned().collect()));
        }
        // The claimant's own seat stays even if its lease has ended: no other participant has taken it.
        let ended = self.remove_where(|seat| seat.lease_ends <= now && seat.participant != claim.participant);
        let held = self.held.iter_mut().find(|held| held.participant == claim.participant);
        let seat = Seat {
            participant: claim.participant,
            name: claim.name.clone(),
            node,
            epoch,
            since: held.as_ref().map_or(epoch, |held| held.since),
            lease_ends: now + claim.policy.lease,
            connected: claim.over.is_none(),
            protected: claim.protected || held.as_ref().is_some_and(|held| held.protected),
        };
        match held {
            Some(held) => *held = seat.clone(),
            None => {
                // Rooms are small and many: spare capacity for four would mostly stay unused.
                self.held.reserve_exact(1);
                self.held.push(seat.clone());
            }
        }
        self.seen.record(epoch, epoch);
        let others = self.held.iter().filter(|seat| seat.participant != claim.participant).cloned().collect();
        Ok(Claimed { seat, former, others, ended })
    }

    /// Extends the lease of a seat from `now`. Returns `false` if another epoch holds the seat, or none.
    pub fn renew(&mut self, renewal: &Renewal, now: Instant) -> bool {
        let Renewal { key, lease, connected, protected } = renewal;
        let is_it = |seat: &&mut Seat| seat.participant == key.participant && seat.epoch == key.epoch;
        match self.held.iter_mut().find(is_it) {
            Some(seat) => {
                seat.lease_ends = now + *lease;
                seat.connected = *connected;
                seat.protected |= *protected;
                true
            }
            None => false,
        }
    }

    /// As [`renew`](Self::renew), and restores the seat if the table lost it.
    ///
    /// Returns `false` if the seat was released or taken over, or if other participants hold all seats of the
    /// room or a name that must be unique.
    pub fn restore(&mut self, seat: &Seat, policy: &RoomPolicy, now: Instant) -> bool {
        let own = |held: &&mut Seat| held.participant == seat.participant && held.epoch == seat.epoch;
        if let Some(held) = self.held.iter_mut().find(own) {
            (held.lease_ends, held.connected) = (seat.lease_ends.max(now), seat.connected);
            held.protected |= seat.protected;
            return true;
        }
        let own_seat = self.held.iter().find(|held| held.participant == seat.participant);
        let was_lost = own_seat.map_or(self.seen.has_lost(seat.epoch), |held| held.epoch < seat.epoch);
        let live =
            || self.held.iter().filter(|held| held.participant != seat.participant && held.lease_ends > now);
        let in_the_way = policy.unique_names && live().any(|held| held.name == seat.name);
        if !was_lost || in_the_way || live().count() >= policy.seats {
            return false;
        }
        // A seat whose lease has ended would be one too many if it were renewed later.
        self.remove_where(|held| held.lease_ends <= now && held.participant != seat.participant);
        self.held.retain(|held| held.participant != seat.participant);
        let position = self.held.partition_point(|held| held.since < seat.since);
        self.held.insert(position, seat.clone());
        self.seen.record(seat.epoch, Epoch(seat.epoch.0 + 1));
        true
    }

    /// The participant's seat, unless its lease has ended.
    pub fn seat_of(&self, participant: ParticipantId, now: Instant) -> Option<&Seat> {
        self.held.iter().find(|seat| seat.participant == participant && seat.lease_ends > now)
    }

    /// All seats, including those whose lease has ended, in the order of their first claims.
    pub fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.held.iter()
    }

    /// The seats whose lease has not ended, in the order of their first claims.
    pub fn live(&self, now: Instant) -> impl Iterator<Item = &Seat> {
        self.held.iter().filter(move |seat| seat.lease_ends > now)
    }

    /// Releases a seat. Returns `false` and changes nothing if another epoch holds the seat, or none.
    pub fn release(&mut self, participant: ParticipantId, epoch: Epoch) -> bool {
        !self.remove_where(|seat| seat.participant == participant && seat.epoch == epoch).is_empty()
    }

    /// As [`release`](Self::release), unless the seat is protected.
    pub fn take_away(&mut self, participant: ParticipantId, epoch: Epoch) -> bool {
        let is_it = |seat: &Seat| seat.participant == participant && seat.epoch == epoch && !seat.protected;
        !self.remove_where(is_it).is_empty()
    }

    /// Releases the seats whose lease has ended, and returns them.
    pub fn expire(&mut self, now: Instant) -> Vec<Seat> {
        self.remove_where(|seat| seat.lease_ends <= now)
    }

    /// True if no seat is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn remove_where(&mut self, which: impl Fn(&Seat) -> bool) -> Vec<Seat> {
        let ended: Vec<_> = self.held.extract_if(.., |seat| which(seat)).collect();
        self.seen.has_released |= !ended.is_empty();
        ended
    }
}
