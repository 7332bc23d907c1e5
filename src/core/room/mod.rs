//! One room as this node sees it. Synchronous; takes `now`.
//!
//! This file holds the state and what all the rest needs; each other file is one subject:
//!
//! - `entry`: a participant enters, attaches its connection and sees the room.
//! - `lease`: seats are held, renewed and released.
//! - `signals`: signals and chat messages to the others.
//! - `sequence`: order among events that arrive by several routes.
//! - `remote_members`: participants on other nodes.
//! - `mailbox_import`, `mailbox_export`: participants that migrate to this node and away from it.

mod entry;
mod lease;
mod mailbox_export;
mod mailbox_import;
mod member;
mod remote_members;
mod sequence;
mod signals;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

pub use self::{
    entry::{Entered, Entrant, EntryMode, Other, View},
    mailbox_import::MAILBOX_WITHIN,
    sequence::GAP_CLOSES_WITHIN,
};
use self::{mailbox_export::LeftBehind, mailbox_import::MailboxRequest, sequence::PairSequences};
use crate::core::{
    delivery::{local_node::LocalNode, outbox::Outbox},
    model::{
        away_seats::AwaySeat,
        error::Replaced,
        event::{Event, LeaveReason},
        ids::{Epoch, Name, NodeId, ParticipantId, RoomId},
        roster::{Roster, RosterChange, RosterEntry},
        seat_table::{RoomPolicy, SeatKey},
    },
    ports::connection::{CloseReason, Connection},
};

/// The participants of a room, in the order in which they sat down.
///
/// Every node that holds a seat of the room has a `Room` of its own. Each lists all participants and sends
/// events to the local ones.
///
/// Invariants:
/// - A participant is listed once.
/// - Each local participant's roster equals the list of the others, unless its mailbox is still on its way.
/// - A call with an epoch that is not the participant's current one changes nothing.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    node: Arc<LocalNode>,
    members: Vec<Member>,
    /// As in the latest claim.
    policy: RoomPolicy,
    /// When the seats of all nodes were last read from the seat registry.
    verified_at: Option<Instant>,
    /// Seats that ended lately.
    ended: Vec<EndedSeat>,
}

/// State of a participant's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The participant has its seat; its first connection is about to be attached. The others see it as
    /// connected.
    Connecting,
    /// A connection is attached. It may be dead and not noticed yet.
    Connected,
    /// The connection was lost, and the others know.
    Away,
}

#[derive(Debug)]
struct Member {
    participant: ParticipantId,
    name: Name,
    epoch: Epoch,
    /// Epoch of the first claim of this stay: members are in this order.
    since: Epoch,
    /// Stream id: the epoch at which this participant's event history last restarted.
    stream: Epoch,
    /// As in [`RosterEntry::attachment`].
    attachment: u64,
    presence: Presence,
    /// True if the client can resume: no newcomer gets its seat before the lease ends.
    protected: bool,
    lease: Duration,
    /// Last renewal of the lease; of a remote member, the last time that this node heard of it.
    renewed_at: Instant,
    location: Location,
}

#[derive(Debug)]
enum Location {
    Local(LocalMember),
    Remote(RemoteMember),
}

/// State of a local participant.
#[derive(Debug, Default)]
struct LocalMember {
    outbox: Outbox,
    /// What the participant was told about the others.
    roster: Roster,
    /// `None` while the participant has met only local ones.
    sequences: Option<Box<PairSequences>>,
    /// Request for the mailbox that is on its way from another node.
    mailbox_request: Option<Box<MailboxRequest>>,
    /// Address of the client that took the seat.
    address: Option<IpAddr>,
    /// Counts the seat against that address while the seat has no connection.
    away: Option<AwaySeat>,
    /// True if the last renewal of the lease failed.
    renewal_failed: bool,
    /// Epoch under which the release of the seat began.
    releasing: Option<Epoch>,
}

/// State of a remote participant, as this node knows it.
#[derive(Debug)]
struct RemoteMember {
    node: NodeId,
    /// True while the participant's node is not heard of.
    is_node_lost: bool,
    /// When to ask the seat registry whether the participant still holds the seat.
    verify_at: Instant,
    /// Mailbox that the other node has not fetched since the participant migrated from this one.
    left_behind: Option<Box<LeftBehind>>,
}

