//! One room as this node sees it: who sits here, who is connected, who is told what. Synchronous; takes `now`.
//!
//! - `entrance`: what somebody who comes in says, and finds.
//! - `member`: one participant, here or on another node.
//! - `talks`: counts of what is said between nodes.
//! - `lease`: how seats are kept, and what becomes of them with their connections.
//! - `delivery`: signals and chats on their way to the others.
//! - `elsewhere`: what is heard of those who sit on other nodes, and what their nodes hear of those here.
//! - `arriving`: participants who come here from another node, and what was kept for them there.
//! - `leaving`: participants who go on to another node, and what is kept until that one asks for it.

mod entry;
mod lease;
mod mailbox_export;
mod mailbox_import;
mod member;
mod remote_members;
mod sequence;
mod signals;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use self::{
    entry::{Attends, Entered, Entrant, Other, View},
    mailbox_import::MAILBOX_WITHIN,
    sequence::GAP_CLOSES_WITHIN,
};
use self::{
    member::{Here, Member, Pending, Place, Search},
    remote_members::EndedSeat,
};
use crate::core::{
    delivery::local_node::LocalNode,
    model::{
        error::Replaced,
        event::{Event, LeaveReason},
        ids::{Epoch, Name, ParticipantId, RoomId},
        seat_table::Claim,
    },
    ports::connection::Connection,
};

/// The participants of a room, in the order in which they sat down.
///
/// Invariants: a participant is listed once; whoever is not listed is told nothing; every participant that enters
/// is followed by exactly one [`Event::Left`] to those who are there when it ends; a call with an epoch that is
/// not the participant's current one changes nothing.
///
/// Every node in which somebody sits has a room of its own, which lists all, and tells only those who sit there.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    local_node: Arc<LocalNode>,
    members: Vec<Member>,
    /// How many seats there are, and whether names are unique, as the last who came in had it.
    seats: usize,
    unique_names: bool,
    /// How long an unprotected seat outlives its connection, if not for its lease; then it is open to any newcomer.
    unprotected_lease: Option<Duration>,
    /// When it was last said who sits here on all nodes.
    told_at: Option<Instant>,
    /// Who has left lately.
    gone: Vec<EndedSeat>,
}

/// Whether a participant can be told things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has the seat; its connection is about to be attached for the first time.
    Arriving,
    /// Its connection is attached; it may be dead without anybody having noticed.
    Connected,
    /// Its connection was lost, and the others know.
    Away,
}

impl Room {
    /// The room called `id` on the node at `local node`, with nobody in it.
    pub fn new(id: RoomId, local_node: Arc<LocalNode>) -> Self {
        Self {
            id,
            local_node,
            members: Vec::new(),
            seats: 0,
            unique_names: false,
            unprotected_lease: None,
            told_at: None,
            gone: Vec::new(),
        }
    }

    /// Takes note of what a claim says of the room, with whose outcome everybody was told who sits here.
    pub fn take_claim(&mut self, claim: &Claim, now: Instant) {
        (self.seats, self.unique_names, self.told_at) = (claim.seats, claim.unique_name, Some(now));
        self.unprotected_lease = claim.unprotected_lease;
    }

    /// Lists a participant that claimed a seat, or takes its listing over for a newer epoch. What it is to be
    /// told is kept until [`attach`](Self::attach).
    ///
    /// # Errors
    /// [`Replaced`]: an even newer epoch was here first; nothing changed.
    pub fn enter(&mut self, entrant: &Entrant, now: Instant) -> Result<Entered, Replaced> {
        let participant = entrant.participant;
        if self.is_newer(participant, entrant.epoch) {
            return Err(Replaced);
        }
        let former = self.end_former_stay(participant, entrant.since, now);
        let before = self.position(participant);
        let was_here = before.is_some_and(|position| self.members[position].is_here());
        let (resumed, fenced) = match before {
            Some(position) => self.take_over(position, entrant, now),
            None => {
                self.sit_down(entrant, now);
                (false, former)
            }
        };
        if !was_here {
            self.publish(true);
        }
        let here = self.members.iter_mut().find(|member| member.participant == participant);
        if let (Attends::Now(_), Some(here)) = (entrant.attends, here.and_then(Member::as_here_mut)) {
            here.outbox.expect();
        }
        let (view, pending) = (self.view_of(participant), self.pending(participant));
        Ok(Entered { returned: entrant.came_back || before.is_some(), resumed, fenced, view, pending })
    }

