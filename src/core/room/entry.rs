//! A participant enters a room, attaches its connection, and sees the room.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{Location, Member, Presence, Room, mailbox_import::start_of};
use crate::core::{
    model::{
        error::Replaced,
        ids::{Epoch, Name, NodeId, ParticipantId},
        seat_table::Seat,
    },
    ports::connection::Connection,
};

/// A participant that claimed a seat and enters.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// Its seat.
    pub seat: Seat,
    /// Length of the lease.
    pub lease: Duration,
    /// The address that the seat counts against while it has no connection.
    pub address: Option<IpAddr>,
    /// Whether the client is about to connect.
    pub mode: EntryMode,
    /// True if the participant held the seat before, on this node or another.
    pub is_returning: bool,
    /// The node that was asked for the participant's mailbox.
    pub mailbox_from: Option<NodeId>,
    /// True if the participant's mailbox is on another node, or was lost with that node.
    pub was_remote: bool,
}

/// Whether the client of an entrant is about to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryMode {
    /// The client joins, and has all events up to `received`; `None` if it does not count events.
    Join {
        /// Number of the last event received.
        received: Option<u64>,
    },
    /// This node takes the seat over from one that drains, until the client joins.
    TakeOver,
}

impl EntryMode {
    /// Number of the last event received, if the client has told it.
    pub fn received(self) -> Option<u64> {
        match self {
            Self::Join { received } => received,
            Self::TakeOver => None,
        }
    }
}

/// Result of [`Room::enter`].
pub struct Entered {
    /// True if this node or the seat registry knew the participant's seat before.
    pub returned: bool,
    /// True if all events that the participant has missed will be replayed.
    pub resumed: bool,
    /// The room.
    pub view: View,
    /// Resolves when the participant's mailbox has arrived, if one is on its way.
    ///
    /// Resolves to `true` if the participant resumes, to `false` or an error on a reset.
    pub mailbox: Option<oneshot::Receiver<bool>>,
}

/// A room as one of its participants sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The participant's next event has the number after this one.
    pub seq: u64,
    /// True unless it sat down first: the polite side of perfect negotiation (W3C WebRTC, section 10.7).
    pub polite: bool,
    /// The others, in the order in which they sat down.
    pub others: Vec<Other>,
}

/// Another participant, as one participant sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The other participant.
    pub participant: ParticipantId,
    /// Its name.
    pub name: Name,
    /// `false` while the participant's connection is lost and the seat is held.
    pub connected: bool,
}

impl Room {
    /// Lists a participant that claimed a seat, or continues its listing under a newer epoch and closes its
    /// older connection.
    ///
    /// Its events wait until [`attach`](Self::attach).
    ///
    /// # Errors
    /// [`Replaced`]: it is listed under a newer epoch; nothing changed.
    pub fn enter(&mut self, entrant: &Entrant, now: Instant) -> Result<Entered, Replaced> {
        let Seat { participant, epoch, since, .. } = entrant.seat;
        if self.is_newer(participant, epoch) {
            return Err(Replaced);
        }
        self.end_former_stay(participant, since, now);
        let before = self.position(participant);
        let was_local = before.is_some_and(|position| self.members[position].is_local());
        let (position, resumed) = match before {
            Some(position) => (position, self.enter_again(position, entrant, now)),
            None => (self.sit_down(entrant, now), false),
        };
        let view = self.take_view(position);
        self.sync_rosters(now);
        // Others number their events by its stream.
        if !was_local || self.members[position].stream == epoch {
            self.publish(true);
        }
        let returned = entrant.is_returning || before.is_some();
        let mut mailbox = None;
        if let Some(local) = self.members[position].as_local_mut() {
            if entrant.mode != EntryMode::TakeOver {
                local.outbox.answer_join();
            }
            mailbox = local.mailbox_request.as_mut().map(|request| request.arrival());
        }
        Ok(Entered { returned, resumed, view, mailbox })
    }

