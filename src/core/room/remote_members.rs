//! Participants on other nodes: what their nodes and the seat registry tell, and what this node tells about
//! its own.

use std::time::{Duration, Instant};

use super::{Location, Member, Presence, Room};
use crate::core::{
    model::{
        event::LeaveReason,
        ids::{Epoch, NodeId, ParticipantId},
        seat_table::{Seat, SeatKey},
    },
    ports::{
        connection::CloseReason,
        node_bus::{NodeMessage, NodeSeat},
    },
};

/// How long an ended seat is remembered: messages about it may still be on their way.
const ENDED_FOR: Duration = Duration::from_secs(10);

impl Room {
    /// Applies the list of all seats that `node` holds. Participants it does not list any more may have left.
    ///
    /// Answers with the local seats if the list has a newer claim.
    pub fn apply_node_seats(&mut self, node: NodeId, seats: &[NodeSeat], now: Instant) {
        let is_news = |it: &NodeSeat| !self.is_newer(it.seat.participant, it.seat.epoch);
        let has_news = seats.iter().any(is_news);
        for it in seats {
            self.apply_seat(&it.seat, Some(it), now);
        }
        let is_listed = |participant| seats.iter().any(|it| it.seat.participant == participant);
        for member in self.members.iter_mut().filter(|member| !is_listed(member.participant)) {
            if let Some(remote) = member.as_remote_mut().filter(|remote| remote.node == node) {
                remote.verify_at = now;
            }
        }
        if has_news {
            self.publish_to(Some(node), false);
        }
    }

    /// Applies all seats of the room, as the seat registry answered a question of `asked_at`.
    ///
    /// Remote participants that were last heard of before that and are not among them have left.
    pub fn apply_registry(&mut self, seats: &[Seat], asked_at: Instant, now: Instant) {
        self.verified_at = Some(now);
        let this = self.node.id;
        for seat in seats.iter().filter(|seat| seat.node != this) {
            self.apply_registry_seat(seat, now);
        }
        let is_over = |member: &&Member| {
            let is_held = seats.iter().any(|seat| seat.participant == member.participant);
            !member.is_local() && !is_held && member.renewed_at < asked_at
        };
        let over: Vec<_> = self.members.iter().filter(is_over).map(|it| (it.participant, it.epoch)).collect();
        for (participant, epoch) in over {
            self.end_stay(participant, epoch, LeaveReason::LeaseEnded, now);
        }
    }

    /// Applies one seat on another node, as the seat registry tells it.
    ///
    /// Asks that node for all of its seats if the claim is new: a message about it was lost.
    pub fn apply_registry_seat(&mut self, seat: &Seat, now: Instant) {
        let is_news = !self.is_newer(seat.participant, seat.epoch);
        self.apply_seat(seat, None, now);
        if is_news {
            self.publish_to(Some(seat.node), true);
        }
    }

    /// Applies one seat on another node. `told` is what that node says of it; without, the seat registry says
    /// it.
    ///
    /// Closes the connection of a participant that moved to that node.
    pub fn apply_seat(&mut self, seat: &Seat, told: Option<&NodeSeat>, now: Instant) {
        self.node.note_peer();
        let participant = seat.participant;
        let Some(position) = self.position(participant) else {
            let is_late = self.ended.iter().any(|it| it.participant == participant && it.epoch >= seat.epoch);
            if !is_late {
                self.list(seat, told, now);
            }
            return;
        };
        let member = &self.members[position];
        if seat.epoch < member.epoch || (seat.epoch == member.epoch && member.is_local()) {
            return;
        }
        if member.is_local() {
            self.leave_for(position, seat, now);
        }
        self.end_former_stay(participant, seat.since, now);
        match self.position(participant) {
            Some(position) => self.update(position, seat, told, now),
            None => self.list(seat, told, now),
        }
        self.sync_rosters(now);
    }

    /// Ends the listing of an older stay of a participant.
    ///
    /// Other nodes' news of its end come after those of the next stay.
    pub(super) fn end_former_stay(&mut self, participant: ParticipantId, since: Epoch, now: Instant) {
        if let Some(former) = self.find_member(participant).filter(|member| member.since != since) {
            self.end_stay(participant, former.epoch, LeaveReason::LeaseEnded, now);
        }
    }

    /// Records whether a node is heard of. The mailboxes that a lost node was asked for are lost too.
    pub fn set_node_lost(&mut self, node: NodeId, is_lost: bool, now: Instant) {
        for remote in self.members.iter_mut().filter_map(Member::as_remote_mut) {
            if remote.node == node {
                remote.is_node_lost = is_lost;
            }
        }
        self.sync_rosters(now);
        if is_lost {
            self.give_up_mailboxes_from(node, now);
        }
    }

    /// Ends a seat that another node has ended under `epoch` or an older one.
    ///
    /// Returns the claim that ended if it was one of this node.
    pub fn end_by_node(
        &mut self,
        participant: ParticipantId,
        epoch: Epoch,
        reason: LeaveReason,
        now: Instant,
    ) -> Option<SeatKey> {
        let held = self.find_member(participant).map(|member| (member.epoch, member.is_local()));
        if held.is_some_and(|(held, _)| held > epoch) {
            return None;
        }
        self.note_end(participant, epoch, reason, now);
        let (epoch, is_local) = held?;
        self.end_and_close(participant, epoch, reason, Some(CloseReason::Replaced), now);
        is_local.then(|| SeatKey { room: self.id.clone(), participant, epoch })
    }

    /// Forgets seats that ended long ago.
    pub(super) fn forget_ended(&mut self, now: Instant) {
        self.ended.retain(|it| now < it.at + ENDED_FOR);
    }