#[derive(Debug)]
struct EndedSeat {
    participant: ParticipantId,
    epoch: Epoch,
    reason: LeaveReason,
    at: Instant,
}

impl Room {
    /// The empty room `id` on `node`.
    pub fn new(id: RoomId, node: Arc<LocalNode>) -> Self {
        Self {
            id,
            node,
            members: Vec::new(),
            policy: RoomPolicy::new(0, Duration::ZERO),
            verified_at: None,
            ended: Vec::new(),
        }
    }

    /// Takes over the room's policy from a claim, whose answer listed the seats of all nodes.
    pub fn apply_policy(&mut self, policy: RoomPolicy, now: Instant) {
        (self.policy, self.verified_at) = (policy, Some(now));
    }

    /// Ends a participant's stay, tells the others, and closes its connection unless the participant left.
    ///
    /// Returns `false`, with nothing changed, if the participant is not listed under `epoch`.
    pub fn end_stay(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        reason: LeaveReason,
        now: Instant,
    ) -> bool {
        let close = (reason != LeaveReason::Left).then_some(CloseReason::Replaced);
        self.end_and_close(participant, epoch, reason, close, now)
    }

    /// Does [`end_stay`](Self::end_stay) by order of an administrator.
    pub fn dismiss(&mut self, participant: ParticipantId, epoch: Epoch, now: Instant) {
        self.end_and_close(participant, epoch, LeaveReason::LeaseEnded, Some(CloseReason::Dismissed), now);
    }

    /// True if the participant sits on this node under `epoch`.
    pub fn holds(&self, participant: ParticipantId, epoch: Epoch) -> bool {
        self.local_members().any(|member| (member.participant, member.epoch) == (participant, epoch))
    }

    /// True if the participant is listed under `epoch` or a newer one.
    pub fn is_newer(&self, participant: ParticipantId, epoch: Epoch) -> bool {
        self.find_member(participant).is_some_and(|member| member.epoch >= epoch)
    }

    /// The participant called `name`; where names are not unique, the first that sat down.
    pub fn find(&self, name: &Name) -> Option<ParticipantId> {
        self.members.iter().find(|member| member.name == *name).map(|member| member.participant)
    }

    /// The participant's name.
    ///
    /// # Errors
    /// [`Replaced`]: it is not listed under `epoch`.
    pub fn name_of(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<Name, Replaced> {
        self.member(participant, epoch).map(|member| member.name.clone())
    }

    /// Presence and connection of a participant that is listed under `epoch`.
    pub fn presence(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
    ) -> Option<(Presence, Option<Arc<dyn Connection>>)> {
        let member = self.member(participant, epoch).ok()?;
        Some((member.presence, member.connection().cloned()))
    }

    /// The local participants with their epochs.
    pub fn claims(&self) -> Vec<(ParticipantId, Epoch)> {
        self.local_members().map(|member| (member.participant, member.epoch)).collect()
    }

    /// The attached connections.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<dyn Connection>> {
        self.members.iter().filter_map(Member::connection)
    }

    /// Number of local participants.
    pub fn len(&self) -> usize {
        self.local_members().count()
    }

    /// True without local participants.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if the node needs the room no longer.
    pub fn is_over(&self) -> bool {
        let is_needed =
            |member: &Member| member.as_remote().is_none_or(|remote| remote.left_behind.is_some());
        !self.members.iter().any(is_needed)
    }

    /// Drops events that count as received by `now`.
    pub fn forget_arrived(&mut self, now: Instant) {
        for local in self.members.iter_mut().filter_map(Member::as_local_mut) {
            local.outbox.forget_arrived(now);
        }
    }

    /// Sends every local participant the difference between its roster and the room.
    ///
    /// To be called after each change of members, before any event that may concern the change. Participants
    /// whose mailbox is on its way follow when it has arrived.
    fn sync_rosters(&mut self, now: Instant) {
        for position in 0..self.members.len() {
            self.sync_roster(position, now);
        }
    }

