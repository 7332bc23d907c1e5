//! Those who sit on other nodes: what this node hears of them, and what their nodes hear of those who sit here.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Ended, Room,
    member::{Member, Place, presence},
};
use crate::core::{
    model::{
        event::{Event, LeaveReason},
        ids::{Epoch, NodeId, ParticipantId},
        seat_table::{Seat, SeatKey},
    },
    ports::{
        connection::Connection,
        node_bus::{NodeMessage, NodeSeat},
    },
};

/// How long it is known who has left: what another node said of them before may come later.
const GONE_FOR: Duration = Duration::from_secs(10);

/// One whose seat was given up.
#[derive(Debug)]
pub(super) struct EndedSeat {
    participant: ParticipantId,
    epoch: Epoch,
    at: Instant,
}

impl Room {
    /// Takes note of all who sit here on `node`, as that node says; others it spoke of earlier may have left.
    ///
    /// Tells that node who sits here on this one, if somebody came to it: it may have been told nothing of that before.
    /// Returns the connections here of those who moved there.
    pub fn hear_seats(&mut self, node: NodeId, stays: &[NodeSeat], now: Instant) -> Vec<Arc<dyn Connection>> {
        let mut fenced = Vec::new();
        let is_news = |NodeSeat { seat, .. }: &NodeSeat| !self.is_newer(seat.participant, seat.epoch);
        let is_news = stays.iter().any(is_news);
        for NodeSeat { seat, stream } in stays {
            fenced.extend(self.hear_seat(seat, Some(*stream), now));
        }
        let is_listed =
            |member: &Member| stays.iter().any(|stay| stay.seat.participant == member.participant);
        for member in
            self.members.iter_mut().filter(|member| member.node() == Some(node) && !is_listed(member))
        {
            if let Some(there) = member.as_there_mut() {
                there.verify_at = now;
            }
        }
        if is_news {
            self.publish_to(Some(node), false);
        }
        fenced
    }

    /// Takes note of who sits here on whatever node, as the cluster said when it was asked at `asked_at`. Whoever was
    /// heard of before that and is not among them has left.
    ///
    /// Returns the connections here of those who moved elsewhere.
    pub fn hear_all(&mut self, seats: &[Seat], asked_at: Instant, now: Instant) -> Vec<Arc<dyn Connection>> {
        let (mut fenced, here) = (Vec::new(), self.local_node.node);
        self.told_at = Some(now);
        for seat in seats.iter().filter(|seat| seat.node != here) {
            fenced.extend(self.hear_of_seat(seat, now));
        }
        let is_over = |member: &&Member| {
            let is_held = seats.iter().any(|seat| seat.participant == member.participant);
            !member.is_here() && !is_held && member.renewed_at < asked_at
        };
        let over: Vec<_> = self.members.iter().filter(is_over).map(|it| (it.participant, it.epoch)).collect();
        for (participant, epoch) in over {
            self.end(participant, epoch, LeaveReason::LeaseEnded, now);
        }
        fenced
    }

    /// Takes note of one who sits here on another node, as the cluster says, and asks that node for all it has to say: it
    /// said so, and was not heard. Returns the connection here of one who moved there.
    pub fn hear_of_seat(&mut self, seat: &Seat, now: Instant) -> Option<Arc<dyn Connection>> {
        let is_news = !self.is_newer(seat.participant, seat.epoch);
        let fenced = self.hear_seat(seat, None, now);
        if is_news {
            self.publish_to(Some(seat.node), true);
        }
        fenced
    }

    /// Takes note of one who sits here on another node. Returns its connection here, if it moved.
    pub fn hear_seat(
        &mut self,
        seat: &Seat,
        stream: Option<Epoch>,
        now: Instant,
    ) -> Option<Arc<dyn Connection>> {
        self.local_node.note_peer();
        let participant = seat.participant;
        let Some(position) = self.position(participant) else {
            if !self.gone.iter().any(|gone| gone.participant == participant && gone.epoch >= seat.epoch) {
                self.list(seat, stream.unwrap_or(seat.since), now);
            }
            return None;
        };
        let member = &self.members[position];
        if seat.epoch < member.epoch || (seat.epoch == member.epoch && member.is_here()) {
            return None;
        }
        let fenced = if member.is_here() { self.leave_for(position, seat, now) } else { None };
        self.end_former_stay(participant, seat.since, now);
        match self.position(participant) {
            Some(position) => self.update(position, seat, stream, now),
            None => self.list(seat, stream.unwrap_or(seat.since), now),
        }
        fenced
    }