    fn sit_down(&mut self, entrant: &Entrant, now: Instant) {
        let participant = entrant.participant;
        self.tell_others(participant, &Event::Joined { participant, name: entrant.name.clone() }, now);
        let mut member = Member::here(entrant, now);
        if let Some(here) = member.as_here_mut() {
            here.wait_for_mailbox(entrant, Search::default(), now);
        }
        let position = self.insert(member);
        if entrant.from_elsewhere && entrant.ask.is_none() {
            self.lose_mailbox(position);
        }
    }

    fn take_over(
        &mut self,
        position: usize,
        entrant: &Entrant,
        now: Instant,
    ) -> (bool, Option<Arc<dyn Connection>>) {
        let others = entrant.from_elsewhere.then(|| self.others_of(entrant.participant));
        let has_known_peers = self.local_node.has_known_peers();
        let member = &mut self.members[position];
        (member.epoch, member.name, member.lease) = (entrant.epoch, entrant.name.clone(), entrant.lease);
        (member.protected, member.renewed_at) = (entrant.protected, now);
        let Place::Here(here) = &mut member.place else {
            self.come_here(position, entrant, now);
            return (false, None);
        };
        here.address = entrant.address;
        let fenced = here.outbox.detach();
        let resumed = match others {
            None if here.pending.is_some() => {
                here.returns_with(entrant.attends);
                false
            }
            // It may have been elsewhere, and nobody knows any more.
            None if has_known_peers && here.outbox.is_behind(entrant.attends.received()) => {
                self.lose_mailbox(position);
                false
            }
            None if !here.outbox.is_torn() => here.outbox.resume(entrant.attends.received()),
            _ if entrant.ask.is_none() => {
                self.lose_mailbox(position);
                false
            }
            // Its own mailbox may never have left this node.
            own => {
                let new = || Search::with_own(own);
                let search = here.pending.take().map_or_else(new, |pending| pending.search);
                here.wait_for_mailbox(entrant, search, now);
                false
            }
        };
        (resumed, fenced)
    }

    /// Sends what is kept for the participant, and all that follows, to `connection`. Returns the connection it had
    /// under the same epoch.
    ///
    /// # Errors
    /// [`Replaced`]: the participant is gone, or has a newer epoch; nothing changed.
    pub fn attach(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        connection: Arc<dyn Connection>,
        now: Instant,
    ) -> Result<Option<Arc<dyn Connection>>, Replaced> {
        let member = self.member(participant, epoch)?;
        let before = std::mem::replace(&mut member.presence, Presence::Connected);
        let here = member.as_here_mut().ok_or(Replaced)?;
        here.away = None;
        let former = here.outbox.attach(connection);
        if before != Presence::Arriving {
            self.tell_others(participant, &Event::Resumed { participant }, now);
            self.publish(false);
        }
        Ok(former)
    }

    /// Whether the participant sits here, on whatever node.
    pub fn is_listed(&self, participant: ParticipantId) -> bool {
        self.position(participant).is_some()
    }

    /// Whether the participant is listed under this epoch or a newer one.
    pub fn is_newer(&self, participant: ParticipantId, epoch: Epoch) -> bool {
        self.members.iter().any(|member| member.participant == participant && member.epoch >= epoch)
    }

    /// Who is called `name` here; where names are not unique, the first who sat down.
    pub fn find(&self, name: &Name) -> Option<ParticipantId> {
        self.members.iter().find(|member| member.name == *name).map(|member| member.participant)
    }