    fn sync_roster(&mut self, position: usize, now: Instant) {
        let member = &mut self.members[position];
        let participant = member.participant;
        let Some(local) = member.as_local_mut().filter(|local| local.mailbox_request.is_none()) else {
            return;
        };
        let mut roster = std::mem::take(&mut local.roster);
        let changes = roster.update(self.entries_but(participant));
        for change in changes {
            let event = self.event_of(change);
            if let (Some(event), Some(local)) = (event, self.members[position].as_local_mut()) {
                local.outbox.push(event, now);
            }
        }
        if let Some(local) = self.members[position].as_local_mut() {
            local.roster = roster;
        }
    }

    /// Sets the roster of a participant that is about to be told all of it.
    fn set_roster(&mut self, position: usize) {
        let mut roster = Roster::default();
        roster.set(self.entries_but(self.members[position].participant));
        if let Some(local) = self.members[position].as_local_mut() {
            local.roster = roster;
        }
    }

    fn entries_but(&self, participant: ParticipantId) -> impl Iterator<Item = RosterEntry> + Clone {
        let others = self.members.iter().filter(move |member| member.participant != participant);
        others.map(|member| RosterEntry {
            participant: member.participant,
            since: member.since,
            attachment: member.attachment,
            connected: member.is_connected(),
        })
    }

    fn event_of(&self, change: RosterChange) -> Option<Event> {
        Some(match change {
            RosterChange::Left(participant, since) => {
                let is_it = |ended: &&EndedSeat| ended.participant == participant && ended.epoch >= since;
                let ended = self.ended.iter().rfind(is_it);
                let reason = ended.map_or(LeaveReason::LeaseEnded, |ended| ended.reason);
                Event::Left { participant, reason }
            }
            RosterChange::Joined(participant) => {
                Event::Joined { participant, name: self.find_member(participant)?.name.clone() }
            }
            RosterChange::Reconnecting(participant) => Event::Reconnecting { participant },
            RosterChange::Resumed(participant) => Event::Resumed { participant },
        })
    }

    fn end_and_close(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        reason: LeaveReason,
        close: Option<CloseReason>,
        now: Instant,
    ) -> bool {
        let is_it = |member: &Member| (member.participant, member.epoch) == (participant, epoch);
        let Some(position) = self.members.iter().position(is_it) else { return false };
        let ended = self.members.remove(position);
        self.drop_waiting_from(participant);
        if ended.is_local() {
            self.note_end(participant, epoch, reason, now);
            self.publish_end(participant, epoch, reason);
        }
        self.sync_rosters(now);
        if !self.node.knows_peers() {
            self.ended.clear();
        }
        if let (Some(connection), Some(close)) = (ended.connection(), close) {
            connection.close(close);
        }
        true
    }

    /// Remembers an end: why it was, and that late news of the seat are out of date.
    fn note_end(&mut self, participant: ParticipantId, epoch: Epoch, reason: LeaveReason, now: Instant) {
        self.ended.push(EndedSeat { participant, epoch, reason, at: now });
    }

    fn local_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_local())
    }

    fn participants(&self) -> Vec<ParticipantId> {
        self.members.iter().map(|member| member.participant).collect()
    }

    fn insert(&mut self, member: Member) -> usize {
        let position = self.members.partition_point(|other| other.since < member.since);
        // Rooms are small and many: spare capacity for four would mostly stay unused.
        self.members.reserve_exact(1);
        self.members.insert(position, member);
        position
    }

    fn member(&mut self, participant: ParticipantId, epoch: Epoch) -> Result<&mut Member, Replaced> {
        self.find_member_mut(participant).filter(|member| member.epoch == epoch).ok_or(Replaced)
    }

    fn find_member(&self, participant: ParticipantId) -> Option<&Member> {
        self.members.iter().find(|member| member.participant == participant)
    }

    fn find_member_mut(&mut self, participant: ParticipantId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.participant == participant)
    }

    fn position(&self, participant: ParticipantId) -> Option<usize> {
        self.members.iter().position(|member| member.participant == participant)
    }

    fn key_of(&self, participant: ParticipantId) -> SeatKey {
        let epoch = self.find_member(participant).map_or_else(Epoch::default, |member| member.epoch);
        SeatKey { room: self.id.clone(), participant, epoch }
    }
}