    /// Sends the participant's waiting events, and all further ones, to `connection`.
    ///
    /// Closes the connection that it had under the same epoch.
    ///
    /// # Errors
    /// [`Replaced`]: the participant is not listed under `epoch`; nothing changed.
    pub fn attach(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: Arc<dyn Connection>,
        now: Instant,
    ) -> Result<(), Replaced> {
        let member = self.member(participant, epoch)?;
        let is_first = member.presence == Presence::Connecting;
        let local = member.as_local_mut().ok_or(Replaced)?;
        local.away = None;
        local.outbox.attach(connection);
        member.presence = Presence::Connected;
        if !is_first {
            member.count_attachment();
            self.sync_rosters(now);
            self.publish(false);
        }
        Ok(())
    }

    /// The room as the participant sees it now.
    ///
    /// # Errors
    /// [`Replaced`]: it is not listed under `epoch`.
    pub fn view(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<View, Replaced> {
        self.member(participant, epoch)?;
        let position = self.position(participant).ok_or(Replaced)?;
        Ok(self.take_view(position))
    }

    /// Sets what the participant knows of the others to `known`, and sends it the difference as events.
    ///
    /// For doors whose clients continue after a gap in their events.
    ///
    /// # Errors
    /// [`Replaced`]: it is not listed under `epoch`.
    pub fn tell_difference(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        known: &[ParticipantId],
        now: Instant,
    ) -> Result<(), Replaced> {
        let local = self.member(participant, epoch)?.as_local_mut().ok_or(Replaced)?;
        local.roster.correct(known);
        if let Some(position) = self.position(participant) {
            self.sync_roster(position, now);
        }
        Ok(())
    }

    fn sit_down(&mut self, entrant: &Entrant, now: Instant) -> usize {
        let mut member = Member::local(entrant, now);
        let start = start_of(member.stream);
        if let Some(local) = member.as_local_mut() {
            // Without other nodes, a participant has one stream for as long as it holds its seat.
            if self.node.knows_peers() {
                local.outbox.continue_from(start);
            }
            local.wait_for_mailbox(entrant, now);
        }
        let position = self.insert(member);
        if entrant.was_remote && entrant.mailbox_from.is_none() {
            self.lose_mailbox(position);
        }
        position
    }

    /// Continues a listing. Returns whether events can be replayed.
    fn enter_again(&mut self, position: usize, entrant: &Entrant, now: Instant) -> bool {
        let knows_peers = self.node.knows_peers();
        let member = &mut self.members[position];
        let Seat { epoch, name, protected, .. } = &entrant.seat;
        (member.epoch, member.name, member.protected) = (*epoch, name.clone(), *protected);
        (member.lease, member.renewed_at) = (entrant.lease, now);
        let Location::Local(local) = &mut member.location else {
            self.enter_from_remote(position, entrant, now);
            return false;
        };
        local.address = entrant.address;
        local.outbox.fence();
        if entrant.was_remote && entrant.mailbox_from.is_some() {
            local.wait_for_mailbox(entrant, now);
            return false;
        }
        if let Some(request) = local.mailbox_request.as_mut().filter(|_| !entrant.was_remote) {
            request.mode = entrant.mode;
            return false;
        }
        // A client that is ahead was on another node, which knows more than this one.
        let is_behind = knows_peers && local.outbox.is_behind(entrant.mode.received());
        let is_lost = entrant.was_remote || is_behind || local.outbox.needs_reset();
        if is_lost {
            self.lose_mailbox(position);
            return false;
        }
        local.outbox.resume(entrant.mode.received())
    }

    /// The view that a participant is told now: its roster from here on.
    fn take_view(&mut self, position: usize) -> View {
        self.set_roster(position);
        let member = &self.members[position];
        let seq = member.as_local().map_or(0, |local| local.outbox.taken_seq());
        let others = self.members.iter().filter(|other| other.participant != member.participant);
        let others = others.map(|other| Other {
            participant: other.participant,
            name: other.name.clone(),
            connected: other.is_connected(),
        });
        View { seq, polite: position > 0, others: others.collect() }
    }
}
