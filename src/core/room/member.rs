//! One participant of a room as this node sees it: one that sits here, with what it is to be told, or one that sits on
//! another node.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Attends, Entrant, Presence,
    sequence::{Early, PairSequences},
};
use crate::core::{
    delivery::{
        mailbox_arrival::{Announcement, Arrival},
        outbox::Outbox,
    },
    model::{
        away_seats::AwaySeat,
        event::Event,
        ids::{Epoch, Name, NodeId, ParticipantId, RoomId},
        seat_table::{Renewal, Seat, SeatKey},
    },
    ports::{
        connection::Connection,
        node_bus::{Mailbox, PairSeq},
    },
};

#[derive(Debug)]
pub(super) struct Member {
    pub(super) participant: ParticipantId,
    pub(super) name: Name,
    pub(super) epoch: Epoch,
    /// The epoch of the first holding: members are in the order of these.
    pub(super) since: Epoch,
    /// Since which holding it has been told everything.
    pub(super) stream: Epoch,
    pub(super) presence: Presence,
    /// Whether its client can resume: no newcomer gets its seat before the lease ends.
    pub(super) protected: bool,
    pub(super) lease: Duration,
    /// When the lease was renewed last; of one who sits elsewhere, when this node was last told so.
    pub(super) renewed_at: Instant,
    pub(super) place: Place,
}

/// Where a member sits.
#[derive(Debug)]
pub(super) enum Place {
    Here(Here),
    There(There),
}

/// What one that sits on this node is to be told.
#[derive(Debug, Default)]
pub(super) struct Here {
    pub(super) outbox: Outbox,
    /// `None` while it has nothing to do with other nodes.
    pub(super) talks: Option<Box<PairSequences>>,
    /// Its mailbox is on its way from another node.
    pub(super) pending: Option<Box<Pending>>,
    /// The address that took the seat, and what it is counted by while the seat has no connection.
    pub(super) address: Option<IpAddr>,
    pub(super) away: Option<AwaySeat>,
    /// The last renewal of its lease failed, and is due again.
    pub(super) renewal_failed: bool,
}

/// A mailbox is on its way here.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) search: Search,
    pub(super) since: Instant,
    /// What is to be said when it is there, and what resolves then.
    pub(super) announcement: Announcement,
    pub(super) arrival: Arrival,
    /// Whether its holder is back, and what they have.
    pub(super) attends: Attends,
}

/// Where a mailbox may come from. Whoever moves faster than their mailbox is asked about more than once, and meets it on the
/// way of any of these questions.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// The questions that are open.
    pub(super) pending_requests: Vec<u64>,
    /// The best that was found.
    pub(super) found: Option<Box<Mailbox>>,
    /// By which question; 0 for what was here.
    found_by: u64,
    /// If the seat came back before its mailbox had left: of whom it was told. Then all it needs may be here.
    pub(super) own: Option<Vec<(ParticipantId, bool)>>,
}

impl Search {
    /// A search of one who may need nothing but what is here, and was told of these.
    pub(super) fn with_own(own: Option<Vec<(ParticipantId, bool)>>) -> Self {
        Self { own, ..Self::default() }
    }

    /// Takes an answer. Returns whether it was the last one to wait for.
    pub(super) fn answered(&mut self, ask: u64, mailbox: Option<Box<Mailbox>>) -> bool {
        let Some(place) = self.pending_requests.iter().position(|open| *open == ask) else { return false };
        self.pending_requests.swap_remove(place);
        if let Some(mailbox) = mailbox.filter(|mailbox| self.is_better(mailbox, ask)) {
            (self.found, self.found_by) = (Some(mailbox), ask);
        }
        self.pending_requests.is_empty()
    }

    /// What is lost anywhere is lost, and what was begun anew counts; besides that, what comes by a later question.
    fn is_better(&self, mailbox: &Mailbox, ask: u64) -> bool {
        let rank = |mailbox: &Mailbox, ask| (mailbox.is_lost(), mailbox.stream, ask);
        self.found.as_ref().is_none_or(|found| rank(mailbox, ask) > rank(found, self.found_by))
    }
}

/// One that sits on another node.
#[derive(Debug)]
pub(super) struct There {
    pub(super) node: NodeId,
    /// Nothing is heard of its node.
    pub(super) is_gone: bool,
    /// When to ask whether it still sits there.
    pub(super) verify_at: Instant,
    /// It sat here before, and may not have taken everything with it.
    pub(super) left: Option<Box<Left>>,
}

/// What is left of one that moved to another node.
#[derive(Debug)]
pub(super) struct Left {
    /// The holding that ended here.
    pub(super) held: Epoch,
    pub(super) at: Instant,
    /// What is kept for it here, and what this node still waits for itself.
    pub(super) search: Search,
    /// Who asked meanwhile, and by which number.
    pub(super) owed: Option<(NodeId, u64)>,
}

impl Member {
    /// One who sits down here.
    pub(super) fn here(entrant: &Entrant, now: Instant) -> Self {
        Self {
            participant: entrant.participant,
            name: entrant.name.clone(),
            epoch: entrant.epoch,
            since: entrant.since,
            // Until its mailbox says since when, it can only be later.
            stream: if entrant.ask.is_some() { entrant.since } else { entrant.epoch },
            presence: if entrant.came_back { Presence::Away } else { Presence::Arriving },
            protected: entrant.protected,
            lease: entrant.lease,
            renewed_at: now,
            place: Place::Here(Here { address: entrant.address, ..Here::default() }),
        }
    }