    /// Resets the local participants if `node`, of which messages were lost, has sent any to this room.
    pub fn reset_after_loss(&mut self, node: NodeId, now: Instant) {
        if !self.members.iter().any(|member| member.remote_node() == Some(node)) {
            return;
        }
        // A mailbox that is on its way does not know of this loss.
        self.give_up_mailboxes(|_, _| true, now);
        for local in self.members.iter_mut().filter_map(Member::as_local_mut) {
            if let Some(sequences) = &mut local.sequences {
                sequences.skip_gaps();
            }
            local.outbox.reset();
        }
        // The lost messages may have been about the seats of that node.
        self.publish_to(Some(node), true);
    }

    /// True if the seat registry should be asked about the room.
    ///
    /// The registry is asked when the lease of a remote seat may have ended, and once in a lease while a seat
    /// looks free.
    pub fn needs_verification(&self, now: Instant) -> bool {
        let is_due = |member: &Member| match &member.location {
            Location::Remote(remote) => remote.verify_at <= now,
            Location::Local(_) => {
                let is_old = self.verified_at.is_none_or(|verified_at| verified_at + member.lease <= now);
                is_old && self.members.len() < self.policy.seats
            }
        };
        !self.is_empty() && self.members.iter().any(is_due)
    }

    /// Tells the other nodes, or only `node`, all local seats. `reply` asks them to answer with theirs.
    pub fn publish_to(&self, node: Option<NodeId>, reply: bool) {
        let mut nodes = self.remote_nodes();
        nodes.retain(|other| node.is_none_or(|node| node == *other));
        if nodes.is_empty() {
            return;
        }
        for node in nodes {
            self.node.send_or_retry(node, self.seats_for(node, reply, None));
        }
    }

    /// The message that tells `node` all local seats.
    pub fn seats_for(&self, node: NodeId, reply: bool, request: Option<u64>) -> NodeMessage {
        let theirs = self.members.iter().filter(|member| member.remote_node() == Some(node));
        let streams = theirs.map(|member| (member.participant, member.stream)).collect();
        NodeMessage::Seats { room: self.id.clone(), seats: self.local_seats(), streams, reply, request }
    }

    /// Resets the local participants of which another node knows a newer stream.
    ///
    /// That stream began on a node that is gone, by a claim that the seat registry has forgotten.
    pub fn apply_streams(&mut self, streams: &[(ParticipantId, Epoch)], now: Instant) {
        for (participant, stream) in streams {
            let Some(position) = self.position(*participant) else { continue };
            let member = &mut self.members[position];
            let (is_newer, epoch) = (*stream > member.stream, member.epoch);
            let Some(local) = member.as_local().filter(|_| is_newer && *stream <= epoch) else { continue };
            if local.mailbox_request.is_some() {
                // A mailbox of an older stream counts as lost when it arrives.
                member.stream = *stream;
            } else {
                self.lose_mailbox(position);
                self.deliver_waiting(position, now);
                self.publish(false);
            }
        }
    }

    /// The nodes that must know the stream that the participant's claim under `epoch` began; none if it
    /// continued one.
    pub fn nodes_to_tell(&self, participant: ParticipantId, epoch: Epoch) -> Vec<NodeId> {
        let is_new = self.find_member(participant).is_some_and(|member| member.stream == epoch);
        if is_new { self.remote_nodes() } else { Vec::new() }
    }

    /// All seats that this node holds.
    fn local_seats(&self) -> Vec<NodeSeat> {
        let seat = |member: &Member| NodeSeat {
            seat: Seat {
                participant: member.participant,
                name: member.name.clone(),
                node: self.node.id,
                epoch: member.epoch,
                since: member.since,
                lease_ends: member.renewed_at + member.lease,
                connected: member.is_connected(),
                protected: member.protected,
            },
            stream: member.stream,
            attachment: member.attachment,
        };
        self.local_members().map(seat).collect()
    }

    pub(super) fn publish(&self, reply: bool) {
        self.publish_to(None, reply);
    }

    /// Tells the other nodes that a local seat ended.
    pub(super) fn publish_end(&self, participant: ParticipantId, epoch: Epoch, reason: LeaveReason) {
        for node in self.remote_nodes() {
            let key = SeatKey { room: self.id.clone(), participant, epoch };
            self.node.send_or_retry(node, NodeMessage::SeatEnded { key, reason });
        }
    }

    /// The nodes of the remote participants.
    fn remote_nodes(&self) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for node in self.members.iter().filter_map(Member::remote_node) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        nodes
    }

    fn list(&mut self, seat: &Seat, told: Option<&NodeSeat>, now: Instant) {
        self.insert(Member::remote(seat, told, now));
        self.sync_rosters(now);
        // Events may have come before the news of their sender.
        for position in 0..self.members.len() {
            self.deliver_waiting(position, now);
        }
    }

    fn update(&mut self, position: usize, seat: &Seat, told: Option<&NodeSeat>, now: Instant) {
        let member = &mut self.members[position];
        // The registry knows presence only as of the last renewal.
        if told.is_some() || seat.epoch > member.epoch {
            member.presence = Presence::of_remote(seat.connected);
        }
        if let Some(told) = told {
            member.stream = member.stream.max(told.stream);
            member.attachment = told.attachment;
        }
        (member.epoch, member.name, member.renewed_at) = (seat.epoch, seat.name.clone(), now);
        member.protected |= seat.protected;
        if let Some(remote) = member.as_remote_mut() {
            remote.is_node_lost &= remote.node == seat.node && told.is_none();
            (remote.node, remote.verify_at) = (seat.node, seat.lease_ends);
        }
    }
}
