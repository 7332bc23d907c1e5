//! The seats of one room: who holds which, under which epoch, until when. Pure; the model every back end is held to.

use std::time::{Duration, Instant};

use thiserror::Error;

use super::ids::{Epoch, Name, NodeId, ParticipantId, RoomId};

/// A seat that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Who holds it.
    pub participant: ParticipantId,
    /// What they are called.
    pub name: Name,
    /// Which node their connection is on.
    pub node: NodeId,
    /// Which holding this is.
    pub epoch: Epoch,
    /// The epoch of its holder's first holding: whoever has a smaller one sat down earlier.
    pub since: Epoch,
    /// When it ends unless renewed, by the cluster's clock.
    pub lease_ends: Instant,
    /// Whether its holder could be told things when it was claimed or renewed last.
    pub connected: bool,
    /// Whether its holder's client can resume: no newcomer gets the seat before the lease ends.
    pub protected: bool,
}

impl Seat {
    /// Names this holding, in `room`.
    pub fn key_in(&self, room: &RoomId) -> SeatKey {
        SeatKey { room: room.clone(), participant: self.participant, epoch: self.epoch }
    }
}

/// A protected seat as it outlives the process that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSeat {
    /// The room.
    pub room: RoomId,
    /// The holder.
    pub participant: ParticipantId,
    /// The holder's name.
    pub name: Name,
    /// How long it is kept without a renewal.
    pub lease: Duration,
}

/// What somebody wants who asks for a seat.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The room to sit in.
    pub room: RoomId,
    /// How many seats the room has; at least 1. The same for everybody who claims in this room.
    pub seats: usize,
    /// Who wants to sit: a fresh id, or one that proved to have sat here before.
    pub participant: ParticipantId,
    /// What they are called from now on.
    pub name: Name,
    /// Whether nobody else in the room may be called the same.
    pub unique_name: bool,
    /// How long the seat is theirs without a renewal.
    pub lease: Duration,
    /// How long an unprotected seat outlives its connection, open to any newcomer at once; `None`: as long as any other,
    /// and only after a liveness probe. The same for every claim in this room.
    pub unprotected_lease: Option<Duration>,
    /// Whether the participant's client can resume. A seat that was protected once stays so.
    pub protected: bool,
    /// `None` for the participant itself, who is about to be connected. With an epoch, for a node that takes the seat
    /// over until its holder is back: only if it is held under that epoch still, and its lease has not ended.
    pub over: Option<Epoch>,
}

/// Names one holding of one seat: what every change of a seat is checked against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeatKey {
    /// The room.
    pub room: RoomId,
    /// Who holds the seat.
    pub participant: ParticipantId,
    /// Under which epoch.
    pub epoch: Epoch,
}

/// A seat of this node that is to last longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// Which.
    pub key: SeatKey,
    /// How long it lasts from now.
    pub lease: Duration,
    /// Whether its holder can be told things now.
    pub connected: bool,
    /// Whether its holder's client can resume. A seat that was protected once stays so.
    pub protected: bool,
}

/// What a successful claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The epoch of the new holding; larger than any this seat ever had.
    pub epoch: Epoch,
    /// The epoch of the participant's first holding of this seat.
    pub since: Epoch,
    /// What the participant held already, so that an older connection is to be fenced off.
    pub former: Option<Seat>,
    /// Everybody else in the room, in the order in which they sat down.
    pub others: Vec<Seat>,
    /// Seats whose lease had ended, given up to make room.
    pub ended: Vec<Seat>,
}

/// Why there is no seat for a claim.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// Every seat is held by somebody else: by these.
    #[error("every seat is taken")]
    Full(Vec<Seat>),
    /// Somebody else has the name, and it must be unique.
    #[error("the name is taken")]
    NameTaken(Box<Seat>),
    /// The holding that the claim was to take over is no more.
    #[error("the holding is no more")]
    NotHeld,
}

impl Refused {
    /// The seats that stand in the way.
    pub fn holders(&self) -> &[Seat] {
        match self {
            Self::Full(holders) => holders,
            Self::NameTaken(holder) => std::slice::from_ref(holder),
            Self::NotHeld => &[],
        }
    }
}

/// The seats of one room, in the order in which their holders sat down.
///
/// A back end may lose its memory, the nodes that hold seats do not: see [`restore`](Self::restore). All claims of a
/// room must have increasing epochs, over a loss of memory too.
#[derive(Debug, Default, Clone)]
pub struct Seats {
    held: Vec<Seat>,
    memory: Memory,
}

/// What tells a seat that was given up from one that was forgotten.
#[derive(Debug, Default, Clone)]
struct Memory {
    /// Every seat claimed under this epoch or a later one, up to `last`, was seen. `None`: nothing was seen yet.
    from: Option<Epoch>,
    /// The largest epoch that was seen.
    last: Epoch,
    /// Whether any seat was given up since; then an older one that is not here may have been among them.
    given_up: bool,
}

impl Memory {
    /// Takes note of a claim, or of a seat claimed before this memory began.
    fn note(&mut self, epoch: Epoch, from: Epoch) {
        self.from.get_or_insert(from);
        self.last = self.last.max(epoch);
    }

    /// Whether a seat that is not held under this epoch was never given up here, but forgotten.
    fn lacks(&self, epoch: Epoch) -> bool {
        self.from.is_none_or(|from| epoch > self.last || (epoch < from && !self.given_up))
    }
}