    /// One who sits on another node.
    pub(super) fn there(seat: &Seat, stream: Epoch, now: Instant) -> Self {
        let there = There { node: seat.node, is_gone: false, verify_at: seat.lease_ends, left: None };
        Self {
            participant: seat.participant,
            name: seat.name.clone(),
            epoch: seat.epoch,
            since: seat.since,
            stream,
            presence: presence(seat.connected),
            protected: seat.protected,
            lease: seat.lease_ends.saturating_duration_since(now),
            renewed_at: now,
            place: Place::There(there),
        }
    }

    /// What tells the cluster how its seat stands: the lease of a connected participant starts again, another one's runs on.
    pub(super) fn renewal(&self, room: &RoomId, now: Instant) -> Renewal {
        let connected = self.is_connected();
        let left = (self.renewed_at + self.lease).saturating_duration_since(now);
        Renewal {
            key: SeatKey { room: room.clone(), participant: self.participant, epoch: self.epoch },
            lease: if connected { self.lease } else { left },
            connected,
            protected: self.protected,
        }
    }

    pub(super) fn is_here(&self) -> bool {
        matches!(self.place, Place::Here(_))
    }

    pub(super) fn as_here(&self) -> Option<&Here> {
        match &self.place {
            Place::Here(here) => Some(here),
            Place::There(_) => None,
        }
    }

    pub(super) fn as_here_mut(&mut self) -> Option<&mut Here> {
        match &mut self.place {
            Place::Here(here) => Some(here),
            Place::There(_) => None,
        }
    }

    pub(super) fn as_there(&self) -> Option<&There> {
        match &self.place {
            Place::There(there) => Some(there),
            Place::Here(_) => None,
        }
    }

    pub(super) fn as_there_mut(&mut self) -> Option<&mut There> {
        match &mut self.place {
            Place::There(there) => Some(there),
            Place::Here(_) => None,
        }
    }

    /// On which other node it sits.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.as_there().map(|there| there.node)
    }

    /// The live connection, if it has one here.
    pub(super) fn connection(&self) -> Option<&Arc<dyn Connection>> {
        self.as_here().and_then(|here| here.outbox.connection())
    }

    /// Whether the others take it for connected.
    pub(super) fn is_connected(&self) -> bool {
        self.presence != Presence::Away && self.as_there().is_none_or(|there| !there.is_gone)
    }
}

impl Here {
    /// Whether nothing need be counted.
    pub(super) fn is_simple(&self) -> bool {
        self.talks.is_none()
    }

    pub(super) fn talks(&mut self) -> &mut PairSequences {
        self.talks.get_or_insert_default()
    }

    pub(super) fn is_held(&self) -> bool {
        self.talks.as_ref().is_some_and(|talks| talks.is_held())
    }

    /// Tells what came from another participant, now or when what was said before it has come. Without a `count`, as
    /// soon as anything can be told.
    pub(super) fn hear(
        &mut self,
        from: ParticipantId,
        count: Option<PairSeq>,
        event: Event,
        stream: Epoch,
        now: Instant,
        known: impl Fn(ParticipantId) -> bool,
    ) {
        if count.is_none() && !self.is_held() {
            return self.outbox.push(event, now);
        }
        self.talks().hear(from, count, event, stream, now);
        self.tell_early(now, known);
    }

    /// Tells what can be told by now of what waits.
    pub(super) fn tell_early(&mut self, now: Instant, known: impl Fn(ParticipantId) -> bool) {
        let Some(talks) = &mut self.talks else { return };
        while let Some(event) = talks.told(&known) {
            self.outbox.push(event, now);
        }
    }

    /// Tells that something is lost, if something has been waited for in vain, and forgets those who are gone.
    pub(super) fn settle(&mut self, lease: Duration, now: Instant, known: impl Fn(ParticipantId) -> bool) {
        let Some(talks) = &mut self.talks else { return };
        if talks.is_torn(now, &known) {
            talks.skip();
            self.outbox.tear();
        }
        talks.forget_gone(lease, now, known);
    }

    /// The mailbox of one of `stream` who was told of `others`, and what is not in it yet.
    pub(super) fn into_mailbox(
        self,
        stream: Epoch,
        others: Vec<(ParticipantId, bool)>,
    ) -> (Box<Mailbox>, Vec<Early>) {
        let (said, heard, early) = self.talks.map_or_else(Default::default, |talks| talks.into_parts());
        let mailbox = self.outbox.into_kept().map(|(kept, last, handed)| Mailbox {
            kept,
            last,
            handed,
            stream,
            said,
            heard,
            others,
        });
        (Box::new(mailbox.unwrap_or_default()), early)
    }

    /// Goes on as the mailbox says.
    pub(super) fn go_on(&mut self, mailbox: Mailbox, now: Instant) {
        let Mailbox { kept, last, handed, stream, said, heard, .. } = mailbox;
        self.outbox = Outbox::from_kept(kept, last, handed, now);
        self.talks().go_on(said, heard, stream);
    }
}

/// What the others are told of one who is connected, or not.
pub(super) fn presence(connected: bool) -> Presence {
    if connected { Presence::Connected } else { Presence::Away }
}