    /// Ends the stay of one who has come again since; the news of the end came after that of the beginning. Returns its
    /// connection here.
    pub(super) fn end_former_stay(
        &mut self,
        participant: ParticipantId,
        since: Epoch,
        now: Instant,
    ) -> Option<Arc<dyn Connection>> {
        let former = self.members.iter().find(|member| member.participant == participant)?;
        let epoch = (former.since != since).then_some(former.epoch)?;
        self.end(participant, epoch, LeaveReason::LeaseEnded, now)?.connection
    }

    /// Takes note that nothing is heard of a node any more, or is again.
    pub fn hear_of_node(&mut self, node: NodeId, is_gone: bool, now: Instant) {
        let there = self.members.iter_mut().filter(|member| member.node() == Some(node));
        let mut news = Vec::new();
        for member in there {
            let before = member.is_connected();
            if let Some(there) = member.as_there_mut() {
                there.is_gone = is_gone;
            }
            news.push((member.participant, before, member.is_connected()));
        }
        for (participant, before, after) in news {
            self.tell_presence(participant, before, after, now);
        }
    }

    /// Gives a seat up that another node says was given up, be it here or elsewhere, under `epoch` or an older one.
    pub fn end_by(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        reason: LeaveReason,
        now: Instant,
    ) -> Option<Ended> {
        let member = self.members.iter().find(|member| member.participant == participant);
        let held = member.map(|member| member.epoch);
        if held.is_some_and(|held| held > epoch) {
            return None;
        }
        self.note_end(participant, epoch, now);
        self.end(participant, held?, reason, now)
    }

    /// Takes note that what is still to come of a seat is about one who has left.
    pub(super) fn note_end(&mut self, participant: ParticipantId, epoch: Epoch, now: Instant) {
        if self.local_node.has_known_peers() {
            self.gone.push(EndedSeat { participant, epoch, at: now });
        }
    }

    /// Forgets who has left long ago.
    pub(super) fn forget_gone(&mut self, now: Instant) {
        self.gone.retain(|gone| now < gone.at + GONE_FOR);
    }

    /// Drops what might have been told by `node` to those who sit here, who have to start afresh: something of it is
    /// lost.
    pub fn tear(&mut self, node: NodeId) {
        if !self.members.iter().any(|member| member.node() == Some(node)) {
            return;
        }
        for here in self.members.iter_mut().filter_map(Member::as_here_mut) {
            if let Some(talks) = &mut here.talks {
                talks.skip();
            }
            here.outbox.tear();
        }
        // What is lost may have been about those who sit there.
        self.publish_to(Some(node), true);
    }

    /// Whether it should be asked by `now` who sits here: whether one who is said to sit on another node still does, or,
    /// now and then, whether somebody sits on a free seat of whom nothing was heard.
    pub fn is_doubtful(&self, now: Instant) -> bool {
        let is_doubtful = |member: &Member| match &member.place {
            Place::There(there) => there.verify_at <= now,
            Place::Here(_) => {
                let is_old = self.told_at.is_none_or(|told_at| told_at + member.lease <= now);
                is_old && self.members.len() < self.seats
            }
        };
        !self.is_empty() && self.members.iter().any(is_doubtful)
    }

    /// On which other node the participant sits, as far as this one knows.
    pub fn node_of(&self, participant: ParticipantId) -> Option<NodeId> {
        self.members.iter().find(|member| member.participant == participant)?.node()
    }

