//! Participants who go on to another node, and what is kept for them until that one asks for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Member, Place, Presence, Room,
    member::{Left, Search, There},
    sequence::Early,
};
use crate::core::{
    delivery::local_node::LocalNode,
    model::{
        ids::{Epoch, NodeId, ParticipantId},
        seat_table::{Claim, Seat, SeatKey},
    },
    ports::{
        connection::Connection,
        node_bus::{Mailbox, NodeMessage, PairSeq},
    },
};

/// How long a node knows where those went who sat on it, and keeps what they did not take with them.
const LEFT_FOR: Duration = Duration::from_secs(10);

impl Room {
    /// Lets one who sat here go to `node`, where it came back under `epoch`, with all that is kept for it, which is
    /// the answer to that node's question `ask`. Returns its connection here.
    pub fn hand_over(
        &mut self,
        former: &SeatKey,
        epoch: Epoch,
        (node, ask): (NodeId, u64),
        now: Instant,
    ) -> Option<Arc<dyn Connection>> {
        let position = self.position(former.participant);
        let Some(position) = position.filter(|position| self.members[*position].epoch < epoch) else {
            self.hand_over_rest(former, (node, ask), now);
            return None;
        };
        let member = &self.members[position];
        let moved = Seat {
            participant: member.participant,
            name: member.name.clone(),
            node,
            epoch,
            since: member.since,
            lease_ends: now + member.lease,
            connected: false,
            protected: member.protected,
        };
        let fenced = if member.is_here() {
            self.leave_for(position, &moved, now)
        } else {
            self.hear_seat(&moved, None, now)
        };
        self.hand_over_rest(former, (node, ask), now);
        // It may have been told nothing of those who are still here.
        self.publish_to(Some(node), false);
        fenced
    }

    /// The seats of this node that are to be taken over by another one, for what is left of their leases: of those who are
    /// not connected.
    pub fn adoptions(&self, now: Instant) -> Vec<Claim> {
        let left = |member: &Member| (member.renewed_at + member.lease).saturating_duration_since(now);
        let is_left = |member: &&Member| member.connection().is_none() && !left(member).is_zero();
        let claim = |member: &Member| Claim {
            room: self.id.clone(),
            seats: self.seats,
            participant: member.participant,
            name: member.name.clone(),
            unique_name: self.unique_names,
            lease: left(member),
            unprotected_lease: self.unprotected_lease,
            protected: member.protected,
            over: Some(member.epoch),
        };
        self.here().filter(is_left).map(claim).collect()
    }

    /// Whether somebody sits here, or left something behind: whoever comes to know first that they went may not be the node
    /// that has to ask for it.
    pub fn has_something_to_hand_over(&self) -> bool {
        let is_left = |there: &There| {
            let search = there.left.as_ref().map(|left| &left.search);
            search.is_some_and(|search| search.found.is_some() || !search.pending_requests.is_empty())
        };
        self.members.iter().any(|member| member.as_there().is_none_or(is_left))
    }

    /// Of whom the participant has been told, and whether as connected.
    pub(super) fn others_of(&self, participant: ParticipantId) -> Vec<(ParticipantId, bool)> {
        let others = self.members.iter().filter(|member| member.participant != participant);
        others.map(|member| (member.participant, member.is_connected())).collect()
    }

    /// Turns a listing of one here into one of one who sits elsewhere, as `seat`.
    pub(super) fn leave_for(
        &mut self,
        position: usize,
        seat: &Seat,
        now: Instant,
    ) -> Option<Arc<dyn Connection>> {
        let others = self.others_of(seat.participant);
        let room = self.id.clone();
        let member = &mut self.members[position];
        let before = member.is_connected();
        let there = There { node: seat.node, is_gone: false, verify_at: seat.lease_ends, left: None };
        let Place::Here(mut here) = std::mem::replace(&mut member.place, Place::There(there)) else {
            return None;
        };
        let fenced = here.outbox.detach();
        let whole = || Search::with_own(Some(others));
        let mut search = here.pending.take().map_or_else(whole, |pending| pending.search);
        let own = search.own.take();
        let (mailbox, early) = here.into_mailbox(member.stream, own.clone().unwrap_or_default());
        // What was told before the mailbox was asked for is all there is to know if nothing else is found.
        if own.is_some() && search.found.is_none() {
            search.found = Some(Box::new(self.with_streams(position, *mailbox)));
        }
        let member = &mut self.members[position];
        let left = Left { held: member.epoch, at: now, search, owed: None };
        (member.epoch, member.renewed_at, member.presence) = (seat.epoch, now, Presence::Away);
        if let Some(there) = member.as_there_mut() {
            there.left = Some(Box::new(left));
        }
        let key = seat.key_in(&room);
        for Early { from, count, event, .. } in early {
            self.local_node.tell(seat.node, NodeMessage::Told { to: key.clone(), from, count, event });
        }
        self.tell_presence(seat.participant, before, false, now);
        fenced
    }

    /// Says in a mailbox since when each of the others has been told everything.
    fn with_streams(&self, owner: usize, mut mailbox: Mailbox) -> Mailbox {
        let owner = self.members[owner].participant;
        for other in self.members.iter().filter(|other| other.participant != owner) {
            let count = PairSeq { from: mailbox.stream, to: other.stream, number: 0 };
            match mailbox.said.iter_mut().find(|(who, _)| *who == other.participant) {
                Some((_, last)) if (last.from, last.to) == (count.from, count.to) => {}
                Some((_, last)) => *last = count,
                None => mailbox.said.push((other.participant, count)),
            }
        }
        mailbox
    }

    /// Answers a question for a mailbox with what is left of one who sat here, now or when it comes.
    fn hand_over_rest(&mut self, former: &SeatKey, (node, ask): (NodeId, u64), now: Instant) {
        let member = self.members.iter_mut().find(|member| member.participant == former.participant);
        let mailbox = match member.map(|member| &mut member.place) {
            // A question that comes late, of one who was here again since, is about nothing that is left.
            Some(Place::Here(_)) => None,
            Some(Place::There(There { left: Some(left), .. })) if left.held > former.epoch => None,
            Some(Place::There(There { left: Some(left), .. })) if left.held == former.epoch => {
                if !left.search.pending_requests.is_empty() {
                    (left.owed, left.at) = (Some((node, ask)), now);
                    return;
                }
                left.search.found.take()
            }
            // They never sat here under that holding, as far as this node knows.
            _ => Some(Mailbox::lost()),
        };
        self.local_node.tell(node, NodeMessage::Yielded { ask, mailbox });
    }
}

impl There {
    /// Forgets what nobody has asked for.
    pub(super) fn settle(&mut self, now: Instant) {
        self.left.take_if(|left| left.at + LEFT_FOR <= now);
    }

    /// Passes a mailbox on to where its owner went before it came.
    pub(super) fn pass_on(&mut self, local_node: &LocalNode, ask: u64, mailbox: Option<Box<Mailbox>>) {
        let Some(left) = self.left.as_mut() else { return };
        if left.search.answered(ask, mailbox)
            && let Some((node, ask)) = left.owed.take()
        {
            local_node.tell(node, NodeMessage::Yielded { ask, mailbox: left.search.found.take() });
        }
    }
}