impl Seats {
    /// Gives `claim`'s participant a seat: their own, if they hold one, else a free one.
    ///
    /// # Errors
    /// [`Refused`], if others hold every seat or the name, or the participant not what was to be taken over; nothing
    /// changed.
    pub fn claim(
        &mut self,
        claim: &Claim,
        node: NodeId,
        epoch: Epoch,
        now: Instant,
    ) -> Result<Claimed, Refused> {
        let former = self.held.iter().find(|seat| seat.participant == claim.participant).cloned();
        let lasting = former.as_ref().filter(|seat| seat.lease_ends > now);
        if claim.over.is_some() && claim.over != lasting.map(|seat| seat.epoch) {
            return Err(Refused::NotHeld);
        }
        let others = || self.held.iter().filter(|seat| seat.participant != claim.participant);
        let live = || others().filter(|seat| seat.lease_ends > now);
        if claim.unique_name
            && let Some(holder) = live().find(|seat| seat.name == claim.name)
        {
            return Err(Refused::NameTaken(Box::new(holder.clone())));
        }
        if former.is_none() && live().count() >= claim.seats {
            return Err(Refused::Full(live().cloned().collect()));
        }
        // Whoever comes back gets the seat even if its lease ended just now: nobody has taken it.
        let ended = self.end(|seat| seat.lease_ends <= now && seat.participant != claim.participant);
        let held = self.held.iter_mut().find(|held| held.participant == claim.participant);
        let seat = Seat {
            participant: claim.participant,
            name: claim.name.clone(),
            node,
            epoch,
            since: held.as_ref().map_or(epoch, |held| held.since),
            lease_ends: now + claim.lease,
            connected: claim.over.is_none(),
            protected: claim.protected || held.as_ref().is_some_and(|held| held.protected),
        };
        let since = seat.since;
        match held {
            Some(held) => *held = seat,
            None => {
                // Rooms are small and many: room for four would mostly be kept for nobody.
                self.held.reserve_exact(1);
                self.held.push(seat);
            }
        }
        self.memory.note(epoch, epoch);
        let others = self.held.iter().filter(|seat| seat.participant != claim.participant).cloned().collect();
        Ok(Claimed { epoch, since, former, others, ended })
    }

    /// Extends a seat as `renewal` says, from `now`. Returns `false` if another epoch holds it, or none.
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

    /// As [`renew`](Self::renew), for a node that knows that it holds `seat`: puts it back if it was forgotten here.
    /// `false` if it was given up or taken over, or if others hold all of the room's `seats` or, where it must be
    /// unique, the name.
    pub fn restore(&mut self, seat: &Seat, seats: usize, unique_name: bool, now: Instant) -> bool {
        let own = |held: &&mut Seat| held.participant == seat.participant && held.epoch == seat.epoch;
        if let Some(held) = self.held.iter_mut().find(own) {
            (held.lease_ends, held.connected) = (seat.lease_ends.max(now), seat.connected);
            held.protected |= seat.protected;
            return true;
        }
        let mine = self.held.iter().find(|held| held.participant == seat.participant);
        let forgotten = mine.map_or(self.memory.lacks(seat.epoch), |held| held.epoch < seat.epoch);
        let live =
            || self.held.iter().filter(|held| held.participant != seat.participant && held.lease_ends > now);
        let in_the_way = unique_name && live().any(|held| held.name == seat.name);
        if !forgotten || in_the_way || live().count() >= seats {
            return false;
        }
        // One whose lease has ended is given up: renewed late, it would be one too many.
        self.end(|held| held.lease_ends <= now && held.participant != seat.participant);
        self.held.retain(|held| held.participant != seat.participant);
        let position = self.held.partition_point(|held| held.since < seat.since);
        self.held.insert(position, seat.clone());
        self.memory.note(seat.epoch, Epoch(seat.epoch.0 + 1));
        true
    }

    /// What the participant holds, unless its lease has ended.
    pub fn holding(&self, participant: ParticipantId, now: Instant) -> Option<&Seat> {
        self.held.iter().find(|seat| seat.participant == participant && seat.lease_ends > now)
    }

    /// All seats that are held, those whose lease has ended included, in the order in which their holders sat down.
    pub fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.held.iter()
    }

    /// Everybody whose lease goes on, in the order in which they sat down.
    pub fn live(&self, now: Instant) -> impl Iterator<Item = &Seat> {
        self.held.iter().filter(move |seat| seat.lease_ends > now)
    }

    /// Gives the seat up. `false` if it is not the seat's holding any more; then nothing changed.
    pub fn release(&mut self, participant: ParticipantId, epoch: Epoch) -> bool {
        !self.end(|seat| seat.participant == participant && seat.epoch == epoch).is_empty()
    }

    /// As [`release`](Self::release), unless the seat is protected.
    pub fn take_away(&mut self, participant: ParticipantId, epoch: Epoch) -> bool {
        let is_it = |seat: &Seat| seat.participant == participant && seat.epoch == epoch && !seat.protected;
        !self.end(is_it).is_empty()
    }

    /// Gives up every seat whose lease has ended, and returns them.
    pub fn expire(&mut self, now: Instant) -> Vec<Seat> {
        self.end(|seat| seat.lease_ends <= now)
    }

    /// Whether nobody holds a seat.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn end(&mut self, which: impl Fn(&Seat) -> bool) -> Vec<Seat> {
        let ended: Vec<_> = self.held.extract_if(.., |seat| which(seat)).collect();
        self.memory.given_up |= !ended.is_empty();
        ended
    }
}
