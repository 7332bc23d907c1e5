//! Participants that migrate from this node: their mailbox waits until the other node fetches it.

use std::time::{Duration, Instant};

use super::{LocalMember, Location, Member, Presence, RemoteMember, Room, sequence::Waiting};
use crate::core::{
    model::{
        ids::{Epoch, NodeId, ParticipantId},
        mailbox::Mailbox,
        seat_table::{Claim, RoomPolicy, Seat, SeatKey},
    },
    ports::node_bus::NodeMessage,
};

/// How long a mailbox waits to be fetched.
const LEFT_BEHIND_FOR: Duration = Duration::from_secs(10);

/// Mailbox of a participant that migrated from this node.
#[derive(Debug)]
pub(super) struct LeftBehind {
    /// The participant's last epoch on this node.
    epoch: Epoch,
    at: Instant,
    /// `None` if events were lost, or if the former node's mailbox had not arrived: a second move is a reset.
    mailbox: Option<Box<Mailbox>>,
}

impl Room {
    /// Answers another node's request for the mailbox of a participant that sits on that node under `epoch`.
    pub fn send_mailbox(&mut self, former: &SeatKey, epoch: Epoch, node: NodeId, now: Instant) {
        let member = self.find_member(former.participant).filter(|member| member.epoch < epoch);
        let moved = member.map(|member| Seat {
            participant: member.participant,
            name: member.name.clone(),
            node,
            epoch,
            since: member.since,
            lease_ends: now + member.lease,
            connected: false,
            protected: member.protected,
        });
        if let Some(seat) = &moved {
            self.apply_seat(seat, None, now);
        }
        self.reset_after_stay_on(former.participant, epoch, now);
        let mailbox = self.take_left_behind(former);
        let seat = SeatKey { epoch, ..former.clone() };
        self.node.send_or_retry(node, NodeMessage::MailboxFetched { seat, mailbox });
        if moved.is_some() {
            // The other node may not know the participants of this node.
            self.publish_to(Some(node), false);
        }
    }

    /// Claims by which another node can take over local seats without a connection.
    ///
    /// Each seat has had none for `away_for`, and is taken over for the rest of its lease. Seats whose
    /// mailbox is still on its way to this node are left out: a second move would reset them.
    pub fn take_over_claims(&self, away_for: Duration, now: Instant) -> Vec<Claim> {
        let left = |member: &Member| (member.renewed_at + member.lease).saturating_duration_since(now);
        let is_late = |member: &Member| member.renewed_at + away_for.min(member.lease / 2) <= now;
        let is_movable =
            |local: &LocalMember| local.outbox.connection().is_none() && local.mailbox_request.is_none();
        let is_offered = |member: &&Member| {
            is_late(member) && !left(member).is_zero() && member.as_local().is_some_and(is_movable)
        };
        let claim = |member: &Member| Claim {
            room: self.id.clone(),
            policy: RoomPolicy { lease: left(member), ..self.policy },
            participant: member.participant,
            name: member.name.clone(),
            protected: member.protected,
            over: Some(member.epoch),
        };
        self.members.iter().filter(is_offered).map(claim).collect()
    }

    /// True while this node holds seats or unfetched mailboxes of the room; draining waits for it.
    pub fn awaits_migration(&self) -> bool {
        let is_left =
            |remote: &RemoteMember| remote.left_behind.as_ref().is_some_and(|left| left.mailbox.is_some());
        self.members.iter().any(|member| member.as_remote().is_none_or(is_left))
    }

    /// Turns the listing of a local participant into one of a remote participant, which sits as `seat`.
    ///
    /// Closes its connection.
    pub(super) fn leave_for(&mut self, position: usize, seat: &Seat, now: Instant) {
        let others = self.members.iter().filter(|member| member.participant != seat.participant);
        let streams: Vec<_> = others.map(|member| (member.participant, member.stream)).collect();
        let member = &mut self.members[position];
        let remote = Location::Remote(RemoteMember::new(seat));
        let Location::Local(mut local) = std::mem::replace(&mut member.location, remote) else { return };
        local.outbox.fence();
        local.sequences_mut().note_streams(member.stream, &streams);
        let (mailbox, waiting) = local.into_mailbox(member.stream);
        let left_behind = LeftBehind { epoch: member.epoch, at: now, mailbox: mailbox.map(Box::new) };
        if let Some(remote) = member.as_remote_mut() {
            remote.left_behind = Some(Box::new(left_behind));
        }
        (member.epoch, member.renewed_at, member.presence) = (seat.epoch, now, Presence::Away);
        let key = seat.key_in(&self.id);
        for Waiting { from, seq, event, .. } in waiting {
            self.node.send_or_retry(seat.node, NodeMessage::Deliver { to: key.clone(), from, seq, event });
        }
    }

    /// Drops mailboxes that no node has fetched.
    pub(super) fn drop_left_behind(&mut self, now: Instant) {
        for remote in self.members.iter_mut().filter_map(Member::as_remote_mut) {
            remote.left_behind.take_if(|left| left.at + LEFT_BEHIND_FOR <= now);
        }
    }

    /// Resets a local participant whose stream began before its claim of `epoch` on another node.
    ///
    /// The seat registry had forgotten that claim, and without a mailbox the other node has started a newer
    /// stream.
    fn reset_after_stay_on(&mut self, participant: ParticipantId, epoch: Epoch, now: Instant) {
        let Some(position) = self.position(participant) else { return };
        let member = &self.members[position];
        let has_mailbox = member.as_local().is_some_and(|local| local.mailbox_request.is_none());
        if has_mailbox && member.stream < epoch {
            self.lose_mailbox(position);
            self.deliver_waiting(position, now);
            self.publish(false);
        }
    }

    fn take_left_behind(&mut self, former: &SeatKey) -> Option<Box<Mailbox>> {
        let remote = self.find_member_mut(former.participant)?.as_remote_mut()?;
        let left = remote.left_behind.as_mut().filter(|left| left.epoch == former.epoch)?;
        left.mailbox.take()
    }
}

impl LocalMember {
    /// The mailbox, unless events are lost or it has not arrived itself, and the events that wait for earlier
    /// ones.
    fn into_mailbox(self, stream: Epoch) -> (Option<Mailbox>, Vec<Waiting>) {
        let (sent, received, waiting) =
            self.sequences.map_or_else(Default::default, |sequences| sequences.into_parts());
        let parts = self.outbox.into_parts().filter(|_| self.mailbox_request.is_none());
        let mailbox = parts.map(|(events, last_seq, taken_seq)| Mailbox {
            events,
            last_seq,
            taken_seq,
            stream,
            sent,
            received,
            roster: self.roster,
        });
        (mailbox, waiting)
    }
}