    /// Tells the other nodes, or only `node`, who sits here on this one.
    pub fn publish_to(&self, node: Option<NodeId>, ask: bool) {
        let mut nodes = self.nodes();
        nodes.retain(|other| node.is_none_or(|node| node == *other));
        if nodes.is_empty() {
            return;
        }
        let stays = self.stays();
        for node in nodes {
            self.local_node
                .tell(node, NodeMessage::Seats { room: self.id.clone(), stays: stays.clone(), ask });
        }
    }

    /// Everybody who sits here on this node.
    pub fn stays(&self) -> Vec<NodeSeat> {
        let stay = |member: &Member| NodeSeat {
            seat: Seat {
                participant: member.participant,
                name: member.name.clone(),
                node: self.local_node.node,
                epoch: member.epoch,
                since: member.since,
                lease_ends: member.renewed_at + member.lease,
                connected: member.is_connected(),
                protected: member.protected,
            },
            stream: member.stream,
        };
        self.here().map(stay).collect()
    }

    pub(super) fn publish(&self, ask: bool) {
        self.publish_to(None, ask);
    }

    /// Tells the other nodes that a seat of this one was given up.
    pub(super) fn publish_end(&self, participant: ParticipantId, epoch: Epoch, reason: LeaveReason) {
        for node in self.nodes() {
            let key = SeatKey { room: self.id.clone(), participant, epoch };
            self.local_node.tell(node, NodeMessage::Left { key, reason });
        }
    }

    /// The other nodes on which somebody sits here.
    fn nodes(&self) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for node in self.members.iter().filter_map(Member::node) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        nodes
    }

    fn list(&mut self, seat: &Seat, stream: Epoch, now: Instant) {
        let participant = seat.participant;
        self.tell_others(participant, &Event::Joined { participant, name: seat.name.clone() }, now);
        self.insert(Member::there(seat, stream, now));
        self.tell_presence(participant, true, seat.connected, now);
        self.tell_waiting(now);
    }

    /// Takes note of what is new about one who sits on another node.
    fn update(&mut self, position: usize, seat: &Seat, stream: Option<Epoch>, now: Instant) {
        let member = &mut self.members[position];
        let before = member.is_connected();
        let came_back = seat.epoch > member.epoch && stream.is_some();
        // The cluster knows who is away only from when it was told last.
        if stream.is_some() || seat.epoch > member.epoch {
            member.presence = presence(seat.connected);
        }
        (member.epoch, member.name, member.renewed_at) = (seat.epoch, seat.name.clone(), now);
        member.protected |= seat.protected;
        member.stream = member.stream.max(stream.unwrap_or_default());
        if let Place::There(there) = &mut member.place {
            there.is_gone &= there.node == seat.node && stream.is_none();
            (there.node, there.verify_at) = (seat.node, seat.lease_ends);
        }
        let (participant, after) = (member.participant, member.is_connected());
        if came_back && before && after {
            self.tell_others(participant, &Event::Resumed { participant }, now);
        } else {
            self.tell_presence(participant, before, after, now);
        }
    }

    pub(super) fn tell_presence(
        &mut self,
        participant: ParticipantId,
        before: bool,
        after: bool,
        now: Instant,
    ) {
        if before != after {
            let event =
                if after { Event::Resumed { participant } } else { Event::Reconnecting { participant } };
            self.tell_others(participant, &event, now);
        }
    }

    /// Tells what waited for its speaker to be known.
    fn tell_waiting(&mut self, now: Instant) {
        let known = self.participants();
        for here in self.members.iter_mut().filter_map(Member::as_here_mut) {
            here.tell_early(now, |who| known.contains(&who));
        }
    }

    /// Lets go of what waits here of one who has left.
    pub(super) fn forget(&mut self, participant: ParticipantId) {
        for here in self.members.iter_mut().filter_map(Member::as_here_mut) {
            if let Some(talks) = &mut here.talks {
                talks.forget(participant);
            }
        }
    }

    /// Names what a participant holds.
    pub(super) fn key_of(&self, participant: ParticipantId) -> SeatKey {
        let member = self.members.iter().find(|member| member.participant == participant);
        let epoch = member.map_or_else(Epoch::default, |member| member.epoch);
        SeatKey { room: self.id.clone(), participant, epoch }
    }
}