    /// Gives a seat up: the participant is told nothing any more, the others are told that it left.
    ///
    /// Returns its connection, if it had one; `None` with nothing changed if it does not sit here under `epoch`.
    pub fn end(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        reason: LeaveReason,
        now: Instant,
    ) -> Option<Ended> {
        self.member(participant, epoch).ok()?;
        let position = self.position(participant)?;
        let ended = self.members.remove(position);
        self.forget(participant);
        self.tell_others(participant, &Event::Left { participant, reason }, now);
        let Place::Here(mut here) = ended.place else { return Some(Ended { connection: None }) };
        self.note_end(participant, epoch, now);
        self.publish_end(participant, epoch, reason);
        Some(Ended { connection: here.outbox.detach() })
    }

    /// What the participant is called here.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here under `epoch`.
    pub fn name_of(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<Name, Replaced> {
        self.member(participant, epoch).map(|member| member.name.clone())
    }

    /// How the participant sees the room now.
    ///
    /// # Errors
    /// [`Replaced`]: it does not sit here under `epoch`.
    pub fn view(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<View, Replaced> {
        self.member(participant, epoch)?;
        Ok(self.view_of(participant))
    }

    /// Whether a participant that sits here under `epoch` can be told things, and its connection if it has one.
    pub fn presence(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
    ) -> Option<(Presence, Option<Arc<dyn Connection>>)> {
        let member = self.member(participant, epoch).ok()?;
        Some((member.presence, member.connection().cloned()))
    }

    /// Who sits here on this node, under which epoch.
    pub fn holdings(&self) -> Vec<(ParticipantId, Epoch)> {
        self.here().map(|member| (member.participant, member.epoch)).collect()
    }

    /// The live connections.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<dyn Connection>> {
        self.members.iter().filter_map(Member::connection)
    }

    /// How many sit here, on this node.
    pub fn len(&self) -> usize {
        self.here().count()
    }

    /// Whether nobody sits here, on this node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nothing here is of use any more.
    pub fn is_over(&self) -> bool {
        let is_of_use = |member: &Member| member.as_there().is_none_or(|there| there.left.is_some());
        !self.members.iter().any(is_of_use)
    }

    /// Lets go of events that have surely arrived.
    pub fn forget_arrived(&mut self, now: Instant) {
        for here in self.members.iter_mut().filter_map(Member::as_here_mut) {
            here.outbox.forget_arrived(now);
        }
    }

    fn view_of(&self, participant: ParticipantId) -> View {
        let position = self.position(participant).unwrap_or_default();
        let here = self.members.get(position).and_then(Member::as_here);
        let seq = here.map_or(0, |here| here.outbox.handed());
        let others = self.members.iter().filter(|member| member.participant != participant);
        let others = others.map(|member| Other {
            participant: member.participant,
            name: member.name.clone(),
            connected: member.is_connected(),
        });
        View { seq, polite: position > 0, others: others.collect() }
    }

    /// Tells what became of one participant to all others who sit on this node.
    fn tell_others(&mut self, participant: ParticipantId, event: &Event, now: Instant) {
        for member in self.members.iter_mut().filter(|member| member.participant != participant) {
            // Whoever's mailbox is on its way is told what has become of the others when it is there.
            if let Some(here) = member.as_here_mut().filter(|here| here.pending.is_none()) {
                here.outbox.push(event.clone(), now);
            }
        }
    }

    fn here(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_here())
    }

    fn insert(&mut self, member: Member) -> usize {
        let position = self.members.partition_point(|other| other.since < member.since);
        // Rooms are small and many: room for four would mostly be kept for nobody.
        self.members.reserve_exact(1);
        self.members.insert(position, member);
        position
    }

    fn member(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<&mut Member, Replaced> {
        let found = self.members.iter_mut().find(|member| member.participant == participant);
        found.filter(|member| member.epoch == epoch).ok_or(Replaced)
    }

    fn position(&self, participant: ParticipantId) -> Option<usize> {
        self.members.iter().position(|member| member.participant == participant)
    }
}

/// A seat that was given up.
pub struct Ended {
    /// The connection it had.
    pub connection: Option<Arc<dyn Connection>>,
}
